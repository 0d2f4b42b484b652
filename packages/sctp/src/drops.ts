// The reasons for which input is dropped. Each is counted in the stats.
import { Drops } from '@millrace/sans-io';

export const DROP_REASONS = [
  'too-short',
  'bad-checksum',
  'wrong-port',
  'wrong-tag',
  'bad-chunk-length',
  'bad-chunk',
  'bad-bundle',
  'unknown-chunk',
  'unexpected-chunk',
  'bad-cookie',
  'stale-cookie',
  'old-cookie',
  'out-of-the-blue',
  'duplicate-data',
  'data-beyond-span',
  'window-exceeded',
  'too-many-gaps',
  'broken-message',
  'message-too-large',
  'old-ssn',
  'bad-stream',
  'old-sack',
  'bad-sack',
  'optimistic-ack',
  'control-overflow',
  'bad-reset',
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

export function sctpDrops(): Drops<DropReason> {
  return new Drops(DROP_REASONS);
}
