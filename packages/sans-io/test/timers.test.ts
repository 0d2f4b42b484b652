import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '../src/core.ts';
import { TimerTable } from '../src/timers.ts';

describe('a timer table', () => {
  test('has no deadline while nothing runs', () => {
    const timers = new TimerTable(3);
    assert.equal(timers.next(), NEVER);
    assert.equal(timers.take(0, 1e12), false);
    assert.equal(new TimerTable(0).next(), NEVER);
  });

  test('tells the earliest deadline, also after a timer was moved or stopped', () => {
    const timers = new TimerTable(3);
    timers.set(0, 30);
    timers.set(1, 10);
    timers.set(2, 20);
    assert.equal(timers.next(), 10);
    timers.set(1, 40);
    assert.equal(timers.next(), 20);
    timers.stop(2);
    assert.equal(timers.next(), 30);
    assert.ok(timers.isRunning(1) && !timers.isRunning(2));
    assert.equal(timers.deadlineOf(1), 40);
    timers.stopAll();
    assert.equal(timers.next(), NEVER);
  });

  test('a timer is taken once, at its deadline and not before', () => {
    const timers = new TimerTable(1);
    timers.set(0, 10);
    assert.equal(timers.take(0, 9.999), false);
    assert.equal(timers.take(0, 10), true);
    assert.equal(timers.take(0, 10), false);
    assert.equal(timers.next(), NEVER);
  });
});
