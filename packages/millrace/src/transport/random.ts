// The one source of randomness.
import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '@millrace/sans-io';

export const random: RandomSource = { fill: (bytes) => void randomFillSync(bytes) };
