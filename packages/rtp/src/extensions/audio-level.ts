// Hot: how loud the packet's audio is, so that a mixer need not decode it. RFC 6464 §3: V and a level in -dBov.
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** Silence: 127 dB below the loudest. */
export const SILENCE = 127;

/** One byte, for `audioLevel` and `hasVoice`; -1 if it is missing. */
export function readAudioLevel(packet: RtpPacket, id: number): number {
  const at = packet.findExtension(id);
  return at === 0 || packet.extensionLength < 1 ? -1 : packet.bytes[at]!;
}

/** How many dB below the loudest: 0 is loudest, 127 silence. */
export function audioLevel(value: number): number {
  return value & 0x7f;
}

/** Whether the sender takes it for speech. */
export function hasVoice(value: number): boolean {
  return (value & 0x80) !== 0;
}

/** `level` from 0 to 127 dB below the loudest. False without room. */
export function writeAudioLevel(packet: RtpPacket, id: number, level: number, voice: boolean): boolean {
  const at = packet.reserveExtension(id, 1);
  if (at === 0) return false;
  packet.bytes[at] = (voice ? 0x80 : 0) | (level & 0x7f);
  return true;
}
