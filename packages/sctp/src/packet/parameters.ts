// Parameters: type, length, value, padding (RFC 9260 §3.2.1), as INIT, INIT ACK and RE-CONFIG carry them.
import { putU16, u16 } from '@millrace/sans-io';
import { padded } from './packet.ts';

export const PARAMETER_HEADER_BYTES = 4;

export const PARAMETER = {
  HEARTBEAT_INFO: 1,
  IPV4_ADDRESS: 5,
  IPV6_ADDRESS: 6,
  STATE_COOKIE: 7,
  UNRECOGNIZED: 8,
  COOKIE_PRESERVATIVE: 9,
  HOST_NAME: 11,
  SUPPORTED_ADDRESS_TYPES: 12,
  OUTGOING_SSN_RESET_REQUEST: 13,
  INCOMING_SSN_RESET_REQUEST: 14,
  SSN_TSN_RESET_REQUEST: 15,
  RECONFIGURATION_RESPONSE: 16,
  ADD_OUTGOING_STREAMS_REQUEST: 17,
  ADD_INCOMING_STREAMS_REQUEST: 18,
  ZERO_CHECKSUM_ACCEPTABLE: 0x8001,
  SUPPORTED_EXTENSIONS: 0x8008,
  /**
   * Ours alone, and assigned by nobody: the longest packet that the sender takes, 32 bits. Who does not know it passes
   * over it in silence, which the two highest bits ask for (§3.2.1).
   */
  LARGEST_PACKET: 0xbd1a,
  FORWARD_TSN_SUPPORTED: 0xc000,
} as const;

/** Calls `visit` for each parameter in `bytes[at, end)` until it returns false. Returns whether all lengths are sound. */
export function walkParameters(
  bytes: Uint8Array,
  at: number,
  end: number,
  visit: (type: number, at: number, end: number) => boolean,
): boolean {
  while (at + PARAMETER_HEADER_BYTES <= end) {
    const length = u16(bytes, at + 2);
    if (length < PARAMETER_HEADER_BYTES || at + length > end) return false;
    if (!visit(u16(bytes, at), at + PARAMETER_HEADER_BYTES, at + length)) return true;
    at += padded(length);
  }
  return at >= end; // one to three bytes too many are no parameter
}

/** A parameter of its own memory: header, `value`, padding. */
export function makeParameter(type: number, value: Uint8Array): Uint8Array {
  const parameter = new Uint8Array(padded(PARAMETER_HEADER_BYTES + value.length));
  putU16(parameter, 0, type);
  putU16(parameter, 2, PARAMETER_HEADER_BYTES + value.length);
  parameter.set(value, PARAMETER_HEADER_BYTES);
  return parameter;
}

/** The parts one behind the other; each but the last is padded to four bytes. */
export function concatParts(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length = padded(length) + part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    at = padded(at);
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
