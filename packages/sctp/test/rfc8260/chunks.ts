// Chunks of RFC 8260 for a scripted peer, byte by byte.
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import type { SctpOptions } from '@millrace/sctp';
import { CHUNK, makeChunk } from '../../src/packet/chunks.ts';
import { bytes, type Chunk, ScriptedPeer } from '../scripted-peer.ts';

export interface IDataFields {
  readonly tsn: number;
  readonly stream?: number;
  readonly mid?: number;
  /** The protocol identifier of a first fragment. */
  readonly ppid?: number;
  /** The number of another one. */
  readonly fsn?: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
}

const BEGIN = 2;

/** An I-DATA chunk, whole and ordered unless told otherwise. */
export function iDataChunk(fields: IDataFields): Uint8Array {
  const { tsn, stream = 1, mid = 0, ppid = 51, fsn = 0, flags = 3, payload = bytes(4) } = fields;
  const value = new Uint8Array(16 + payload.length);
  putU32(value, 0, tsn);
  putU16(value, 4, stream);
  putU32(value, 8, mid);
  putU32(value, 12, (flags & BEGIN) !== 0 ? ppid : fsn);
  value.set(payload, 16);
  return makeChunk(CHUNK.I_DATA, flags, value);
}

export function iForwardTsnChunk(
  cumulative: number,
  entries: ReadonlyArray<readonly [stream: number, unordered: 0 | 1, mid: number]> = [],
): Uint8Array {
  const value = new Uint8Array(4 + entries.length * 8);
  putU32(value, 0, cumulative);
  entries.forEach(([stream, unordered, mid], i) => {
    putU16(value, 4 + i * 8, stream);
    putU16(value, 6 + i * 8, unordered);
    putU32(value, 8 + i * 8, mid);
  });
  return makeChunk(CHUNK.I_FORWARD_TSN, 0, value);
}

export function readIData({ bytes: b, flags }: Chunk): Required<IDataFields> {
  return {
    tsn: u32(b, 4),
    stream: u16(b, 8),
    mid: u32(b, 12),
    ppid: (flags & BEGIN) !== 0 ? u32(b, 16) : -1,
    fsn: (flags & BEGIN) !== 0 ? 0 : u32(b, 16),
    flags,
    payload: b.slice(20),
  };
}

export function readIForwardTsn({ bytes: b }: Chunk): { cumulative: number; entries: number[][] } {
  const entries: number[][] = [];
  for (let at = 8; at + 8 <= b.length; at += 8) entries.push([u16(b, at), u16(b, at + 2), u32(b, at + 4)]);
  return { cumulative: u32(b, 4), entries };
}

/** A peer that interleaves. */
export function interleavingPeer(options: Partial<SctpOptions> = {}): ScriptedPeer {
  const { RE_CONFIG, FORWARD_TSN, I_DATA, I_FORWARD_TSN } = CHUNK;
  return new ScriptedPeer(options).connect({ extensions: [RE_CONFIG, FORWARD_TSN, I_DATA, I_FORWARD_TSN] });
}
