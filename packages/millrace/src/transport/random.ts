// The one source of randomness. Drawn from the system in blocks: a handshake asks dozens of times for a few bytes, and each
// call costs more than the bytes do. What has been handed out is wiped, so that nobody finds it here later.
import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '@millrace/sans-io';

const BLOCK_BYTES = 1024;
/** Longer ones are filled where they are. */
const LONGEST_FROM_BLOCK = 64;

const block = new Uint8Array(BLOCK_BYTES);
let used = BLOCK_BYTES;

export const random: RandomSource = {
  fill(bytes) {
    if (bytes.length > LONGEST_FROM_BLOCK) {
      randomFillSync(bytes);
      return;
    }
    if (used + bytes.length > BLOCK_BYTES) {
      randomFillSync(block);
      used = 0;
    }
    const end = used + bytes.length;
    for (let i = 0; used < end; used++) {
      bytes[i++] = block[used]!;
      block[used] = 0;
    }
  },
};
