// How an attribute's value lies on the wire: one spec per attribute, made from a few kinds of value, so that
// a new attribute (TURN's, a vendor's) is one line in a table. RFC 8489 §14.
import { ownCopy, u16, u32 } from '@millrace/sans-io';
import { formatAddress, parseAddress, type TransportAddress } from './address.ts';
import { StunError } from './errors.ts';
import { MAGIC_COOKIE } from './message-type.ts';

/**
 * One attribute: its number, its name and its value's codec.
 *
 * @typeParam T what the value is for the program
 */
export interface Attribute<T> {
  readonly type: number;
  readonly name: string;
  /** The value in `bytes[at, end)` of the message at `messageAt`; `undefined` if it is malformed. */
  parse(bytes: Uint8Array, at: number, end: number, messageAt: number): T | undefined;
  /** How many bytes the value takes, without padding. Throws `StunError` if the attribute cannot carry it. */
  byteLength(value: T): number;
  /** Writes the value at `at` of the message at `messageAt`, whose header is already there. */
  write(out: Uint8Array, at: number, value: T, messageAt: number): void;
}

// RFC 8489 §14: types below 0x8000 have to be understood, or the message is refused.
export function isComprehensionRequired(type: number): boolean {
  return type < 0x8000;
}

/** No value: the attribute's presence is all it says. */
export function flagAttribute(type: number, name: string): Attribute<true> {
  return {
    type,
    name,
    parse: (_bytes, at, end) => (at === end ? true : undefined),
    byteLength: () => 0,
    write: () => {},
  };
}

/** An unsigned 32-bit number. */
export function u32Attribute(type: number, name: string): Attribute<number> {
  return {
    type,
    name,
    parse: (bytes, at, end) => (end - at === 4 ? u32(bytes, at) : undefined),
    byteLength: (value) => {
      if (value >>> 0 !== value) throw new StunError('BAD_VALUE', `${name} ${value}`);
      return 4;
    },
    write: (out, at, value) => putBigEndian(out, at, 4, value),
  };
}

/** An unsigned 64-bit number. */
export function u64Attribute(type: number, name: string): Attribute<bigint> {
  return {
    type,
    name,
    parse: (bytes, at, end) =>
      end - at === 8 ? (BigInt(u32(bytes, at)) << 32n) | BigInt(u32(bytes, at + 4)) : undefined,
    byteLength: (value) => {
      if (BigInt.asUintN(64, value) !== value) throw new StunError('BAD_VALUE', `${name} ${value}`);
      return 8;
    },
    write: (out, at, value) => {
      putBigEndian(out, at, 4, Number(value >> 32n));
      putBigEndian(out, at + 4, 4, Number(value & 0xffff_ffffn));
    },
  };
}

/** Bytes, between `least` and `most` of them. Parsing copies. */
export function bytesAttribute(
  type: number,
  name: string,
  least: number,
  most: number,
): Attribute<Uint8Array> {
  return {
    type,
    name,
    parse: (bytes, at, end) => (end - at >= least && end - at <= most ? ownCopy(bytes, at, end) : undefined),
    byteLength: (value) => {
      if (value.length < least || value.length > most)
        throw new StunError('BAD_VALUE', `${name} of ${value.length} bytes`);
      return value.length;
    },
    write: (out, at, value) => out.set(value, at),
  };
}

/** UTF-8 text of at most `most` bytes. Preparing it (OpaqueString, RFC 8265) is the caller's part. */
export function textAttribute(type: number, name: string, most: number): Attribute<string> {
  const bytesOf = bytesAttribute(type, name, 0, most);
  return {
    type,
    name,
    parse: (bytes, at, end) => (end - at <= most ? decodeUtf8(bytes, at, end) : undefined),
    byteLength: (value) => bytesOf.byteLength(utf8.encode(value)),
    write: (out, at, value) => out.set(utf8.encode(value), at),
  };
}

/** A list of 16-bit numbers, such as the attribute types of UNKNOWN-ATTRIBUTES. */
export function u16ListAttribute(type: number, name: string): Attribute<readonly number[]> {
  return {
    type,
    name,
    parse: (bytes, at, end) => {
      if ((end - at) % 2 !== 0) return undefined;
      const list: number[] = [];
      for (let i = at; i < end; i += 2) list.push(u16(bytes, i));
      return list;
    },
    byteLength: (value) => {
      for (const item of value)
        if ((item & 0xffff) !== item) throw new StunError('BAD_VALUE', `${name} ${item}`);
      return value.length * 2;
    },
    write: (out, at, value) => {
      for (let i = 0; i < value.length; i++) putBigEndian(out, at + i * 2, 2, value[i]!);
    },
  };
}

//   0                   1                   2                   3
//  |0 0 0 0 0 0 0 0|    Family     |           Port                |
//  |                 Address (32 bits or 128 bits)                 |
const IPV4 = 0x01;
const IPV6 = 0x02;

/** MAPPED-ADDRESS and its like (RFC 8489 §14.1); with `xor`, XOR-MAPPED-ADDRESS and its like (§14.2). */
export function addressAttribute(type: number, name: string, xor: boolean): Attribute<TransportAddress> {
  return {
    type,
    name,
    parse: (bytes, at, end, messageAt) => {
      if (end - at < 8) return undefined;
      const family = bytes[at + 1];
      // RFC 8489 §14.1: the first byte is ignored by the receiver; the family decides the length.
      if (family === IPV4 ? end - at !== 8 : family !== IPV6 || end - at !== 20) return undefined;
      const plain = ownCopy(bytes, at, end);
      if (xor) applyXor(plain, 0, plain.length, bytes, messageAt);
      return { address: formatAddress(plain, 4, family === IPV4 ? 4 : 16), port: u16(plain, 2) };
    },
    byteLength: (value) => {
      const address = parseAddress(value.address);
      if (address === undefined || (value.port & 0xffff) !== value.port)
        throw new StunError('BAD_ADDRESS', `${value.address} port ${value.port}`);
      return 4 + address.length;
    },
    write: (out, at, value, messageAt) => {
      const address = parseAddress(value.address)!;
      putBigEndian(out, at, 2, address.length === 4 ? IPV4 : IPV6);
      putBigEndian(out, at + 2, 2, value.port);
      out.set(address, at + 4);
      if (xor) applyXor(out, at, at + 4 + address.length, out, messageAt);
    },
  };
}

/** RFC 8489 §14.2: the port meets the cookie's upper half, the address the cookie and then the transaction id. */
function applyXor(value: Uint8Array, at: number, end: number, message: Uint8Array, messageAt: number): void {
  value[at + 2] = value[at + 2]! ^ (MAGIC_COOKIE >>> 24);
  value[at + 3] = value[at + 3]! ^ ((MAGIC_COOKIE >>> 16) & 0xff);
  for (let i = at + 4; i < end; i++) value[i] = value[i]! ^ message[messageAt + i - at]!;
}

export interface ErrorCode {
  /** 300 to 699. */
  readonly code: number;
  readonly reason: string;
}

// RFC 8489 §14.8: at most 509 bytes of text may be sent, 763 are accepted.
const MAX_REASON_SENT = 509;
const MAX_REASON_RECEIVED = 763;

/** ERROR-CODE: hundreds and the rest apart, then a reason in words. RFC 8489 §14.8. */
export function errorCodeAttribute(type: number, name: string): Attribute<ErrorCode> {
  return {
    type,
    name,
    parse: (bytes, at, end) => {
      if (end - at < 4 || end - at > 4 + MAX_REASON_RECEIVED) return undefined;
      const hundreds = bytes[at + 2]! & 0x07;
      const rest = bytes[at + 3]!;
      if (hundreds < 3 || hundreds > 6 || rest > 99) return undefined;
      const reason = decodeUtf8(bytes, at + 4, end);
      return reason === undefined ? undefined : { code: hundreds * 100 + rest, reason };
    },
    byteLength: (value) => {
      const length = utf8.encode(value.reason).length;
      if (!(value.code >= 300 && value.code <= 699) || length > MAX_REASON_SENT)
        throw new StunError('BAD_VALUE', `${name} ${value.code} ${value.reason}`);
      return 4 + length;
    },
    write: (out, at, value) => {
      putBigEndian(out, at, 2, 0);
      out[at + 2] = Math.floor(value.code / 100);
      out[at + 3] = value.code % 100;
      out.set(utf8.encode(value.reason), at + 4);
    },
  };
}

/** A password algorithm (RFC 8489 §18.5) with its parameters. */
export interface PasswordAlgorithm {
  readonly algorithm: number;
  readonly parameters: Uint8Array;
}

/** PASSWORD-ALGORITHMS: each entry padded to four bytes. RFC 8489 §14.11. */
export function passwordAlgorithmsAttribute(
  type: number,
  name: string,
): Attribute<readonly PasswordAlgorithm[]> {
  return {
    type,
    name,
    parse: (bytes, at, end) => {
      const list: PasswordAlgorithm[] = [];
      while (at < end) {
        if (at + 4 > end) return undefined;
        const length = u16(bytes, at + 2);
        if (at + 4 + length > end) return undefined;
        list.push({ algorithm: u16(bytes, at), parameters: ownCopy(bytes, at + 4, at + 4 + length) });
        at += 4 + padded(length);
      }
      return list;
    },
    byteLength: (value) => {
      let length = 0;
      for (const { algorithm, parameters } of value) {
        if ((algorithm & 0xffff) !== algorithm || parameters.length > 0xffff)
          throw new StunError('BAD_VALUE', `${name} ${algorithm}`);
        length += 4 + padded(parameters.length);
      }
      return length;
    },
    write: (out, at, value) => {
      for (const { algorithm, parameters } of value) {
        putBigEndian(out, at, 2, algorithm);
        putBigEndian(out, at + 2, 2, parameters.length);
        out.set(parameters, at + 4);
        out.fill(0, at + 4 + parameters.length, at + 4 + padded(parameters.length));
        at += 4 + padded(parameters.length);
      }
    },
  };
}

/** PASSWORD-ALGORITHM: exactly one entry of such a list. RFC 8489 §14.12. */
export function passwordAlgorithmAttribute(type: number, name: string): Attribute<PasswordAlgorithm> {
  const list = passwordAlgorithmsAttribute(type, name);
  return {
    type,
    name,
    parse: (bytes, at, end, messageAt) => {
      const entries = list.parse(bytes, at, end, messageAt);
      return entries?.length === 1 ? entries[0] : undefined;
    },
    byteLength: (value) => list.byteLength([value]),
    write: (out, at, value, messageAt) => list.write(out, at, [value], messageAt),
  };
}

/** RFC 8489 §14: values are padded to a multiple of four bytes; the length field does not count the padding. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array, at: number, end: number): string | undefined {
  try {
    return strictUtf8.decode(bytes.subarray(at, end));
  } catch {
    return undefined;
  }
}

function putBigEndian(out: Uint8Array, at: number, length: number, value: number): void {
  for (let i = length - 1; i >= 0; i--, value = Math.floor(value / 256)) out[at + i] = value;
}
