// Names and secrets: random words that are easy to read aloud, safe in a URL and never begin with a dash.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 letters and digits, without `l`, `o`, `0` and `1`: 5 bits a character. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 160 bits: cannot be guessed. */
export const SECRET_LENGTH = 32;
/** 80 bits: rooms do not meet by chance, and are not found by trying. */
export const ROOM_LENGTH = 16;
/** 40 bits: peers of one room do not meet by chance. */
export const PEER_LENGTH = 8;

export function randomWord(length: number): string {
  let word = '';
  for (const byte of randomBytes(length)) word += ALPHABET[byte & 31];
  return word;
}

/** A secret as the server keeps it: a hash, so that a memory dump or a timing tells nothing about the secret. */
export class SecretHash {
  readonly #hash: Buffer;

  constructor(secret: string) {
    this.#hash = digest(secret);
  }

  /** Takes the same time whether and wherever the two differ. Garbage is refused before any hashing. */
  matches(presented: string): boolean {
    return isWord(presented, SECRET_LENGTH) && timingSafeEqual(this.#hash, digest(presented));
  }
}

/** Stands in where there is no room, so that a missing room takes as long as a wrong token. */
export const NO_SECRET: SecretHash = new SecretHash(randomWord(SECRET_LENGTH));

/** Whether `text` could have come from `randomWord(length)`. */
export function isWord(text: string, length: number): boolean {
  return text.length === length && WORD.test(text);
}

const WORD = new RegExp(`^[${ALPHABET}]+$`);

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
