// Chunk types (RFC 9260 §3.2, RFC 3758 §3.2, RFC 4820 §3, RFC 6525 §3, RFC 8260 §2) in one table, and what to do with those
// not in it.
import { putU16 } from '@millrace/sans-io';
import { padded } from './packet.ts';

export const CHUNK_HEADER_BYTES = 4;

export const CHUNK = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
  I_DATA: 64,
  RE_CONFIG: 130,
  /** RFC 4820. */
  PAD: 132,
  /** Our own: see latest-tsns.ts. */
  LATEST_TSNS: 183,
  FORWARD_TSN: 192,
  I_FORWARD_TSN: 194,
} as const;

/** The T bit of ABORT and SHUTDOWN COMPLETE: the tag is the receiver's peer's, reflected (§8.5.1). */
export const T_BIT = 0x01;

/** Shortest valid length of each known chunk; 0 marks a type we do not know. */
export const MIN_CHUNK_LENGTH: Uint8Array = minimumLengths();

export type UnknownAction = { readonly stop: boolean; readonly report: boolean };

/** RFC 9260 §3.2: the two highest bits of an unknown type say whether to stop and whether to report. */
export function unknownChunkAction(type: number): UnknownAction {
  return { stop: (type & 0x80) === 0, report: (type & 0x40) !== 0 };
}

/** A chunk of its own memory: header, `value`, padding. */
export function makeChunk(type: number, flags: number, value: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(padded(CHUNK_HEADER_BYTES + value.length));
  chunk[0] = type;
  chunk[1] = flags;
  putU16(chunk, 2, CHUNK_HEADER_BYTES + value.length);
  chunk.set(value, CHUNK_HEADER_BYTES);
  return chunk;
}

export const NO_VALUE: Uint8Array = new Uint8Array(0);

function minimumLengths(): Uint8Array {
  const lengths = new Uint8Array(256);
  lengths[CHUNK.DATA] = 16;
  lengths[CHUNK.INIT] = 20;
  lengths[CHUNK.INIT_ACK] = 20;
  lengths[CHUNK.SACK] = 16;
  lengths[CHUNK.HEARTBEAT] = 8;
  lengths[CHUNK.HEARTBEAT_ACK] = 8;
  lengths[CHUNK.ABORT] = 4;
  lengths[CHUNK.SHUTDOWN] = 8;
  lengths[CHUNK.SHUTDOWN_ACK] = 4;
  lengths[CHUNK.ERROR] = 4;
  lengths[CHUNK.COOKIE_ECHO] = 5;
  lengths[CHUNK.COOKIE_ACK] = 4;
  lengths[CHUNK.SHUTDOWN_COMPLETE] = 4;
  lengths[CHUNK.I_DATA] = 20;
  lengths[CHUNK.RE_CONFIG] = 8;
  lengths[CHUNK.PAD] = 4;
  lengths[CHUNK.LATEST_TSNS] = 4;
  lengths[CHUNK.FORWARD_TSN] = 8;
  lengths[CHUNK.I_FORWARD_TSN] = 8;
  return lengths;
}
