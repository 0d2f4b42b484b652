import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DTLS_IN_STUN_ACK, DTLS_IN_STUN_DATA, type StunMessage } from '@millrace/stun';
import { MAX_ANSWERED } from '../../src/agent/responses.ts';
import { answer, give, PUPPET, PUPPET_AT, request, sentBy } from '../puppet.ts';
import { bothSelected, introduced, newAgent } from '../two-agents.ts';
import { Carrier, datagram } from './carrier.ts';

const SELF = { address: '192.0.2.1', port: 1_000 };
const ACK: Uint8Array = Uint8Array.of(1, 2, 3, 4);

/** An agent that knows the puppet. */
function facing(
  piggyback: Carrier,
  options: Parameters<typeof newAgent>[1] = {},
): ReturnType<typeof newAgent> {
  const agent = newAgent(3, { role: 'controlled', piggyback, ...options });
  agent.addLocalCandidate({ ...SELF, socket: 0 }, 0);
  agent.setRemoteParameters(PUPPET, 0);
  return agent;
}

function withPuppet(
  piggyback: Carrier,
  options: Parameters<typeof newAgent>[1] = {},
): ReturnType<typeof newAgent> {
  const agent = facing(piggyback, options);
  agent.addRemoteCandidate(
    { foundation: '1', component: 1, transport: 'udp', priority: 1, ...PUPPET_AT, type: 'host' },
    0,
  );
  return agent;
}

const bytesMore = (data: Uint8Array | undefined, ack: Uint8Array | undefined): never[] =>
  [
    ...(data ? [[DTLS_IN_STUN_DATA, data]] : []),
    ...(ack ? [[DTLS_IN_STUN_ACK, ack]] : []),
  ] as unknown as never[];

const dataOf = (message: StunMessage): Uint8Array | undefined => message.get(DTLS_IN_STUN_DATA);
const ackOf = (message: StunMessage): Uint8Array | undefined => message.get(DTLS_IN_STUN_ACK);
const lengthOf = ({ at, end }: StunMessage): number => end - at;
const classes = (sent: ReturnType<typeof sentBy>): string[] =>
  sent.map(({ message }) => message.messageClass);

describe('draft-hancke-webrtc-sped §5.1 what rides with checks and responses', () => {
  test('both attributes are in requests and in responses, and are covered by their integrity', () => {
    const carrier = new Carrier();
    carrier.datagrams = [datagram(301)];
    const agent = withPuppet(carrier);
    give(agent, request(agent), 0);
    const sent = sentBy(agent, 0);
    assert.deepEqual(classes(sent), ['success', 'request']);
    for (const { message } of sent) {
      assert.deepEqual([dataOf(message), ackOf(message)], [datagram(301), ACK]);
      const types = message.attributeTypes;
      assert.deepEqual(types.slice(-4), [0xc070, 0xc071, 0x0008, 0x8028]);
    }
  });

  test('a carrier that is off changes no byte', () => {
    const carrier = new Carrier();
    carrier.isOn = false;
    carrier.datagrams = [datagram(100)];
    const [one] = sentBy(withPuppet(carrier), 0);
    const plain = newAgent(3, { role: 'controlled' });
    plain.addLocalCandidate({ ...SELF, socket: 0 }, 0);
    plain.setRemoteParameters(PUPPET, 0);
    plain.addRemoteCandidate(
      { foundation: '1', component: 1, transport: 'udp', priority: 1, ...PUPPET_AT, type: 'host' },
      0,
    );
    const [other] = sentBy(plain, 0);
    assert.deepEqual(one?.message.bytes, other?.message.bytes);
    assert.equal(carrier.rooms.length, 0);
  });

  test('with nothing to carry there is the acknowledgement alone, which may be empty', () => {
    const carrier = new Carrier();
    carrier.acknowledgements = new Uint8Array(0);
    const [check] = sentBy(withPuppet(carrier), 0);
    assert.deepEqual([dataOf(check!.message), ackOf(check!.message)], [undefined, new Uint8Array(0)]);
  });

  test('§4.4: no message is longer than 1200 bytes; what would make it so stays behind', () => {
    const carrier = new Carrier();
    carrier.pending = 1;
    carrier.datagrams = [datagram(2_000)];
    const agent = withPuppet(carrier);
    const [bare, ...rest] = sentBy(agent, 0);
    assert.deepEqual([dataOf(bare!.message), ackOf(bare!.message), rest.length], [undefined, ACK, 0]);
    const room = carrier.rooms[0]!;
    carrier.flight++;
    carrier.datagrams = [datagram(room)];
    give(agent, request(agent), 60);
    const [reply, check] = sentBy(agent, 60);
    assert.equal(lengthOf(check!.message), 1_200);
    assert.ok(lengthOf(reply!.message) <= 1_200);
  });

  test('the longest username leaves no room for a datagram, and no loop', () => {
    const carrier = new Carrier();
    carrier.pending = 2;
    carrier.datagrams = [datagram(900), datagram(900, 1)];
    const local = { usernameFragment: 'u'.repeat(32), password: 'p'.repeat(30) };
    const agent = newAgent(3, { role: 'controlled', piggyback: carrier, local, maxMessageBytes: 300 });
    agent.addLocalCandidate({ ...SELF, socket: 0 }, 0);
    agent.setRemoteParameters({ usernameFragment: 'v'.repeat(250), password: 'q'.repeat(30) }, 0);
    agent.addRemoteCandidate(
      { foundation: '1', component: 1, transport: 'udp', priority: 1, ...PUPPET_AT, type: 'host' },
      0,
    );
    carrier.checkDueAt = 0;
    const sent = sentBy(agent, 0);
    assert.equal(sent.length, 1);
    assert.equal(dataOf(sent[0]!.message), undefined);
  });

  test('error responses carry nothing', () => {
    const carrier = new Carrier();
    carrier.datagrams = [datagram(100)];
    const agent = facing(carrier);
    give(agent, request(agent, { role: 'controlled', tieBreaker: 0n }), 0);
    const error = sentBy(agent, 0).find(({ message }) => message.messageClass === 'error');
    if (error) assert.deepEqual([dataOf(error.message), ackOf(error.message)], [undefined, undefined]);
    give(agent, request(agent, { priority: undefined }), 0);
    const [refusal] = sentBy(agent, 0);
    assert.equal(refusal?.message.messageClass, 'error');
    assert.deepEqual([dataOf(refusal!.message), ackOf(refusal!.message)], [undefined, undefined]);
  });

  test('a check that is repeated carries what is up to date by then', () => {
    const carrier = new Carrier();
    carrier.datagrams = [datagram(100)];
    const agent = withPuppet(carrier, { checkRtoInitial: 100 });
    const [first] = sentBy(agent, 0);
    carrier.datagrams = [datagram(120, 9)];
    carrier.acknowledgements = Uint8Array.of(5, 6, 7, 8);
    agent.expire(100);
    const [again] = sentBy(agent, 100);
    assert.deepEqual(again!.message.transactionId, first!.message.transactionId);
    assert.deepEqual(
      [dataOf(again!.message), ackOf(again!.message)],
      [datagram(120, 9), Uint8Array.of(5, 6, 7, 8)],
    );
    give(agent, answer(first!.message, { mapped: SELF }), 150);
    assert.equal(agent.stats.pairs[0]?.state, 'succeeded');
  });
});

describe('draft-hancke-webrtc-sped §5.3 what has come is handed over', () => {
  test('from requests and from responses', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    const [check] = sentBy(agent, 0);
    give(agent, request(agent, { more: bytesMore(datagram(77), ACK) }), 10);
    give(agent, answer(check!.message, { mapped: SELF, more: bytesMore(datagram(55), undefined) }), 20);
    give(agent, request(agent), 30);
    assert.deepEqual(carrier.heard, [
      { data: datagram(77), ack: ACK },
      { data: datagram(55), ack: undefined },
      { data: undefined, ack: undefined },
    ]);
  });

  test('from a second answer to a check that was sent twice, if it is authentic; for ICE the first has said all', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    const [check] = sentBy(agent, 0);
    give(agent, answer(check!.message, { mapped: SELF, more: bytesMore(undefined, ACK) }), 10);
    const before = agent.stats;
    const more = bytesMore(datagram(55), ACK);
    give(agent, answer(check!.message, { mapped: SELF, more, password: 'wrongwrongwrongwrongwrong' }), 20);
    give(agent, answer(check!.message, { mapped: SELF, more, signed: false }), 20);
    give(agent, answer(check!.message, { error: 400, more }), 20);
    assert.equal(carrier.heard.length, 1);
    give(agent, answer(check!.message, { mapped: { address: '192.0.2.99', port: 9 }, more }), 30);
    assert.deepEqual(carrier.heard[1], { data: datagram(55), ack: ACK });
    assert.equal(agent.stats.localCandidates.length, before.localCandidates.length);
  });

  test('of the checks answered before, the last ones are remembered', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    const checks = [];
    for (let now = 0; checks.length <= MAX_ANSWERED; now += 1000) {
      carrier.datagrams = [datagram(checks.length)];
      carrier.flight++;
      const sent = sentBy(agent, now).find(({ message }) => message.messageClass === 'request');
      if (sent === undefined) {
        agent.expire(now);
        continue;
      }
      checks.push(sent.message);
      give(agent, answer(sent.message, { mapped: SELF, more: bytesMore(undefined, ACK) }), now);
    }
    const heard = carrier.heard.length;
    for (const check of checks.slice(0, 2)) {
      give(agent, answer(check, { mapped: SELF, more: bytesMore(datagram(7), ACK) }), 1e6);
    }
    assert.equal(carrier.heard.length, heard + 1);
  });

  test('only when the integrity is right, the username ours and the transaction known', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    const more = bytesMore(datagram(77), ACK);
    const [check] = sentBy(agent, 0);
    give(agent, request(agent, { more, password: 'wrongwrongwrongwrongwrong' }), 0);
    give(agent, request(agent, { more, password: '' }), 0);
    give(agent, request(agent, { more, username: 'who:else' }), 0);
    give(agent, request(agent, { more, username: undefined }), 0);
    give(agent, request(agent, { more, fingerprint: false }), 0);
    give(agent, answer(check!.message, { mapped: SELF, more, password: 'wrongwrongwrongwrongwrong' }), 0);
    give(agent, answer(check!.message, { mapped: SELF, more, signed: false }), 0);
    give(agent, answer(check!.message, { error: 400, more }), 0);
    give(agent, answer(check!.message, { mapped: SELF, more }), 0);
    assert.deepEqual(carrier.heard, []);
  });

  test('what stands behind the integrity is not covered by it, and is not handed over', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    give(agent, request(agent, { behind: bytesMore(datagram(77), ACK) }), 0);
    assert.deepEqual(carrier.heard, [{ data: undefined, ack: undefined }]);
  });

  test('of an attribute that comes several times the first counts', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    const more = [...bytesMore(datagram(10), ACK), ...bytesMore(datagram(20), undefined)];
    give(agent, request(agent, { more: more as never[] }), 0);
    assert.deepEqual(carrier.heard, [{ data: datagram(10), ack: ACK }]);
  });

  test('a message with more attributes than anything needs is malformed as a whole', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    const more = Array.from({ length: 64 }, () => bytesMore(datagram(4), undefined)[0]) as never[];
    give(agent, request(agent, { more }), 0);
    assert.deepEqual([carrier.heard.length, agent.stats.drops.malformed], [0, 1]);
  });
});

describe('draft-hancke-webrtc-sped: a flight of several datagrams', () => {
  const three = [datagram(300), datagram(300, 1), datagram(300, 2)];

  test('each follows at once with a check of its own, once', () => {
    const carrier = new Carrier();
    carrier.datagrams = three;
    carrier.pending = 3;
    const agent = withPuppet(carrier);
    const sent = sentBy(agent, 0);
    assert.deepEqual(
      sent.map(({ message }) => dataOf(message)),
      three,
    );
    const ids = new Set(sent.map(({ message }) => String(message.transactionId)));
    assert.equal(ids.size, 3);
    assert.deepEqual(sentBy(agent, 1), []);
    carrier.flight++;
    assert.deepEqual(
      sentBy(agent, 1),
      [],
      'another flight waits for a check, of someone who may not be there',
    );
  });

  test('an answer to any of them is an answer of the pair', () => {
    const carrier = new Carrier();
    carrier.datagrams = three;
    carrier.pending = 3;
    const agent = withPuppet(carrier);
    const sent = sentBy(agent, 0);
    give(agent, answer(sent[2]!.message, { mapped: SELF }), 40);
    assert.deepEqual([agent.stats.pairs[0]?.state, agent.roundTripTime], ['succeeded', 40]);
  });

  test('to a peer that has proven itself a new flight goes without waiting', () => {
    const carrier = new Carrier();
    const agent = withPuppet(carrier);
    give(agent, request(agent), 0);
    sentBy(agent, 0);
    carrier.flight++;
    carrier.datagrams = three;
    carrier.pending = 3;
    const seeds = sentBy(agent, 5).map(({ message }) => dataOf(message)![1]! - 7);
    assert.deepEqual(seeds.toSorted(), [0, 1, 2]);
  });

  test('§6.2: to addresses that have not proven themselves go 14,600 bytes of it and no more, however many there are', () => {
    const carrier = new Carrier();
    carrier.datagrams = [datagram(900)];
    carrier.pending = 1;
    const agent = facing(carrier, { checkRtoInitial: 100 });
    for (let i = 0; i < 40; i++)
      agent.addRemoteCandidate(
        {
          foundation: `${i}`,
          component: 1,
          transport: 'udp',
          priority: 1_000 + i,
          address: `198.51.100.${100 + i}`,
          port: 9_000,
          type: 'host',
        },
        0,
      );
    let checks = 0;
    let carried = 0;
    for (let now = 0; now < 5_000; now += 10) {
      agent.expire(now);
      for (const { message } of sentBy(agent, now)) {
        checks++;
        carried += dataOf(message)?.length ?? 0;
      }
    }
    assert.ok(checks > 100);
    assert.equal(carried, 17 * 900); // the last one begins below the cap
    assert.ok(carried - 900 < 14_600);
  });

  test('a lite agent sends no checks, whatever there is to carry', () => {
    const carrier = new Carrier();
    carrier.datagrams = three;
    carrier.pending = 3;
    carrier.checkDueAt = 0;
    const agent = newAgent(3, { role: 'controlled', piggyback: carrier, lite: true });
    agent.addLocalCandidate({ ...SELF, socket: 0 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    give(agent, request(agent), 0);
    assert.deepEqual(classes(sentBy(agent, 0)), ['success']);
    assert.equal(agent.deadline() > 0, true);
  });

  test('what is due for its own sake goes on the pair in use, at its time, once', () => {
    const carrier = new Carrier();
    const two = introduced({ a: { piggyback: carrier } });
    assert.ok(two.network.run(5_000, () => bothSelected(two)));
    const due = two.network.now + 30;
    carrier.datagrams = [datagram(200)];
    carrier.checkDueAt = due;
    const seen: number[] = [];
    two.network.onDatagram = ({ from }, bytes, now) => {
      if (from.address === '192.0.2.1' && bytes.length > 250) seen.push(now);
    };
    // A socket's owner asks for the deadline after each change; here the change came from outside.
    two.a.agent.onUnreachable({ socket: 9, remote: { address: '192.0.2.9', port: 1 } }, two.network.now);
    two.network.run(1_000);
    assert.deepEqual(seen, [due]);
  });
});
