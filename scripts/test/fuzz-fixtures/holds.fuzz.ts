import { type FuzzTarget, invariant } from '../../../fuzz/target.ts';

export const target: FuzzTarget = {
  name: 'holds',
  seeds: [Uint8Array.of(1, 2, 3, 4)],
  run(bytes) {
    invariant(bytes.length >= 0, 'a length is never negative');
  },
};
