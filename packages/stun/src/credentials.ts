// Keys for message integrity from what users know. RFC 8489 §9.1.1 (short-term), §9.2.2 (long-term), §14.4.
// Texts are taken as they are: OpaqueString preparation (RFC 8265) is the caller's part, and changes nothing
// for the characters that ICE allows.
import type { LongTermCrypto } from './crypto.ts';

const utf8 = new TextEncoder();

/** RFC 8489 §9.1.1: the password itself. */
export function shortTermKey(password: string): Uint8Array {
  return utf8.encode(password);
}

/** RFC 8489 §18.5.1.1 and §18.5.1.2: MD5, which every server knows, or SHA-256 where it was negotiated. */
export function longTermKey(
  username: string,
  realm: string,
  password: string,
  crypto: LongTermCrypto,
  algorithm: 'md5' | 'sha256' = 'md5',
): Uint8Array {
  return crypto[algorithm](utf8.encode(`${username}:${realm}:${password}`));
}

/** RFC 8489 §14.4: what a client sends in place of its USERNAME. */
export function userHash(username: string, realm: string, crypto: LongTermCrypto): Uint8Array {
  return crypto.sha256(utf8.encode(`${username}:${realm}`));
}
