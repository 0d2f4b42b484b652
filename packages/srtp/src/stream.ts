// Hot: what is known of one source (SSRC), and the table of all of them. RFC 3711 §3.2.3, §3.3.1.
import { ReplayWindow } from './replay-window.ts';

const HALF = 0x8000;

/** Highest SRTCP index (RFC 3711 §3.2.1). */
export const LAST_RTCP_INDEX = 0x7fff_ffff;

export class Stream {
  /** As a signed 32-bit number, which costs no garbage. */
  readonly ssrc: number;
  /** Of the highest packet so far; a signed 32-bit number as well. */
  roc = 0;
  /** Sequence number of the highest packet so far; -1 before the first one. */
  highest = -1;
  /** Index of the highest RTCP packet so far; -1 before the first one. */
  highestRtcp = -1;
  // A source may have RTP or RTCP alone.
  rtpWindow: ReplayWindow | undefined = undefined;
  rtcpWindow: ReplayWindow | undefined = undefined;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /** How many packets `sequence` lies ahead of the highest; behind it if negative. */
  aheadOf(sequence: number): number {
    if (this.highest < 0) return 1;
    const ahead = sequence - this.highest;
    // RFC 3711 §3.3.1, appendix A: of the roll-over counters before, now and next, the one that brings it closest.

    // Deviation: RFC 3711 appendix A gives a packet the counter before, modulo 2^32, where there has been no roll-over
    // yet. No such packet can exist; as in libsrtp, it counts as a jump ahead, and the tag decides.
    if (ahead > HALF && this.roc !== 0) return ahead - 0x1_0000;
    if (ahead < -HALF) return ahead + 0x1_0000;
    return ahead;
  }

  /** The roll-over counter of a packet that lies `ahead`. */
  rocOf(sequence: number, ahead: number): number {
    if (this.highest < 0) return this.roc;
    const wrapped = sequence - this.highest - ahead;
    if (wrapped < 0) return (this.roc + 1) | 0;
    return wrapped > 0 ? (this.roc - 1) | 0 : this.roc;
  }

  acceptRtp(sequence: number, ahead: number, roc: number, windowSize: number): void {
    const window = (this.rtpWindow ??= new ReplayWindow(windowSize));
    window.accept(sequence, ahead);
    if (ahead <= 0) return;
    this.highest = sequence;
    this.roc = roc;
  }

  acceptRtcp(index: number, windowSize: number): void {
    const window = (this.rtcpWindow ??= new ReplayWindow(windowSize));
    const ahead = this.highestRtcp < 0 ? 1 : index - this.highestRtcp;
    window.accept(index, ahead);
    if (ahead > 0) this.highestRtcp = index;
  }
}

/** At most `cap` streams by their SSRC. */
export class StreamTable {
  readonly #streams = new Map<number, Stream>();
  readonly #cap: number;
  /** The one asked for last: most packets belong to the stream of the one before. */
  #recent: Stream | undefined = undefined;

  constructor(cap: number) {
    this.#cap = cap;
  }

  get size(): number {
    return this.#streams.size;
  }

  get isFull(): boolean {
    return this.#streams.size >= this.#cap;
  }

  /** `ssrc` as a signed number. */
  get(ssrc: number): Stream | undefined {
    if (this.#recent !== undefined && this.#recent.ssrc === ssrc) return this.#recent;
    const stream = this.#streams.get(ssrc);
    if (stream !== undefined) this.#recent = stream;
    return stream;
  }

  add(stream: Stream): void {
    this.#streams.set(stream.ssrc, stream);
  }

  /** Sets the roll-over counter of a stream before its first packet. Undefined if there is no room for the stream. */
  restart(ssrc: number, roc: number): Stream | undefined {
    const known = this.get(ssrc);
    if (known === undefined && this.isFull) return undefined;
    const stream = known ?? new Stream(ssrc);
    stream.roc = roc;
    stream.highest = -1;
    stream.rtpWindow = undefined;
    this.add(stream);
    return stream;
  }

  delete(ssrc: number): boolean {
    if (this.#recent?.ssrc === ssrc) this.#recent = undefined;
    return this.#streams.delete(ssrc);
  }

  clear(): void {
    this.#recent = undefined;
    this.#streams.clear();
  }
}
