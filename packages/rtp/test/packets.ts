import assert from 'node:assert/strict';
import { RtpPacket } from '@millrace/rtp';

/** A packet of two bytes of payload, with this much room on both sides. */
export function newPacket(room = 64): RtpPacket {
  const packet = new RtpPacket();
  const out = new Uint8Array(room * 2 + 14);
  assert(packet.begin(out, room, out.length, 96, 1, 2, 3, 0));
  assert(packet.setPayload(Uint8Array.of(0xca, 0xfe), 0, 2));
  return packet;
}

/** A packet whose element `id` has this data. */
export function packetWith(id: number, data: Uint8Array): RtpPacket {
  const packet = newPacket(300);
  assert(packet.setExtension(id, data, 0, data.length));
  return packet;
}

/** The data of an element in hex, from bytes read anew. */
export function extensionHex(packet: RtpPacket, id: number): string {
  const fresh = new RtpPacket();
  assert(fresh.read(packet.bytes, packet.at, packet.end));
  const at = fresh.findExtension(id);
  assert(at > 0);
  return Buffer.from(fresh.bytes.slice(at, at + fresh.extensionLength)).toString('hex');
}
