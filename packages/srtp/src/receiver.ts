// Hot: opens what the other side has protected. RFC 3711 §3.3, §3.4. Nothing that comes from the network throws, and
// nothing is remembered before its tag was found right.
import { type DropCounts, Drops, u16, u32 } from '@millrace/sans-io';
import { DROP_REASONS, type SrtpDropReason } from './drops.ts';
import { SrtpError } from './errors.ts';
import { KeySchedule } from './key-schedule.ts';
import { type ResolvedOptions, resolveOptions, type SrtpReceiverOptions } from './options.ts';
import { isRtcp, MAX_HEADER_BYTES, payloadOffset } from './packet.ts';
import { INDEX_BYTES, infoOf } from './profiles.ts';
import { LAST_RTCP_INDEX, Stream, StreamTable } from './stream.ts';

/** Opens the SRTP and SRTCP packets of one direction. */
export class SrtpReceiver {
  readonly #options: ResolvedOptions;
  readonly #keys: KeySchedule;
  readonly #streams: StreamTable;
  readonly #drops = new Drops<SrtpDropReason>(DROP_REASONS);
  /** Bytes of an RTP or RTCP packet behind what was protected. */
  readonly #rtpTrailer: number;
  readonly #rtcpTrailer: number;
  /** Bytes of an RTCP packet behind E flag and index. */
  readonly #behindIndex: number;
  /** Stands in for the state of sources that nothing authentic has come from yet. */
  readonly #candidate = new Stream(0);
  #isClosed = false;

  /** @throws {SrtpError} `BAD_PROFILE`, `BAD_KEY`, `BAD_OPTION` */
  constructor(options: SrtpReceiverOptions) {
    this.#options = resolveOptions(options);
    const { aead, rtpOverhead, rtcpOverhead, rtcpTagBytes } = infoOf(options.profile);
    const { mkiBytes } = this.#options;
    this.#rtpTrailer = rtpOverhead + mkiBytes;
    this.#rtcpTrailer = rtcpOverhead + mkiBytes;
    this.#behindIndex = mkiBytes + (aead === undefined ? rtcpTagBytes : 0);
    this.#keys = new KeySchedule(this.#options, options.masterKey, options.masterSalt, options.cryptos);
    this.#streams = new StreamTable(this.#options.maxStreams);
  }

  /** Counts by reason; live. */
  get drops(): DropCounts<SrtpDropReason> {
    return this.#drops.counts;
  }

  /** Sources there is state for. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /**
   * Authenticates and decrypts the RTP packet `bytes[at, end)` in place and returns its new end. 0 if it was dropped,
   * with the reason counted in `drops`; the bytes are then of no use.
   *
   * @throws {SrtpError} `BAD_RANGE`, `CLOSED`
   */
  unprotectRtp(bytes: Uint8Array, at: number, end: number): number {
    this.#check(bytes, at, end);
    const plainEnd = end - this.#rtpTrailer;
    const payloadAt = payloadOffset(bytes, at, plainEnd);
    if (payloadAt === 0 || this.#isTooLong(this.#options.encryptRtp, at, plainEnd))
      return this.#drop('malformed');
    const ssrc = u32(bytes, at + 8) | 0;
    const sequence = u16(bytes, at + 2);
    const known = this.#streams.get(ssrc);
    if (known === undefined && this.#streams.isFull) return this.#drop('too-many-streams');
    const stream = known ?? this.#candidate;
    const ahead = stream.aheadOf(sequence);
    const roc = stream.rocOf(sequence, ahead);
    if (ahead > 0) {
      if (stream.roc === -1 && roc === 0) return this.#drop('key-exhausted');
    } else {
      // RFC 3711 §3.3.2: replays are told before the tag is looked at.
      const seen = stream.rtpWindow!.check(sequence, ahead);
      if (seen !== 'new') return this.#drop(seen);
    }
    const from = this.#options.encryptRtp ? payloadAt : plainEnd;
    if (!this.#keys.rtp(roc, sequence).unprotectRtp(bytes, at, from, end, ssrc, roc, sequence))
      return this.#drop('forged');
    const accepted = known ?? this.#admit(ssrc);
    accepted.acceptRtp(sequence, ahead, roc, this.#options.replayWindow);
    return plainEnd;
  }

  /**
   * Authenticates and decrypts the RTCP packet `bytes[at, end)` in place and returns its new end. 0 if it was dropped,
   * with the reason counted in `drops`; the bytes are then of no use.
   *
   * @throws {SrtpError} `BAD_RANGE`, `CLOSED`
   */
  unprotectRtcp(bytes: Uint8Array, at: number, end: number): number {
    this.#check(bytes, at, end);
    const plainEnd = end - this.#rtcpTrailer;
    if (!isRtcp(bytes, at, plainEnd)) return this.#drop('malformed');
    const ssrc = u32(bytes, at + 4) | 0;
    const word = u32(bytes, end - this.#behindIndex - INDEX_BYTES) | 0;
    const index = word & LAST_RTCP_INDEX;
    if (this.#isTooLong(word < 0, at, plainEnd)) return this.#drop('malformed');
    const known = this.#streams.get(ssrc);
    if (known === undefined && this.#streams.isFull) return this.#drop('too-many-streams');
    if (known?.rtcpWindow !== undefined) {
      const seen = known.rtcpWindow.check(index, index - known.highestRtcp);
      if (seen !== 'new') return this.#drop(seen);
    }
    if (!this.#keys.rtcp(index).unprotectRtcp(bytes, at, end, ssrc, word)) return this.#drop('forged');
    // RFC 3711 §3.4: whether RTCP is encrypted is agreed upon, whatever a single packet says.
    if (word < 0 !== this.#options.encryptRtcp) return this.#drop('not-encrypted');
    const accepted = known ?? this.#admit(ssrc);
    accepted.acceptRtcp(index, this.#options.replayWindow);
    return plainEnd;
  }

  /** The roll-over counter of a source's highest RTP packet; undefined for an unknown source. */
  rollOverCounter(ssrc: number): number | undefined {
    const stream = this.#streams.get(ssrc | 0);
    return stream === undefined ? undefined : stream.roc >>> 0;
  }

  /**
   * Joins a source late (RFC 3711 §3.3.1). Which of its packets have come is forgotten.
   *
   * @throws {SrtpError} `TOO_MANY_STREAMS`
   */
  setRollOverCounter(ssrc: number, roc: number): void {
    if (this.#streams.restart(ssrc | 0, roc | 0) === undefined) throw new SrtpError('TOO_MANY_STREAMS');
  }

  /** Forgets a source that has ended. Its old packets could be replayed from then on. */
  removeStream(ssrc: number): boolean {
    return this.#streams.delete(ssrc | 0);
  }

  /** Wipes the keys. Idempotent; use after it throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#keys.close();
    this.#streams.clear();
  }

  #check(bytes: Uint8Array, at: number, end: number): void {
    if (this.#isClosed) throw new SrtpError('CLOSED');
    if (!(at >= 0 && at <= end && end <= bytes.length))
      throw new SrtpError('BAD_RANGE', `[${at}, ${end}) of ${bytes.length} bytes`);
  }

  /** What is not encrypted at all counts as header. */
  #isTooLong(isEncrypted: boolean, at: number, plainEnd: number): boolean {
    return !isEncrypted && plainEnd - at + INDEX_BYTES > MAX_HEADER_BYTES;
  }

  #admit(ssrc: number): Stream {
    const stream = new Stream(ssrc);
    this.#streams.add(stream);
    return stream;
  }

  #drop(reason: SrtpDropReason): 0 {
    this.#drops.count(reason);
    return 0;
  }
}
