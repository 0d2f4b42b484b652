// The two username fragments of a check, read without parsing the rest: which connection is to look at it.
// RFC 8489 §5 (header), §14.3 (USERNAME); RFC 8445 §7.2.2 (its two halves), RFC 8839 §5.4 (their characters).
import { u16, u32 } from '@millrace/sans-io';

const BINDING_REQUEST = 0x0001;
const MAGIC_COOKIE = 0x2112_a442;
const HEADER_BYTES = 20;
const USERNAME = 0x0006;
const MIN_FRAGMENT = 4;
const MAX_FRAGMENT = 256;
/** Attributes looked at: USERNAME comes first or nearly so in every implementation. */
const MAX_ATTRIBUTES = 16;

export function isStunHeader(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= HEADER_BYTES &&
    u32(bytes, at + 4) === MAGIC_COOKIE &&
    u16(bytes, at + 2) === end - at - HEADER_BYTES
  );
}

export function isBindingRequest(bytes: Uint8Array, at: number): boolean {
  return u16(bytes, at) === BINDING_REQUEST;
}

/** RFC 8489 §5: C1 is set in both kinds of response. */
export function isResponse(bytes: Uint8Array, at: number): boolean {
  return (u16(bytes, at) & 0x0100) !== 0;
}

/** A place for what `readUsername` has read. */
export interface Username {
  local: string;
  remote: string;
}

/** Reads USERNAME of the message with a valid header in `bytes[at, end)`; false if there is none that ICE makes. */
export function readUsername(bytes: Uint8Array, at: number, end: number, into: Username): boolean {
  let next = at + HEADER_BYTES;
  for (let count = 0; count < MAX_ATTRIBUTES && next + 4 <= end; count++) {
    const length = u16(bytes, next + 2);
    if (next + 4 + length > end) return false;
    if (u16(bytes, next) === USERNAME) return split(bytes, next + 4, next + 4 + length, into);
    next += 4 + ((length + 3) & ~3);
  }
  return false;
}

function split(bytes: Uint8Array, at: number, end: number, into: Username): boolean {
  if (end - at > 2 * MAX_FRAGMENT + 1) return false;
  let colon = -1;
  for (let i = at; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 0x3a && colon < 0) colon = i;
    else if (!isIceChar(byte)) return false;
  }
  if (colon < 0 || !isLength(colon - at) || !isLength(end - colon - 1)) return false;
  into.local = textOf(bytes, at, colon);
  into.remote = textOf(bytes, colon + 1, end);
  return true;
}

function isLength(length: number): boolean {
  return length >= MIN_FRAGMENT && length <= MAX_FRAGMENT;
}

function isIceChar(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x2f && byte <= 0x39) || // "/" and digits
    byte === 0x2b
  );
}

function textOf(bytes: Uint8Array, at: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, at, end);
}
