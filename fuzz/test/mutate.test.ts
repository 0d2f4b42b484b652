import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { makeInput } from '../mutate.ts';

const SEEDS = [Uint8Array.from({ length: 40 }, (_, i) => i), Uint8Array.of(1, 2, 3), new Uint8Array()];

describe('inputs of the fuzz targets', () => {
  test('are the same again from the same seed', () => {
    const inputs = (seed: number): Uint8Array[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 200 }, () => makeInput(SEEDS, random));
    };
    assert.deepEqual(inputs(5), inputs(5));
    assert.notDeepEqual(inputs(5), inputs(6));
  });

  test('are often close to a seed, sometimes far, and never change the seed itself', () => {
    const random = new SeededRandom(1);
    const before = SEEDS.map((seed) => seed.slice());
    const lengths = new Set<number>();
    let untouched = 0;
    for (let i = 0; i < 2_000; i++) {
      const input = makeInput(SEEDS, random);
      lengths.add(input.length);
      if (Buffer.compare(input, SEEDS[0]!) === 0) untouched++;
    }
    assert.deepEqual(SEEDS, before);
    assert.ok(lengths.size > 40, `${lengths.size} lengths`);
    assert.ok(untouched > 20 && untouched < 1_000, `${untouched} untouched`);
  });
});
