import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BufferPool, BufferPoolError, type Lease } from '@millrace/buffer-pool';

const code =
  (wanted: string, ...named: string[]) =>
  (error: unknown) =>
    error instanceof BufferPoolError &&
    error.code === wanted &&
    named.every((name) => error.message.includes(name));

const debugPool = () => new BufferPool({ classes: [64, 1_024], headroom: 8, slabBytes: 256, debug: true });

function forgetful(pool: BufferPool): Lease {
  return pool.acquire(100)!;
}

describe('the debug mode', () => {
  test('names leaks by the place that acquired them, the most bytes first', () => {
    const pool = debugPool();
    for (let i = 0; i < 3; i++) forgetful(pool);
    const other = pool.acquire(1)!;
    const leaks = pool.leaks();
    assert.deepEqual(
      leaks.map(({ leases }) => leases),
      [3, 1],
    );
    assert.match(leaks[0]!.site.split('\n')[0]!, /forgetful.*debug\.test\.ts/);
    assert.throws(() => pool.assertWhole(), code('LEAKED', 'forgetful', 'debug.test.ts'));
    other.release();
    assert.equal(pool.leaks().length, 1);
  });

  test('catches a second release, and says who held it', () => {
    for (const length of [10, 5_000]) {
      const pool = debugPool();
      const lease = pool.acquire(length)!;
      lease.release();
      assert.throws(() => lease.release(), code('RELEASED_TWICE', 'debug.test.ts'));
      const next = pool.acquire(length)!;
      assert.throws(() => lease.release(), code('RELEASED_TWICE'), 'even when somebody else has the slot');
      assert.throws(() => lease.retain(), code('USED_AFTER_RELEASE'));
      next.release();
      pool.assertWhole();
    }
  });

  test('takes the bytes away from a released lease', () => {
    const pool = debugPool();
    const lease = pool.acquire(10)!;
    lease.release();
    assert.equal(lease.bytes.length, 0);
    assert.equal(lease.end, 0);
  });

  test('poisons what is free and notices when it has been written to', () => {
    const pool = debugPool();
    const lease = pool.acquire(10)!;
    const { bytes, at } = lease;
    bytes[at] = 1;
    lease.release();
    assert.equal(bytes[at], 0xdb);
    bytes[at] = 1;
    assert.throws(() => pool.acquire(10), code('USED_AFTER_RELEASE', 'debug.test.ts'));
    pool.assertWhole();
    pool.acquire(10)!.release();
  });

  test('notices bytes written beside a slot', () => {
    for (const where of ['front', 'back'] as const) {
      const pool = debugPool();
      const first = pool.acquire(64)!;
      const second = pool.acquire(64)!;
      if (where === 'front') second.bytes[second.slotAt - 1] = 0;
      else second.bytes[second.slotEnd] = 0;
      assert.throws(() => second.release(), code('OVERRUN', 'debug.test.ts'));
      first.release();
      pool.assertWhole();
    }
  });
});
