import type { Entry } from '@millrace/bench-harness';

const module = new URL('./operations/pool-acquire.ts', import.meta.url).href;

export const bufferPool: readonly Entry[] = [64, 1_200, 16_384].map((bytes) => ({
  kind: 'operation',
  name: `buffer-pool/acquire-${bytes}`,
  what: `${bytes / 2} to ${bytes} B taken and given back, 64 of them held`,
  quick: bytes === 1_200,
  module,
  subjects: ['millrace', 'allocUnsafe', 'alloc', 'free-list'],
  floor: 'free-list',
  settings: { bytes },
  sample: 16,
  counters: [
    { name: 'misses', unit: '', better: 'lower' },
    { name: 'growths', unit: '', better: 'lower' },
  ],
}));
