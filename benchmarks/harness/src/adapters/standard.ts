// The adapter for every stack with the W3C interface. What differs between them is said in `StandardQuirks`.
import type { Channel, ChannelOptions, Peer, PeerOptions, Signal } from '../implementation.ts';
import { EarlyMessages } from './early-messages.ts';

export interface StandardQuirks {
  /** The constructor's argument. */
  readonly configuration: object;
  /** Whether `bufferedamountlow` comes. Default true. */
  readonly reportsLow?: boolean;
  /** Listens to that event where it goes by another name. Default through `onbufferedamountlow`. */
  readonly listenLow?: (channel: StandardChannel, handler: () => void) => void;
  /** Whether `send` wants a Buffer. Default false. */
  readonly sendsBuffers?: boolean;
  /** How bytes are delivered. Default `arraybuffer`, the standard's. Rivals that know only Buffers deliver those. */
  readonly binaryType?: string;
}

interface StandardDescription {
  readonly type: string;
  readonly sdp: string;
}

interface StandardCandidate {
  readonly candidate: string;
  readonly sdpMid?: string | null;
}

export interface StandardChannel {
  readonly label: string;
  binaryType: string;
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  onopen: unknown;
  onmessage: unknown;
  onbufferedamountlow: unknown;
  send(data: Uint8Array): void;
}

export interface StandardConnection {
  readonly iceConnectionState: string;
  readonly connectionState: string;
  onicecandidate: unknown;
  ondatachannel: unknown;
  oniceconnectionstatechange: unknown;
  onconnectionstatechange: unknown;
  createDataChannel(label: string, options: object): StandardChannel;
  createOffer(): Promise<StandardDescription>;
  createAnswer(): Promise<StandardDescription>;
  setLocalDescription(description: StandardDescription): Promise<unknown>;
  setRemoteDescription(description: StandardDescription): Promise<unknown>;
  addIceCandidate(candidate: object): Promise<unknown>;
  close(): unknown;
}

export type StandardConstructor = new (configuration: object) => StandardConnection;

export class StandardPeer implements Peer {
  readonly #connection: StandardConnection;
  readonly #options: PeerOptions;
  readonly #quirks: StandardQuirks;
  /** Descriptions and candidates are applied one after the other, in the order they came. */
  #work: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(create: StandardConstructor, quirks: StandardQuirks, options: PeerOptions) {
    const connection = new create(quirks.configuration);
    this.#connection = connection;
    this.#options = options;
    this.#quirks = quirks;
    connection.onicecandidate = ({ candidate }: { candidate?: StandardCandidate | null }): void => {
      if (candidate?.candidate)
        options.onSignal({ kind: 'candidate', candidate: candidate.candidate, mid: candidate.sdpMid ?? '0' });
    };
    connection.ondatachannel = ({ channel }: { channel: StandardChannel }): void => {
      options.onChannel(this.#wrap(channel));
    };
    connection.oniceconnectionstatechange = (): void => {
      if (/^(connected|completed)$/.test(connection.iceConnectionState)) options.onPhase('ice');
    };
    connection.onconnectionstatechange = (): void => {
      if (connection.connectionState === 'connected') options.onPhase('dtls');
    };
  }

  open({ label = '0', ...rest }: ChannelOptions): Promise<Channel> {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const channel = this.#connection.createDataChannel(label, rest);
    const wrapped = this.#wrap(channel); // now: the first message may come with the opening
    channel.onopen = (): void => resolve(wrapped);
    return promise;
  }

  offer(): void {
    this.#then(async () => {
      const offer = await this.#connection.createOffer();
      await this.#connection.setLocalDescription(offer);
      this.#options.onPhase('offer');
      this.#options.onSignal({ kind: 'offer', sdp: offer.sdp });
    });
  }

  signal(signal: Signal): void {
    this.#then(async () => {
      if (signal.kind === 'candidate') {
        await this.#connection.addIceCandidate({
          candidate: signal.candidate,
          sdpMid: signal.mid,
          sdpMLineIndex: 0,
        });
        return;
      }
      await this.#connection.setRemoteDescription({ type: signal.kind, sdp: signal.sdp });
      if (signal.kind === 'answer') return this.#options.onPhase('answer');
      const answer = await this.#connection.createAnswer();
      await this.#connection.setLocalDescription(answer);
      this.#options.onSignal({ kind: 'answer', sdp: answer.sdp });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#isClosed) return;
      try {
        await step();
      } catch (error) {
        // A candidate of the other side may come when this one has closed.
        if (!this.#isClosed) throw error;
      }
    });
  }

  #wrap(channel: StandardChannel): Channel {
    const { reportsLow = true, sendsBuffers = false, binaryType = 'arraybuffer', listenLow } = this.#quirks;
    channel.binaryType = binaryType;
    const early = new EarlyMessages();
    channel.onmessage = ({ data }: { data: Uint8Array | ArrayBuffer }): void => early.keep(data);
    let low = (): void => {};
    if (listenLow) listenLow(channel, () => low());
    else channel.onbufferedamountlow = (): void => low();
    return {
      label: channel.label,
      reportsLow,
      send: sendsBuffers
        ? (bytes): void => channel.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
        : (bytes): void => channel.send(bytes),
      get bufferedAmount() {
        return channel.bufferedAmount;
      },
      onMessage(handler) {
        channel.onmessage = ({ data }: { data: Uint8Array | ArrayBuffer }): void => handler(data);
        early.release(handler);
      },
      onLow(threshold, handler) {
        channel.bufferedAmountLowThreshold = threshold;
        low = handler;
      },
    };
  }
}
