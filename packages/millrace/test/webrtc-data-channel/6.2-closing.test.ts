import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RTCError, RTCErrorEvent } from '../../src/errors.ts';
import { eventsOf, openWorld, tasks, World } from './world.ts';

describe('webrtc-pc §6.2 closing', () => {
  test('close here: closing at once, close when the peer has followed; there: closing, then close', async () => {
    const { world, here, there } = await openWorld();
    const [atHere, atThere] = [eventsOf(here), eventsOf(there)];
    here.close();
    assert.equal(here.readyState, 'closing');
    await world.run();
    assert.equal(here.readyState, 'closed');
    assert.equal(there.readyState, 'closed');
    assert.deepEqual(atHere, ['close']);
    assert.deepEqual(atThere, ['closing', 'close']);
  });

  test('what was sent before close arrives before it', async () => {
    const { world, here, there } = await openWorld({}, { wire: { delay: 20, loss: 0.05 } });
    const seen = eventsOf(there);
    for (let i = 0; i < 200; i++) here.send(`${i}`.padEnd(3_000));
    here.close();
    await world.until(there.closed);
    assert.equal(seen.length, 202);
    assert.deepEqual(seen.slice(-2), ['closing', 'close']);
  });

  test('both at once: each sees only close', async () => {
    const { world, here, there } = await openWorld();
    const [atHere, atThere] = [eventsOf(here), eventsOf(there)];
    here.close();
    there.close();
    here.close();
    await world.run();
    assert.deepEqual([atHere, atThere], [['close'], ['close']]);
  });

  test('a channel that never opened closes without opening', async () => {
    const world = new World();
    const here = world.a.create();
    const seen = eventsOf(here);
    here.close();
    assert.equal(here.readyState, 'closing');
    world.connect();
    await world.run();
    assert.equal(here.readyState, 'closed');
    assert.deepEqual(seen, ['close']);
    assert.equal(world.b.incoming.length, 0);
  });

  test('close within the open event', async () => {
    const world = new World();
    const here = world.a.create();
    here.onopen = () => here.close();
    const seen = eventsOf(here);
    world.connect();
    await world.run();
    assert.deepEqual(seen, ['open', 'close']);
  });

  test('bufferedAmount is not reset by closing', async () => {
    const { world, here } = await openWorld();
    here.send('12345');
    world.a.channels.abandon({ by: 'local', code: 'SHUTDOWN' });
    world.a.drain(world.a.bridge);
    await tasks();
    assert.equal(here.readyState, 'closed');
    assert.equal(here.bufferedAmount, 5);
  });
});

describe('webrtc-pc §6.2 the connection ends', () => {
  test('closed from here: close, and no error', async () => {
    const { world, here } = await openWorld();
    const seen = eventsOf(here);
    world.a.association.abort(undefined, world.pair.now);
    await world.run();
    assert.deepEqual(seen, ['close']);
    await here.closed;
  });

  test('aborted by the peer: an RTCError with its cause, then close', async () => {
    const { world, here, there } = await openWorld();
    const seen = eventsOf(there);
    let event: RTCErrorEvent | undefined;
    there.onerror = (error) => {
      event = error;
      assert.equal(there.readyState, 'closed');
    };
    const closed = assert.rejects(there.closed, { errorDetail: 'sctp-failure' });
    world.a.association.abort('done', world.pair.now);
    await world.run();
    assert.deepEqual(seen, ['error', 'close']);
    assert.ok(event instanceof RTCErrorEvent);
    assert.ok(event.error instanceof RTCError);
    assert.ok(event.error instanceof DOMException);
    assert.equal(event.error.name, 'OperationError');
    assert.equal(event.error.errorDetail, 'sctp-failure');
    assert.equal(event.error.sctpCauseCode, 12);
    assert.equal(event.error.sdpLineNumber, null);
    await closed;
    assert.equal(here.readyState, 'closed');
  });

  test('lost: an RTCError without a cause', async () => {
    const { world, here } = await openWorld();
    world.a.channels.abandon({ by: 'timeout', code: 'PEER_UNREACHABLE' });
    world.a.drain(world.a.bridge);
    await assert.rejects(here.closed, { errorDetail: 'sctp-failure', sctpCauseCode: null });
  });

  test('shut down in good order by the peer: close, and no error', async () => {
    const { world, here, there } = await openWorld();
    const seen = eventsOf(there);
    here.send('last');
    world.a.association.shutdown(world.pair.now);
    await world.run(5_000);
    assert.deepEqual(seen, ['message last', 'close']);
  });

  test('a peer that sends too long a message: data-channel-failure, on that channel only', async () => {
    const { world, here, there } = await openWorld({}, { sctp: { maxMessageSize: 1_000 } });
    const other = world.a.create('other');
    await world.run();
    const seen = eventsOf(there);
    here.send(new Uint8Array(1_001));
    await world.run();
    assert.deepEqual(seen, ['error', 'close']);
    await assert.rejects(there.closed, { errorDetail: 'data-channel-failure' });
    assert.equal(other.readyState, 'open');
  });
});
