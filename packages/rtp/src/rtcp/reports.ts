// Hot: sender and receiver reports. RFC 3550 §6.4.
//
//  SR: | header | SSRC | NTP seconds | NTP fraction | RTP timestamp | packets | octets | blocks ... |
//  RR: | header | SSRC | blocks ... |
//  block: | SSRC | lost fraction (8), cumulative (24) | highest sequence number | jitter | LSR | DLSR |
import { putU24, putU32, u24, u32 } from '@millrace/sans-io';
import { ntpShort } from './ntp-time.ts';
import { growRtcp, MAX_RTCP_COUNT, RTCP_TYPE, writeRtcpHeader } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const SENDER_REPORT_BYTES = 28;
const RECEIVER_REPORT_BYTES = 8;
const BLOCK_BYTES = 24;
const MIN_LOST = -0x80_0000;
const MAX_LOST = 0x7f_ffff;
const NO_BYTES = new Uint8Array(0);

/** What a report says of one source. Pointed at a block by `readBlock` of a report. */
export class ReportBlock {
  bytes: Uint8Array = NO_BYTES;
  at = 0;

  get ssrc(): number {
    return u32(this.bytes, this.at);
  }

  /** Lost since the last report, in 1/256. */
  get fractionLost(): number {
    return this.bytes[this.at + 4]!;
  }

  /** Lost since the beginning; negative when there were duplicates. */
  get cumulativeLost(): number {
    return (u24(this.bytes, this.at + 5) << 8) >> 8;
  }

  /** How often sequence numbers have wrapped, and the highest. */
  get highestSequenceNumber(): number {
    return u32(this.bytes, this.at + 8);
  }

  /** In units of the RTP timestamp. */
  get jitter(): number {
    return u32(this.bytes, this.at + 12);
  }

  /** The middle of the last sender report's NTP time; 0 if none has come. */
  get lastSenderReport(): number {
    return u32(this.bytes, this.at + 16);
  }

  /** In 1/65536 s. */
  get delaySinceLastSenderReport(): number {
    return u32(this.bytes, this.at + 20);
  }
}

/** A view of a sender report. RFC 3550 §6.4.1 */
export class SenderReport {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  /** How many report blocks it has. */
  blockCount = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.type !== RTCP_TYPE.senderReport) return false;
    if (packet.end - packet.at < SENDER_REPORT_BYTES + packet.count * BLOCK_BYTES) return false;
    this.bytes = packet.bytes;
    this.at = packet.at;
    this.blockCount = packet.count;
    return true;
  }

  get ssrc(): number {
    return u32(this.bytes, this.at + 4);
  }

  get ntpSeconds(): number {
    return u32(this.bytes, this.at + 8);
  }

  get ntpFraction(): number {
    return u32(this.bytes, this.at + 12);
  }

  /** The NTP time's middle: what goes back as LSR. */
  get ntpShort(): number {
    return ntpShort(this.ntpSeconds, this.ntpFraction);
  }

  get rtpTimestamp(): number {
    return u32(this.bytes, this.at + 16);
  }

  get packetCount(): number {
    return u32(this.bytes, this.at + 20);
  }

  get octetCount(): number {
    return u32(this.bytes, this.at + 24);
  }

  /** Points `block` at the report block `index`, which is below `blockCount`. */
  readBlock(index: number, block: ReportBlock): void {
    block.bytes = this.bytes;
    block.at = this.at + SENDER_REPORT_BYTES + index * BLOCK_BYTES;
  }
}

/** A view of a receiver report. RFC 3550 §6.4.2 */
export class ReceiverReport {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  /** How many report blocks it has. */
  blockCount = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.type !== RTCP_TYPE.receiverReport) return false;
    if (packet.end - packet.at < RECEIVER_REPORT_BYTES + packet.count * BLOCK_BYTES) return false;
    this.bytes = packet.bytes;
    this.at = packet.at;
    this.blockCount = packet.count;
    return true;
  }

  get ssrc(): number {
    return u32(this.bytes, this.at + 4);
  }

  /** Points `block` at the report block `index`, which is below `blockCount`. */
  readBlock(index: number, block: ReportBlock): void {
    block.bytes = this.bytes;
    block.at = this.at + RECEIVER_REPORT_BYTES + index * BLOCK_BYTES;
  }
}

/** Writes a sender report without blocks into `out[at, end)` and returns its length; 0 = no room. */
export function writeSenderReport(
  out: Uint8Array,
  at: number,
  end: number,
  ssrc: number,
  ntpSeconds: number,
  ntpFraction: number,
  rtpTimestamp: number,
  packetCount: number,
  octetCount: number,
): number {
  if (end > out.length || end - at < SENDER_REPORT_BYTES) return 0;
  writeRtcpHeader(out, at, 0, RTCP_TYPE.senderReport, SENDER_REPORT_BYTES);
  putU32(out, at + 4, ssrc);
  putU32(out, at + 8, ntpSeconds);
  putU32(out, at + 12, ntpFraction);
  putU32(out, at + 16, rtpTimestamp);
  putU32(out, at + 20, packetCount);
  putU32(out, at + 24, octetCount);
  return SENDER_REPORT_BYTES;
}

/** Writes a receiver report without blocks into `out[at, end)` and returns its length; 0 = no room. */
export function writeReceiverReport(out: Uint8Array, at: number, end: number, ssrc: number): number {
  if (end > out.length || end - at < RECEIVER_REPORT_BYTES) return 0;
  writeRtcpHeader(out, at, 0, RTCP_TYPE.receiverReport, RECEIVER_REPORT_BYTES);
  putU32(out, at + 4, ssrc);
  return RECEIVER_REPORT_BYTES;
}

/**
 * Adds a block to the report that begins at `reportAt` and is the last in `out` so far. Returns how many bytes it took;
 * 0 if there is no room or the report is full (31 blocks). A loss that 24 bits cannot say is cut to what they can.
 */
export function addReportBlock(
  out: Uint8Array,
  reportAt: number,
  end: number,
  ssrc: number,
  fractionLost: number,
  cumulativeLost: number,
  highestSequenceNumber: number,
  jitter: number,
  lastSenderReport: number,
  delaySinceLastSenderReport: number,
): number {
  if ((out[reportAt]! & 0x1f) === MAX_RTCP_COUNT) return 0;
  const at = growRtcp(out, reportAt, end, BLOCK_BYTES);
  if (at === 0) return 0;
  out[reportAt] = out[reportAt]! + 1;
  putU32(out, at, ssrc);
  out[at + 4] = fractionLost;
  putU24(out, at + 5, Math.max(MIN_LOST, Math.min(cumulativeLost, MAX_LOST)));
  putU32(out, at + 8, highestSequenceNumber);
  putU32(out, at + 12, jitter);
  putU32(out, at + 16, lastSenderReport);
  putU32(out, at + 20, delaySinceLastSenderReport);
  return BLOCK_BYTES;
}
