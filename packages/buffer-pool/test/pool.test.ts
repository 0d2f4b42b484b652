import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BufferPool, BufferPoolError, type Lease } from '@millrace/buffer-pool';

const code = (wanted: string) => (error: unknown) =>
  error instanceof BufferPoolError && error.code === wanted;

describe('leases', () => {
  test('have the length asked for, headroom in front and tailroom behind', () => {
    const pool = new BufferPool({ classes: [100, 1_000], headroom: 21, tailroom: 16 });
    for (const length of [0, 1, 63, 64, 65, 99, 100, 101, 999, 1_000, 1_001, 70_000]) {
      const lease = pool.acquire(length)!;
      assert.equal(lease.end - lease.at, length);
      assert.ok(lease.at - lease.slotAt >= 21, `headroom at ${length}`);
      assert.ok(lease.slotEnd - lease.end >= 16, `tailroom at ${length}`);
      assert.ok(lease.slotEnd <= lease.bytes.length);
      lease.release();
    }
    pool.assertWhole();
  });

  test('come back only when the last owner has released them', () => {
    const pool = new BufferPool({ classes: [64], slabBytes: 64, maxBytes: 64 });
    const lease = pool.acquire(10)!;
    lease.retain();
    lease.release();
    assert.equal(pool.acquire(10), undefined);
    lease.release();
    assert.equal(pool.acquire(10), lease, 'the lease is used again, too');
  });

  test('released twice are counted and harm nobody', () => {
    const pool = new BufferPool({ classes: [64] });
    const lease = pool.acquire(10)!;
    lease.release();
    lease.release();
    lease.retain();
    assert.equal(pool.stats.misuses, 2);
    const one = pool.acquire(10)!;
    const other = pool.acquire(10)!;
    assert.notEqual(one.slotAt, other.slotAt);
  });

  test('refuse lengths that are none', () => {
    const pool = new BufferPool();
    for (const length of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      assert.throws(() => pool.acquire(length), code('BAD_LENGTH'), String(length));
    assert.equal(pool.stats.growths, 0);
  });
});

describe('the cap', () => {
  test('is never passed: a dry pool answers undefined, and says so', () => {
    const pool = new BufferPool({ classes: [1_024], slabBytes: 4_096, maxBytes: 10_240 });
    const held: Lease[] = [];
    for (let lease = pool.acquire(1_000); lease !== undefined; lease = pool.acquire(1_000)) held.push(lease);
    assert.equal(held.length, 10, 'the last slabs are smaller, so that the cap is used');
    assert.ok(pool.isDry);
    assert.equal(pool.stats.misses, 1);
    held.pop()!.release();
    assert.ok(pool.acquire(1_000) !== undefined);
    assert.ok(!pool.isDry);
    assert.ok(pool.stats.bytes <= 10_240);
  });

  test('counts what is longer than the largest class, and that memory goes back at once', () => {
    const pool = new BufferPool({ classes: [64], maxBytes: 10_000 });
    const lease = pool.acquire(9_000)!;
    assert.equal(pool.stats.bytes, 9_000);
    assert.equal(pool.stats.leases, 1);
    assert.equal(pool.acquire(2_000), undefined);
    lease.release();
    assert.equal(pool.stats.bytes, 0);
    assert.equal(pool.acquire(10_001), undefined);
  });

  test('makes empty slabs of one size give way to another size', () => {
    const pool = new BufferPool({ classes: [64, 4_096], slabBytes: 4_096, maxBytes: 4_096 });
    pool.acquire(64)!.release();
    const lease = pool.acquire(4_096);
    assert.ok(lease !== undefined);
    assert.equal(pool.acquire(64), undefined);
    lease.release();
    assert.ok(pool.acquire(64) !== undefined);
  });

  test('may be the memory of the machine: an allocation that fails is dryness', () => {
    const throws = new BufferPool({
      allocate: () => {
        throw new RangeError('Array buffer allocation failed');
      },
    });
    const refuses = new BufferPool({ allocate: () => undefined });
    const short = new BufferPool({ allocate: () => new Uint8Array(1) });
    for (const pool of [throws, refuses, short]) {
      assert.equal(pool.acquire(1), undefined);
      assert.equal(pool.acquire(100_000), undefined);
      assert.equal(pool.stats.misses, 2);
      assert.equal(pool.stats.bytes, 0);
    }
  });
});

describe('trimming', () => {
  test('frees what two intervals have not needed, and keeps what they have', () => {
    const pool = new BufferPool({ classes: [1_024], slabBytes: 1_024, trimInterval: 1_000 });
    const burst = Array.from({ length: 10 }, () => pool.acquire(1)!);
    for (const lease of burst) lease.release();
    assert.equal(pool.trim(0), 0);
    assert.equal(pool.trim(999), 0);
    assert.equal(pool.trim(1_000), 0, 'the burst was in the interval before');
    for (let i = 0; i < 3; i++) pool.acquire(1)!.release();
    assert.equal(pool.trim(2_000), 9 * 1_024, 'one at a time is all that is needed now');
    assert.equal(pool.trim(3_000), 0, 'those three were in the interval before');
    assert.equal(pool.trim(4_000), 1_024, 'and now there is no use at all');
    const { growths, trims, highWater, classes } = pool.stats;
    assert.deepEqual([growths, trims, highWater, classes[0]!.highWater], [10, 10, 10_240, 10]);
  });

  test('never takes a slab with a lease', () => {
    const pool = new BufferPool({ classes: [512], slabBytes: 1_024, trimInterval: 0 });
    const held = Array.from({ length: 20 }, () => pool.acquire(512)!);
    for (let i = 1; i < 20; i++) held[i]!.release();
    held[0]!.bytes.fill(7, held[0]!.at, held[0]!.end);
    assert.equal(pool.shrink(), 9 * 1_024);
    for (let i = 1; i < 20; i++) held[i] = pool.acquire(512)!;
    for (let i = 1; i < 20; i++) held[i]!.bytes.fill(1, held[i]!.at, held[i]!.end);
    assert.ok(held[0]!.bytes.subarray(held[0]!.at, held[0]!.end).every((byte) => byte === 7));
  });
});

describe('options', () => {
  test('out of range are refused', () => {
    const bad = [{ classes: [] }, { classes: [10, 10] }, { classes: [0] }, { classes: [1.5] }];
    const more = [
      { headroom: -1 },
      { tailroom: 1.5 },
      { slabBytes: 0 },
      { maxBytes: -1 },
      { trimInterval: -1 },
    ];
    for (const options of [...bad, ...more])
      assert.throws(() => new BufferPool(options), code('BAD_OPTION'), JSON.stringify(options));
  });

  test('slabs may come from elsewhere', () => {
    const memory = new Uint8Array(65_536);
    const pool = new BufferPool({ classes: [1_000], allocate: () => memory, maxBytes: 65_536 });
    assert.equal(pool.acquire(1_000)!.bytes, memory);
  });
});
