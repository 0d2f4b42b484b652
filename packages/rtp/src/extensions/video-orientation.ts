// Hot: how the receiver has to turn the picture. 3GPP TS 26.114 §7.4.5: |0 0 0 0 C F R1 R0|. The form with six bits of
// rotation is left out.
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** One byte, for `rotation`, `isFlipped` and `isBackCamera`; -1 if it is missing. */
export function readVideoOrientation(packet: RtpPacket, id: number): number {
  const at = packet.findExtension(id);
  return at === 0 || packet.extensionLength < 1 ? -1 : packet.bytes[at]!;
}

/** Clockwise degrees by which the picture is turned for display: 0, 90, 180 or 270. */
export function rotation(value: number): number {
  return (value & 0x03) * 90;
}

/** Whether it is mirrored, left to right. */
export function isFlipped(value: number): boolean {
  return (value & 0x04) !== 0;
}

/** Whether it comes from the camera on the back. */
export function isBackCamera(value: number): boolean {
  return (value & 0x08) !== 0;
}

/** `degrees` is a multiple of 90. False without room. */
export function writeVideoOrientation(
  packet: RtpPacket,
  id: number,
  degrees: number,
  flipped = false,
  backCamera = false,
): boolean {
  const at = packet.reserveExtension(id, 1);
  if (at === 0) return false;
  packet.bytes[at] = (backCamera ? 0x08 : 0) | (flipped ? 0x04 : 0) | ((degrees / 90) & 0x03);
  return true;
}
