// Names and secrets: random words that are easy to read aloud, safe in a URL and never begin with a dash. A token is a
// public id, by which it is found, and a secret, of which only a hash is kept.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 letters and digits, without `l`, `o`, `0` and `1`: 5 bits a character. */
export const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 80 bits: rooms do not meet by chance, and are not found by trying. */
export const ROOM_LENGTH = 16;
/** 40 bits: tokens of one room do not meet by chance, and if they do the second is drawn again. */
export const ID_LENGTH = 8;
/** 160 bits: cannot be guessed. */
const SECRET_LENGTH = 32;

export interface DrawnToken {
  readonly id: string;
  readonly hash: Uint8Array;
  /** To be shown once. */
  readonly token: string;
}

export function randomWord(length: number): string {
  let word = '';
  for (const byte of randomBytes(length)) word += ALPHABET[byte & 31];
  return word;
}

export function drawToken(): DrawnToken {
  return storedToken(randomWord(ID_LENGTH + SECRET_LENGTH));
}

/** What is kept of a token. */
export function storedToken(token: string): DrawnToken {
  return { id: idOf(token), hash: hashOf(token), token };
}

/** Whether `text` could be a token: what can't is refused before anything is hashed or looked up. */
export function isToken(text: string): boolean {
  return text.length === ID_LENGTH + SECRET_LENGTH && WORD.test(text);
}

export function isWord(text: string, length: number): boolean {
  return text.length === length && WORD.test(text);
}

export const idOf = (token: string): string => token.slice(0, ID_LENGTH);

/** Whether the token is the one of that hash; takes the same time wherever the two differ. */
export function matches(expected: Uint8Array, token: string): boolean {
  return timingSafeEqual(expected, hashOf(token));
}

/** Stands in where nothing was found, so that a wrong id takes as long as a wrong secret. */
export const NO_HASH: Uint8Array = new Uint8Array(32);

const WORD = new RegExp(`^[${ALPHABET}]+$`);

// The secret has 160 random bits: nothing is gained by a slow hash.
const hashOf = (token: string): Uint8Array => hash('sha256', token, 'buffer');
