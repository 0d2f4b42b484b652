// A probe of the path MTU: a packet of HEARTBEAT and PAD of exactly the size in question (RFC 8899 §6.2.2.1, RFC 4820 §3).
// Its answer, the HEARTBEAT ACK, is short, so it tells of one direction only. Deviation: towards a peer that does not list
// PAD among its extensions it is the HEARTBEAT that is so long, and so is its answer. By its type PAD is to be skipped where
// it is not known, but werift ends its process instead.
//
//   |   Type = 4    | Chunk Flags   |          Length = 20 or more  |
//   |   Parameter Type = 1          |          Length = 16 or more  |
//   |                     Nonce, 64 bits                            |
//   |                     Size of the packet                        |
//   |   Type = 0x84 |   Flags = 0   |            Length             |  zeros up to the size
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { CHUNK, CHUNK_HEADER_BYTES } from '../packet/chunks.ts';
import { HEADER_BYTES } from '../packet/packet.ts';
import { PARAMETER, PARAMETER_HEADER_BYTES } from '../packet/parameters.ts';

const INFO_BYTES = 12;
const HEARTBEAT_BYTES = CHUNK_HEADER_BYTES + PARAMETER_HEADER_BYTES + INFO_BYTES;
/** The shortest probe, which has no PAD: it only asks whether the path carries anything. */
export const SHORTEST_PROBE: number = HEADER_BYTES + HEARTBEAT_BYTES;

/** Writes the chunks of a probe of `size` bytes, common header included, to `out[at, ...)`; returns where they end. */
export function writeProbe(
  out: Uint8Array,
  at: number,
  size: number,
  nonceHigh: number,
  nonceLow: number,
  knowsPadding: boolean,
): number {
  const end = at - HEADER_BYTES + size;
  const heartbeatBytes = knowsPadding ? HEARTBEAT_BYTES : end - at;
  out[at] = CHUNK.HEARTBEAT;
  out[at + 1] = 0;
  putU16(out, at + 2, heartbeatBytes);
  putU16(out, at + 4, PARAMETER.HEARTBEAT_INFO);
  putU16(out, at + 6, heartbeatBytes - CHUNK_HEADER_BYTES);
  putU32(out, at + 8, nonceHigh);
  putU32(out, at + 12, nonceLow);
  putU32(out, at + 16, size);
  const pad = at + HEARTBEAT_BYTES;
  if (end === pad) return pad;
  if (!knowsPadding) {
    out.fill(0, pad, end);
    return end;
  }
  out[pad] = CHUNK.PAD;
  out[pad + 1] = 0;
  putU16(out, pad + 2, end - pad);
  out.fill(0, pad + CHUNK_HEADER_BYTES, end);
  return end;
}

/** The size of the probe that the HEARTBEAT ACK `bytes[at, end)` answers, if it was sent with this nonce; else undefined. */
export function probedSize(
  bytes: Uint8Array,
  at: number,
  end: number,
  nonceHigh: number,
  nonceLow: number,
): number | undefined {
  const isOurs =
    end - at >= HEARTBEAT_BYTES &&
    u16(bytes, at + 4) === PARAMETER.HEARTBEAT_INFO &&
    u32(bytes, at + 8) === nonceHigh &&
    u32(bytes, at + 12) === nonceLow;
  return isOurs ? u32(bytes, at + 16) : undefined;
}
