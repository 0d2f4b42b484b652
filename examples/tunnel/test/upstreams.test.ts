import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../src/options.ts';
import { parseSticky } from '../src/upstreams/session.ts';
import { Upstreams } from '../src/upstreams/upstreams.ts';

const upstreams = (count: number): Upstreams =>
  new Upstreams(Array.from({ length: count }, (_, i) => new URL(`http://127.0.0.1:${8000 + i}`)));
const orderOf = (from: Upstreams, session?: string, now = 0): number[] =>
  from.order(session, now).map(({ index }) => index);

describe('the order of upstreams', () => {
  test('without sessions they take turns', () => {
    const three = upstreams(3);
    assert.deepEqual(
      [orderOf(three), orderOf(three), orderOf(three), orderOf(three)],
      [
        [0, 1, 2],
        [1, 2, 0],
        [2, 0, 1],
        [0, 1, 2],
      ],
    );
  });

  test('a session always has the same order, and sessions are spread', () => {
    const [ten, again] = [upstreams(10), upstreams(10)];
    const firsts = new Array<number>(10).fill(0);
    for (let i = 0; i < 1000; i++) {
      const order = orderOf(ten, `session ${i}`);
      assert.deepEqual(orderOf(again, `session ${i}`), order);
      assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      firsts[order[0]!]!++;
    }
    assert.ok(Math.min(...firsts) > 50 && Math.max(...firsts) < 150, String(firsts));
  });

  test('one upstream less moves its own sessions only', () => {
    const [ten, nine] = [upstreams(10), upstreams(9)];
    for (let i = 0; i < 200; i++) {
      const order = orderOf(ten, `session ${i}`);
      assert.deepEqual(
        orderOf(nine, `session ${i}`),
        order.filter((index) => index !== 9),
      );
    }
  });

  test('one that failed comes last, for longer each time up to a limit, until it serves again', () => {
    const two = upstreams(2);
    const [first] = two.all;
    let now = 0;
    let backOff: number = LIMITS.firstBackOffMillis;
    for (let i = 0; i < 10; i++) {
      first!.onFailure(now);
      first!.onFailure(now); // failed together
      assert.equal(first!.isDown(now + backOff - 1), true);
      assert.equal(first!.isDown(now + backOff), false);
      assert.deepEqual(
        [orderOf(two, undefined, now), orderOf(two, undefined, now)],
        [
          [1, 0],
          [1, 0],
        ],
      );
      now += backOff;
      backOff = Math.min(backOff * 2, LIMITS.lastBackOffMillis);
    }
    first!.onSuccess();
    first!.onFailure(now);
    assert.equal(first!.isDown(now + LIMITS.firstBackOffMillis), false);
  });

  test('a session is named by a field or a cookie', () => {
    const fields = ['x-session', 'one', 'Cookie', 'a=1; sid = two ;b=3'];
    assert.equal(parseSticky('X-Session')?.(fields), 'one');
    assert.equal(parseSticky('cookie:sid')?.(fields), 'two');
    assert.equal(parseSticky('cookie:none')?.(fields), undefined);
    for (const text of ['', 'cookie:', 'a b', 'cookie:a;b']) assert.equal(parseSticky(text), undefined);
  });
});
