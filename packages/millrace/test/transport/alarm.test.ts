import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Alarm } from '../../src/transport/alarm.ts';

describe('the alarm', () => {
  test('wakes at once for a deadline that has passed, however long ago', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (const deadline of [999, 0, Number.NEGATIVE_INFINITY]) {
      let woken = 0;
      const alarm = new Alarm(() => void woken++);
      alarm.set(deadline, 1000);
      t.mock.timers.tick(1);
      assert.equal(woken, 1);
      alarm.set(1500, 1001); // and is as good as new
      t.mock.timers.tick(499);
      assert.equal(woken, 2);
    }
  });

  test('is moved forward, and left alone when the deadline moves back', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let woken = 0;
    const alarm = new Alarm(() => void woken++);
    alarm.set(100, 0);
    alarm.set(200, 0);
    alarm.set(50.5, 0);
    t.mock.timers.tick(50);
    assert.equal(woken, 0);
    t.mock.timers.tick(1);
    assert.equal(woken, 1);
    t.mock.timers.tick(200);
    assert.equal(woken, 1);
  });

  test('never wakes for no deadline, nor once it has been stopped', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const alarm = new Alarm(() => assert.fail('woken'));
    alarm.set(Number.POSITIVE_INFINITY, 0);
    alarm.set(10, 0);
    alarm.stop();
    t.mock.timers.tick(1000);
  });

  test('takes a sleep longer than timers can in stages', (t) => {
    const sleeps: number[] = [];
    t.mock.method(globalThis, 'setTimeout', (_run: () => void, sleep: number) => void sleeps.push(sleep));
    new Alarm(() => {}).set(1e12, 0);
    assert.deepEqual(sleeps, [0x7fff_ffff]);
  });
});
