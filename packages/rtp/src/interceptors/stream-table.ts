// Hot: the streams of a chain by SSRC, their own and that of their retransmissions and repairs.
import { RtpError } from '../errors.ts';
import { RtpStream, type StreamInfo } from './stream.ts';

export class StreamTable {
  readonly #isLocal: boolean;
  readonly #bySsrc = new Map<number, RtpStream>(); // keys as signed numbers: V8 keeps those without a box
  readonly #slots: Array<RtpStream | undefined> = [];
  readonly #maxStreams: number;
  #lastKey = 0;
  #last: RtpStream | undefined;
  #count = 0;

  constructor(isLocal: boolean, maxStreams: number) {
    this.#isLocal = isLocal;
    this.#maxStreams = maxStreams;
  }

  get count(): number {
    return this.#count;
  }

  /** Slots in use are below this. */
  get slotCount(): number {
    return this.#slots.length;
  }

  at(slot: number): RtpStream | undefined {
    return this.#slots[slot];
  }

  find(ssrc: number): RtpStream | undefined {
    const key = ssrc | 0;
    if (key === this.#lastKey && this.#last !== undefined) return this.#last;
    const stream = this.#bySsrc.get(key);
    if (stream !== undefined) {
      this.#lastKey = key;
      this.#last = stream;
    }
    return stream;
  }

  add(info: StreamInfo): RtpStream {
    if (this.#count >= this.#maxStreams)
      throw new RtpError('TOO_MANY_STREAMS', `no more than ${this.#maxStreams}`);
    const free = this.#slots.indexOf(undefined);
    const stream = new RtpStream(info, this.#isLocal, free < 0 ? this.#slots.length : free);
    const keys = [stream.ssrc];
    if (stream.rtxSsrc !== 0) keys.push(stream.rtxSsrc);
    if (stream.flexfecSsrc !== 0) keys.push(stream.flexfecSsrc);
    for (const [i, key] of keys.entries())
      if (this.#bySsrc.has(key | 0) || keys.indexOf(key) !== i)
        throw new RtpError('DUPLICATE_SSRC', String(key));
    for (const key of keys) this.#bySsrc.set(key | 0, stream);
    this.#slots[stream.slot] = stream;
    this.#count++;
    this.#last = undefined;
    return stream;
  }

  /** False if the SSRC belongs to a stream already. */
  setRtxSsrc(stream: RtpStream, ssrc: number): boolean {
    if (this.#slots[stream.slot] !== stream || ssrc === 0 || this.#bySsrc.has(ssrc | 0)) return false;
    if (stream.rtxSsrc !== 0) this.#bySsrc.delete(stream.rtxSsrc | 0);
    stream.rtxSsrc = ssrc;
    this.#bySsrc.set(ssrc | 0, stream);
    this.#last = undefined;
    return true;
  }

  /** Whether it was in the table. */
  remove(stream: RtpStream): boolean {
    if (this.#slots[stream.slot] !== stream) return false;
    this.#slots[stream.slot] = undefined;
    this.#bySsrc.delete(stream.ssrc | 0);
    if (stream.rtxSsrc !== 0) this.#bySsrc.delete(stream.rtxSsrc | 0);
    if (stream.flexfecSsrc !== 0) this.#bySsrc.delete(stream.flexfecSsrc | 0);
    this.#count--;
    this.#last = undefined;
    return true;
  }
}
