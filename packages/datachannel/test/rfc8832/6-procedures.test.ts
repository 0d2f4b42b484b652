import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Channel, DataChannels, type Open, writeOpen } from '@millrace/datachannel';
import {
  ChannelRecorder,
  connect,
  connectedPair,
  openPair,
  settle,
  unconnectedPair,
} from '../channel-pair.ts';
import { codeOf } from '../code-of.ts';
import { FakeAssociation } from '../fake-association.ts';

const OPEN: Open = {
  label: 'o',
  protocol: '',
  ordered: true,
  maxRetransmits: undefined,
  maxPacketLifeTime: undefined,
  priority: 256,
};
const ids = (channels: readonly Channel[]): Array<number | undefined> => channels.map(({ id }) => id);

describe('RFC 8832 §6 opening a channel', () => {
  test('the DTLS client takes even ids, the server odd ones, the lowest that is free', () => {
    const { a, b } = connectedPair();
    assert.deepEqual(ids([a.open(), a.open(), a.open()]), [0, 2, 4]);
    assert.deepEqual(ids([b.open(), b.open()]), [1, 3]);
  });

  test('OPEN and ACK cross and both sides have the channel', () => {
    // A: OPEN ->, <- ACK
    const { a, b } = connectedPair();
    const here = a.open({ label: 'chat', protocol: 'p', ordered: false, maxRetransmits: 2, priority: 512 });
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['open chat']);
    assert.deepEqual(b.seen.take(), ['channel chat', 'open chat']);
    const there = b.seen.channels[0]!;
    for (const field of [
      'label',
      'protocol',
      'ordered',
      'maxRetransmits',
      'maxPacketLifeTime',
      'priority',
      'id',
    ] as const)
      assert.equal(there[field], here[field], field);
    assert.equal(there.negotiated, false);
    assert.deepEqual(
      b.association.sent.map(({ stream, ppid, bytes }) => [stream, ppid, [...bytes]]),
      [[0, 50, [2]]],
    );
  });

  test('DCEP messages are sent reliable and ordered, whatever the channel is', () => {
    const { a, b } = openPair({ ordered: false, maxPacketLifeTime: 1 });
    assert.deepEqual(a.association.sent[0]?.options, { ordered: true });
    assert.deepEqual(b.association.sent[0]?.options, { ordered: true });
  });

  test('a channel opened before the association is there waits for it', () => {
    const pair = unconnectedPair();
    const { a, b } = pair;
    const here = a.open({ label: 'early' });
    settle(pair);
    assert.equal(here.state, 'connecting');
    assert.equal(a.association.sent.length, 0);
    a.association.connected();
    b.association.connected();
    settle(pair);
    assert.deepEqual(a.seen.take(), ['connected', 'open early']);
    assert.deepEqual(b.seen.take(), ['connected', 'channel early', 'open early']);
  });

  test('before the DTLS role is known channels have no id; then they get theirs, past negotiated ones', () => {
    const association = new FakeAssociation();
    const channels = new DataChannels();
    const seen = new ChannelRecorder();
    const first = channels.open({ label: '1' }, 0);
    channels.open({ label: 'n', negotiated: true, id: 1 }, 0);
    const second = channels.open({ label: '2' }, 0);
    assert.deepEqual(ids([first, second]), [undefined, undefined]);
    channels.setRole('server');
    assert.deepEqual(ids([first, second]), [3, 5]);
    channels.setRole('server');
    assert.equal(
      codeOf(() => channels.setRole('client')),
      'ROLE_CHANGED',
    );
    channels.attach(association);
    association.connected();
    channels.drain(seen, 0);
    assert.deepEqual(seen.take(), ['connected', 'open 1', 'open n', 'open 2']);
    assert.deepEqual(
      association.sent.map(({ stream }) => stream),
      [3, 5],
    );
  });

  test('a negotiated channel opens without a word', () => {
    const { a, b } = connectedPair();
    const here = a.open({ label: 'n', negotiated: true, id: 7 });
    b.open({ label: 'n', negotiated: true, id: 7 });
    settle({ a, b });
    assert.deepEqual(a.seen.take(), ['open n']);
    assert.equal(a.association.sent.length, 0);
    a.send(here, 'hi');
    settle({ a, b });
    assert.deepEqual(b.seen.take(), ['open n', 'message n hi']);
  });

  test('user data may follow the OPEN at once, ordered until the peer has been heard', () => {
    const { a, b } = connectedPair();
    const here = a.open({ label: 'u', ordered: false, maxRetransmits: 1 });
    a.drain();
    a.send(here, 'before');
    assert.deepEqual(a.association.sent[1]?.options, { ordered: true, maxRetransmits: 1 });
    settle({ a, b });
    a.send(here, 'after');
    assert.deepEqual(a.association.sent[2]?.options, { ordered: false, maxRetransmits: 1 });
  });

  test('a message of the peer says as much as its ACK', () => {
    const { a } = connectedPair();
    const here = a.open({ ordered: false });
    a.drain();
    a.association.hear(0, 51, new TextEncoder().encode('hello'));
    a.drain();
    a.send(here, 'x');
    assert.equal(a.association.sent[1]?.options.ordered, false);
  });

  test('who was opened to sends unordered from the start', () => {
    const { b, there } = openPair({ ordered: false });
    b.send(there, 'x');
    assert.equal(b.association.sent.at(-1)?.options.ordered, false);
  });

  test('negotiated unordered channels are unordered from the start', () => {
    const { a } = connectedPair();
    const here = a.open({ negotiated: true, id: 5, ordered: false });
    a.drain();
    a.send(here, 'x');
    assert.equal(a.association.sent.at(-1)?.options.ordered, false);
  });
});

describe('RFC 8832 §6 what is wrong with an OPEN', () => {
  test('one that is malformed has its stream reset and no ACK', () => {
    const { a, b } = connectedPair();
    a.association.hear(1, 50, Uint8Array.of(3, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    a.association.hear(3, 50, Uint8Array.of(0xff));
    settle({ a, b });
    assert.equal(a.channels.drops.counts['malformed-dcep'], 2);
    assert.deepEqual(a.association.resets, [1, 3]);
    assert.deepEqual(a.association.sent, []);
    assert.deepEqual(a.seen.take(), []);
  });

  test('one on a stream that has a channel closes that channel', () => {
    const { a, b, here } = openPair();
    b.association.say(() => {});
    a.association.hear(0, 50, writeOpen(OPEN));
    settle({ a, b });
    assert.equal(a.channels.drops.counts['open-on-used-stream'], 1);
    assert.deepEqual(a.association.resets, [0]);
    assert.equal(here.state, 'closed');
    assert.deepEqual(a.seen.take(), ['closed x remote PROTOCOL_VIOLATION']);
  });

  test('one on id 65535 is refused', () => {
    const { a } = connectedPair();
    a.association.maxOutboundStreams = 65_536;
    a.association.hear(65_535, 50, writeOpen(OPEN));
    a.association.hear(65_534, 50, writeOpen(OPEN));
    a.drain();
    assert.equal(a.channels.drops.counts['refused-open'], 1);
    assert.deepEqual(a.association.resets, [65_535]);
    assert.equal(a.seen.channels.length, 1);
  });

  test('Deviation: one of the wrong parity is taken while the stream is free, and our own ids step around it', () => {
    const { a } = connectedPair();
    a.association.hear(0, 50, writeOpen(OPEN));
    a.drain();
    assert.equal(a.seen.channels[0]?.id, 0);
    assert.equal(a.open().id, 2);
  });

  test('an ACK that nothing waits for is counted', () => {
    const { a, b } = openPair();
    for (const stream of [0, 9]) b.association.hear(stream, 50, Uint8Array.of(2));
    b.drain();
    assert.equal(b.channels.drops.counts['unexpected-ack'], 2);
    assert.deepEqual(a.seen.take(), []);
  });
});

describe('RFC 8832 §6 limits', () => {
  test('maxChannels channels of the peer are taken, one more is refused', () => {
    const { a } = connectedPair({ maxChannels: 3 });
    for (const stream of [1, 3, 5, 7]) a.association.hear(stream, 50, writeOpen(OPEN));
    a.drain();
    assert.equal(a.seen.channels.length, 3);
    assert.equal(a.channels.drops.counts['refused-open'], 1);
    assert.deepEqual(a.association.resets, [7]);
    assert.equal(
      codeOf(() => a.open()),
      'TOO_MANY_CHANNELS',
    );
  });

  test('maxRemoteChannels channels of the peer are taken, one more is refused, and our own do not count', () => {
    const { a, b } = connectedPair({ maxRemoteChannels: 3 });
    a.open();
    for (const stream of [1, 3, 5, 7]) a.association.hear(stream, 50, writeOpen(OPEN));
    a.drain();
    assert.equal(a.seen.channels.length, 3);
    assert.equal(a.channels.drops.counts['refused-open'], 1);
    assert.deepEqual(a.association.resets, [7]);
    a.close(a.seen.channels[0]!);
    a.association.say((sink) => sink.onResetDone([1]));
    a.association.say((sink) => sink.onStreamsReset([1]));
    a.association.hear(9, 50, writeOpen(OPEN));
    a.drain();
    assert.equal(a.seen.channels.length, 4);
    assert.equal(b.channels.size, 0);
  });

  test('maxRemoteNameBytes of labels are taken, one more is refused, and a closed channel gives its back', () => {
    const { a, b } = connectedPair({ maxRemoteNameBytes: 10 });
    const first = b.open({ label: '123456', protocol: '7890' });
    settle({ a, b });
    assert.equal(a.seen.channels.length, 1);
    b.open({ label: 'x' });
    settle({ a, b });
    assert.equal(a.channels.drops.counts['refused-open'], 1);
    b.close(first);
    settle({ a, b });
    b.open({ label: 'y' });
    settle({ a, b });
    assert.equal(a.seen.channels.at(-1)?.label, 'y');
  });

  test('every id of one side, and no more: NO_FREE_ID', () => {
    const channels = new DataChannels({ dtlsRole: 'client' });
    for (let id = 0; id <= 65_534; id += 2) assert.equal(channels.open({}, 0).id, id);
    assert.equal(
      codeOf(() => channels.open({}, 0)),
      'NO_FREE_ID',
    );
    const server = new DataChannels({ dtlsRole: 'server' });
    for (let id = 1; id <= 65_533; id += 2) server.open({}, 0);
    assert.equal(
      codeOf(() => server.open({}, 0)),
      'NO_FREE_ID',
    );
  });

  test('a channel for which the role leaves no id is closed by drain', () => {
    const channels = new DataChannels();
    const seen = new ChannelRecorder();
    const opened = Array.from({ length: 32_768 }, (_, i) => channels.open({ label: `${i}` }, 0));
    channels.setRole('server');
    channels.drain(seen, 0);
    assert.deepEqual(seen.take(), ['closed 32767 local NO_FREE_ID']);
    assert.equal(opened[32_766]?.id, 65_533);
  });

  test('channels beyond the streams that the handshake settled are closed', () => {
    const pair = unconnectedPair();
    const { a } = pair;
    a.open({ label: 'low' });
    a.open({ label: 'high', negotiated: true, id: 2 });
    a.association.maxInboundStreams = 2;
    connect(pair);
    assert.equal(a.channels.size, 1);
    assert.deepEqual(a.seen.reasons, [{ by: 'local', code: 'NO_FREE_ID' }]);
    assert.equal(
      codeOf(() => a.open()),
      'NO_FREE_ID',
    );
    assert.equal(a.channels.maxChannels, 2);
  });

  test('what a caller gets wrong is thrown before anything changes', () => {
    const { a } = connectedPair();
    const cases: Array<[code: string, init: Parameters<DataChannels['open']>[0]]> = [
      ['LABEL_TOO_LONG', { label: 'x'.repeat(65_536) }],
      ['LABEL_TOO_LONG', { label: 'é'.repeat(32_768) }],
      ['PROTOCOL_TOO_LONG', { protocol: '€'.repeat(21_846) }],
      ['TWO_LIMITS', { maxRetransmits: 0, maxPacketLifeTime: 0 }],
      ['BAD_LIMIT', { maxRetransmits: -1 }],
      ['BAD_LIMIT', { maxPacketLifeTime: 2 ** 32 }],
      ['BAD_LIMIT', { maxPacketLifeTime: 0.5 }],
      ['BAD_PRIORITY', { priority: 65_536 }],
      ['BAD_ID', { negotiated: true }],
      ['BAD_ID', { negotiated: true, id: 65_535 }],
      ['BAD_ID', { negotiated: true, id: -1 }],
      ['BAD_ID', { id: 4 }],
    ];
    for (const [code, init] of cases)
      assert.equal(
        codeOf(() => a.open(init)),
        code,
        JSON.stringify(init).slice(0, 60),
      );
    assert.equal(a.channels.size, 0);
    assert.equal(a.open({ label: '€'.repeat(21_845) }).id, 0);
    assert.equal(
      codeOf(() => a.open({ negotiated: true, id: 0 })),
      'ID_IN_USE',
    );
    assert.equal(
      codeOf(() => new DataChannels({ maxChannels: 65_536 })),
      'BAD_OPTION',
    );
    assert.equal(
      codeOf(() => new DataChannels({ maxMessageSize: 0 })),
      'BAD_OPTION',
    );
  });

  test('a channel of the peer on a stream that we cannot answer on is refused', () => {
    const { a } = connectedPair();
    a.association.maxOutboundStreams = 4;
    a.association.hear(5, 50, writeOpen({ ...OPEN, label: 'far' }));
    a.association.hear(3, 50, writeOpen({ ...OPEN, label: 'near' }));
    a.drain();
    assert.deepEqual(a.seen.take(), ['channel near', 'open near']);
    assert.equal(a.channels.drops.counts['refused-open'], 1);
  });

  test('however many ACKs wait for room, a full queue is asked once', () => {
    const { a } = connectedPair();
    a.association.sendQueueLimit = 0;
    for (let i = 0; i < 200; i++) a.association.hear(2 * i + 1, 50, writeOpen({ ...OPEN, label: 'theirs' }));
    a.drain();
    const asked = a.association.refusals;
    a.drain();
    assert.equal(a.association.refusals - asked, 1);
    a.association.sendQueueLimit = 150;
    a.drain();
    assert.equal(a.association.sent.length, 150);
  });

  test('an OPEN or ACK for which the queue has no room goes out once there is some', () => {
    const { a, b } = connectedPair();
    a.association.sendQueueLimit = 5;
    const here = a.open({ label: 'late' });
    a.association.hear(1, 50, writeOpen({ ...OPEN, label: 'theirs' }));
    a.association.send(9, 53, new Uint8Array(5), 0, 5, { ordered: true }, 0);
    a.drain();
    assert.equal(here.state, 'connecting');
    assert.deepEqual(a.seen.take(), ['channel theirs', 'open theirs']);
    a.association.deliver();
    a.association.sendQueueLimit = 100;
    a.drain();
    assert.deepEqual(
      a.association.sent.slice(1).map(({ stream, ppid }) => [stream, ppid]),
      [
        [1, 50],
        [0, 50],
      ],
    );
    assert.deepEqual(a.seen.take(), ['open late']);
    settle({ a, b });
  });
});
