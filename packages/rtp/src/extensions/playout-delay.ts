// Hot: how long the receiver should and may hold frames. webrtc.org/experiments/rtp-hdrext/playout-delay: two times 12
// bits, in units of 10 ms.
import { type Millis, putU24, u24 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';

const UNIT: Millis = 10;
/** The longest delay that can be said. */
export const MAX_PLAYOUT_DELAY: Millis = 0xfff * UNIT;

/** 24 bits, for `minPlayoutDelay` and `maxPlayoutDelay`; -1 if it is missing. */
export function readPlayoutDelay(packet: RtpPacket, id: number): number {
  const at = packet.findExtension(id);
  return at === 0 || packet.extensionLength < 3 ? -1 : u24(packet.bytes, at);
}

export function minPlayoutDelay(value: number): Millis {
  return (value >> 12) * UNIT;
}

export function maxPlayoutDelay(value: number): Millis {
  return (value & 0xfff) * UNIT;
}

/** Rounded down to 10 ms, up to `MAX_PLAYOUT_DELAY`. False without room. */
export function writePlayoutDelay(packet: RtpPacket, id: number, min: Millis, max: Millis): boolean {
  const at = packet.reserveExtension(id, 3);
  if (at === 0) return false;
  putU24(packet.bytes, at, (units(min) << 12) | units(max));
  return true;
}

function units(delay: Millis): number {
  return Math.floor(Math.max(0, Math.min(delay, MAX_PLAYOUT_DELAY)) / UNIT);
}
