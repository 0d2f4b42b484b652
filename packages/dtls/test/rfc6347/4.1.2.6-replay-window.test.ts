import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REPLAY_WINDOW_RECORDS, ReplayWindow } from '../../src/record/replay-window.ts';
import { connected, deliver, sealed } from '../fixtures/connections.ts';

describe('RFC 6347 §4.1.2.6 anti-replay', () => {
  test('each number is new once, in any order within the window', () => {
    const window = new ReplayWindow();
    for (const sequence of [0, 5, 3, 1, 2, 4, 900, 6]) {
      assert.equal(window.check(sequence), undefined, `${sequence}`);
      window.accept(sequence);
      assert.equal(window.check(sequence), 'replayed', `${sequence}`);
    }
  });

  test('holds at least the 64 records that the RFC recommends', () => {
    assert.equal(REPLAY_WINDOW_RECORDS >= 64, true);
  });

  test('what lies behind the window is too old, whether it came or not', () => {
    const window = new ReplayWindow();
    window.accept(5000);
    assert.equal(window.check(5000 - REPLAY_WINDOW_RECORDS + 1), undefined);
    assert.equal(window.check(5000 - REPLAY_WINDOW_RECORDS), 'too-old');
    assert.equal(window.check(0), 'too-old');
  });

  test('looking at a number does not move the window', () => {
    const window = new ReplayWindow();
    window.accept(10);
    window.check(100_000);
    assert.equal(window.check(9), undefined);
  });

  test('agrees with a plain set at any numbers and jumps, up to 48 bits', () => {
    const steps = fc.array(
      fc.oneof(
        fc.integer({ min: -1100, max: 40 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 40),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 33 }), steps, (start, jumps) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = start;
        for (const jump of jumps) {
          const sequence = highest + jump;
          if (sequence < 0 || sequence >= 2 ** 48) continue;
          const expected =
            seen.size > 0 && highest - sequence >= REPLAY_WINDOW_RECORDS
              ? 'too-old'
              : seen.has(sequence)
                ? 'replayed'
                : undefined;
          assert.equal(window.check(sequence), expected, `${sequence} after ${highest}`);
          if (expected !== undefined) continue;
          window.accept(sequence);
          seen.add(sequence);
          highest = seen.size === 1 ? sequence : Math.max(highest, sequence);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a replayed record is dropped and counted, a late one is taken', () => {
    const all = connected();
    const [one, two] = [sealed(all.client, 'one'), sealed(all.client, 'two')];
    deliver(all.server, all.fromServer, two);
    deliver(all.server, all.fromServer, two);
    deliver(all.server, all.fromServer, one);
    deliver(all.server, all.fromServer, one);
    assert.deepEqual(all.fromServer.messages, ['two', 'one']);
    assert.equal(all.server.drops.replayed, 2);
  });

  test('a forged record from far ahead does not push good ones out of the window', () => {
    const all = connected();
    const good = sealed(all.client, 'good');
    const forged = good.slice();
    forged.fill(0xff, 5, 11);
    deliver(all.server, all.fromServer, forged);
    deliver(all.server, all.fromServer, good);
    assert.deepEqual(all.fromServer.messages, ['good']);
    assert.equal(all.server.drops['bad-mac'], 1);
  });

  test('a record behind the window is dropped as too old', () => {
    const all = connected();
    const late = sealed(all.client, 'late');
    for (let i = 0; i < REPLAY_WINDOW_RECORDS; i++)
      deliver(all.server, all.fromServer, sealed(all.client, 'x'));
    deliver(all.server, all.fromServer, late);
    assert.equal(all.fromServer.messages.includes('late'), false);
    assert.equal(all.server.drops['too-old'], 1);
  });
});
