// Limits on a sender's bit rate. TMMBR and TMMBN: RFC 5104 §4.2, both with entries of
// | SSRC | exponent (6), mantissa (17), overhead in bytes a packet (9) |.
// REMB: draft-alvestrand-rmcat-remb-03 §2.2: | feedback header, media source 0 | 'REMB' | count (8), exponent (6), mantissa (18) | SSRC ... |.
import { putU32, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import {
  FEEDBACK_HEADER_BYTES,
  growRtcp,
  RTCP_KIND,
  RTCP_TYPE,
  writeFeedback,
  writeRtcpHeader,
} from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const TMMBR_FORMAT = 3;
const TMMBN_FORMAT = 4;
const APPLICATION_FORMAT = 15;
const ENTRY_BYTES = 8;
const TMMBR_MANTISSA_BITS = 17;
const REMB_MANTISSA_BITS = 18;
const MAX_EXPONENT = 63;
const REMB_NAME = 0x52454d42;
const REMB_BYTES = 20;
const NO_BYTES = new Uint8Array(0);

/** A request (TMMBR) or its answer (TMMBN), which may be without entries: no limit holds. */
export class MaxBitrate {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  senderSsrc = 0;
  entryCount = 0;
  /** A TMMBN, which says what holds; otherwise a TMMBR, which asks. */
  isNotification = false;

  /** False if the packet is neither, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.kind !== RTCP_KIND.tmmbr && packet.kind !== RTCP_KIND.tmmbn) return false;
    const isNotification = packet.kind === RTCP_KIND.tmmbn;
    const entries = (packet.end - packet.at - FEEDBACK_HEADER_BYTES) / ENTRY_BYTES;
    // RFC 5104 §4.2.1.1: a request has one entry or more; §4.2.2.1: a notification any number.
    if (entries % 1 !== 0 || (entries === 0 && !isNotification)) return false;
    this.bytes = packet.bytes;
    this.at = packet.at;
    this.senderSsrc = packet.senderSsrc;
    this.entryCount = entries;
    this.isNotification = isNotification;
    return true;
  }

  /** Of a request: whose bit rate is to be limited; of a notification: whose limit it is. */
  ssrc(index: number): number {
    return u32(this.bytes, this.at + FEEDBACK_HEADER_BYTES + index * ENTRY_BYTES);
  }

  bitsPerSecond(index: number): number {
    const word = u32(this.bytes, this.at + FEEDBACK_HEADER_BYTES + index * ENTRY_BYTES + 4);
    return ((word >>> 9) & 0x1_ffff) * 2 ** (word >>> 26);
  }

  /** Bytes of headers that are counted with each packet. */
  overheadBytes(index: number): number {
    return u32(this.bytes, this.at + FEEDBACK_HEADER_BYTES + index * ENTRY_BYTES + 4) & 0x1ff;
  }
}

/** Writes a request without entries into `out[at, end)` and returns its length; 0 = no room. */
export function writeTmmbr(out: Uint8Array, at: number, end: number, senderSsrc: number): number {
  // RFC 5104 §4.2.1.2: the media source is not used and 0.
  return writeFeedback(out, at, end, RTCP_TYPE.transportFeedback, TMMBR_FORMAT, senderSsrc, 0);
}

/** Writes a notification without entries into `out[at, end)` and returns its length; 0 = no room. */
export function writeTmmbn(out: Uint8Array, at: number, end: number, senderSsrc: number): number {
  return writeFeedback(out, at, end, RTCP_TYPE.transportFeedback, TMMBN_FORMAT, senderSsrc, 0);
}

/**
 * Adds an entry to the TMMBR or TMMBN that begins at `packetAt` and is the last in `out` so far. The bit rate is
 * rounded down to what 17 bits and an exponent can say. False without room.
 */
export function addMaxBitrate(
  out: Uint8Array,
  packetAt: number,
  end: number,
  ssrc: number,
  bitsPerSecond: number,
  overheadBytes: number,
): boolean {
  if (!(overheadBytes >= 0 && overheadBytes <= 0x1ff))
    throw new RtpError('BAD_VALUE', `an overhead of ${overheadBytes} bytes`);
  const exponent = exponentOf(bitsPerSecond, TMMBR_MANTISSA_BITS);
  const at = growRtcp(out, packetAt, end, ENTRY_BYTES);
  if (at === 0) return false;
  putU32(out, at, ssrc);
  putU32(out, at + 4, (exponent << 26) | (mantissaOf(bitsPerSecond, exponent) << 9) | overheadBytes);
  return true;
}

/** What a receiver takes to be the path's bit rate, for the sum of some sources. */
export class Remb {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  senderSsrc = 0;
  ssrcCount = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    const { bytes, at, end } = packet;
    if (packet.kind !== RTCP_KIND.applicationFeedback || end - at < REMB_BYTES) return false;
    if (u32(bytes, at + 12) !== REMB_NAME || at + REMB_BYTES + bytes[at + 16]! * 4 > end) return false;
    this.bytes = bytes;
    this.at = at;
    this.senderSsrc = packet.senderSsrc;
    this.ssrcCount = bytes[at + 16]!;
    return true;
  }

  get bitsPerSecond(): number {
    const word = u32(this.bytes, this.at + 16);
    return (word & 0x3_ffff) * 2 ** ((word >>> 18) & 0x3f);
  }

  /** The source at `index`, which is below `ssrcCount`. */
  ssrc(index: number): number {
    return u32(this.bytes, this.at + REMB_BYTES + index * 4);
  }
}

/** Writes a REMB for up to 255 sources into `out[at, end)` and returns its length; 0 = no room. Rounds down. */
export function writeRemb(
  out: Uint8Array,
  at: number,
  end: number,
  senderSsrc: number,
  bitsPerSecond: number,
  ssrcs: ArrayLike<number>,
): number {
  if (ssrcs.length > 255) throw new RtpError('BAD_VALUE', `${ssrcs.length} sources`);
  const exponent = exponentOf(bitsPerSecond, REMB_MANTISSA_BITS);
  const length = REMB_BYTES + ssrcs.length * 4;
  if (end > out.length || at + length > end) return 0;
  writeRtcpHeader(out, at, APPLICATION_FORMAT, RTCP_TYPE.payloadFeedback, length);
  putU32(out, at + 4, senderSsrc);
  putU32(out, at + 8, 0);
  putU32(out, at + 12, REMB_NAME);
  putU32(out, at + 16, (ssrcs.length << 24) | (exponent << 18) | mantissaOf(bitsPerSecond, exponent));
  for (let i = 0; i < ssrcs.length; i++) putU32(out, at + REMB_BYTES + i * 4, ssrcs[i]!);
  return length;
}

/** The smallest exponent with which `mantissaBits` suffice. */
function exponentOf(bitsPerSecond: number, mantissaBits: number): number {
  if (!(bitsPerSecond >= 0 && bitsPerSecond < 2 ** (mantissaBits + MAX_EXPONENT)))
    throw new RtpError('BAD_VALUE', `${bitsPerSecond} bit/s`);
  let exponent = 0;
  while (bitsPerSecond >= 2 ** (mantissaBits + exponent)) exponent++;
  return exponent;
}

function mantissaOf(bitsPerSecond: number, exponent: number): number {
  return Math.floor(bitsPerSecond / 2 ** exponent);
}
