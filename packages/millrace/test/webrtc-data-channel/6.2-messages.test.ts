import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCDataChannel } from '../../src/data-channel/rtc-data-channel.ts';
import { eventsOf, openWorld, tasks, World } from './world.ts';

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;
const asText = (data: unknown): string =>
  data instanceof ArrayBuffer ? `[${new Uint8Array(data)}]` : String(data);

function received(channel: RTCDataChannel): string[] {
  const seen: string[] = [];
  channel.onmessage = ({ data }) => seen.push(asText(data));
  return seen;
}

describe('webrtc-pc §6.2 send', () => {
  test('strings, buffers, views, parts of buffers and empty ones arrive as they are', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    here.send('grüße');
    here.send(bytes(1, 2, 3));
    here.send(new Uint8Array(bytes(1, 2, 3, 4)).subarray(1, 3));
    here.send(new DataView(bytes(9, 8, 7), 1));
    here.send(new Uint16Array([0x0201]));
    here.send(Buffer.from('hi'));
    here.send('');
    here.send(new ArrayBuffer(0));
    await world.run();
    assert.deepEqual(seen, ['grüße', '[1,2,3]', '[2,3]', '[8,7]', '[1,2]', '[104,105]', '', '[]']);
  });

  test('what is neither string nor bytes is sent as a string', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    for (const value of [1, null, true, {}]) here.send(value as unknown as string);
    await world.run();
    assert.deepEqual(seen, ['1', 'null', 'true', '[object Object]']);
    assert.throws(() => here.send(undefined as unknown as string), TypeError);
  });

  test('a lone surrogate is sent as U+FFFD', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    here.send('a\ud800');
    await world.run();
    assert.deepEqual(seen, ['a\ufffd']);
  });

  test('bytes may be changed as soon as send returns', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    const message = new Uint8Array([1, 2]);
    here.send(message);
    message.fill(0);
    await world.run();
    assert.deepEqual(seen, ['[1,2]']);
  });

  test('unless the channel is open it is an InvalidStateError', async () => {
    const { world, here } = await openWorld();
    const connecting = new World().a.create();
    assert.throws(() => connecting.send('x'), { name: 'InvalidStateError' });
    here.close();
    assert.throws(() => here.send('x'), { name: 'InvalidStateError' });
    await world.run();
    assert.equal(here.readyState, 'closed');
    assert.throws(() => here.send('x'), { name: 'InvalidStateError' });
  });

  test('a message longer than the peer takes is a TypeError, and the channel stays as it is', async () => {
    const { world, here, there } = await openWorld({}, { maxMessageSize: 100 });
    const seen = received(there);
    assert.throws(() => here.send('x'.repeat(101)), TypeError);
    assert.throws(() => here.send(new Uint8Array(101)), TypeError);
    assert.throws(() => here.send(new Blob(['x'.repeat(101)])), TypeError);
    here.send('é'.repeat(50));
    assert.equal(here.bufferedAmount, 100);
    await world.run();
    assert.equal(seen.length, 1);
  });

  test('a full queue is an OperationError, and what was taken before arrives', async () => {
    const { world, here, there } = await openWorld({}, { sctp: { sendQueueLimit: 10_000 } });
    const seen = received(there);
    for (let i = 0; i < 10; i++) here.send(new Uint8Array(1_000));
    assert.throws(() => here.send('x'), { name: 'OperationError' });
    assert.equal(here.bufferedAmount, 10_000);
    await world.run();
    here.send('more');
    await world.run();
    assert.equal(seen.length, 11);
  });

  test('sending asks the driver to flush and sends nothing itself', async () => {
    const { world, here } = await openWorld();
    const { wakes } = world.a;
    const packets = world.pair.ab.sent;
    for (let i = 0; i < 5; i++) here.send('x');
    assert.equal(world.a.wakes, wakes + 5);
    assert.equal(world.pair.ab.sent, packets);
    world.pair.settle();
    assert.equal(world.pair.ab.sent, packets + 1, 'five small messages share a packet');
  });
});

describe('webrtc-pc §6.2 Blobs', () => {
  test('a Blob keeps its place among the messages around it', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    here.send('1');
    here.send(new Blob(['blob ', 'one']));
    here.send('2');
    const message = new Uint8Array([3]);
    here.send(message);
    message.fill(0);
    here.send(new Blob([]));
    here.send('4');
    await world.run();
    assert.deepEqual(seen, ['1', `[${Buffer.from('blob one').join()}]`, '2', '[3]', '[]', '4']);
    assert.equal(here.bufferedAmount, 0);
  });

  test('its bytes count as buffered at once, with those behind it', async () => {
    const { world, here } = await openWorld();
    here.send(new Blob(['12345']));
    here.send('é');
    assert.equal(here.bufferedAmount, 7);
    await world.run();
    assert.equal(here.bufferedAmount, 0);
  });

  test('close waits for it', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    here.send(new Blob(['abc']));
    here.send('end');
    here.close();
    await world.run();
    assert.deepEqual(seen, ['[97,98,99]', 'end']);
    assert.equal(here.readyState, 'closed');
  });

  test('one that finds the queue full is sent when there is room', async () => {
    const { world, here, there } = await openWorld({}, { sctp: { sendQueueLimit: 10_000 } });
    const seen = received(there);
    for (let i = 0; i < 9; i++) here.send(new Uint8Array(1_000));
    here.send(new Blob([new Uint8Array(5_000)]));
    here.send('behind');
    await tasks();
    await world.run();
    assert.equal(seen.length, 11);
    assert.equal(seen.at(-1), 'behind');
  });

  test('one that can not be read drops what waits behind it and closes the channel with an error', async () => {
    const { world, here, there } = await openWorld();
    const seen = received(there);
    const events = eventsOf(here);
    const blob = new Blob(['x']);
    blob.arrayBuffer = () => Promise.reject(new Error('gone'));
    here.send('before');
    here.send(blob);
    here.send('behind');
    await world.run();
    assert.deepEqual(seen, ['before']);
    assert.deepEqual(events.slice(-2), ['error', 'close']);
    await assert.rejects(here.closed, { errorDetail: 'data-channel-failure' });
  });
});

describe('webrtc-pc §6.2 receiving', () => {
  test('binaryType uint8array gives a Uint8Array of its own memory, to listeners and to loops', async () => {
    const { world, here, there } = await openWorld();
    there.binaryType = 'uint8array';
    assert.equal(there.binaryType as string, 'uint8array');
    const seen: unknown[] = [];
    there.onmessage = ({ data }) => seen.push(data);
    const loop = there[Symbol.asyncIterator]();
    for (const message of [bytes(1, 2, 3), new ArrayBuffer(100_000), 'text'])
      here.send(message as ArrayBuffer);
    await world.run();
    const looped = [await loop.next(), await loop.next(), await loop.next()].map(({ value }) => value);
    assert.deepEqual(seen, [Uint8Array.of(1, 2, 3), new Uint8Array(100_000), 'text']);
    assert.deepEqual(looped, seen);
    const [first, second] = seen as Uint8Array[];
    assert.notEqual(first!.buffer, second!.buffer);
    assert.equal(first!.buffer.byteLength, 3);
  });

  test('binaryType chooses between ArrayBuffer and Blob', async () => {
    const { world, here, there } = await openWorld();
    const seen: unknown[] = [];
    there.onmessage = ({ data }) => seen.push(data);
    here.send(bytes(1, 2));
    await world.run();
    there.binaryType = 'blob';
    here.send(bytes(3, 4));
    here.send('text');
    await world.run();
    assert.ok(seen[0] instanceof ArrayBuffer);
    assert.equal(seen[0].byteLength, 2);
    assert.ok(seen[1] instanceof Blob);
    assert.deepEqual(new Uint8Array(await seen[1].arrayBuffer()), new Uint8Array([3, 4]));
    assert.equal(seen[2], 'text');
  });

  test('the event is a MessageEvent in all respects', async () => {
    const { world, here, there } = await openWorld();
    let event: MessageEvent | undefined;
    there.addEventListener('message', (message) => {
      event = message;
      assert.equal(message.target, there);
      assert.equal(message.currentTarget, there);
    });
    here.send('x');
    await world.run();
    assert.ok(event instanceof MessageEvent);
    assert.ok(event instanceof Event);
    assert.equal(event.type, 'message');
    assert.equal(event.data, 'x');
    assert.equal(event.origin, '');
    assert.equal(event.lastEventId, '');
    assert.equal(event.source, null);
    assert.deepEqual(event.ports, []);
    assert.equal(event.isTrusted || event.bubbles || event.cancelable, false);
  });

  test('after close nothing is received any more', async () => {
    const { world, here, there } = await openWorld({}, { wire: { delay: 50 } });
    const seen = received(there);
    here.send('too late');
    world.pair.settle();
    there.close();
    await world.run();
    assert.deepEqual(seen, []);
  });
});

describe('webrtc-pc §6.2 order of events', () => {
  test('the channel is open when it is announced; open follows, then the messages that came with it', async () => {
    const world = new World();
    const here = world.a.create('x');
    here.onopen = () => {
      here.send('1');
      here.send('2');
    };
    let seen: string[] = [];
    world.b.ondatachannel = (channel) => {
      seen.push(`datachannel ${channel.readyState}`);
      channel.send('from the handler');
      seen = eventsOf(channel);
    };
    const replies = received(here);
    world.connect();
    await world.run();
    assert.deepEqual(
      seen.filter((type) => type !== 'bufferedamountlow'),
      ['open', 'message 1', 'message 2'],
    );
    assert.deepEqual(replies, ['from the handler']);
  });

  test('who awaits the event before listening misses nothing', async () => {
    const world = new World();
    const here = world.a.create('x');
    here.onopen = () => {
      for (let i = 0; i < 4; i++) here.send(`${i}`);
    };
    const announced = new Promise<RTCDataChannel>((resolve) => {
      world.b.ondatachannel = resolve;
    });
    const seen: string[] = [];
    const reader = (async () => {
      const channel = await announced;
      await once(channel, 'open');
      for (let i = 0; i < 4; i++) {
        const [event] = await once(channel, 'message');
        seen.push(event.data);
      }
    })();
    world.connect();
    await world.run();
    await reader;
    assert.deepEqual(seen, ['0', '1', '2', '3']);
  });

  test('a listener that throws stops neither other listeners nor later messages', async () => {
    const { world, here, there } = await openWorld();
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => void thrown.push(error));
    const mine = new Error('mine');
    there.addEventListener(
      'message',
      () => {
        throw mine;
      },
      { once: true },
    );
    const seen = received(there);
    here.send('1');
    here.send('2');
    await world.run();
    process.setUncaughtExceptionCaptureCallback(null);
    assert.deepEqual(seen, ['1', '2']);
    assert.deepEqual(thrown, [mine]);
  });

  test('bufferedAmount grows with send and does not fall while the code runs', async () => {
    const { world, here } = await openWorld();
    here.send('12345');
    here.send('é');
    here.send('');
    assert.equal(here.bufferedAmount, 7);
    await Promise.resolve();
    assert.equal(here.bufferedAmount, 7);
    await world.run();
    assert.equal(here.bufferedAmount, 0);
  });

  test('events reach listeners of every kind, though none are made that nobody hears', async () => {
    const { world, here, there } = await openWorld();
    const seen: string[] = [];
    void once(here, 'bufferedamountlow').then(() => seen.push('low by once'));
    there.addEventListener('message', { handleEvent: () => seen.push('message by object') });
    here.send('one');
    await world.run();
    assert.deepEqual(seen.sort(), ['low by once', 'message by object']);
    here.onbufferedamountlow = () => seen.push('low by attribute');
    const read = there[Symbol.asyncIterator]().next();
    here.send('two');
    await world.run();
    assert.deepEqual(seen.slice(2).sort(), ['low by attribute', 'message by object']);
    assert.deepEqual(await read, { done: false, value: 'two' });
  });

  test('bufferedamountlow fires when the amount falls to the threshold, once per fall', async () => {
    const { world, here } = await openWorld({}, { wire: { delay: 20 } });
    const amounts: number[] = [];
    here.bufferedAmountLowThreshold = 100_000;
    here.onbufferedamountlow = () => amounts.push(here.bufferedAmount);
    here.send('x');
    await world.run();
    assert.deepEqual(amounts, [], 'it was never above');
    for (let i = 0; i < 10; i++) here.send(new Uint8Array(50_000));
    await world.run(5_000);
    assert.equal(amounts.length, 1);
    assert.ok(amounts[0]! <= 100_000);
    here.bufferedAmountLowThreshold = 0;
    here.send('x');
    await world.run();
    assert.deepEqual(amounts.slice(1), [0]);
  });
});
