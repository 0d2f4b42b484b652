// Hot: which frame the packet belongs to. AV1 RTP specification §A.8.2, the three bytes that are always there:
// |S|E|template (6)|frame number (16)|. What frames depend on stays opaque: forward the element as it is.
import { u24 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** The 24 bits that are always there, for the functions below; -1 if it is missing. */
export function readDependencyDescriptor(packet: RtpPacket, id: number): number {
  const at = packet.findExtension(id);
  return at === 0 || packet.extensionLength < 3 ? -1 : u24(packet.bytes, at);
}

export function isStartOfFrame(value: number): boolean {
  return (value & 0x80_0000) !== 0;
}

export function isEndOfFrame(value: number): boolean {
  return (value & 0x40_0000) !== 0;
}

export function dependencyTemplateId(value: number): number {
  return (value >> 16) & 0x3f;
}

/** 16 bits that wrap. */
export function frameNumber(value: number): number {
  return value & 0xffff;
}
