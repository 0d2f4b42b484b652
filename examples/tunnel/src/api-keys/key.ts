// API keys, made and checked as the signaling server's room tokens are: a public id, by which a key is found, and a
// secret of 160 random bits, of which only a hash is kept. `mr-` tells what it is, for those who search for lost keys.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 letters and digits, without `l`, `o`, `0` and `1`: 5 bits a character. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const PREFIX = 'mr-';
const ID_LENGTH = 8;
const SECRET_LENGTH = 32;
const FORMAT = new RegExp(`^${PREFIX}[${ALPHABET}]{${ID_LENGTH + SECRET_LENGTH}}$`);

export interface DrawnKey {
  readonly id: string;
  readonly hash: Uint8Array;
  /** To be shown once. */
  readonly key: string;
}

export function drawKey(): DrawnKey {
  let key = PREFIX;
  for (const byte of randomBytes(ID_LENGTH + SECRET_LENGTH)) key += ALPHABET[byte & 31];
  return { id: idOf(key), hash: hashOf(key), key };
}

/** Whether `text` could be a key: what can't is refused before anything is hashed or looked up. */
export function isKey(text: string): boolean {
  return text.length === PREFIX.length + ID_LENGTH + SECRET_LENGTH && FORMAT.test(text);
}

export const idOf = (key: string): string => key.slice(PREFIX.length, PREFIX.length + ID_LENGTH);

/** Takes the same time wherever the two differ. */
export function matches(expected: Uint8Array, key: string): boolean {
  return timingSafeEqual(expected, hashOf(key));
}

/** Stands in where nothing was found, so that a wrong id takes as long as a wrong secret. */
export const NO_HASH: Uint8Array = new Uint8Array(32);

// The secret has 160 random bits: nothing is gained by a slow hash.
const hashOf = (key: string): Uint8Array => hash('sha256', key, 'buffer');
