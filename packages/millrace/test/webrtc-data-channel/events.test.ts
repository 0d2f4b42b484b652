import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { handlerOf, setHandler, TypedEventTarget } from '../../src/events.ts';
import { queueTask } from '../../src/task-queue.ts';
import { tasks } from './world.ts';

describe('HTML §8.1.8.1 event handler attributes', () => {
  const fire = (target: EventTarget): boolean => target.dispatchEvent(new Event('x'));

  test('a handler stands where the first was set, until it is null', () => {
    const target = new TypedEventTarget<{ x: Event }>();
    const seen: string[] = [];
    setHandler(target, 'x', () => seen.push('first'));
    target.addEventListener('x', () => void seen.push('listener'));
    setHandler(target, 'x', () => seen.push('second'));
    fire(target);
    assert.deepEqual(seen.splice(0), ['second', 'listener']);
    setHandler(target, 'x', null);
    fire(target);
    assert.deepEqual(seen.splice(0), ['listener']);
    setHandler(target, 'x', () => seen.push('third'));
    fire(target);
    assert.deepEqual(seen, ['listener', 'third']);
  });

  test('what is no function reads as null', () => {
    const target = new TypedEventTarget<{ x: Event }>();
    const handler = (): void => {};
    setHandler(target, 'x', handler);
    assert.equal(handlerOf(target, 'x'), handler);
    setHandler(target, 'x', 'no function');
    assert.equal(handlerOf(target, 'x'), null);
    fire(target);
  });

  test('it is called on its target, with the event', () => {
    const target = new TypedEventTarget<{ x: Event }>();
    setHandler(target, 'x', function (this: unknown, event: Event) {
      assert.equal(this, target);
      assert.equal(event.type, 'x');
      assert.equal(event.target, target);
    });
    fire(target);
  });

  test('listeners are removed, objects with handleEvent too', () => {
    const target = new TypedEventTarget<{ x: Event }>();
    let calls = 0;
    const listener = { handleEvent: () => void calls++ };
    target.addEventListener('x', listener);
    fire(target);
    target.removeEventListener('x', listener);
    fire(target);
    assert.equal(calls, 1);
  });
});

describe('webrtc-pc: tasks', () => {
  test('run in order, after the code that queued them, each followed by its microtasks', async () => {
    const seen: string[] = [];
    const task = (name: string): void => {
      seen.push(name);
      void (async () => {
        for (let i = 0; i < 8; i++) await undefined;
        seen.push(`${name} microtask`);
      })();
    };
    queueTask(task, 'a');
    queueTask(task, 'b');
    seen.push('code');
    await tasks();
    assert.deepEqual(seen, ['code', 'a', 'a microtask', 'b', 'b microtask']);
  });

  test('a task that queues another has it run behind those that wait', async () => {
    const seen: string[] = [];
    const push = (name: string): void => void seen.push(name);
    queueTask(() => {
      push('first');
      queueTask(push, 'third');
    }, undefined);
    queueTask(push, 'second');
    await tasks();
    assert.deepEqual(seen, ['first', 'second', 'third']);
  });

  for (const count of [16, 17, 18, 100])
    test(`${count} at a time keep their order, each followed by its microtasks`, async () => {
      const seen: string[] = [];
      const task = (name: string): void => {
        seen.push(name);
        if (name === '3') queueTask(task, 'late');
        void (async () => {
          for (let i = 0; i < 8; i++) await undefined;
          seen.push(`${name} microtask`);
          if (name === '5') queueTask(task, 'later');
        })();
      };
      for (let i = 0; i < count; i++) queueTask(task, String(i));
      await tasks();
      await tasks();
      const names = [...Array.from({ length: count }, (_, i) => String(i)), 'late', 'later'];
      assert.deepEqual(
        seen,
        names.flatMap((name) => [name, `${name} microtask`]),
      );
    });

  test('one of many that throws stops none of the others', async () => {
    const seen: number[] = [];
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => void thrown.push(error));
    const task = (place: number): void => {
      if (place % 10 === 0) throw new Error(String(place));
      seen.push(place);
    };
    for (let i = 0; i < 100; i++) queueTask(task, i);
    for (let turn = 0; turn < 20; turn++) await tasks();
    process.setUncaughtExceptionCaptureCallback(null);
    assert.equal(seen.length, 90);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(thrown.length, 10);
  });

  test('a task that throws stops none of the others', async () => {
    const seen: string[] = [];
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => void thrown.push(error));
    queueTask(() => {
      throw new Error('mine');
    }, undefined);
    queueTask((name: string) => void seen.push(name), 'next');
    await tasks();
    process.setUncaughtExceptionCaptureCallback(null);
    assert.deepEqual(seen, ['next']);
    assert.equal(thrown.length, 1);
  });
});
