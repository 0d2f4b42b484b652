// The parameters of the RE-CONFIG chunk (RFC 6525 §4), between bytes and plain data. The requests that we deny
// (SSN/TSN reset, more streams) are parsed no further than their sequence number.
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { CHUNK, makeChunk } from './chunks.ts';
import { concatParts, makeParameter, PARAMETER, walkParameters } from './parameters.ts';

/** RFC 6525 §4.4. */
export const RESULT = {
  NOTHING_TO_DO: 0,
  PERFORMED: 1,
  DENIED: 2,
  WRONG_SSN: 3,
  ALREADY_IN_PROGRESS: 4,
  BAD_SEQUENCE_NUMBER: 5,
  IN_PROGRESS: 6,
} as const;

export interface OutgoingResetRequest {
  readonly kind: 'outgoing-reset';
  readonly requestSequence: number;
  readonly responseSequence: number;
  readonly lastTsn: number;
  /** Empty means all streams. */
  readonly streams: readonly number[];
}

export interface IncomingResetRequest {
  readonly kind: 'incoming-reset';
  readonly requestSequence: number;
  readonly streams: readonly number[];
}

export interface OtherRequest {
  readonly kind: 'other-request';
  readonly requestSequence: number;
}

export interface ReconfigResponse {
  readonly kind: 'response';
  readonly responseSequence: number;
  readonly result: number;
}

export type ReconfigParameter = OutgoingResetRequest | IncomingResetRequest | OtherRequest | ReconfigResponse;

/** The one or two parameters of the chunk `bytes[at, end)`; undefined if it is malformed. */
export function parseReconfig(bytes: Uint8Array, at: number, end: number): ReconfigParameter[] | undefined {
  const parameters: ReconfigParameter[] = [];
  let complete = true;
  const sound = walkParameters(bytes, at + 4, end, (type, start, stop) => {
    const parameter = parseParameter(type, bytes, start, stop);
    if (parameter === undefined) return (complete = (type & 0x8000) !== 0); // unknown types may ask to be skipped
    parameters.push(parameter);
    return parameters.length <= 2;
  });
  // RFC 6525 §3.1: a RE-CONFIG chunk holds one parameter, or one of the listed pairs.
  return sound && complete && parameters.length >= 1 && parameters.length <= 2 ? parameters : undefined;
}

function parseParameter(
  type: number,
  bytes: Uint8Array,
  start: number,
  stop: number,
): ReconfigParameter | undefined {
  const room = stop - start;
  switch (type) {
    case PARAMETER.OUTGOING_SSN_RESET_REQUEST:
      if (room < 12) return undefined;
      return {
        kind: 'outgoing-reset',
        requestSequence: u32(bytes, start),
        responseSequence: u32(bytes, start + 4),
        lastTsn: u32(bytes, start + 8),
        streams: readStreams(bytes, start + 12, stop),
      };
    case PARAMETER.INCOMING_SSN_RESET_REQUEST:
      if (room < 4) return undefined;
      return {
        kind: 'incoming-reset',
        requestSequence: u32(bytes, start),
        streams: readStreams(bytes, start + 4, stop),
      };
    case PARAMETER.SSN_TSN_RESET_REQUEST:
    case PARAMETER.ADD_OUTGOING_STREAMS_REQUEST:
    case PARAMETER.ADD_INCOMING_STREAMS_REQUEST:
      return room < 4 ? undefined : { kind: 'other-request', requestSequence: u32(bytes, start) };
    case PARAMETER.RECONFIGURATION_RESPONSE:
      if (room < 8) return undefined;
      return { kind: 'response', responseSequence: u32(bytes, start), result: u32(bytes, start + 4) };
    default:
      return undefined;
  }
}

export function makeOutgoingReset(request: Omit<OutgoingResetRequest, 'kind'>): Uint8Array {
  const value = new Uint8Array(12 + request.streams.length * 2);
  putU32(value, 0, request.requestSequence);
  putU32(value, 4, request.responseSequence);
  putU32(value, 8, request.lastTsn);
  writeStreams(value, 12, request.streams);
  return unpadded(PARAMETER.OUTGOING_SSN_RESET_REQUEST, value);
}

export function makeIncomingReset(requestSequence: number, streams: readonly number[]): Uint8Array {
  const value = new Uint8Array(4 + streams.length * 2);
  putU32(value, 0, requestSequence);
  writeStreams(value, 4, streams);
  return unpadded(PARAMETER.INCOMING_SSN_RESET_REQUEST, value);
}

export function makeReconfigResponse(responseSequence: number, result: number): Uint8Array {
  const value = new Uint8Array(8);
  putU32(value, 0, responseSequence);
  putU32(value, 4, result);
  return unpadded(PARAMETER.RECONFIGURATION_RESPONSE, value);
}

export function makeReconfigChunk(parameters: readonly Uint8Array[]): Uint8Array {
  return makeChunk(CHUNK.RE_CONFIG, 0, concatParts(parameters));
}

function readStreams(bytes: Uint8Array, at: number, end: number): number[] {
  const streams: number[] = [];
  for (; at + 2 <= end; at += 2) streams.push(u16(bytes, at));
  return streams;
}

function writeStreams(value: Uint8Array, at: number, streams: readonly number[]): void {
  for (const stream of streams) {
    putU16(value, at, stream);
    at += 2;
  }
}

/** The last parameter of a chunk is not padded in the chunk's length. */
function unpadded(type: number, value: Uint8Array): Uint8Array {
  return makeParameter(type, value).subarray(0, 4 + value.length);
}
