// RTP and RTCP packets as they come from the wire: the kinds that a media stack meets most.
// RFC 3550 §5.1 (RTP), §6.4.1 (SR); RFC 4585 §6.2.1 (NACK); draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.
import { putU16, putU32 } from '@millrace/sans-io';
import { randomArrays } from './inputs.ts';
import { NACK_ENTRIES, type PacketKind, RTCP_BYTES, SR_REPORTS } from './rtp-kinds.ts';

export const PACKETS = 64;
export const RTP_HEADER_BYTES = 12;

export const SSRC = 0x1234_5678;

/** 64 packets of one kind, no two the same; `bytes` is for RTP alone. */
export function mediaPackets(kind: PacketKind, bytes: number): Buffer[] {
  const length = kind === 'rtp' ? bytes : RTCP_BYTES[kind];
  return randomArrays(PACKETS, length).map((packet, i) => {
    if (kind === 'rtp') fillRtp(packet, i);
    else if (kind === 'sr') fillSenderReport(packet, i);
    else if (kind === 'nack') fillNack(packet, i);
    else fillTransportFeedback(packet, i);
    return Buffer.from(packet.buffer);
  });
}

/** What stays random is payload. */
function fillRtp(packet: Uint8Array, i: number): void {
  putU16(packet, 0, 0x8060);
  putU16(packet, 2, 1_000 + i);
  putU32(packet, 4, i * 960);
  putU32(packet, 8, SSRC);
}

/** Times, counts and what the reports say stay random. */
function fillSenderReport(packet: Uint8Array, i: number): void {
  fillHeader(packet, SR_REPORTS, 200);
  putU32(packet, 4, SSRC + i);
}

/** Each entry asks for one packet, for the first and the last of the 16 behind it, and for some of those between. */
function fillNack(packet: Uint8Array, i: number): void {
  fillHeader(packet, 1, 205);
  for (let entry = 0; entry < NACK_ENTRIES; entry++) {
    putU16(packet, 12 + entry * 4, i * 100 + entry * 40);
    putU16(packet, 14 + entry * 4, (packet[14 + entry * 4]! << 8) | 0x8001);
  }
}

/** 22 packets received in a row, then seven by a vector of two-bit symbols: five received, one of them late, two lost. */
function fillTransportFeedback(packet: Uint8Array, i: number): void {
  fillHeader(packet, 15, 205);
  putU16(packet, 12, 1_000 + i * 29);
  putU16(packet, 14, 29);
  packet[19] = i;
  putU16(packet, 20, 0x2000 | 22);
  putU16(packet, 22, 0b11_01_00_10_01_01_00_01);
}

function fillHeader(packet: Uint8Array, count: number, type: number): void {
  packet[0] = 0x80 | count;
  packet[1] = type;
  putU16(packet, 2, packet.length / 4 - 1);
}
