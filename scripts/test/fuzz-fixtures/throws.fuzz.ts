import type { FuzzTarget } from '../../../fuzz/target.ts';

export const target: FuzzTarget = {
  name: 'throws',
  seeds: [Uint8Array.of(1, 2, 3, 4)],
  run(bytes, random) {
    if (bytes.length === 3 && random.chance(0.5)) throw new Error('three bytes are too many');
  },
};
