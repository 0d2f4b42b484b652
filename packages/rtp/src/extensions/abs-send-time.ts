// Hot: when the packet left the sender, 24 bits of seconds with 18 bits behind the point, so that it wraps after 64 s.
// webrtc.org/experiments/rtp-hdrext/abs-send-time.
import { type Millis, putU24, u24 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';

const TICKS_PER_MILLI = 2 ** 18 / 1000;
const WRAP = 2 ** 24;

/** In ticks of 1/2^18 s; -1 if it is missing. */
export function readAbsSendTime(packet: RtpPacket, id: number): number {
  const at = packet.findExtension(id);
  return at === 0 || packet.extensionLength < 3 ? -1 : u24(packet.bytes, at);
}

/** Notes that the packet leaves at `now`, which is not below 0. False without room. */
export function writeAbsSendTime(packet: RtpPacket, id: number, now: Millis): boolean {
  const at = packet.reserveExtension(id, 3);
  if (at === 0) return false;
  putU24(packet.bytes, at, Math.floor(now * TICKS_PER_MILLI) % WRAP);
  return true;
}

/** How long after `before` the time `time` is, in milliseconds; negative if it is before it. Up to 32 s. */
export function absSendTimeDelta(time: number, before: number): Millis {
  return (((time - before) << 8) >> 8) / TICKS_PER_MILLI;
}
