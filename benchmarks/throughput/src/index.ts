import type { Entry } from '@millrace/bench-harness';
import { bufferPool } from './buffer-pool.ts';
import { dtls } from './dtls.ts';
import { endToEnd } from './end-to-end.ts';
import { ice } from './ice.ts';
import { lossyPaths } from './lossy-paths.ts';
import { rtp } from './rtp.ts';
import { sctp } from './sctp.ts';
import { signaling } from './signaling.ts';

export const benchmarks: readonly Entry[] = [
  ...bufferPool,
  ...sctp,
  ...lossyPaths,
  ...ice,
  ...dtls,
  ...rtp,
  ...signaling,
  ...endToEnd,
];
