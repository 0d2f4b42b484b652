// Hot: a sequence number across all streams of a transport. draft-holmer-rmcat-transport-wide-cc-extensions-01 §2.
// The second version of the extension, which asks for feedback, is left out.
import { putU16, u16 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** -1 if it is missing. */
export function readTransportSequenceNumber(packet: RtpPacket, id: number): number {
  const at = packet.findExtension(id);
  return at === 0 || packet.extensionLength < 2 ? -1 : u16(packet.bytes, at);
}

/** False without room. */
export function writeTransportSequenceNumber(packet: RtpPacket, id: number, sequenceNumber: number): boolean {
  const at = packet.reserveExtension(id, 2);
  if (at === 0) return false;
  putU16(packet.bytes, at, sequenceNumber);
  return true;
}
