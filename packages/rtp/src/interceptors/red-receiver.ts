// Hot: takes the primary block out of redundant audio or video (RFC 2198) in place, so that what stands behind sees a
// plain packet. The redundant blocks can be looked at before; repair packets of ULPFEC (RFC 5109) that travel in RED,
// and of FlexFEC (RFC 8627), which come under an SSRC of their own, are told to a listener and end here.
import { Drops, type Millis, putU32, u16 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import type { Interceptor } from './interceptor.ts';
import type { RtpStream } from './stream.ts';

export type RedDrop = 'malformed';

/** Told of every repair packet, its payload being `bytes[at, end)`; borrowed for the call. */
export type RepairListener = (
  kind: 'ulpfec' | 'flexfec',
  bytes: Uint8Array,
  at: number,
  end: number,
  packet: RtpPacket,
  stream: RtpStream,
  now: Millis,
) => void;

/** Told of every redundant block, `bytes[at, end)`; borrowed for the call. */
export type RedundancyListener = (
  payloadType: number,
  timestamp: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  stream: RtpStream,
  now: Millis,
) => void;

/** RFC 2198 §3: four bytes for a redundant block, one for the primary. */
const BLOCK_HEADER_BYTES = 4;
const MAX_BLOCKS = 16;

export class RedReceiver implements Interceptor {
  readonly name = 'red-receiver';
  readonly drops: Drops<RedDrop> = new Drops<RedDrop>(['malformed']);
  onRepair: RepairListener | undefined;
  onRedundancy: RedundancyListener | undefined;
  unwrapped = 0;
  redundantBlocks = 0;
  repairPackets = 0;

  receiveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): boolean {
    if (stream.flexfecSsrc !== 0 && packet.ssrc === stream.flexfecSsrc) {
      this.repairPackets++;
      this.onRepair?.('flexfec', packet.bytes, packet.headerEnd, packet.payloadEnd, packet, stream, now);
      return false;
    }
    const { payloadType } = packet;
    if (payloadType === stream.ulpfecPayloadType) return this.#repair(packet, packet.headerEnd, stream, now);
    return payloadType === stream.redPayloadType ? this.#unwrap(packet, stream, now) : true;
  }

  #repair(packet: RtpPacket, at: number, stream: RtpStream, now: Millis): boolean {
    this.repairPackets++;
    this.onRepair?.('ulpfec', packet.bytes, at, packet.payloadEnd, packet, stream, now);
    return false;
  }

  #unwrap(packet: RtpPacket, stream: RtpStream, now: Millis): boolean {
    const { bytes, headerEnd, payloadEnd } = packet;
    let at = headerEnd;
    let redundantBytes = 0;
    let blocks = 0;
    // RFC 2198 §3: |1| type (7) | timestamp offset (14) | length (10) | for each redundant block, then |0| type (7) |.
    while (at < payloadEnd && bytes[at]! >= 0x80) {
      if (at + BLOCK_HEADER_BYTES > payloadEnd || ++blocks > MAX_BLOCKS) return this.#drop();
      redundantBytes += u16(bytes, at + 2) & 0x3ff;
      at += BLOCK_HEADER_BYTES;
    }
    const primaryAt = at + 1 + redundantBytes;
    if (at >= payloadEnd || primaryAt > payloadEnd) return this.#drop();
    const primaryType = bytes[at]! & 0x7f;
    if (this.onRedundancy !== undefined && blocks > 0) this.#tell(packet, blocks, at + 1, stream, now);
    this.redundantBlocks += blocks;
    if (primaryType === stream.ulpfecPayloadType) return this.#repair(packet, primaryAt, stream, now);
    // The header moves up to the primary block.
    const shift = primaryAt - headerEnd;
    const packetAt = packet.at;
    for (let i = headerEnd - 1; i >= packetAt; i--) bytes[i + shift] = bytes[i]!;
    if (!packet.read(bytes, packetAt + shift, packet.end)) return this.#drop();
    packet.payloadType = primaryType;
    this.unwrapped++;
    return true;
  }

  #tell(packet: RtpPacket, blocks: number, dataAt: number, stream: RtpStream, now: Millis): void {
    const { bytes, headerEnd, timestamp } = packet;
    for (let i = 0, at = headerEnd; i < blocks; i++, at += BLOCK_HEADER_BYTES) {
      const length = u16(bytes, at + 2) & 0x3ff;
      const offset = u16(bytes, at + 1) >> 2;
      this.onRedundancy!(
        bytes[at]! & 0x7f,
        (timestamp - offset) >>> 0,
        bytes,
        dataAt,
        dataAt + length,
        stream,
        now,
      );
      dataAt += length;
    }
  }

  #drop(): false {
    this.drops.count('malformed');
    return false;
  }
}

/** Writes a RED payload header for one redundant block into `out` at `at`; returns its 4 bytes. RFC 2198 §3 */
export function writeRedundantBlockHeader(
  out: Uint8Array,
  at: number,
  payloadType: number,
  timestampOffset: number,
  length: number,
): number {
  putU32(
    out,
    at,
    ((0x80 | (payloadType & 0x7f)) << 24) | ((timestampOffset & 0x3fff) << 10) | (length & 0x3ff),
  );
  return BLOCK_HEADER_BYTES;
}
