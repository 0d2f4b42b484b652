import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDataChannelInit, type RTCDataChannelInit } from '../../src/data-channel/init.ts';
import { RTCDataChannel, RTCDataChannelEvent } from '../../src/data-channel/rtc-data-channel.ts';
import { openWorld, World } from './world.ts';

describe('webrtc-pc §6.1 createDataChannel', () => {
  const good: Array<[what: string, init: RTCDataChannelInit, seen: object]> = [
    ['nothing', {}, { ordered: true, maxRetransmits: null, maxPacketLifeTime: null, negotiated: false }],
    ['unordered', { ordered: false }, { ordered: false }],
    ['no retransmissions', { maxRetransmits: 0 }, { maxRetransmits: 0, maxPacketLifeTime: null }],
    ['a lifetime', { maxPacketLifeTime: 65_535 }, { maxPacketLifeTime: 65_535, maxRetransmits: null }],
    ['a protocol', { protocol: 'chat' }, { protocol: 'chat' }],
    ['negotiated', { negotiated: true, id: 65_534 }, { negotiated: true, id: 65_534 }],
    ['an id that is not ours to choose', { id: 5 }, { negotiated: false, id: 0 }],
    ['a priority', { priority: 'high' }, { priority: 'high' }],
    ['a fraction', { maxRetransmits: 2.9 }, { maxRetransmits: 2 }],
  ];
  for (const [what, init, seen] of good) {
    test(`${what}: the channel shows it`, () => {
      const channel = new World().a.create('l', init);
      for (const [name, value] of Object.entries(seen))
        assert.equal(channel[name as keyof RTCDataChannel], value, name);
    });
  }

  const bad: Array<[what: string, label: string, init: RTCDataChannelInit]> = [
    ['two limits', '', { maxRetransmits: 0, maxPacketLifeTime: 0 }],
    ['negotiated without an id', '', { negotiated: true }],
    ['id 65535', '', { negotiated: true, id: 65_535 }],
    ['an id out of range, even where it is ignored', '', { id: 65_536 }],
    ['a negative limit', '', { maxRetransmits: -1 }],
    ['a limit of 65536', '', { maxPacketLifeTime: 65_536 }],
    ['a limit that is no number', '', { maxRetransmits: Number.NaN }],
    ['a label of 65536 bytes', 'é'.repeat(32_768), {}],
    ['a protocol of 65536 bytes', '', { protocol: 'x'.repeat(65_536) }],
    ['a priority that does not exist', '', { priority: 'urgent' as 'high' }],
  ];
  for (const [what, label, init] of bad) {
    test(`${what} is a TypeError`, () => {
      assert.throws(() => parseDataChannelInit(label, init), TypeError);
    });
  }

  test('a label of 65535 bytes is taken, and lone surrogates in it become U+FFFD', () => {
    assert.equal(parseDataChannelInit('x'.repeat(65_535)).label?.length, 65_535);
    assert.equal(parseDataChannelInit('a\ud800').label, 'a\ufffd');
  });

  test('an id in use is an OperationError', () => {
    const { a } = new World();
    a.create('', { negotiated: true, id: 3 });
    assert.throws(() => a.create('', { negotiated: true, id: 3 }), { name: 'OperationError' });
  });

  test('on a connection that has ended it is an InvalidStateError', () => {
    const { a } = new World();
    a.channels.abandon({ by: 'local', code: 'SHUTDOWN' });
    assert.throws(() => a.create(), { name: 'InvalidStateError' });
  });
});

describe('webrtc-pc §6.2 RTCDataChannel', () => {
  test('a new channel', () => {
    const channel = new World().a.create('label');
    assert.equal(channel.label, 'label');
    assert.equal(channel.protocol, '');
    assert.equal(channel.readyState, 'connecting');
    assert.equal(channel.bufferedAmount, 0);
    assert.equal(channel.bufferedAmountLowThreshold, 0);
    assert.equal(channel.binaryType, 'arraybuffer');
    assert.equal(channel.priority, 'low');
    assert.equal(channel.onmessage, null);
    assert.equal(Object.prototype.toString.call(channel), '[object RTCDataChannel]');
    assert.ok(channel instanceof EventTarget);
  });

  test('the channel at the other side is as it was made', async () => {
    const { there } = await openWorld({
      ordered: false,
      maxRetransmits: 3,
      protocol: 'p',
      priority: 'medium',
    });
    const { label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated, id, priority } = there;
    assert.deepEqual(
      { label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated, id, priority },
      {
        label: 'x',
        ordered: false,
        maxRetransmits: 3,
        maxPacketLifeTime: null,
        protocol: 'p',
        negotiated: false,
        id: 0,
        priority: 'medium',
      },
    );
  });

  test('nobody else makes one', () => {
    assert.throws(() => new RTCDataChannel(undefined as never), {
      name: 'TypeError',
      message: 'Illegal constructor',
    });
    assert.throws(() => new RTCDataChannel({} as never), TypeError);
  });

  test('binaryType ignores what it does not know', () => {
    const channel = new World().a.create();
    channel.binaryType = 'blob';
    channel.binaryType = 'text' as 'blob';
    assert.equal(channel.binaryType, 'blob');
  });

  test('bufferedAmountLowThreshold is an unsigned 32-bit number', () => {
    const channel = new World().a.create();
    channel.bufferedAmountLowThreshold = 2 ** 32 + 5;
    assert.equal(channel.bufferedAmountLowThreshold, 5);
    channel.bufferedAmountLowThreshold = -1;
    assert.equal(channel.bufferedAmountLowThreshold, 2 ** 32 - 1);
  });

  test('the id is null until the DTLS role is known', () => {
    const { a } = new World();
    assert.equal(a.create().id, 0);
  });
});

describe('webrtc-pc §6.3 RTCDataChannelEvent', () => {
  test('it carries the channel', () => {
    const channel = new World().a.create();
    const event = new RTCDataChannelEvent('datachannel', { channel, cancelable: true });
    assert.equal(event.channel, channel);
    assert.equal(event.type, 'datachannel');
    assert.equal(event.cancelable, true);
  });

  test('without one it is a TypeError', () => {
    assert.throws(() => new RTCDataChannelEvent('datachannel', {} as never), TypeError);
  });
});
