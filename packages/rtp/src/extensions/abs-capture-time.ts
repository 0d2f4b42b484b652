// Hot: when the packet's media was captured, by the capturer's clock. webrtc.org/experiments/rtp-hdrext/abs-capture-time:
// an NTP time of 64 bits and, if a mixer has put it in, how far that clock is ahead of the sender's.
import { type Millis, putU32, u32 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';

const SHORT_BYTES = 8;
const LONG_BYTES = 16;
const FRACTIONS = 2 ** 32;

/** Milliseconds since 1900, to the microsecond; -1 if it is missing. */
export function readAbsCaptureTime(packet: RtpPacket, id: number): Millis {
  const at = packet.findExtension(id);
  if (at === 0 || packet.extensionLength < SHORT_BYTES) return -1;
  return (u32(packet.bytes, at) + u32(packet.bytes, at + 4) / FRACTIONS) * 1000;
}

/** How far the capturer's clock is ahead of the sender's; `NaN` if that is missing. */
export function readCaptureClockOffset(packet: RtpPacket, id: number): Millis {
  const at = packet.findExtension(id);
  if (at === 0 || packet.extensionLength < LONG_BYTES) return Number.NaN;
  return ((u32(packet.bytes, at + 8) | 0) + u32(packet.bytes, at + 12) / FRACTIONS) * 1000;
}

/** `time` in milliseconds since 1900; the clock's offset is written if it is a number. False without room. */
export function writeAbsCaptureTime(
  packet: RtpPacket,
  id: number,
  time: Millis,
  clockOffset: Millis = Number.NaN,
): boolean {
  const isShort = Number.isNaN(clockOffset);
  const at = packet.reserveExtension(id, isShort ? SHORT_BYTES : LONG_BYTES);
  if (at === 0) return false;
  putFixed(packet.bytes, at, time / 1000);
  if (!isShort) putFixed(packet.bytes, at + 8, clockOffset / 1000);
  return true;
}

/** Seconds with 32 bits in front of the point and 32 behind it; the two's complement if they are negative. */
function putFixed(bytes: Uint8Array, at: number, seconds: number): void {
  const whole = Math.floor(seconds);
  putU32(bytes, at, whole);
  putU32(bytes, at + 4, Math.min(Math.round((seconds - whole) * FRACTIONS), FRACTIONS - 1));
}
