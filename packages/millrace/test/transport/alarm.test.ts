import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Alarm, Sleeper } from '../../src/transport/alarm.ts';

/** A sleeper on mocked time, which begins at `start`. */
function virtual(t: TestContext, start = 0): { sleeper: Sleeper; tick: (ms: number) => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = start;
  const tick = (ms: number): void => {
    for (let i = 0; i < ms; i++) {
      now++;
      t.mock.timers.tick(1);
    }
  };
  return { sleeper: new Sleeper(() => now), tick };
}

describe('the alarm', () => {
  for (const deadline of [999, 0, Number.NEGATIVE_INFINITY]) {
    test(`wakes at once for a deadline that has passed (${deadline})`, (t) => {
      const { sleeper, tick } = virtual(t, 1000);
      let woken = 0;
      const alarm = new Alarm(() => void woken++, sleeper);
      alarm.set(deadline, 1000);
      tick(1);
      assert.equal(woken, 1);
      alarm.set(1500, 1001); // and is as good as new
      tick(498);
      assert.equal(woken, 1);
      tick(1);
      assert.equal(woken, 2);
    });
  }

  test('is moved forward, and left alone when the deadline moves back', (t) => {
    const { sleeper, tick } = virtual(t);
    let woken = 0;
    const alarm = new Alarm(() => void woken++, sleeper);
    alarm.set(100, 0);
    alarm.set(200, 0);
    alarm.set(50.5, 0);
    tick(50);
    assert.equal(woken, 0);
    tick(1);
    assert.equal(woken, 1);
    tick(200);
    assert.equal(woken, 1);
  });

  test('never wakes for no deadline, nor once it has been stopped', (t) => {
    const { sleeper, tick } = virtual(t);
    const alarm = new Alarm(() => assert.fail('woken'), sleeper);
    alarm.set(Number.POSITIVE_INFINITY, 0);
    alarm.set(10, 0);
    alarm.stop();
    alarm.stop();
    tick(1000);
  });

  test('takes a sleep longer than timers can in stages', (t) => {
    const sleeps: number[] = [];
    t.mock.method(globalThis, 'setTimeout', (_run: () => void, sleep: number) => void sleeps.push(sleep));
    new Alarm(() => {}, new Sleeper(() => 0)).set(1e12, 0);
    assert.deepEqual(sleeps, [0x7fff_ffff]);
  });

  test('shares one timer with all the others, each waking in its turn', (t) => {
    const { sleeper, tick } = virtual(t);
    const start = t.mock.method(globalThis, 'setTimeout');
    const order: number[] = [];
    const alarms = [30, 10, 20].map((deadline) => {
      const alarm = new Alarm(() => order.push(deadline), sleeper);
      alarm.set(deadline, 0);
      return alarm;
    });
    assert.equal(start.mock.callCount(), 2); // for 30, then for 10 in its place
    alarms[2]!.stop();
    tick(40);
    assert.deepEqual(order, [10, 30]);
  });

  test('that throws keeps no other from waking', (t) => {
    const { sleeper, tick } = virtual(t);
    let woken = 0;
    new Alarm(() => {
      throw new Error('of one connection');
    }, sleeper).set(10, 0);
    new Alarm(() => void woken++, sleeper).set(10, 0);
    assert.throws(() => tick(10), /of one connection/);
    tick(2);
    assert.equal(woken, 1);
  });

  test('goes off by its deadline, whatever is set and stopped meanwhile', (t) => {
    const { sleeper, tick } = virtual(t);
    let now = 0;
    fc.assert(
      fc.property(
        fc.array(fc.record({ alarm: fc.nat(7), deadline: fc.nat(60), tick: fc.nat(5), stop: fc.boolean() })),
        (steps) => {
          const due = new Array<number>(8).fill(Number.POSITIVE_INFINITY);
          const alarms = due.map((_, i) => new Alarm(() => (due[i] = Number.POSITIVE_INFINITY), sleeper));
          for (const step of steps) {
            if (step.stop) {
              alarms[step.alarm]!.stop();
              due[step.alarm] = Number.POSITIVE_INFINITY;
            } else {
              alarms[step.alarm]!.set(now + step.deadline, now);
              due[step.alarm] = Math.min(due[step.alarm]!, now + Math.max(step.deadline, 1));
            }
            tick(step.tick);
            now += step.tick;
            assert.ok(due.every((deadline) => deadline > now));
          }
          for (const alarm of alarms) alarm.stop();
        },
      ),
    );
  });
});
