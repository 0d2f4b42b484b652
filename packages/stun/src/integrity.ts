// Whether a message is what its sender wrote: FINGERPRINT, MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256.
// RFC 8489 §14.5, §14.6, §14.7.
import { equalConstantTime, putU16, u16, u32 } from '@millrace/sans-io';
import { FINGERPRINT, MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256 } from './attributes.ts';
import { crc32 } from './crc32.ts';
import type { StunCrypto } from './crypto.ts';
import type { StunMessage } from './message.ts';
import { HEADER_BYTES } from './message-type.ts';

export const SHA1_BYTES = 20;
export const SHA256_BYTES = 32;
const FINGERPRINT_XOR = 0x5354_554e; // "STUN"

/** The FINGERPRINT over `bytes[at, end)`. */
export function fingerprint(bytes: Uint8Array, at: number, end: number): number {
  return (crc32(bytes, at, end) ^ FINGERPRINT_XOR) >>> 0;
}

/** Whether the message has a FINGERPRINT and it is right. */
export function verifyFingerprint(message: StunMessage): boolean {
  const value = message.valueOffset(FINGERPRINT);
  if (value < 0 || message.get(FINGERPRINT) === undefined) return false;
  return fingerprint(message.bytes, message.at, value - 4) === u32(message.bytes, value);
}

/**
 * Whether the message has a MESSAGE-INTEGRITY made with `key`. The header's length field is changed for the
 * time of the call. Takes the same time whichever byte is wrong.
 */
export function verifyIntegrity(message: StunMessage, key: Uint8Array, crypto: StunCrypto): boolean {
  const value = message.valueOffset(MESSAGE_INTEGRITY);
  if (value < 0 || u16(message.bytes, value - 2) !== SHA1_BYTES) return false;
  const mac = new Uint8Array(SHA1_BYTES);
  coverUpTo(message, value + SHA1_BYTES, () =>
    crypto.hmacSha1(key, message.bytes, message.at, value - 4, mac, 0),
  );
  return equalConstantTime(mac, 0, message.bytes, value, SHA1_BYTES);
}

/**
 * Whether the message has a MESSAGE-INTEGRITY-SHA256 made with `key`, of at least `least` bytes.
 * RFC 8489 §14.6: shorter than 32 only where the usage allows it, and never shorter than 16.
 */
export function verifyIntegritySha256(
  message: StunMessage,
  key: Uint8Array,
  crypto: StunCrypto,
  least: number = SHA256_BYTES,
): boolean {
  const value = message.valueOffset(MESSAGE_INTEGRITY_SHA256);
  if (value < 0) return false;
  const length = u16(message.bytes, value - 2);
  if (length < Math.max(16, least) || length > SHA256_BYTES || length % 4 !== 0) return false;
  const mac = new Uint8Array(SHA256_BYTES);
  coverUpTo(message, value + length, () =>
    crypto.hmacSha256(key, message.bytes, message.at, value - 4, mac, 0),
  );
  return equalConstantTime(mac, 0, message.bytes, value, length);
}

// RFC 8489 §14.5: for the hash, the header's length ends with the integrity attribute itself.
function coverUpTo(message: StunMessage, end: number, hash: () => void): void {
  const { bytes, at } = message;
  const length = u16(bytes, at + 2);
  putU16(bytes, at + 2, end - at - HEADER_BYTES);
  hash();
  putU16(bytes, at + 2, length);
}
