import type { Entry } from '@millrace/bench-harness';
import { bufferPool } from './buffer-pool.ts';
import { candidates } from './candidates.ts';
import { endToEnd } from './end-to-end.ts';
import { media } from './media.ts';
import { virtualTime } from './virtual-time.ts';

export const benchmarks: readonly Entry[] = [
  ...bufferPool,
  ...candidates,
  ...virtualTime,
  ...media,
  ...endToEnd,
];
