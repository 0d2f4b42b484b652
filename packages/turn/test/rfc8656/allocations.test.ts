import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { ALTERNATE_SERVER, ERROR_CODE, MessageWriter, XOR_MAPPED_ADDRESS } from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { TurnClient, TurnError, type TurnOptions } from '@millrace/turn';
import { LIFETIME, METHOD_REFRESH, TURN_ATTRIBUTES, XOR_RELAYED_ADDRESS } from '../../src/attributes.ts';
import { Meeting, PEER } from '../meeting.ts';
import { MAPPED, RELAYED, RELAYED_V6 } from '../turn-server.ts';

describe('RFC 8656 §7: creating an allocation', () => {
  test('two round trips: a challenge, then the addresses', () => {
    const meeting = new Meeting().begin();
    assert.deepEqual(meeting.server.seen, ['allocate', 'allocate']);
    assert.deepEqual(meeting.allocations, [{ relayed: RELAYED, mapped: MAPPED, lifetime: 600 }]);
    assert.equal(meeting.client.state, 'allocated');
  });

  test('§7.1: IPv6 is asked for by name', () => {
    assert.deepEqual(new Meeting({ family: 'ipv6' }).begin().allocations[0]?.relayed, RELAYED_V6);
  });

  test('a request is sent again with growing pauses, and given up after 39.5 s', () => {
    const meeting = new Meeting();
    meeting.server.answer = () => ({ silent: true });
    meeting.begin();
    meeting.run(39_400);
    assert.deepEqual(
      meeting.sentAt.map((at) => at - 1_000),
      [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500],
    );
    assert.equal(meeting.ends.length, 0);
    meeting.run(200);
    assert.equal(meeting.ends[0]?.code, 'TIMEOUT');
    assert.equal(meeting.client.state, 'closed');
  });

  test('RFC 8489 §6.2.2: over a stream it is sent once', () => {
    const meeting = new Meeting({ isReliable: true });
    meeting.server.answer = () => ({ silent: true });
    meeting.begin();
    meeting.run(39_400);
    assert.equal(meeting.sentAt.length, 1);
    meeting.run(200);
    assert.equal(meeting.ends[0]?.code, 'TIMEOUT');
    const hurried = new Meeting({ isReliable: true, rto: 200 });
    hurried.server.answer = () => ({ silent: true });
    hurried.begin().run(15_800);
    assert.equal(hurried.ends[0]?.code, 'TIMEOUT', 'as early as by datagrams');
  });

  for (const code of [403, 437, 440, 441, 442, 486, 508]) {
    test(`error ${code} ends it and says why`, () => {
      const meeting = new Meeting();
      meeting.server.answer = (message) =>
        message.unknownRequired.length === 0 && meeting.server.seen.length > 1
          ? { error: code, reason: 'no' }
          : undefined;
      meeting.begin();
      assert.deepEqual(meeting.ends, [{ code: 'REFUSED', errorCode: code, reason: 'no' }]);
    });
  }

  test('RFC 8489 §10: another server is named', () => {
    const meeting = new Meeting();
    meeting.client.start();
    const out = new Uint8Array(500);
    const length = meeting.client.transmit(out, 0, 500, 0);
    const response = new Uint8Array(500);
    const writer = new MessageWriter();
    writer
      .begin(response, 0, 500, 'error', 0x003, out.slice(8, 20))
      .add(ERROR_CODE, { code: 300, reason: 'there' })
      .add(ALTERNATE_SERVER, { address: '192.0.2.77', port: 3478 });
    assert(length > 0);
    meeting.give(response.slice(0, writer.finish()));
    assert.deepEqual(meeting.ends, [
      {
        code: 'TRY_ALTERNATE',
        errorCode: 300,
        reason: 'there',
        alternate: { address: '192.0.2.77', port: 3478 },
      },
    ]);
  });
});

describe('RFC 8656 §8: refreshing and releasing', () => {
  test('refreshed a minute before the end, for as long as it lives', () => {
    const meeting = new Meeting().begin();
    meeting.run(1_700_000);
    assert.deepEqual(
      meeting.sentAt.map((at) => at - 1_000),
      [0, 0, 540_000, 1_080_000, 1_620_000],
    );
    assert.equal(meeting.client.state, 'allocated');
  });

  test('a short lifetime is refreshed halfway through, but not all the time', () => {
    for (const [told, every] of [
      [60, 30_000],
      [1, 15_000],
      [0, 15_000],
      [0xffff_ffff, 3_540_000],
    ] as const) {
      const meeting = new Meeting();
      meeting.server.lifetime = told;
      meeting.begin();
      meeting.run(every);
      assert.equal(meeting.sentAt.at(-1)! - 1_000, every);
    }
  });

  test('an outage while it is refreshed does not end it, as long as the server has it', () => {
    const meeting = new Meeting({ rto: 200 }).begin();
    meeting.run(539_999);
    meeting.server.answer = () => ({ silent: true });
    meeting.run(50_000);
    assert.deepEqual([meeting.client.state, meeting.ends], ['allocated', []]);
    meeting.server.answer = () => undefined;
    meeting.run(10_000);
    assert.equal(meeting.refreshes, 1);
    meeting.server.answer = () => ({ silent: true });
    meeting.run(540_000 + 60_000 + 16_000);
    assert.deepEqual(
      meeting.ends.map(({ code }) => code),
      ['TIMEOUT'],
      'after its end there is nothing to ask about',
    );
  });

  test('but whoever wants to know hears within one try, also of one that is under way', () => {
    for (const before of [0, 540_000]) {
      const meeting = new Meeting({ rto: 200 }).begin();
      meeting.server.answer = () => ({ silent: true });
      meeting.run(before);
      meeting.client.refresh();
      meeting.settle();
      meeting.run(15_900);
      assert.equal(meeting.ends[0]?.code, 'TIMEOUT');
    }
  });

  test('a refresh that is refused ends the allocation', () => {
    const meeting = new Meeting().begin();
    meeting.server.answer = (_message, method) => (method === METHOD_REFRESH ? { error: 437 } : undefined);
    meeting.run(540_000);
    assert.equal(meeting.ends[0]?.errorCode, 437);
    assert.equal(meeting.send('x', PEER).length, 0);
    assert.equal(meeting.client.drops['not-allocated'], 1);
  });

  test('§8.1: close asks for a lifetime of zero', () => {
    const meeting = new Meeting().begin();
    meeting.client.close();
    meeting.settle();
    assert(!meeting.server.isAllocated);
    assert.deepEqual(meeting.ends, [{ code: 'CLOSED', reason: 'closed' }]);
    assert.equal(meeting.client.deadline(), Number.POSITIVE_INFINITY);
    meeting.client.close();
    meeting.settle();
    assert.equal(meeting.ends.length, 1);
  });

  test('§8.1: what is closed before the server has answered is released all the same', () => {
    const meeting = new Meeting();
    meeting.server.answer = () => (meeting.server.seen.length > 1 ? { silent: true } : undefined);
    meeting.begin();
    assert.deepEqual(meeting.server.seen, ['allocate', 'allocate']);
    meeting.client.close();
    meeting.server.isAllocated = true;
    meeting.server.answer = () => undefined;
    meeting.settle();
    assert.equal(meeting.server.seen.at(-1), 'refresh');
    assert(!meeting.server.isAllocated);
    assert.deepEqual(meeting.ends, [{ code: 'CLOSED', reason: 'closed' }]);
    assert.deepEqual(meeting.allocations, []);
  });

  test('close before there is anything to give back ends at once', () => {
    const meeting = new Meeting();
    meeting.server.answer = () => ({ silent: true });
    meeting.begin();
    meeting.client.close();
    meeting.settle();
    assert.equal(meeting.ends[0]?.code, 'CLOSED');
  });
});

describe('RFC 8656 §7.3: a server that lies', () => {
  const lies: Array<[what: string, write: (writer: MessageWriter) => void]> = [
    ['no relayed address', (writer) => writer.add(LIFETIME, 600).add(XOR_MAPPED_ADDRESS, MAPPED)],
    ['no lifetime', (writer) => writer.add(XOR_RELAYED_ADDRESS, RELAYED)],
    ['port 0', (writer) => writer.add(XOR_RELAYED_ADDRESS, { ...RELAYED, port: 0 }).add(LIFETIME, 600)],
    ['the other family', (writer) => writer.add(XOR_RELAYED_ADDRESS, RELAYED_V6).add(LIFETIME, 600)],
  ];
  for (const [what, write] of lies) {
    test(`an allocation with ${what} is none`, () => {
      const meeting = new Meeting();
      meeting.server.answer = () => (meeting.server.seen.length > 1 ? { write } : undefined);
      meeting.begin();
      assert.deepEqual(meeting.allocations, []);
      assert.equal(meeting.client.drops['bad-attribute'], 1);
      meeting.run(60_000);
      assert.equal(meeting.ends[0]?.code, 'TIMEOUT');
    });
  }

  test('§7 asked for, it is refreshed at once, and one that the server has lost is told of', () => {
    const meeting = new Meeting().begin();
    const before = meeting.server.seen.length;
    meeting.client.refresh();
    meeting.client.refresh();
    meeting.settle();
    assert.deepEqual(meeting.server.seen.slice(before), ['refresh'], 'once');
    assert.equal(meeting.refreshes, 1);
    meeting.server.answer = () => ({ error: 437, reason: 'no allocation' });
    meeting.client.refresh();
    meeting.settle();
    assert.deepEqual(
      meeting.ends.map(({ code, errorCode }) => [code, errorCode]),
      [['REFUSED', 437]],
    );
    meeting.client.refresh();
    meeting.settle();
    assert.equal(meeting.client.state, 'closed');
  });

  test('every truncation, and random bytes, are dropped', () => {
    const meeting = new Meeting().begin();
    meeting.send('x', PEER);
    const messages = [
      meeting.server.indication(PEER, Uint8Array.of(1, 2, 3)),
      meeting.server.channelData(0x4000, Uint8Array.of(1, 2, 3)),
    ];
    for (const message of messages) {
      for (let length = 0; length < message.length; length++) meeting.give(message.slice(0, length));
    }
    assert.equal(meeting.data.length, 0);
    const random = new SeededRandom(5);
    for (let i = 0; i < 20_000; i++) {
      const bytes = new Uint8Array(random.below(60));
      random.fill(bytes);
      meeting.give(bytes);
    }
    assert.equal(meeting.client.state, 'allocated');
    assert(Object.values(meeting.client.drops).reduce((sum, count) => sum + count, 0) > 10_000);
  });
});

describe('options', () => {
  const options: TurnOptions = {
    username: 'u',
    password: 'p',
    crypto: nodeStunCrypto,
    random: new SeededRandom(1),
  };
  for (const wrong of [
    { maxPeers: 0 },
    { maxPeers: 4_097 },
    { lifetime: 0 },
    { rto: 0 },
    { maxHeld: -1 },
    { maxHeld: 65 },
  ]) {
    test(`${JSON.stringify(wrong)} is refused with a code`, () => {
      assert.throws(
        () => new TurnClient({ ...options, ...wrong }),
        (error) => error instanceof TurnError && error.code === 'BAD_OPTION',
      );
    });
  }

  test('starting twice is a mistake', () => {
    const client = new TurnClient(options);
    client.start();
    assert.throws(() => client.start(), { code: 'BAD_STATE' });
  });

  test('the table knows TURN’s attributes', () => {
    assert(TURN_ATTRIBUTES.has(LIFETIME.type));
  });
});
