// Hot: protects what one side sends. RFC 3711 §3.3, §3.4.
import { type DropCounts, Drops, u16, u32 } from '@millrace/sans-io';
import { DROP_REASONS, type SrtpDropReason } from './drops.ts';
import { SrtpError } from './errors.ts';
import { KeySchedule } from './key-schedule.ts';
import { checkOption, type ResolvedOptions, resolveOptions, type SrtpSenderOptions } from './options.ts';
import { isRtcp, MAX_HEADER_BYTES, payloadOffset } from './packet.ts';
import { INDEX_BYTES, infoOf } from './profiles.ts';
import { LAST_RTCP_INDEX, Stream, StreamTable } from './stream.ts';
import { ENCRYPTED } from './transform.ts';

/** Protects the RTP and RTCP packets of one direction. */
export class SrtpSender {
  /** Room in bytes that has to lie behind an RTP packet. */
  readonly rtpOverhead: number;
  /** Room in bytes that has to lie behind an RTCP packet. */
  readonly rtcpOverhead: number;
  readonly #options: ResolvedOptions;
  readonly #keys: KeySchedule;
  readonly #streams: StreamTable;
  readonly #drops = new Drops<SrtpDropReason>(DROP_REASONS);
  #isClosed = false;

  /** @throws {SrtpError} `BAD_PROFILE`, `BAD_KEY`, `BAD_OPTION` */
  constructor(options: SrtpSenderOptions) {
    this.#options = resolveOptions(options);
    const { rtpOverhead, rtcpOverhead } = infoOf(options.profile);
    this.rtpOverhead = rtpOverhead;
    this.rtcpOverhead = rtcpOverhead;
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
   * Protects the RTP packet `bytes[at, end)` in place and returns its new end, `rtpOverhead` behind the old one; that
   * room is written to. 0 if the packet must not be sent, with the reason counted in `drops`.
   *
   * @throws {SrtpError} `BAD_RANGE`, `BAD_PACKET`, `NO_TAILROOM`, `CLOSED`
   */
  protectRtp(bytes: Uint8Array, at: number, end: number): number {
    this.#check(bytes, at, end, this.rtpOverhead);
    const payloadAt = payloadOffset(bytes, at, end);
    if (payloadAt === 0 || this.#isTooLong(this.#options.encryptRtp, at, end))
      throw new SrtpError('BAD_PACKET', `RTP of ${end - at} bytes`);
    const sequence = u16(bytes, at + 2);
    const stream = this.#streamOf(u32(bytes, at + 8) | 0);
    if (stream === undefined) return 0;
    const ahead = stream.aheadOf(sequence);
    const roc = stream.rocOf(sequence, ahead);
    // RFC 3711 §9.2: at most 2^48 packets of a source under one master key.
    if (ahead > 0 && stream.roc === -1 && roc === 0) return this.#drop('key-exhausted');
    // RFC 3711 §9.1: no key stream twice.
    if (!this.#options.allowRepeats) {
      const seen = stream.rtpWindow?.check(sequence, ahead) ?? 'new';
      if (seen !== 'new') return this.#drop(seen);
    }
    const from = this.#options.encryptRtp ? payloadAt : end;
    this.#keys.rtp(roc, sequence).protectRtp(bytes, at, from, end, stream.ssrc, roc, sequence);
    stream.acceptRtp(sequence, ahead, roc, this.#options.replayWindow);
    return end + this.rtpOverhead;
  }

  /**
   * Protects the compound RTCP packet `bytes[at, end)` in place and returns its new end, `rtcpOverhead` behind the old
   * one; that room is written to. 0 if the packet must not be sent, with the reason counted in `drops`.
   *
   * @throws {SrtpError} `BAD_RANGE`, `BAD_PACKET`, `NO_TAILROOM`, `CLOSED`
   */
  protectRtcp(bytes: Uint8Array, at: number, end: number): number {
    this.#check(bytes, at, end, this.rtcpOverhead);
    if (!isRtcp(bytes, at, end) || this.#isTooLong(this.#options.encryptRtcp, at, end))
      throw new SrtpError('BAD_PACKET', `RTCP of ${end - at} bytes`);
    const stream = this.#streamOf(u32(bytes, at + 4) | 0);
    if (stream === undefined) return 0;
    // RFC 3711 §3.2.1, §9.2: 2^31 packets, then another master key.
    if (stream.highestRtcp === LAST_RTCP_INDEX) return this.#drop('key-exhausted');
    const index = stream.highestRtcp + 1;
    const word = this.#options.encryptRtcp ? index | ENCRYPTED : index;
    this.#keys.rtcp(index).protectRtcp(bytes, at, end, stream.ssrc, word);
    stream.highestRtcp = index;
    return end + this.rtcpOverhead;
  }

  /** The roll-over counter of a source's last RTP packet; undefined for an unknown source. */
  rollOverCounter(ssrc: number): number | undefined {
    const stream = this.#streams.get(ssrc | 0);
    return stream === undefined ? undefined : stream.roc >>> 0;
  }

  /**
   * Goes on with a source where another sender has left off (RFC 3711 §3.3.1), given the roll-over counter of its next
   * RTP packet and the index of its next RTCP packet (at most 2^31: no more of them). Which packets were sent is forgotten.
   *
   * @throws {SrtpError} `TOO_MANY_STREAMS`, `BAD_OPTION`
   */
  resumeStream(ssrc: number, rollOverCounter: number, rtcpIndex: number): void {
    checkOption('rtcpIndex', rtcpIndex, 0, LAST_RTCP_INDEX + 1);
    const stream = this.#streams.restart(ssrc | 0, rollOverCounter | 0);
    if (stream === undefined) throw new SrtpError('TOO_MANY_STREAMS');
    stream.highestRtcp = rtcpIndex - 1;
  }

  /** Forgets a source that has ended. Never send under its SSRC again with this master key. */
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

  #check(bytes: Uint8Array, at: number, end: number, room: number): void {
    if (this.#isClosed) throw new SrtpError('CLOSED');
    if (!(at >= 0 && at <= end && end <= bytes.length))
      throw new SrtpError('BAD_RANGE', `[${at}, ${end}) of ${bytes.length} bytes`);
    if (end + room > bytes.length)
      throw new SrtpError('NO_TAILROOM', `${bytes.length - end} bytes, ${room} are needed`);
  }

  /** What is not encrypted at all counts as header. */
  #isTooLong(isEncrypted: boolean, at: number, end: number): boolean {
    return !isEncrypted && end - at + INDEX_BYTES > MAX_HEADER_BYTES;
  }

  #streamOf(ssrc: number): Stream | undefined {
    const known = this.#streams.get(ssrc);
    if (known !== undefined) return known;
    if (this.#streams.isFull) {
      this.#drops.count('too-many-streams');
      return undefined;
    }
    const stream = new Stream(ssrc);
    this.#streams.add(stream);
    return stream;
  }

  #drop(reason: SrtpDropReason): 0 {
    this.#drops.count(reason);
    return 0;
  }
}
