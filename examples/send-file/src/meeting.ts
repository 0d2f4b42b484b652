// Turns a signaling room into direct connections: whoever enters a room offers a connection to each peer that is
// there already, so two peers never offer to each other at once. Descriptions and candidates travel through the
// room; everything else travels through the data channels.
import type { SignalingEvent, SignalingRoom } from '@millrace/signaling/client';
import { type RTCConfiguration, type RTCDataChannel, RTCPeerConnection } from 'millrace';
import { Failure } from './failure.ts';

export interface MeetingOptions {
  /** The channels that whoever offers opens. */
  readonly labels: readonly string[];
  readonly configuration: RTCConfiguration;
  /** The most peers to connect to; others are not answered. Default: no limit. */
  readonly maxPeers?: number;
  /** A peer is there, and connecting begins. */
  onMet?(link: PeerLink): void;
  /** A channel exists; if this side offered it is not open yet. Listen to it before returning. */
  onChannel(channel: RTCDataChannel, link: PeerLink): void;
  /** There is no connection to this peer (any more). */
  onLost(link: PeerLink, reason: Failure): void;
}

/** What a meeting needs of a `SignalingRoom`. Those in `present` were there before: they are offered a connection. */
export type MeetingRoom = Pick<SignalingRoom, 'peers' | 'present' | 'send'> & AsyncIterable<SignalingEvent>;

/** What peers tell each other through the room. */
interface SignalMessage {
  readonly description?: { readonly type: 'offer' | 'answer'; readonly sdp: string };
  readonly candidate?: Record<string, unknown>;
}

export class Meeting {
  readonly #room: MeetingRoom;
  readonly #options: MeetingOptions;
  readonly #links = new Map<string, PeerLink>();

  constructor(room: MeetingRoom, options: MeetingOptions) {
    this.#room = room;
    this.#options = options;
  }

  get links(): ReadonlyMap<string, PeerLink> {
    return this.#links;
  }

  /** Connects to whoever is in the room or enters it, until the room is left; throws if the room is lost. */
  async run(): Promise<void> {
    const { present, peers } = this.#room;
    for (const peer of present) if (peers.has(peer)) this.#link(peer)?.offer(this.#options.labels);
    for await (const event of this.#room) {
      if (event.type === 'leave') this.#links.get(event.peer)?.onLeft();
      if (event.type !== 'message') continue;
      const message = (event.data ?? {}) as SignalMessage;
      const link = this.#links.get(event.from) ?? (message.description && this.#link(event.from));
      link?.onSignal(message);
    }
  }

  /** Ends every connection at once. */
  close(): void {
    for (const link of [...this.#links.values()]) link.close();
  }

  #link(peer: string): PeerLink | undefined {
    if (this.#links.size >= (this.#options.maxPeers ?? Number.POSITIVE_INFINITY)) return undefined;
    const link = new PeerLink(peer, this.#room, this.#options, () => this.#links.delete(peer));
    this.#links.set(peer, link);
    this.#options.onMet?.(link);
    return link;
  }
}

export class PeerLink {
  readonly peer: string;
  readonly connection: RTCPeerConnection;
  /** When the answer had been applied, on the clock of `performance.now()`; only on the side that offered. */
  answeredAt: number | undefined;
  readonly #room: MeetingRoom;
  readonly #options: MeetingOptions;
  readonly #onEnd: () => void;
  #work: Promise<void> = Promise.resolve();
  /** Candidates found before the description has gone out: they mean nothing without it. */
  #early: object[] | undefined = [];
  #isEnded = false;

  constructor(peer: string, room: MeetingRoom, options: MeetingOptions, onEnd: () => void) {
    this.peer = peer;
    this.#room = room;
    this.#options = options;
    this.#onEnd = onEnd;
    this.connection = new RTCPeerConnection(options.configuration);
    this.connection.onicecandidate = ({ candidate }) => {
      if (candidate) this.#sendCandidate(candidate.toJSON());
    };
    this.connection.ondatachannel = ({ channel }) => options.onChannel(channel, this);
    this.connection.onconnectionstatechange = () => {
      const state = this.connection.connectionState;
      if (state === 'failed') this.#lose('no direct connection to the other side could be made or kept');
      if (state === 'closed') this.#lose('the connection was closed');
    };
  }

  offer(labels: readonly string[]): void {
    for (const label of labels) this.#options.onChannel(this.connection.createDataChannel(label), this);
    this.#queue(async () => {
      await this.connection.setLocalDescription(await this.connection.createOffer());
      this.#sendDescription();
    });
  }

  onSignal({ description, candidate }: SignalMessage): void {
    if (description) this.#queue(() => this.#onDescription(description));
    // A candidate that cannot be used is no loss: there are others.
    if (candidate) this.#queue(() => this.connection.addIceCandidate(candidate).catch(() => {}));
  }

  /** The peer has left the room; a connection that is made goes on without it. */
  onLeft(): void {
    if (this.connection.connectionState !== 'connected') this.#lose('the other side has left');
  }

  close(): void {
    this.#isEnded = true;
    this.connection.close();
    this.#onEnd();
  }

  async #onDescription(description: { type: 'offer' | 'answer'; sdp: string }): Promise<void> {
    await this.connection.setRemoteDescription(description);
    if (description.type === 'answer') {
      this.answeredAt = performance.now();
      return;
    }
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    this.#sendDescription();
  }

  #sendDescription(): void {
    const { type, sdp } = this.connection.localDescription!;
    this.#send({ description: { type, sdp } });
    for (const candidate of this.#early ?? []) this.#send({ candidate });
    this.#early = undefined;
  }

  #sendCandidate(candidate: object): void {
    if (this.#early) this.#early.push(candidate);
    else this.#send({ candidate });
  }

  #send(message: object): void {
    this.#room.send(message, this.peer).catch((error: Error) => {
      if (this.connection.connectionState !== 'connected')
        this.#lose(`the other side cannot be told how to connect: ${error.message}`);
    });
  }

  /** Signals are worked off in the order they came, one at a time. */
  #queue(step: () => Promise<unknown>): void {
    this.#work = this.#work
      .then(() => (this.#isEnded ? undefined : step()))
      .then(
        () => {},
        (error: Error) => this.#lose(`the other side's description cannot be used: ${error.message}`),
      );
  }

  #lose(reason: string): void {
    if (this.#isEnded) return;
    this.close();
    this.#options.onLost(this, new Failure(reason));
  }
}
