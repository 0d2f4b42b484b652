import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { RTCDataChannel } from '../../src/data-channel/rtc-data-channel.ts';
import { openWorld, tasks } from './world.ts';

type Kind = 'bare' | 'dispatched by Node';
type Listener = (this: unknown, event: MessageEvent) => unknown;

/** A listener that has options is for Node to call. */
function listen(channel: RTCDataChannel, kind: Kind, listener: Listener): void {
  if (kind === 'bare') channel.addEventListener('message', listener);
  else channel.addEventListener('message', listener, { passive: true });
}

async function firstEvent(
  kind: Kind,
): Promise<{ event: MessageEvent; there: RTCDataChannel; during: object }> {
  const { world, here, there } = await openWorld();
  const seen: Array<[MessageEvent, object]> = [];
  listen(there, kind, function (event) {
    assert.equal(this, there);
    const { target, currentTarget, srcElement, eventPhase } = event;
    seen.push([event, { target, currentTarget, srcElement, eventPhase, path: event.composedPath() }]);
  });
  here.send('x');
  await world.run();
  assert.equal(seen.length, 1);
  return { event: seen[0]![0], there, during: seen[0]![1] };
}

for (const kind of ['bare', 'dispatched by Node'] as const)
  describe(`DOM §2 the event of a message, ${kind}`, () => {
    test('is a MessageEvent and an Event', async () => {
      const { event } = await firstEvent(kind);
      assert.ok(event instanceof MessageEvent);
      assert.ok(event instanceof Event);
      assert.equal(event.constructor, MessageEvent);
      assert.equal(Object.prototype.toString.call(event), '[object MessageEvent]');
      assert.deepEqual(Object.keys(event), []);
      assert.match(inspect(event), /^MessageEvent \{/);
    });

    test('has every field that DOM and HTML list', async () => {
      const { event, there, during } = await firstEvent(kind);
      assert.deepEqual(
        [event.type, event.data, event.origin, event.lastEventId, event.source, event.ports],
        ['message', 'x', '', '', null, []],
      );
      assert.deepEqual(
        [event.bubbles, event.cancelable, event.composed, event.defaultPrevented, event.returnValue],
        [false, false, false, false, true],
      );
      assert.deepEqual(during, {
        target: there,
        currentTarget: there,
        srcElement: there,
        eventPhase: 2,
        path: [there],
      });
      assert.equal(event.target, there);
      assert.equal(event.currentTarget, null);
      assert.equal(event.eventPhase, 0);
      assert.deepEqual(event.composedPath(), []);
    });

    test('its time is that of the same clock, and stays', async () => {
      const { event } = await firstEvent(kind);
      const { timeStamp } = event;
      assert.ok(timeStamp > 0 && timeStamp <= performance.now());
      assert.equal(event.timeStamp, timeStamp);
    });

    test('cannot be cancelled', async () => {
      const { event } = await firstEvent(kind);
      event.preventDefault();
      event.returnValue = false;
      assert.equal(event.defaultPrevented, false);
      assert.equal(event.returnValue, true);
    });

    test('stopPropagation changes nothing for a target without ancestors', async () => {
      const { world, here, there } = await openWorld();
      const seen: boolean[] = [];
      listen(there, kind, (event) => {
        event.stopPropagation();
        seen.push(event.cancelBubble);
      });
      listen(there, kind, (event) => void seen.push(event.cancelBubble));
      here.send('x');
      await world.run();
      assert.deepEqual(seen, [true, true]);
    });

    test('stopImmediatePropagation keeps it from further listeners, this time', async () => {
      const { world, here, there } = await openWorld();
      const seen: string[] = [];
      listen(there, kind, (event) => {
        seen.push('first');
        if (event.data === 'stop') event.stopImmediatePropagation();
      });
      there.addEventListener('message', () => void seen.push('second'));
      here.send('stop');
      here.send('go on');
      await world.run();
      assert.deepEqual(seen, ['first', 'first', 'second']);
    });

    test('a listener that another one removes is not called any more', async () => {
      const { world, here, there } = await openWorld();
      const seen: string[] = [];
      const second = (): void => void seen.push('second');
      listen(there, kind, () => {
        seen.push('first');
        there.removeEventListener('message', second);
      });
      listen(there, kind, second);
      here.send('x');
      here.send('y');
      await world.run();
      assert.deepEqual(seen, ['first', 'first']);
    });

    test('what a listener throws, at once or later, is an uncaught exception and stops no other', async () => {
      const { world, here, there } = await openWorld();
      const seen: string[] = [];
      const thrown: unknown[] = [];
      process.setUncaughtExceptionCaptureCallback((error) => void thrown.push((error as Error).message));
      listen(there, kind, () => {
        throw new Error('at once');
      });
      listen(there, kind, async () => {
        throw new Error('later');
      });
      listen(there, kind, () => void seen.push('last'));
      here.send('x');
      await world.run();
      process.setUncaughtExceptionCaptureCallback(null);
      assert.deepEqual(seen, ['last']);
      assert.deepEqual(thrown, ['at once', 'later']);
    });
  });

describe('DOM §2.7 who listens to messages', () => {
  test('the same listener added twice is called once; removed, not at all', async () => {
    const { world, here, there } = await openWorld();
    let calls = 0;
    const listener = (): void => void calls++;
    there.addEventListener('message', listener);
    there.addEventListener('message', listener, false);
    here.send('x');
    await world.run();
    assert.equal(calls, 1);
    there.removeEventListener('message', listener, true); // another listener, which is not there
    here.send('x');
    await world.run();
    assert.equal(calls, 2);
    there.removeEventListener('message', listener, { capture: false });
    here.send('x');
    await world.run();
    assert.equal(calls, 2);
  });

  test('null is nobody', async () => {
    const { world, here, there } = await openWorld();
    there.addEventListener('message', null);
    here.send('x');
    await world.run();
    assert.deepEqual(getEventListeners(there, 'message'), []);
  });

  test('onmessage keeps its place among listeners, also when it changes', async () => {
    const { world, here, there } = await openWorld();
    const seen: string[] = [];
    there.onmessage = () => seen.push('old');
    there.addEventListener('message', () => void seen.push('listener'));
    there.onmessage = () => seen.push('new');
    here.send('x');
    await world.run();
    there.onmessage = null;
    here.send('x');
    await world.run();
    assert.deepEqual(seen, ['new', 'listener', 'listener']);
  });

  test('a listener that is added by one hears the next message', async () => {
    const { world, here, there } = await openWorld();
    const seen: string[] = [];
    const second = ({ data }: MessageEvent): void => void seen.push(`second ${data}`);
    there.addEventListener('message', ({ data }) => {
      seen.push(`first ${data}`);
      there.addEventListener('message', second);
    });
    here.send('a');
    here.send('b');
    await world.run();
    assert.deepEqual(seen, ['first a', 'first b', 'second b']);
  });

  test('plain ones, objects, `once`, `signal` and `on...` together are called in the order they were added', async () => {
    const { world, here, there } = await openWorld();
    const seen: string[] = [];
    const controller = new AbortController();
    there.addEventListener('message', () => void seen.push('plain'));
    there.addEventListener('message', () => void seen.push('once'), { once: true });
    there.onmessage = () => seen.push('handler');
    there.addEventListener('message', { handleEvent: () => void seen.push('object') });
    there.addEventListener('message', () => void seen.push('signal'), { signal: controller.signal });
    here.send('x');
    await world.run();
    assert.deepEqual(seen.splice(0), ['plain', 'once', 'handler', 'object', 'signal']);
    controller.abort();
    here.send('x');
    await world.run();
    assert.deepEqual(seen, ['plain', 'handler', 'object']);
  });

  test('every one of many messages that come at once is seen by whoever awaits one after the other', async () => {
    const { world, here, there } = await openWorld();
    const seen: unknown[] = [];
    const reading = (async () => {
      for (let i = 0; i < 100; i++) seen.push(((await once(there, 'message')) as MessageEvent[])[0]!.data);
    })();
    for (let i = 0; i < 100; i++) here.send(String(i));
    await world.run();
    await tasks();
    await reading;
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
  });

  test('an event that has come may be given to another target', async () => {
    const { event } = await firstEvent('bare');
    const other = new EventTarget();
    const seen: unknown[] = [];
    other.addEventListener('message', (again) => seen.push((again as MessageEvent).data));
    other.dispatchEvent(event);
    assert.deepEqual(seen, ['x']);
  });
});
