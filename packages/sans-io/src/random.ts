// Randomness is handed in: cryptographic in production, seeded in tests.
import { u16, u32 } from './bytes.ts';

/** A source of random bytes. In production it must be cryptographically secure. */
export interface RandomSource {
  /** Fills all of `bytes`. */
  fill(bytes: Uint8Array): void;
}

const scratch = new Uint8Array(8);

/** A random unsigned 32-bit integer. */
export function randomU32(random: RandomSource): number {
  random.fill(scratch);
  return u32(scratch, 0);
}

/** A random number in [0, 1) with 48 bits of resolution. */
export function randomUnit(random: RandomSource): number {
  random.fill(scratch);
  return (u32(scratch, 0) * 0x1_0000 + u16(scratch, 4)) / 2 ** 48;
}

/** `length` random bytes in an array of their own. */
export function randomBytes(random: RandomSource, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}
