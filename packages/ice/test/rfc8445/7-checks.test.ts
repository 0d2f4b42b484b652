import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IceAgent, type IceAgentOptions, parseCandidate } from '@millrace/ice';
import {
  ERROR_CODE,
  MESSAGE_INTEGRITY_SHA256,
  METHOD_BINDING,
  MessageWriter,
  PRIORITY,
  type StunMessage,
  shortTermKey,
  type TransportAddress,
  UNKNOWN_ATTRIBUTES,
  u32Attribute,
  verifyFingerprint,
  verifyIntegrity,
  verifyIntegritySha256,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { answer, give, notes, PUPPET, PUPPET_AT, request, sentBy } from '../puppet.ts';
import { bothSelected, newAgent, strangers } from '../two-agents.ts';

const PUPPET_CANDIDATE = parseCandidate(
  `candidate:1 1 udp 2130706431 ${PUPPET_AT.address} ${PUPPET_AT.port} typ host`,
)!;
const SELF = { address: '192.0.2.1', port: 5000 };

/** An agent with one socket that knows the puppet. */
function facing(options: Partial<IceAgentOptions> = {}, candidates = true): IceAgent {
  const agent = newAgent(1, { role: 'controlled', ...options });
  agent.addLocalCandidate({ socket: 0, ...SELF }, 0);
  agent.setRemoteParameters(PUPPET, 0);
  if (candidates) agent.addRemoteCandidate(PUPPET_CANDIDATE, 0);
  return agent;
}

function only(messages: ReturnType<typeof sentBy>): StunMessage {
  assert.equal(messages.length, 1);
  return messages[0]!.message;
}

describe('RFC 8445 §7.3 answering checks', () => {
  test('§7.3.1.2: a good request is answered with the address it came from, signed with our password', () => {
    const agent = facing({}, false);
    const check = request(agent, { id: 77 });
    give(agent, check, 5);
    const [reply] = sentBy(agent, 5);
    assert.deepEqual(reply?.route, { socket: 0, remote: PUPPET_AT });
    assert.equal(reply?.message.messageClass, 'success');
    assert.deepEqual(reply?.message.get(XOR_MAPPED_ADDRESS), PUPPET_AT);
    assert.deepEqual(reply?.message.transactionId, check.slice(8, 20));
    assert(verifyIntegrity(reply!.message, shortTermKey(agent.localParameters.password), nodeStunCrypto));
    assert(verifyFingerprint(reply!.message));
  });

  test('RFC 8489 §9.1.3: a request signed with SHA-256 is answered so', () => {
    const agent = facing();
    sentBy(agent, 0);
    give(agent, request(agent, { sha256: true }), 5);
    const reply = only(sentBy(agent, 5));
    assert(reply.has(MESSAGE_INTEGRITY_SHA256));
    assert(verifyIntegritySha256(reply, shortTermKey(agent.localParameters.password), nodeStunCrypto));
  });

  test('§7.3.1.3: a check from an unknown address makes a peer-reflexive candidate with its PRIORITY', () => {
    const agent = facing({}, false);
    give(agent, request(agent, { priority: 12345 }), 5);
    const [remote] = agent.stats.remoteCandidates;
    assert.equal(remote?.type, 'prflx');
    assert.equal(remote?.priority, 12345);
    assert.equal(remote?.address, PUPPET_AT.address);
    assert.equal(agent.stats.pairs.length, 1);
    // RFC 8838 §11: the candidate is signalled after all.
    agent.addRemoteCandidate(PUPPET_CANDIDATE, 6);
    assert.deepEqual(
      agent.stats.remoteCandidates.map((candidate) => [candidate.type, candidate.priority]),
      [['host', 2130706431]],
    );
    assert.equal(agent.stats.pairs[0]?.remote.type, 'host');
  });

  test('§7.3.1.4: the request is answered and checked in return at once, before all ordinary checks', () => {
    const agent = facing({}, false);
    for (let i = 0; i < 3; i++) agent.addRemoteCandidate({ ...PUPPET_CANDIDATE, port: 100 + i }, 0);
    assert.equal(sentBy(agent, 0).length, 1);
    give(agent, request(agent), 1);
    const sent = sentBy(agent, 1);
    assert.deepEqual(
      sent.map(({ message, route }) => [message.messageClass, route.remote.port]),
      [
        ['success', PUPPET_AT.port],
        ['request', PUPPET_AT.port],
      ],
    );
  });

  test("§7.3.1.4: a check just sent is not sent again when the peer's crosses it, an older one is", () => {
    const agent = facing();
    const first = only(sentBy(agent, 0));
    give(agent, request(agent), 20);
    only(sentBy(agent, 20));
    give(agent, request(agent), 60);
    const [, again] = sentBy(agent, 60);
    assert.equal(again?.message.messageClass, 'request');
    // The response to the first still counts.
    give(agent, answer(first, { mapped: SELF }), 70);
    assert.equal(agent.stats.pairs[0]?.state, 'succeeded');
  });

  test("§7.3.1.4: one that crosses the peer's and is not answered as soon as it could be is followed by another", () => {
    const agent = facing();
    const first = only(sentBy(agent, 0));
    give(agent, request(agent), 3);
    only(sentBy(agent, 3)); // the answer
    assert.equal(agent.deadline(), 3 + 3 + 5);
    agent.expire(11);
    const again = only(sentBy(agent, 11));
    assert.equal(again.messageClass, 'request');
    assert.notDeepEqual(again.transactionId, first.transactionId);
    // Nor is there a third before its time.
    assert(agent.deadline() >= 11 + 50);
    give(agent, answer(first, { mapped: SELF }), 12);
    assert.equal(agent.selectedPair?.roundTripTime ?? agent.stats.pairs[0]?.roundTripTime, 12);
  });

  test('§7.3.1.4: there is no other where the first is answered by then', () => {
    const agent = facing();
    const first = only(sentBy(agent, 0));
    give(agent, request(agent), 3);
    sentBy(agent, 3);
    give(agent, answer(first, { mapped: SELF }), 6);
    agent.expire(11);
    assert.deepEqual(sentBy(agent, 11), []);
  });

  test('§7.3.1.4: where one side lets in only whom it has sent to, both have a pair well before a check is repeated', () => {
    for (const delay of [0.5, 2, 5]) {
      const two = strangers({ wire: { delay } });
      const hasSent = new Set<string>();
      two.network.onDatagram = ({ from }) => void hasSent.add(from.address);
      two.network.blocked = (_from, to) => !hasSent.has(to.address);
      const { a, b, network } = two;
      network.introduce(a, b); // the first check of whoever is first is lost
      assert.ok(network.run(1_000, () => bothSelected(two)));
      assert.ok(network.now <= 4 * delay + 7, `${network.now} ms at ${delay}`);
    }
  });

  test("§7.3.1.4: a failed pair is revived by the peer's check", () => {
    const agent = facing({ checkSends: 1, checkLastWait: 1 });
    only(sentBy(agent, 0));
    agent.expire(agent.deadline());
    assert.equal(agent.stats.pairs[0]?.state, 'failed');
    give(agent, request(agent), 1000);
    const [, check] = sentBy(agent, 1000);
    assert.equal(check?.message.messageClass, 'request');
    give(agent, answer(check!.message, { mapped: SELF }), 1010);
    assert.equal(agent.stats.pairs[0]?.state, 'succeeded');
  });

  test('RFC 8489 §6.3.1: an unknown comprehension-required attribute is refused with 420, an optional one ignored', () => {
    const agent = facing();
    sentBy(agent, 0);
    give(agent, request(agent, { more: [[u32Attribute(0xc057, 'GOOG-NETWORK-INFO'), 1]] }), 5);
    assert.equal(only(sentBy(agent, 5)).messageClass, 'success');
    give(agent, request(agent, { more: [[u32Attribute(0x7ff0, 'unknown'), 1]] }), 6);
    const refusal = only(sentBy(agent, 6));
    assert.equal(refusal.get(ERROR_CODE)?.code, 420);
    assert.deepEqual(refusal.get(UNKNOWN_ATTRIBUTES), [0x7ff0]);
    assert(verifyIntegrity(refusal, shortTermKey(agent.localParameters.password), nodeStunCrypto));
  });

  test('§7.1.1: without PRIORITY nothing can be learned from an unknown address: 400', () => {
    const agent = facing({}, false);
    give(agent, request(agent, { priority: undefined }), 5);
    assert.equal(only(sentBy(agent, 5)).get(ERROR_CODE)?.code, 400);
    assert.equal(agent.stats.remoteCandidates.length, 0);
    assert.equal(agent.stats.drops['bad-attributes'], 1);
  });

  test('32 peer-reflexive candidates are learned, the check from the 33rd address goes unanswered', () => {
    const agent = facing({}, false);
    for (let i = 0; i < 33; i++) {
      give(agent, request(agent), i, { address: '203.0.113.5', port: 1000 + i });
      const replies = sentBy(agent, i).filter(({ message }) => message.messageClass === 'success');
      assert.equal(replies.length, i < 32 ? 1 : 0);
    }
    assert.equal(agent.stats.remoteCandidates.length, 32);
    assert.equal(agent.stats.drops['too-many-peer-reflexive'], 1);
  });

  test('learned candidates that lead nowhere any more make room for new ones, those that may still work do not', () => {
    const agent = facing({}, false);
    const addressOf = (i: number): TransportAddress => ({ address: '203.0.113.5', port: 1000 + i });
    // Only the first of them answers.
    const run = (from: number, to: number): void => {
      for (let now = from; now < to; now += 50) {
        agent.expire(now);
        for (const { route, message } of sentBy(agent, now))
          if (message.messageClass === 'request' && route.remote.port === 1000)
            give(agent, answer(message, { mapped: SELF }), now, route.remote);
      }
    };
    for (let i = 0; i < 32; i++) give(agent, request(agent), 0, addressOf(i));
    run(0, 60_000);
    for (let i = 32; i < 96; i++) {
      const now = 60_000 + (i - 31) * 2000;
      give(agent, request(agent), now - 2000, addressOf(i));
      assert.equal(agent.stats.remoteCandidates.at(-1)?.port, 1000 + i);
      run(now - 2000, now);
    }
    assert.equal(agent.stats.remoteCandidates.length, 32);
    assert(agent.isVerified({ socket: 0, remote: addressOf(0) }));
    assert(!agent.isVerified({ socket: 0, remote: addressOf(1) }), 'forgotten');
    const foundations = new Set(agent.stats.remoteCandidates.map(({ foundation }) => foundation));
    assert.equal(foundations.size, 32, 'each foundation is like no other');
  });

  test('signalling what was learned counts as signalled: 64 and no more', () => {
    const agent = facing({}, false);
    for (let i = 0; i < 65; i++) {
      const at = { address: '203.0.113.5', port: 1000 + i };
      give(agent, request(agent), i, at);
      agent.addRemoteCandidate({ ...PUPPET_CANDIDATE, ...at }, i);
    }
    assert.equal(agent.stats.drops['too-many-remote-candidates'], 1);
    assert.equal(agent.stats.remoteCandidates.filter(({ type }) => type === 'host').length, 64);
  });

  test('64 responses wait to be sent, the 65th request goes unanswered', () => {
    const agent = facing();
    sentBy(agent, 0);
    for (let i = 0; i < 65; i++) give(agent, request(agent), 1);
    assert.equal(sentBy(agent, 1).filter(({ message }) => message.messageClass === 'success').length, 64);
    assert.equal(agent.stats.drops['too-many-replies'], 1);
  });

  test('a verified check from a new address finds its place among 100 pairs', () => {
    const agent = facing({ maxRemoteCandidates: 200 }, false);
    for (let i = 0; i < 100; i++) agent.addRemoteCandidate({ ...PUPPET_CANDIDATE, port: 100 + i }, 0);
    give(agent, request(agent, { priority: 1 }), 5);
    assert.equal(agent.stats.pairs.length, 100);
    assert(agent.isVerified({ socket: 0, remote: PUPPET_AT }));
    assert.equal(agent.stats.drops['too-many-pairs'], 1);
  });
});

describe('RFC 8445 §7.2.5 responses to checks', () => {
  test('§7.2.5.3: a signed response with our address makes the pair succeed', () => {
    const agent = facing();
    const check = only(sentBy(agent, 0));
    give(agent, answer(check, { mapped: SELF }), 30);
    const [pair] = agent.stats.pairs;
    assert.equal(pair?.state, 'succeeded');
    assert.equal(pair?.roundTripTime, 30);
    assert.equal(pair?.local.type, 'host');
    assert.deepEqual(agent.usableRoute, { socket: 0, remote: PUPPET_AT });
    assert.equal(agent.selectedPair, undefined, 'nobody has nominated it');
  });

  test('§7.2.5.3.1: an address that is not ours makes a peer-reflexive local candidate', () => {
    const agent = facing();
    const check = only(sentBy(agent, 0));
    const mapped = { address: '203.0.113.1', port: 61000 };
    give(agent, answer(check, { mapped }), 30);
    const [pair] = agent.stats.pairs;
    assert.equal(pair?.local.type, 'prflx');
    assert.equal(pair?.local.address, mapped.address);
    assert.equal(pair?.local.relatedAddress, SELF.address);
    assert.equal(pair?.local.priority, check.get(PRIORITY));
    assert.equal(agent.stats.localCandidates.length, 2);
    assert.deepEqual(agent.usableRoute, { socket: 0, remote: PUPPET_AT }, 'data still leaves by the socket');
  });

  test('§7.2.5.2.1: a response from another address or on another socket fails the pair', () => {
    for (const route of [
      { socket: 0, remote: { ...PUPPET_AT, port: 1 } },
      { socket: 0, remote: { ...PUPPET_AT, address: '198.51.100.10' } },
      { socket: 1, remote: PUPPET_AT },
    ]) {
      const agent = facing();
      const check = only(sentBy(agent, 0));
      agent.addLocalCandidate({ socket: 1, address: '192.0.2.1', port: 5001 }, 0);
      const response = answer(check, { mapped: SELF });
      agent.receive(response, 0, response.length, 30, route);
      assert.equal(agent.stats.drops['bad-route'], 1);
      assert(!agent.isVerified(route));
      assert.equal(agent.stats.pairs.find((pair) => pair.route.socket === 0)?.state, 'failed');
    }
  });

  test('RFC 8489 §6.3.3: a response without its mapped address fails the pair', () => {
    const agent = facing();
    give(agent, answer(only(sentBy(agent, 0))), 30);
    assert.equal(agent.stats.pairs[0]?.state, 'failed');
    assert.equal(agent.stats.drops['bad-attributes'], 1);
  });

  test('RFC 8489 §9.1.4: forged and unsigned responses and errors are as if they had not come', () => {
    const agent = facing();
    const check = only(sentBy(agent, 0));
    for (const error of [0, 400, 401, 403, 420, 487, 500]) {
      give(agent, answer(check, { error, mapped: SELF, password: 'wrongwrongwrongwrongwrong' }), 10);
      give(agent, answer(check, { error, mapped: SELF, signed: false }), 10);
    }
    assert.equal(agent.stats.drops['bad-integrity'], 14);
    assert.equal(agent.stats.pairs[0]?.state, 'in-progress');
    assert.equal(agent.role, 'controlled');
    give(agent, answer(check, { mapped: SELF }), 30);
    assert.equal(agent.stats.pairs[0]?.state, 'succeeded');
    give(agent, answer(check, { mapped: SELF }), 31);
    assert.equal(agent.stats.drops['unknown-transaction'], 1, 'the same response again');
  });

  test('§7.2.5.2.4: a signed error fails the pair', () => {
    const agent = facing();
    give(agent, answer(only(sentBy(agent, 0)), { error: 500 }), 30);
    assert.equal(agent.stats.pairs[0]?.state, 'failed');
  });

  test('a round trip is taken from checks sent once, and smoothed', () => {
    const agent = facing({ checkRtoInitial: 100 });
    const check = only(sentBy(agent, 0));
    agent.expire(100);
    only(sentBy(agent, 100));
    give(agent, answer(check, { mapped: SELF }), 130);
    assert.equal(agent.roundTripTime, 130, 'it may answer either: no round trip was longer');
    assert.equal(agent.stats.pairs[0]?.totalRoundTripTime, 0);
    const samples = [40, 80];
    for (const sample of samples) {
      const now = agent.deadline();
      agent.expire(now);
      give(agent, answer(only(sentBy(agent, now)), { mapped: SELF }), now + sample);
    }
    assert.equal(agent.roundTripTime, 50);
    assert.equal(agent.stats.pairs[0]?.currentRoundTripTime, 80);
    assert.equal(agent.stats.pairs[0]?.totalRoundTripTime, 120);
  });

  test('a driver that hands over its receive buffers gets what one gets that hands over copies', () => {
    const agent = facing();
    const [check] = sentBy(agent, 0);
    const shared = Buffer.alloc(600);
    const giveShared = (bytes: Uint8Array, now: number): void => {
      shared.fill(0xff);
      shared.set(bytes);
      agent.receive(shared, 0, bytes.length, now, { socket: 0, remote: PUPPET_AT });
      agent.drain(notes());
      shared.fill(0xff);
    };
    giveShared(request(agent, { id: 77 }), 5);
    assert.deepEqual(only(sentBy(agent, 5)).transactionId, request(agent, { id: 77 }).slice(8, 20));
    giveShared(answer(check!.message, { mapped: { address: '192.0.2.77', port: 7 } }), 6);
    assert.equal(agent.stats.pairs[0]?.local.address, '192.0.2.77');
  });

  test('a check is repeated as it was, whatever has been written over it since', () => {
    const agent = facing();
    const slot = Buffer.alloc(600);
    const first = Uint8Array.from(slot.subarray(0, agent.transmit(slot, 0, 600, 0)));
    slot.fill(0xff);
    agent.expire(agent.deadline());
    const again = slot.subarray(0, agent.transmit(slot, 0, 600, 100));
    assert.deepEqual(Uint8Array.from(again), first);
  });

  test("§7.2.5.2.2: an unreachable address fails its check, and the peer's own check revives it", () => {
    const agent = facing();
    sentBy(agent, 0);
    agent.onUnreachable({ socket: 0, remote: PUPPET_AT }, 5);
    assert.equal(agent.stats.pairs[0]?.state, 'failed');
    give(agent, request(agent), 6);
    assert.equal(sentBy(agent, 6).length, 2);
  });
});

describe('RFC 8445 §7.3.1.1 role conflicts', () => {
  for (const role of ['controlling', 'controlled'] as const) {
    const other = role === 'controlling' ? 'controlled' : 'controlling';

    test(`a ${role} agent with the ${role === 'controlling' ? 'larger' : 'smaller'} tie-breaker refuses the peer's role with 487`, () => {
      const agent = facing({ role });
      sentBy(agent, 0);
      const tieBreaker = role === 'controlling' ? 0n : 2n ** 64n - 1n;
      give(agent, request(agent, { role, tieBreaker }), 5);
      assert.equal(only(sentBy(agent, 5)).get(ERROR_CODE)?.code, 487);
      assert.equal(agent.role, role);
    });

    test(`a ${role} agent with the ${role === 'controlling' ? 'smaller' : 'larger'} tie-breaker becomes ${other} and checks anew`, () => {
      const agent = facing({ role });
      sentBy(agent, 0);
      const tieBreaker = role === 'controlling' ? 2n ** 64n - 1n : 0n;
      give(agent, request(agent, { role, tieBreaker }), 100);
      const sent = sentBy(agent, 100);
      assert.deepEqual(
        sent.map(({ message }) => message.messageClass),
        ['success', 'request'],
      );
      assert.equal(agent.role, other);
      const sink = notes();
      agent.drain(sink);
      assert(sink.said.includes(other));
    });

    test(`§7.2.5.1: a ${role} agent refused with 487 becomes ${other} and checks again`, () => {
      const agent = facing({ role });
      give(agent, answer(only(sentBy(agent, 0)), { error: 487 }), 10);
      assert.equal(agent.role, other);
      const again = only(sentBy(agent, 10));
      give(agent, answer(again, { mapped: SELF }), 20);
      assert.equal(agent.stats.pairs[0]?.state, 'succeeded');
    });
  }

  test('a peer that refuses every role is given up after 8 switches', () => {
    const agent = facing();
    let now = 0;
    for (let i = 0; i < 9; i++) give(agent, answer(only(sentBy(agent, now)), { error: 487 }), (now += 10));
    assert.equal(agent.stats.pairs[0]?.state, 'failed');
    assert.deepEqual(sentBy(agent, now), []);
  });

  test('requests of a peer without a role are answered', () => {
    const agent = facing();
    sentBy(agent, 0);
    give(agent, request(agent, { role: 'none' }), 5);
    assert.equal(only(sentBy(agent, 5)).messageClass, 'success');
  });
});

describe('RFC 8445 §7.3 hostile requests', () => {
  test('wrong fragment, wrong password, no integrity, no fingerprint: dropped, counted and never answered', () => {
    const agent = facing();
    sentBy(agent, 0);
    const { usernameFragment } = agent.localParameters;
    const cases: Array<[reason: keyof typeof agent.stats.drops, bytes: Uint8Array]> = [
      ['wrong-username', request(agent, { username: undefined })],
      ['wrong-username', request(agent, { username: 'else:pupp' })],
      ['wrong-username', request(agent, { username: `${usernameFragment}:else` })],
      ['wrong-username', request(agent, { username: usernameFragment })],
      ['wrong-username', request(agent, { username: `${usernameFragment}:pupp:` })],
      ['bad-integrity', request(agent, { password: 'wrongwrongwrongwrongwrong' })],
      ['bad-integrity', request(agent, { password: 'wrongwrongwrongwrongwrong', sha256: true })],
      ['bad-integrity', request(agent, { password: '' })],
      ['bad-fingerprint', request(agent, { fingerprint: false })],
    ];
    for (const [reason, bytes] of cases) {
      const before = agent.stats.drops[reason];
      give(agent, bytes, 5);
      assert.equal(agent.stats.drops[reason], before + 1, reason);
      assert.deepEqual(sentBy(agent, 5), []);
    }
    assert(!agent.isVerified({ socket: 0, remote: PUPPET_AT }));
  });

  test('a flood from addresses all over, not knowing the password, leaves no trace but a count', () => {
    const agent = facing();
    sentBy(agent, 0);
    const bytes = request(agent, { password: 'wrongwrongwrongwrongwrong' });
    for (let i = 0; i < 5000; i++)
      give(agent, bytes, 5, { address: `10.0.${i >> 8}.${i & 255}`, port: 1 + i });
    assert.equal(agent.stats.drops['bad-integrity'], 5000);
    assert.equal(agent.stats.remoteCandidates.length, 1);
    assert.equal(agent.stats.pairs.length, 1);
    assert.deepEqual(sentBy(agent, 5), []);
  });

  test('every truncation and every flipped bit of a good request is dropped or changes nothing that is signed', () => {
    const good = request(facing(), { useCandidate: true });
    for (let length = 0; length < good.length; length++) {
      const agent = facing();
      give(agent, good.slice(0, length), 5);
      assert.equal(agent.stats.requestsReceived, 0);
    }
    for (let bit = 0; bit < good.length * 8; bit++) {
      const agent = facing();
      const bytes = good.slice();
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
      give(agent, bytes, 5);
      assert.equal(agent.stats.requestsReceived, 0, `bit ${bit}`);
    }
  });

  test('other methods, indications, unknown sockets and impossible addresses are harmless', () => {
    const agent = facing();
    sentBy(agent, 0);
    const out = new Uint8Array(60);
    const make = (messageClass: 'request' | 'indication' | 'success', method: number): Uint8Array =>
      out.slice(
        0,
        new MessageWriter()
          .begin(out, 0, 60, messageClass, method, new Uint8Array(12))
          .addFingerprint()
          .finish(),
      );
    give(agent, make('request', 3), 5);
    give(agent, make('indication', METHOD_BINDING), 5);
    give(agent, make('success', METHOD_BINDING), 5);
    const check = request(agent);
    agent.receive(check, 0, check.length, 5, { socket: 9, remote: PUPPET_AT });
    for (const remote of [
      { address: 'nowhere', port: 1 },
      { address: '192.0.2.3', port: 0 },
      { address: '', port: 1e9 },
    ])
      agent.receive(check, 0, check.length, 5, { socket: 0, remote });
    const { drops } = agent.stats;
    assert.equal(drops['unexpected-method'], 1);
    assert.equal(drops['unknown-transaction'], 1);
    assert.equal(drops['unknown-socket'], 1);
    assert.equal(drops['bad-address'], 3);
    assert.deepEqual(sentBy(agent, 5), []);
  });

  test('nothing that is sent to an unverified address is longer or more than what it sent', () => {
    const agent = facing({}, false);
    const bytes = request(agent, { password: 'wrongwrongwrongwrongwrong' });
    for (let i = 0; i < 100; i++) give(agent, bytes, i);
    assert.deepEqual(sentBy(agent, 100), []);
  });

  test('a verified peer gets at most one response and one check for each of its requests', () => {
    const agent = facing({}, false);
    let sent = 0;
    for (let i = 0; i < 200; i++) {
      give(agent, request(agent), i);
      sent += sentBy(agent, i).length;
    }
    assert(sent <= 400);
    assert.equal(agent.stats.responsesSent, 200);
  });
});
