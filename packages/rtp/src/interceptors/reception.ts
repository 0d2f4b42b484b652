// Hot: what has come of one remote stream: highest number, loss, jitter. RFC 3550 §6.4.1, appendices A.1, A.3, A.8.
// Without the probation of A.1: a stream is announced before its first packet counts.
import { type Millis, putU24, putU32, u16, u32 } from '@millrace/sans-io';
import { toNtpShort, unixMillis } from '../rtcp/ntp-time.ts';

// RFC 3550 appendix A.1.
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;
const NO_SEQUENCE = -1;
const MAX_LOST = 0x7f_ffff;
const MIN_LOST = -0x80_0000;

export const REPORT_BLOCK_BYTES = 24;

export class Reception {
  packets = 0;
  payloadBytes = 0;
  headerBytes = 0;
  retransmittedPackets = 0;
  retransmittedBytes = 0;
  fecPackets = 0;
  fecBytes = 0;
  /** Numbers far off that were taken for strays. */
  strays = 0;
  restarts = 0;
  lastPacketAt = 0.5;
  /** In timestamp units. */
  jitter = 0.5;
  clockRate: number;
  #baseSequence = NO_SEQUENCE;
  #highest = 0;
  #cycles = 0;
  #stray = NO_SEQUENCE;
  /** Packets that count for loss: since the last restart, duplicates included, as A.3 wants it. */
  #received = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #transit = 0.5;
  #hasTransit = false;
  /** The middle of the last sender report's time, and when it came. */
  #lastReport = 0;
  #lastReportAt = 0.5;
  #hasNews = false;
  /** RFC 3550 §6.4.1: RTP and wall-clock time of one instant, as the sender says; -1 before the first. */
  senderWall = -1;
  senderTimestamp = 0;
  senderPackets = 0;
  senderBytes = 0;
  senderReports = 0;

  constructor(clockRate: number) {
    this.clockRate = clockRate;
    this.jitter = 0;
    this.lastPacketAt = 0;
  }

  /** A packet of the stream itself. False: its number is too far off to be one of it. */
  onPacket(sequenceNumber: number, timestamp: number, clockRate: number, now: Millis): boolean {
    if (!this.#onSequence(sequenceNumber)) {
      this.strays++;
      return false;
    }
    this.#received++;
    this.packets++;
    this.#hasNews = true;
    this.lastPacketAt = now;
    if (clockRate !== this.clockRate) {
      this.clockRate = clockRate;
      this.#hasTransit = false;
    }
    // RFC 3550 appendix A.8: transit times differ by a clock offset alone, unless there is jitter.
    const transit = (now * clockRate) / 1_000 - timestamp;
    if (this.#hasTransit) {
      let difference = transit - this.#transit;
      if (difference > 0x8000_0000) difference -= 0x1_0000_0000;
      else if (difference < -0x8000_0000) difference += 0x1_0000_0000;
      this.jitter += (Math.abs(difference) - this.jitter) / 16;
    }
    this.#transit = transit;
    this.#hasTransit = true;
    return true;
  }

  /** Reads a sender report's own part, which begins at `at` with the NTP timestamp. */
  onSenderReport(bytes: Uint8Array, at: number, now: Millis): void {
    this.#lastReport = ((u16(bytes, at + 2) << 16) | u16(bytes, at + 4)) >>> 0;
    this.#lastReportAt = now;
    this.senderWall = unixMillis(u32(bytes, at), u32(bytes, at + 4));
    this.senderTimestamp = u32(bytes, at + 8);
    this.senderPackets = u32(bytes, at + 12);
    this.senderBytes = u32(bytes, at + 16);
    this.senderReports++;
  }

  get extendedHighest(): number {
    return this.#cycles + this.#highest;
  }

  get expected(): number {
    return this.#baseSequence === NO_SEQUENCE ? 0 : this.extendedHighest - this.#baseSequence + 1;
  }

  /** Duplicates can make it negative. RFC 3550 §6.4.1 */
  get lost(): number {
    return this.expected - this.#received;
  }

  /** Whether anything has come since the last report. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Writes a report block of 24 bytes and begins the next interval. RFC 3550 appendix A.3 */
  writeBlock(out: Uint8Array, at: number, ssrc: number, now: Millis): void {
    const expected = this.expected;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    this.#hasNews = false;
    const fraction =
      expectedInterval <= 0 || lostInterval <= 0
        ? 0
        : Math.min(255, Math.floor((lostInterval * 256) / expectedInterval));
    putU32(out, at, ssrc);
    out[at + 4] = fraction;
    putU24(out, at + 5, Math.max(MIN_LOST, Math.min(MAX_LOST, this.lost)));
    putU32(out, at + 8, this.extendedHighest);
    putU32(out, at + 12, this.jitter);
    putU32(out, at + 16, this.#lastReport);
    // RFC 3550 §6.4.1: DLSR in units of 1/65536 s, 0 before the first sender report.
    putU32(out, at + 20, this.senderReports === 0 ? 0 : toNtpShort(now - this.#lastReportAt));
  }

  #onSequence(sequenceNumber: number): boolean {
    if (this.#baseSequence === NO_SEQUENCE) {
      this.#restart(sequenceNumber);
      return true;
    }
    const ahead = (sequenceNumber - this.#highest) & 0xffff;
    if (ahead < MAX_DROPOUT) {
      if (sequenceNumber < this.#highest) this.#cycles += 0x1_0000;
      this.#highest = sequenceNumber;
      this.#stray = NO_SEQUENCE;
      return true;
    }
    if (ahead > 0x1_0000 - MAX_MISORDER) return true; // late, or a duplicate
    // Two packets in a row make a restart of what a single one would leave a stray.
    if (sequenceNumber === this.#stray) {
      this.#restart(sequenceNumber);
      this.restarts++;
      return true;
    }
    this.#stray = (sequenceNumber + 1) & 0xffff;
    return false;
  }

  #restart(sequenceNumber: number): void {
    this.#baseSequence = sequenceNumber;
    this.#highest = sequenceNumber;
    this.#cycles = 0;
    this.#stray = NO_SEQUENCE;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#hasTransit = false;
  }
}
