// What operations work on: different from one call to the next, and the same for every subject.
import { SeededRandom } from '@millrace/sans-io/testing';

/** `count` arrays of `bytes` random bytes. */
export function randomArrays(count: number, bytes: number, seed = 1): Uint8Array[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => {
    const array = new Uint8Array(bytes);
    random.fill(array);
    return array;
  });
}

/** `count` whole numbers from `least` to `most`. */
export function randomLengths(count: number, least: number, most: number, seed = 1): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => least + random.below(most - least + 1));
}
