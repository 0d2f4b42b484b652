import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RTCDataChannel } from '../../src/data-channel/rtc-data-channel.ts';
import { openWorld, tasks, World } from './world.ts';

const KIB = 1_024;

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await tasks();
  return settled;
}

async function collect(channel: RTCDataChannel, into: unknown[]): Promise<void> {
  for await (const message of channel) into.push(message);
}

describe('millrace: ready', () => {
  test('it waits for the channel to open', async () => {
    const world = new World();
    const here = world.a.create();
    const { ready } = here;
    assert.equal(await isSettled(ready), false);
    world.connect();
    await world.until(ready);
    assert.equal(here.readyState, 'open');
  });

  test('it resolves at once while there is room, and waits above highWaterMark', async () => {
    const { world, here } = await openWorld({}, { wire: { delay: 20 } });
    here.highWaterMark = 100 * KIB;
    here.send(new Uint8Array(100 * KIB));
    assert.equal(await isSettled(here.ready), true);
    here.send(new Uint8Array(1));
    const { ready } = here;
    assert.equal(here.ready, ready, 'who waits, waits for the same');
    assert.equal(await isSettled(ready), false);
    await world.until(ready);
    assert.ok(here.bufferedAmount <= 100 * KIB);
  });

  test('awaited before each send it bounds what is buffered, and everything arrives', async () => {
    const { world, here, there } = await openWorld({}, { wire: { delay: 10, rate: 5_000 } });
    here.highWaterMark = 64 * KIB;
    let most = 0;
    let got = 0;
    there.onmessage = ({ data }) => (got += data.byteLength);
    const sending = (async () => {
      for (let i = 0; i < 200; i++) {
        await here.ready;
        here.send(new Uint8Array(16 * KIB));
        most = Math.max(most, here.bufferedAmount);
      }
      here.close();
      await here.closed;
    })();
    await world.until(sending);
    assert.equal(got, 200 * 16 * KIB);
    assert.ok(most <= (64 + 16) * KIB, `${most}`);
  });

  test('channels that share a full queue are ready only when it has room', async () => {
    const { world, here } = await openWorld({}, { wire: { delay: 20 }, sctp: { sendQueueLimit: 200 * KIB } });
    const other = world.a.create('other');
    await world.run();
    for (let i = 0; i < 3; i++) here.send(new Uint8Array(64 * KIB));
    assert.equal(other.bufferedAmount, 0);
    const { ready } = other;
    assert.equal(await isSettled(ready), false);
    await world.until(ready);
    other.send(new Uint8Array(64 * KIB));
  });

  test('it rejects when the channel closes, and when it is closed', async () => {
    const world = new World();
    const here = world.a.create();
    const waiting = assert.rejects(here.ready, { name: 'InvalidStateError' });
    here.close();
    await waiting;
    await assert.rejects(here.ready, { name: 'InvalidStateError' });
  });

  test('it rejects with the error of a failure', async () => {
    const { world, here } = await openWorld();
    here.highWaterMark = 0;
    here.send('x');
    const waiting = assert.rejects(here.ready, { errorDetail: 'sctp-failure' });
    world.a.channels.abandon({ by: 'timeout', code: 'PEER_UNREACHABLE' });
    world.a.drain(world.a.bridge);
    await waiting;
  });

  test('a promise that nobody handles takes no process down', async () => {
    const { world, here } = await openWorld();
    here.highWaterMark = 0;
    here.send('x');
    void here.ready;
    void here.closed;
    world.a.channels.abandon({ by: 'timeout', code: 'PEER_UNREACHABLE' });
    world.a.drain(world.a.bridge);
    await tasks();
    void here.ready;
    await tasks();
  });

  test('a raised highWaterMark lets who waits go on; a negative one is a RangeError', async () => {
    const { here } = await openWorld();
    here.highWaterMark = 10;
    here.send('more than ten bytes');
    const { ready } = here;
    assert.equal(await isSettled(ready), false);
    here.highWaterMark = 100;
    assert.equal(await isSettled(ready), true);
    assert.throws(() => (here.highWaterMark = -1), RangeError);
    assert.throws(() => (here.highWaterMark = Number.NaN), RangeError);
  });
});

describe('millrace: closed and await using', () => {
  test('closed resolves on both sides once everything has arrived', async () => {
    const { world, here, there } = await openWorld({}, { wire: { delay: 20 } });
    const got: unknown[] = [];
    there.onmessage = ({ data }) => got.push(data);
    for (let i = 0; i < 50; i++) here.send(new Uint8Array(10_000));
    here.close();
    await world.until(here.closed);
    assert.equal(got.length, 50);
    await world.until(there.closed);
    await there.closed;
  });

  test('await using closes and waits', async () => {
    const { world, here, there } = await openWorld();
    const got: unknown[] = [];
    there.onmessage = ({ data }) => got.push(data);
    await world.until(
      (async () => {
        await using channel = here;
        channel.send('bye');
      })(),
    );
    assert.equal(here.readyState, 'closed');
    assert.deepEqual(got, ['bye']);
  });
});

describe('millrace: for await', () => {
  test('messages come in order and the loop ends when the channel closes', async () => {
    const { world, here, there } = await openWorld();
    const got: unknown[] = [];
    const reading = collect(there, got);
    for (let i = 0; i < 5; i++) here.send(`${i}`);
    here.send(new Uint8Array([1]));
    here.close();
    await world.until(reading);
    assert.deepEqual(got, ['0', '1', '2', '3', '4', new Uint8Array([1]).buffer]);
  });

  test('messages wait for a loop that is slow', async () => {
    const { world, here, there } = await openWorld();
    const messages = there[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) here.send(`${i}`);
    here.close();
    await world.run();
    assert.equal(there.readyState, 'closed');
    const got: unknown[] = [];
    for await (const message of messages) got.push(message);
    assert.deepEqual(got, ['0', '1', '2']);
  });

  test('leaving the loop leaves the channel open', async () => {
    const { world, here, there } = await openWorld();
    const reading = (async () => {
      for await (const message of there) return message;
    })();
    here.send('first');
    await world.until(reading);
    assert.equal(there.readyState, 'open');
    const next = there[Symbol.asyncIterator]();
    here.send('second');
    await world.run();
    assert.deepEqual(await next.next(), { done: false, value: 'second' });
  });

  test('several loops and listeners each get every message', async () => {
    const { world, here, there } = await openWorld();
    const got: unknown[][] = [[], [], []];
    const reading = [collect(there, got[0]!), collect(there, got[1]!)];
    there.onmessage = ({ data }) => got[2]!.push(data);
    here.send('x');
    here.close();
    await world.until(Promise.all(reading));
    assert.deepEqual(got, [['x'], ['x'], ['x']]);
  });

  test('a failure is thrown behind the last message', async () => {
    const { world, here, there } = await openWorld();
    const got: unknown[] = [];
    const reading = assert.rejects(collect(there, got), { errorDetail: 'sctp-failure' });
    here.send('last');
    await world.run();
    world.a.association.abort(undefined, world.pair.now);
    await world.until(reading);
    assert.deepEqual(got, ['last']);
  });

  test('on a closed channel it is over at once', async () => {
    const { world, here } = await openWorld();
    here.close();
    await world.run();
    const got: unknown[] = [];
    await collect(here, got);
    assert.deepEqual(got, []);
  });

  test('several calls of next wait in line', async () => {
    const { world, here, there } = await openWorld();
    const messages = there[Symbol.asyncIterator]();
    const waiting = Promise.all([messages.next(), messages.next(), messages.next()]);
    here.send('1');
    here.send('2');
    here.close();
    assert.deepEqual(await world.until(waiting), [
      { done: false, value: '1' },
      { done: false, value: '2' },
      { done: true, value: undefined },
    ]);
  });
});

describe('millrace: readable and writable', () => {
  test('a stream piped in comes out on the other side and closes the channel', async () => {
    const { world, here, there } = await openWorld({}, { wire: { delay: 5 } });
    here.highWaterMark = 32 * KIB;
    const chunks = Array.from({ length: 40 }, (_, i) => new Uint8Array(8 * KIB).fill(i));
    const got: Uint8Array[] = [];
    const reading = there.readable.pipeTo(
      new WritableStream({ write: (chunk) => void got.push(chunk as Uint8Array) }),
    );
    const writing = ReadableStream.from(chunks).pipeTo(here.writable);
    await world.until(Promise.all([reading, writing]));
    assert.deepEqual(got, chunks);
    assert.equal(here.readyState, 'closed');
  });

  test('writing waits above highWaterMark', async () => {
    const { world, here } = await openWorld({}, { wire: { delay: 20 } });
    here.highWaterMark = 10 * KIB;
    const writer = here.writable.getWriter();
    await writer.write(new Uint8Array(20 * KIB));
    const second = writer.write('more');
    assert.equal(await isSettled(second), false);
    await world.until(second);
  });

  test('both are made once', async () => {
    const { here } = await openWorld();
    assert.equal(here.readable, here.readable);
    assert.equal(here.writable, here.writable);
  });

  test('a channel that closes under the writable errors it', async () => {
    const { world, here, there } = await openWorld();
    const writer = here.writable.getWriter();
    const closed = assert.rejects(writer.closed, { name: 'InvalidStateError' });
    there.close();
    await world.until(closed);
    await assert.rejects(writer.write('x'));
  });

  test('a failure of the connection errors both', async () => {
    const { world, here } = await openWorld();
    const reader = here.readable.getReader();
    const reading = assert.rejects(reader.read(), { errorDetail: 'sctp-failure' });
    const writer = here.writable.getWriter();
    const writing = assert.rejects(writer.closed, { errorDetail: 'sctp-failure' });
    world.b.association.abort(undefined, world.pair.now);
    await world.until(Promise.all([reading, writing]));
  });

  test('cancelling the readable leaves the channel open, aborting the writable closes it', async () => {
    const { world, here } = await openWorld();
    await here.readable.cancel();
    assert.equal(here.readyState, 'open');
    await here.writable.abort();
    assert.equal(here.readyState, 'closing');
    await world.run();
    assert.equal(here.readyState, 'closed');
  });

  test('bytes are Uint8Arrays whatever binaryType says', async () => {
    const { world, here, there } = await openWorld();
    there.binaryType = 'blob';
    const reader = there.readable.getReader();
    here.send(new Uint8Array([1, 2]));
    here.send('text');
    await world.run();
    assert.deepEqual((await reader.read()).value, new Uint8Array([1, 2]));
    assert.equal((await reader.read()).value, 'text');
  });
});
