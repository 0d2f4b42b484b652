import type { Entry } from '@millrace/bench-harness';
import { endToEnd } from './end-to-end.ts';

export const benchmarks: readonly Entry[] = [...endToEnd];
