import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CloseReason } from '@millrace/datachannel';
import { NEVER } from '@millrace/sans-io';
import { growth } from '@millrace/sans-io/testing';
import { connectedPair, openPair, settle, unconnectedPair } from '../channel-pair.ts';
import { codeOf } from '../code-of.ts';

describe('RFC 8831 §6.7 closing a channel', () => {
  test('each side resets its stream, and then both are closed', () => {
    // A: RESET ->, B: <- RESET
    const { a, b, here, there } = openPair();
    a.close(here);
    assert.equal(here.state, 'closing');
    settle({ a, b });
    assert.deepEqual(a.association.resets, [0]);
    assert.deepEqual(b.association.resets, [0]);
    assert.deepEqual(a.seen.take(), ['closed x local CLOSED']);
    assert.deepEqual(b.seen.take(), ['closing x', 'closed x remote CLOSED']);
    assert.equal(here.state, 'closed');
    assert.equal(there.state, 'closed');
    assert.equal(a.channels.size + b.channels.size, 0);
  });

  test('what was queued before close arrives before it', () => {
    const { a, b, here } = openPair();
    for (let i = 0; i < 3; i++) a.send(here, `${i}`);
    a.close(here);
    settle({ a, b });
    assert.deepEqual(b.seen.take(), [
      'message x 0',
      'message x 1',
      'message x 2',
      'closing x',
      'closed x remote CLOSED',
    ]);
  });

  test('both sides may close at once', () => {
    const { a, b, here, there } = openPair();
    a.close(here);
    b.close(there);
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['closed x local CLOSED']);
    assert.deepEqual(b.seen.take(), ['closed x local CLOSED']);
    assert.deepEqual(a.association.resets, [0]);
  });

  test('closing twice is closing once', () => {
    const { a, b, here } = openPair();
    a.close(here);
    a.close(here);
    settle({ a, b });
    a.close(here);
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['closed x local CLOSED']);
    assert.deepEqual(a.association.resets, [0]);
  });

  test('a channel that has not opened is closed by drain, and its id is free', () => {
    const pair = unconnectedPair();
    const here = pair.a.open({ label: 'x' });
    pair.a.close(here);
    assert.equal(here.state, 'closed');
    assert.deepEqual(pair.a.seen.take(), []);
    pair.a.drain();
    assert.deepEqual(pair.a.seen.take(), ['closed x local CLOSED']);
    assert.equal(pair.a.open().id, 0);
  });

  test('an id is used again only when both directions have been reset', () => {
    const { a, b, here } = openPair();
    a.close(here);
    a.drain();
    a.association.deliver(); // our reset is on its way and done; the peer's is not
    a.drain();
    assert.equal(a.open({ label: 'next' }).id, 2);
    settle({ a, b });
    assert.equal(a.open({ label: 'again' }).id, 0);
    settle({ a, b });
    assert.deepEqual(
      b.seen.channels.map(({ label, id }) => `${label} ${id}`),
      ['x 0', 'next 2', 'again 0'],
    );
  });

  test('an id that the peer uses again proves that our reset is done, told or not', () => {
    const { a, b, here, there } = openPair();
    b.close(there);
    b.drain();
    b.association.deliver();
    a.drain(); // the peer's reset has come, ours is queued
    assert.equal(here.state, 'closing');
    const open = b.association.sent.length;
    a.association.hear(0, 50, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x79));
    a.drain();
    assert.deepEqual(a.seen.take(), ['closing x', 'closed x remote CLOSED', 'channel y', 'open y']);
    a.association.say((sink) => sink.onResetDone([0])); // told late
    a.drain();
    assert.equal(a.seen.channels[0]?.state, 'open');
    assert.equal(b.association.sent.length, open);
  });

  test('messages on a stream that the peer has reset are dropped', () => {
    const { a, b, there } = openPair();
    b.close(there);
    b.drain();
    b.association.deliver();
    a.association.hear(0, 51, Uint8Array.of(65));
    a.drain();
    assert.equal(a.channels.drops.counts['closing-stream'], 1);
    assert.deepEqual(a.seen.messages, []);
  });

  test('messages that come while only we are closing are told', () => {
    const { a, b, here, there } = openPair();
    b.send(there, 'late');
    a.close(here);
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['message x late', 'closed x local CLOSED']);
  });

  test('a peer that can not reset streams leaves the channel closed and its id unused', () => {
    const { a, b, here } = openPair();
    a.association.canReset = false;
    a.close(here);
    a.drain();
    assert.deepEqual(a.seen.take(), ['closed x local CLOSED']);
    assert.equal(a.open().id, 2);
    settle({ a, b });
  });

  test('so does a peer that refuses to', () => {
    const { a, here } = openPair();
    a.close(here);
    a.association.say((sink) => sink.onResetFailed([0]));
    a.drain();
    assert.deepEqual(a.seen.take(), ['closed x local CLOSED']);
    a.association.hear(0, 51, Uint8Array.of(65));
    a.drain();
    assert.equal(a.channels.drops.counts['closing-stream'], 1);
  });

  test('a channel that only one side has made is closed all the same', () => {
    const { a, b } = connectedPair();
    const here = a.open({ label: 'alone', negotiated: true, id: 5 });
    a.drain();
    a.close(here);
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['open alone', 'closed alone local CLOSED']);
    assert.equal(b.open({ negotiated: true, id: 5 }).id, 5);
  });

  test('a stray reset is answered once, not for ever', () => {
    const { a, b } = connectedPair();
    a.association.say((sink) => sink.onStreamsReset([5]));
    settle({ a, b });
    a.association.say((sink) => sink.onStreamsReset([5]));
    settle({ a, b });
    assert.deepEqual(a.association.resets, [5]);
    assert.deepEqual(b.association.resets, [5]);
  });

  test('resets of streams that nobody uses say nothing', () => {
    const { a } = connectedPair();
    a.association.say((sink) => {
      sink.onStreamsReset([4, 5]);
      sink.onResetDone([4]);
      sink.onResetFailed([5]);
    });
    a.drain();
    assert.deepEqual(a.seen.take(), []);
  });
});

describe('RFC 8831 §6.7 the association ends', () => {
  const aborted: CloseReason = { by: 'remote', code: 'ABORTED', cause: { code: 12, text: 'bye' } };

  test('every channel is closed, open or not, with the reason', () => {
    const { a, here } = openPair();
    const waiting = a.open({ label: 'w' });
    a.association.closed(aborted);
    a.drain();
    assert.deepEqual(a.seen.take(), [
      'closed x remote ASSOCIATION_CLOSED',
      'closed w remote ASSOCIATION_CLOSED',
      'association ABORTED',
    ]);
    assert.deepEqual(a.seen.reasons[0], { by: 'remote', code: 'ASSOCIATION_CLOSED', association: aborted });
    assert.equal(here.state, 'closed');
    assert.equal(waiting.state, 'closed');
    assert.equal(
      codeOf(() => a.open()),
      'CLOSED',
    );
    assert.equal(
      codeOf(() => a.send(here, 'x')),
      'NOT_OPEN',
    );
  });

  test('what came before the end is told before it', () => {
    const { a, b, here } = openPair();
    a.send(here, 'last');
    a.association.deliver();
    b.association.closed(aborted);
    b.drain();
    assert.deepEqual(b.seen.take().slice(0, 2), ['message x last', 'closed x remote ASSOCIATION_CLOSED']);
  });

  test('a channel that was closing has lost what it had queued, so it fails', () => {
    const { a, here } = openPair();
    a.send(here, 'queued');
    a.close(here);
    a.association.closed(aborted);
    a.drain();
    assert.deepEqual(a.seen.take()[0], 'closed x remote ASSOCIATION_CLOSED');
  });

  test('one that the peer has closed, and all of whose messages have come, is closed', () => {
    const { a, b, there } = openPair();
    b.close(there);
    b.drain();
    b.association.deliver();
    a.association.closed(aborted);
    a.drain();
    assert.deepEqual(a.seen.take().slice(0, 2), ['closing x', 'closed x remote CLOSED']);
  });

  test('abandon ends the channels without the association, once', () => {
    const { a, b, here } = openPair();
    a.channels.abandon({ by: 'timeout', code: 'PEER_UNREACHABLE' });
    a.channels.abandon({ by: 'local', code: 'SHUTDOWN' });
    assert.equal(here.state, 'closed');
    a.association.hear(0, 51, Uint8Array.of(65));
    a.drain();
    assert.deepEqual(a.seen.take(), ['closed x timeout ASSOCIATION_CLOSED']);
    assert.equal(
      codeOf(() => a.open()),
      'CLOSED',
    );
    assert.deepEqual(b.seen.take(), []);
  });

  test('a restart of the peer closes its channels; new ones open on the association that is there', () => {
    const { a, b } = openPair();
    a.association.say((sink) => sink.onRestarted?.());
    a.drain();
    assert.deepEqual(a.seen.take(), ['closed x remote RESTARTED']);
    assert.equal(a.open({ label: 'new' }).id, 0);
    a.drain();
    assert.deepEqual(a.seen.take(), ['open new']);
    assert.equal(b.channels.size, 1);
  });
});

describe('RFC 8831 §6.7 a peer that does not do its part', () => {
  test('closeTimeout: the channel is closed though the peer never resets its stream', () => {
    const { a, here } = openPair({}, { closeTimeout: 1_000 });
    a.now = 100;
    a.close(here);
    // Our side is reset; the peer's never is.
    a.association.say((sink) => sink.onResetDone([0]));
    a.drain();
    assert.equal(a.channels.deadline(), 1_100);
    a.now = 1_100;
    a.drain();
    assert.equal(here.state, 'closing', 'it is given as long again once everything has left');
    a.now = 2_100;
    a.drain();
    assert.deepEqual(a.seen.take(), ['closed x timeout CLOSE_TIMEOUT']);
    assert.deepEqual([here.state, a.channels.size, a.channels.deadline()], ['closed', 0, NEVER]);
  });

  test('nor does it wait for an answer to our reset', () => {
    const { a, b, here, there } = openPair({}, { closeTimeout: 1_000 });
    a.close(here);
    b.close(there); // which a never hears of
    for (a.now = 0; a.now <= 2_000; a.now += 1_000) a.drain();
    assert.equal(here.state, 'closed');
  });

  test('its id stays taken, until the peer has reset its stream after all', () => {
    const { a, here } = openPair({}, { closeTimeout: 1_000 });
    a.close(here);
    for (; a.now <= 2_000; a.now += 1_000) a.drain();
    assert.equal(a.open().id, 2);
    a.association.say((sink) => sink.onResetDone([0]));
    a.association.say((sink) => sink.onStreamsReset([0]));
    a.drain();
    assert.equal(a.open().id, 0);
    assert.deepEqual(a.association.resets, [0]);
  });

  test('what is queued may take as long as it takes', () => {
    const { a, b, here } = openPair({}, { closeTimeout: 1_000 });
    a.send(here, new Uint8Array(1_000));
    a.close(here);
    for (; a.now < 60_000; a.now += 500) a.drain();
    assert.equal(here.state, 'closing');
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['closed x local CLOSED']);
    assert.equal(a.channels.deadline(), NEVER);
  });

  test('a channel that the peer closes is not waited for either', () => {
    const { a, there, b } = openPair({}, { closeTimeout: 1_000 });
    b.association.say((sink) => sink.onStreamsReset([0]));
    b.drain();
    for (; b.now <= 2_000; b.now += 1_000) b.drain();
    assert.equal(there.state, 'closed');
    assert.deepEqual(b.seen.take(), ['closing x', 'closed x timeout CLOSE_TIMEOUT']);
    assert.equal(a.channels.size, 1);
  });
});

describe('RFC 8831 §6.7 many channels', () => {
  const cpuTime = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  /** What is quadratic costs sixty-four times as much for 20,000 as for an eighth of them. */
  const assertInProportion = (work: (channels: number) => void): void => {
    const prepare = (count: number) => () => work(count);
    const ratio = growth({ clock: cpuTime, count: 2_500, times: 8, prepare, most: 24 });
    assert.ok(ratio <= 24, `eight times as many cost ${ratio.toFixed(1)} times as much`);
  };

  test('to open and close twenty thousand costs each no more than to open and close a few', () => {
    assertInProportion((most) => {
      const pair = connectedPair({ maxRemoteChannels: most });
      for (let round = 0; round < 2; round++) {
        const channels = Array.from({ length: most }, () => pair.a.open());
        settle(pair);
        assert.equal(pair.b.channels.size, most);
        for (const channel of channels) pair.a.close(channel);
        settle(pair);
        assert.deepEqual([pair.a.channels.size, pair.b.channels.size], [0, 0]);
        assert.equal(channels.at(-1)?.id, (most - 1) * 2, 'ids are used again');
      }
    });
  });

  test('nor does it to close twenty thousand that have not opened', () => {
    assertInProportion((most) => {
      const { a } = unconnectedPair();
      const channels = Array.from({ length: most }, () => a.open());
      for (const channel of channels) a.close(channel);
      a.drain();
      assert.equal(a.seen.reasons.length, most);
      assert.equal(a.open().id, 0);
    });
  });
});
