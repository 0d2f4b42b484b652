// Random sequences of operations against a model: live slots never overlap, nobody's bytes change under him, room
// is as promised, the cap holds, and in the end the pool is whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPool, type Lease } from '@millrace/buffer-pool';
import fc from 'fast-check';

interface Held {
  readonly lease: Lease;
  readonly mark: number;
  owners: number;
}

const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('acquire' as const), value: fc.nat(6_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain' as const), value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), value: fc.nat(30_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shrink' as const), value: fc.constant(0) }) },
);

const options = fc.record({
  classes: fc
    .uniqueArray(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 6 })
    .map((sizes) => sizes.sort((a, b) => a - b)),
  headroom: fc.nat(64),
  tailroom: fc.nat(64),
  slabBytes: fc.integer({ min: 1, max: 20_000 }),
  maxBytes: fc.nat(60_000),
});

for (const debug of [false, true])
  test(`random operations keep the promises${debug ? ' in debug mode, too' : ''}`, () => {
    fc.assert(
      fc.property(options, fc.array(operation, { maxLength: 150 }), (chosen, operations) => {
        run(new BufferPool({ ...chosen, debug }), operations);
      }),
      { numRuns: debug ? 200 : 1_000 },
    );
  });

function run(pool: BufferPool, operations: ReadonlyArray<{ kind: string; value: number }>): void {
  const held: Held[] = [];
  let now = 0;
  let marks = 0;
  for (const { kind, value } of operations) {
    const index = value % Math.max(1, held.length);
    const chosen = held[index];
    if (kind === 'acquire') {
      const isPossible = pool.canAcquire(value);
      const lease = pool.acquire(value);
      assert.equal(lease !== undefined, isPossible);
      assert.equal(pool.isDry, lease === undefined);
      if (lease !== undefined) held.push(mark(pool, lease, value, held, marks++ & 0x7f));
    } else if (kind === 'release' && chosen !== undefined) {
      check(chosen);
      chosen.lease.release();
      if (--chosen.owners === 0) held.splice(index, 1);
    } else if (kind === 'retain' && chosen !== undefined) {
      chosen.lease.retain();
      chosen.owners++;
    } else if (kind === 'trim') pool.trim((now += value));
    else if (kind === 'shrink') pool.shrink();
    const { bytes, maxBytes, leases } = pool.stats;
    assert.ok(bytes <= maxBytes, `${bytes} bytes are above the cap of ${maxBytes}`);
    assert.equal(leases, held.length);
  }
  for (const entry of held) check(entry);
  for (const { lease, owners } of held) for (let i = 0; i < owners; i++) lease.release();
  pool.assertWhole();
  pool.shrink();
  assert.equal(pool.stats.bytes, 0);
  assert.equal(pool.stats.misuses, 0);
}

function mark(pool: BufferPool, lease: Lease, length: number, others: readonly Held[], value: number): Held {
  assert.equal(lease.end - lease.at, length);
  assert.ok(lease.at - lease.slotAt >= pool.headroom && lease.slotEnd - lease.end >= pool.tailroom);
  assert.ok(lease.slotAt >= 0 && lease.slotEnd <= lease.bytes.length);
  for (const { lease: other } of others)
    assert.ok(
      other.bytes !== lease.bytes || other.slotEnd <= lease.slotAt || lease.slotEnd <= other.slotAt,
      'two leases share bytes',
    );
  lease.bytes.fill(value, lease.slotAt, lease.slotEnd);
  return { lease, mark: value, owners: 1 };
}

function check({ lease, mark: value }: Held): void {
  for (let i = lease.slotAt; i < lease.slotEnd; i++)
    assert.equal(lease.bytes[i], value, 'bytes of a live lease changed');
}
