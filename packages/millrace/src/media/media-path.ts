// Hot: RTP and RTCP of one connection between the driver and the tracks: SRTP, the chain of interceptors, and the
// table that says whose a packet is. Nothing is allocated per packet. RFC 3711, RFC 5764, RFC 5761.
//
//   driver -> SRTP -> chain -> track                      track -> sender -> chain -> SRTP -> driver
import { type ExtensionMap, isRtcp, RtpPacket } from '@millrace/rtp';
import {
  type ChainSink,
  type Interceptor,
  type InterceptorChain,
  MediaChain,
  type RtpStream,
} from '@millrace/rtp/interceptors';
import { Drops, type Millis, NEVER, type RandomSource } from '@millrace/sans-io';
import { profileOf, type SrtpCryptos, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { type IncomingSection, type IncomingStream, IncomingTable } from './incoming.ts';

/** What the driver hands to, and takes from, whoever speaks RTP on the connection. */
export interface MediaPath {
  /** A datagram that is RTP or RTCP by its first byte, borrowed for the call. */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void;
  /** Writes the next datagram into `out[at, end)` and returns its length; 0: nothing. */
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number;
  deadline(): Millis;
  expire(now: Millis): void;
  drain(): void;
}

export interface SrtpKeyPair {
  readonly profile: number;
  readonly localKey: Uint8Array;
  readonly localSalt: Uint8Array;
  readonly remoteKey: Uint8Array;
  readonly remoteSalt: Uint8Array;
}

export interface MediaPathOptions {
  readonly cname: string;
  readonly random: RandomSource;
  /** Milliseconds from 1970 to the zero of the driver's clock. */
  readonly wallClockOffset: Millis;
  /** The user's own, next to the application. */
  readonly interceptors?: readonly Interceptor[];
}

/** The tag of a local stream in the chain: who is asked for key frames. */
export interface OutgoingStream {
  onKeyFrameRequest(): void;
}

const DROP_REASONS = ['not-secured', 'malformed', 'unknown-source', 'undeliverable'] as const;
export type MediaDrop = (typeof DROP_REASONS)[number];

const MOST_STREAMS = 256;

export class RtpPath implements MediaPath {
  readonly drops: Drops<MediaDrop> = new Drops(DROP_REASONS);
  readonly media: MediaChain;
  readonly chain: InterceptorChain;
  readonly incoming: IncomingTable;
  readonly #packet = new RtpPacket();
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;

  constructor({ cname, random, wallClockOffset, interceptors }: MediaPathOptions) {
    // What is forwarded has been paced by who made it, and what an application writes it means to be sent.
    const maxStreams = MOST_STREAMS;
    this.media = new MediaChain({ random, cname, wallClockOffset, maxStreams, pacer: false, interceptors });
    this.chain = this.media.chain;
    this.incoming = new IncomingTable(this.chain);
  }

  get isSecured(): boolean {
    return this.#sender !== undefined;
  }

  get srtpDrops(): { readonly received: object; readonly sent: object } | undefined {
    if (!this.#receiver || !this.#sender) return undefined;
    return { received: { ...this.#receiver.drops }, sent: { ...this.#sender.drops } };
  }

  /** The peer's identity has been verified, and these keys are the connection's (RFC 5764 §4.2). */
  secure(keys: SrtpKeyPair, cryptos: SrtpCryptos): void {
    const profile = profileOf(keys.profile);
    if (profile === undefined || this.#sender) return;
    const { localKey, localSalt, remoteKey, remoteSalt } = keys;
    this.#sender = new SrtpSender({ profile, masterKey: localKey, masterSalt: localSalt, cryptos });
    this.#receiver = new SrtpReceiver({ profile, masterKey: remoteKey, masterSalt: remoteSalt, cryptos });
  }

  setSections(sections: readonly IncomingSection[], extensions: ExtensionMap): void {
    this.incoming.setSections(sections, extensions);
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const receiver = this.#receiver;
    if (!receiver) {
      this.drops.count('not-secured'); // RFC 5764 §5.1.2: before the handshake is over nothing can be opened
      return;
    }
    if (end - at < 2) {
      this.drops.count('malformed');
      return;
    }
    if (isRtcp(bytes, at)) {
      const plainEnd = receiver.unprotectRtcp(bytes, at, end);
      if (plainEnd > 0) this.chain.receiveRtcp(bytes, at, plainEnd, now);
      return;
    }
    const plainEnd = receiver.unprotectRtp(bytes, at, end);
    if (plainEnd === 0) return;
    const packet = this.#packet;
    if (!packet.read(bytes, at, plainEnd)) {
      this.drops.count('malformed');
      return;
    }
    if (this.chain.remoteStream(packet.ssrc) === undefined && !this.incoming.learn(packet, now)) {
      this.drops.count('unknown-source');
      return;
    }
    const stream = this.chain.receiveRtp(packet, now);
    if (stream === undefined) return;
    const source = stream.tag as IncomingStream;
    source.note(packet, now);
    // A packet that is only padding probes the path; it has nothing for the application.
    if (packet.payloadEnd > packet.headerEnd) source.section.onRtp(packet, source, now);
  }

  /** Takes a packet of a local stream. False: dropped and counted. */
  send(packet: RtpPacket, now: Millis): boolean {
    return this.#sender !== undefined && this.chain.sendRtp(packet, now);
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    const sender = this.#sender;
    if (!sender) return 0;
    for (;;) {
      const room = Math.max(sender.rtpOverhead, sender.rtcpOverhead);
      const length = this.chain.transmit(out, at, end - room, now);
      if (length === 0) return 0;
      const protectedEnd = this.chain.isRtcp
        ? sender.protectRtcp(out, at, at + length)
        : sender.protectRtp(out, at, at + length);
      if (protectedEnd > 0) return protectedEnd - at;
    }
  }

  deadline(): Millis {
    return this.#sender ? this.chain.deadline() : NEVER;
  }

  expire(now: Millis): void {
    this.chain.expire(now);
  }

  drain(): void {
    this.chain.drain(this.#sink);
  }

  readonly #sink: ChainSink = {
    onBye: (stream: RtpStream): void => this.incoming.remove(stream),
    onKeyFrameRequest: (stream: RtpStream): void => (stream.tag as OutgoingStream).onKeyFrameRequest(),
  };
}
