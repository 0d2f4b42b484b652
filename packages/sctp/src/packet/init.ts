// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3), the Supported Extensions of RFC 5061 §4.2.7 and the FORWARD-TSN
// parameter of RFC 3758 §3.1, the Zero Checksum Acceptable parameter of RFC 9653 §4, between bytes and plain data. Addresses are left out: there is one path, below us.
//
//   |   Type = 1/2  |  Chunk Flags  |         Chunk Length          |
//   |                         Initiate Tag                          |
//   |           Advertised Receiver Window Credit (a_rwnd)          |
//   |  Number of Outbound Streams   |   Number of Inbound Streams   |
//   |                          Initial TSN                          |
//   \                   Optional parameters                         \
import { ownCopy, putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { type CHUNK, CHUNK_HEADER_BYTES, makeChunk } from './chunks.ts';
import {
  concatParts,
  makeParameter,
  PARAMETER,
  PARAMETER_HEADER_BYTES,
  walkParameters,
} from './parameters.ts';

const FIXED_BYTES = 20;
/** Most parameters we do not know that are reported back, and most bytes of them: the report must fit a packet. */
const MAX_UNRECOGNIZED = 8;
const MAX_UNRECOGNIZED_BYTES = 256;
/** Most extension types kept of a Supported Extensions parameter. */
const MAX_EXTENSIONS = 32;

/** What INIT and INIT ACK say, as plain data. */
export interface Init {
  readonly initiateTag: number;
  readonly window: number;
  readonly outboundStreams: number;
  readonly inboundStreams: number;
  readonly initialTsn: number;
  /** Chunk types of the extensions the sender supports. */
  readonly extensions: readonly number[];
  readonly forwardTsn: boolean;
  /** The error detection method under which packets without a checksum are accepted (RFC 9653 §4); absent if none. */
  readonly zeroChecksum?: number;
  /** The longest packet that the sender takes; absent if it does not say. */
  readonly largestPacket?: number;
  /** The state cookie; INIT ACK only. */
  readonly cookie?: Uint8Array;
  /** Milliseconds by which the sender asks a cookie to live longer; INIT only. */
  readonly cookiePreservative?: number;
  /** Parameters to be reported to the sender, each whole with its header. */
  readonly unrecognized: readonly Uint8Array[];
}

/** The chunk `bytes[at, end)`, padding excluded; undefined if its parameters are malformed. All bytes are copied. */
export function parseInit(bytes: Uint8Array, at: number, end: number): Init | undefined {
  if (end - at < FIXED_BYTES) return undefined;
  const extensions: number[] = [];
  const unrecognized: Uint8Array[] = [];
  let unrecognizedBytes = 0;
  let forwardTsn = false;
  let zeroChecksum: number | undefined;
  let largestPacket: number | undefined;
  let cookie: Uint8Array | undefined;
  let cookiePreservative: number | undefined;
  const sound = walkParameters(bytes, at + FIXED_BYTES, end, (type, start, stop) => {
    if (type === PARAMETER.STATE_COOKIE) cookie = ownCopy(bytes, start, stop);
    else if (type === PARAMETER.FORWARD_TSN_SUPPORTED) forwardTsn = true;
    else if (type === PARAMETER.ZERO_CHECKSUM_ACCEPTABLE) {
      if (stop - start >= 4) zeroChecksum = u32(bytes, start);
    } else if (type === PARAMETER.LARGEST_PACKET) {
      if (stop - start >= 4) largestPacket = u32(bytes, start);
    } else if (type === PARAMETER.COOKIE_PRESERVATIVE && stop - start >= 4)
      cookiePreservative = u32(bytes, start);
    else if (type === PARAMETER.SUPPORTED_EXTENSIONS)
      for (let i = start; i < stop && extensions.length < MAX_EXTENSIONS; i++) extensions.push(bytes[i]!);
    else if (!isIgnored(type)) {
      // RFC 9260 §3.2.1: bit 14 set asks for a report, bit 15 unset says to go no further.
      const length = stop - start + PARAMETER_HEADER_BYTES;
      const fits =
        unrecognized.length < MAX_UNRECOGNIZED && unrecognizedBytes + length <= MAX_UNRECOGNIZED_BYTES;
      if ((type & 0x4000) !== 0 && fits) {
        unrecognized.push(ownCopy(bytes, stop - length, stop));
        unrecognizedBytes += length;
      }
      return (type & 0x8000) !== 0;
    }
    return true;
  });
  if (!sound) return undefined;
  return {
    initiateTag: u32(bytes, at + 4),
    window: u32(bytes, at + 8),
    outboundStreams: u16(bytes, at + 12),
    inboundStreams: u16(bytes, at + 14),
    initialTsn: u32(bytes, at + 16),
    extensions,
    forwardTsn,
    ...(zeroChecksum === undefined ? {} : { zeroChecksum }),
    ...(largestPacket === undefined ? {} : { largestPacket }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(cookiePreservative === undefined ? {} : { cookiePreservative }),
    unrecognized,
  };
}

/** The whole chunk. `unrecognized` goes out as Unrecognized Parameter parameters (INIT ACK, §3.3.3.1). */
export function makeInit(type: typeof CHUNK.INIT | typeof CHUNK.INIT_ACK, init: Init): Uint8Array {
  const fixed = new Uint8Array(FIXED_BYTES - CHUNK_HEADER_BYTES);
  putU32(fixed, 0, init.initiateTag);
  putU32(fixed, 4, init.window);
  putU16(fixed, 8, init.outboundStreams);
  putU16(fixed, 10, init.inboundStreams);
  putU32(fixed, 12, init.initialTsn);
  const parts: Uint8Array[] = [fixed];
  if (init.cookie !== undefined) parts.push(makeParameter(PARAMETER.STATE_COOKIE, init.cookie));
  if (init.cookiePreservative !== undefined) {
    const increment = new Uint8Array(4);
    putU32(increment, 0, init.cookiePreservative);
    parts.push(makeParameter(PARAMETER.COOKIE_PRESERVATIVE, increment));
  }
  if (init.forwardTsn) parts.push(makeParameter(PARAMETER.FORWARD_TSN_SUPPORTED, new Uint8Array(0)));
  if (init.zeroChecksum !== undefined) {
    const method = new Uint8Array(4);
    putU32(method, 0, init.zeroChecksum);
    parts.push(makeParameter(PARAMETER.ZERO_CHECKSUM_ACCEPTABLE, method));
  }
  if (init.largestPacket !== undefined) {
    const largest = new Uint8Array(4);
    putU32(largest, 0, init.largestPacket);
    parts.push(makeParameter(PARAMETER.LARGEST_PACKET, largest));
  }
  if (init.extensions.length > 0) {
    const parameter = makeParameter(PARAMETER.SUPPORTED_EXTENSIONS, Uint8Array.from(init.extensions));
    parts.push(parameter.subarray(0, 4 + init.extensions.length)); // padding is not counted in the last length
  }
  for (const parameter of init.unrecognized) parts.push(makeParameter(PARAMETER.UNRECOGNIZED, parameter));
  return makeChunk(type, 0, concatParts(parts));
}

/** Known, but without meaning where there is one path and no name to look up. */
function isIgnored(type: number): boolean {
  return (
    type === PARAMETER.IPV4_ADDRESS ||
    type === PARAMETER.IPV6_ADDRESS ||
    type === PARAMETER.SUPPORTED_ADDRESS_TYPES ||
    type === PARAMETER.HOST_NAME ||
    type === PARAMETER.UNRECOGNIZED
  );
}
