// Sending and looking at what arrived.

import assert from 'node:assert/strict';
import { describe, type Item, payload, type Seen } from '../agent/payload.ts';
import { type ChannelEnd, PATIENCE } from '../harness/end.ts';

export interface ArrivalOptions {
  readonly order: 'kept' | 'any';
  readonly patience: number;
}

/** Sends `items` from `near` and asserts that exactly these arrive at `far`. */
export async function arrives(
  near: ChannelEnd,
  far: ChannelEnd,
  items: readonly Item[],
  { order = 'kept', patience = PATIENCE }: Partial<ArrivalOptions> = {},
): Promise<void> {
  const expected = await Promise.all(items.map((item) => describe(payload(item))));
  await near.send(...items);
  const seen = await far.receive(items.length, patience);
  if (order === 'kept') assert.deepEqual(seen, expected, 'what arrived differs from what was sent');
  else assert.deepEqual(sorted(seen), sorted(expected), 'what arrived differs from what was sent');
  assert.equal(await far.waiting(), 0, 'more arrived than was sent');
}

/** `count` binary messages of `bytes` bytes, each different. */
export function binary(count: number, bytes: number, seed: number): Item[] {
  return Array.from({ length: count }, (_, i) => ({ bytes, seed: seed * 100_000 + i }));
}

function sorted(seen: readonly Seen[]): Seen[] {
  return seen.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}
