// Hot: headers and sequence numbers of DTLS 1.3 records as words of memory, for those that lay them out for OpenSSL.
import { NativeError } from '../errors.ts';

/** A header of DTLS 1.3 without a connection id. */
const MAX_HEADER_BYTES = 8;

/** @throws {NativeError} `BAD_LENGTH` */
export function checkedHeader(headerAt: number, contentAt: number): number {
  const bytes = contentAt - headerAt;
  if (bytes >= 1 && bytes <= MAX_HEADER_BYTES) return bytes;
  throw new NativeError('BAD_LENGTH', `${bytes} bytes of header`);
}

// Of the eight bytes in front of the content, in `before` and `behind`, the last `headerBytes`, and zeros behind them.

export function firstOfHeader(headerBytes: number, before: number, behind: number): number {
  const bits = (headerBytes & 3) * 8; // shifts are by less than 32
  if (headerBytes <= 4) return bits === 0 ? behind : behind >>> (32 - bits);
  return bits === 0 ? before : (before >>> (32 - bits)) | (behind << bits);
}

export function secondOfHeader(headerBytes: number, behind: number): number {
  const bits = (headerBytes & 3) * 8;
  if (headerBytes <= 4) return 0;
  return bits === 0 ? behind : behind >>> (32 - bits);
}

/** The bytes of a number in network order, as a word of memory. */
export function swapped(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

/** Four bytes as the workspace has them. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
