import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCandidate } from '@millrace/ice';
import { answer, give, notes, PUPPET, PUPPET_AT, request, sentBy } from './puppet.ts';
import { connected, newAgent } from './two-agents.ts';

describe('RFC 8445 agent as its driver sees it', () => {
  test('events come in order, once, and only from drain', () => {
    const agent = newAgent(1);
    const sink = notes();
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5000 }, 0);
    agent.addRemoteCandidate(parseCandidate('candidate:1 1 udp 1000 198.51.100.9 9000 typ host')!, 0);
    agent.setRemoteParameters(PUPPET, 0);
    give(agent, answer(sentBy(agent, 0)[0]!.message, { mapped: { address: '192.0.2.1', port: 5000 } }), 9);
    agent.close(10);
    assert.deepEqual(sink.said, []);
    assert.equal(agent.drain(sink), true);
    assert.deepEqual(sink.said, ['checking', 'selected 198.51.100.9', 'connected', 'none', 'closed']);
    assert.equal(agent.drain(sink), false);
  });

  test('one route object stands for a pair, and the object given to receive is not kept', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5000 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    const transient = { socket: 0, remote: { ...PUPPET_AT } };
    const bytes = request(agent, { role: 'controlled' });
    agent.receive(bytes, 0, bytes.length, 1, transient);
    transient.remote.port = 1;
    transient.remote.address = 'gone';
    const [reply, check] = sentBy(agent, 1);
    assert.equal(reply?.route, check?.route);
    assert.deepEqual(check?.route, { socket: 0, remote: PUPPET_AT });
    give(agent, answer(check!.message, { mapped: { address: '192.0.2.1', port: 5000 } }), 5);
    assert.equal(agent.selectedRoute, check?.route);
  });

  test('isVerified tells routes apart field by field, though their object be the same', () => {
    const { a, b } = connected();
    const route = { socket: 0, remote: { ...b.sockets[0]! } };
    assert(a.agent.isVerified(route));
    assert(a.agent.isVerified(route));
    route.remote.port++;
    assert(!a.agent.isVerified(route));
    route.remote.port--;
    route.socket = 1;
    assert(!a.agent.isVerified(route));
    route.socket = 0;
    route.remote.address = '192.0.2.3';
    assert(!a.agent.isVerified(route));
    route.remote.address = b.sockets[0]!.address;
    assert(a.agent.isVerified(route));
    a.agent.close(100_000);
    assert(!a.agent.isVerified(route));
  });

  test('RFC 4007 §11: a zone id in a link-local address changes nothing', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: 'fe80::1%eth0', port: 5000 }, 0);
    agent.addRemoteCandidate(parseCandidate('candidate:1 1 udp 1000 fe80::9 9000 typ host')!, 0);
    agent.setRemoteParameters(PUPPET, 0);
    const mapped = { address: 'fe80::1', port: 5000 };
    const from = { address: 'fe80::9%eth0', port: 9000 };
    give(agent, answer(sentBy(agent, 0)[0]!.message, { mapped }), 5, from);
    assert.equal(agent.state, 'connected');
    assert.equal(agent.stats.remoteCandidates.length, 1);
    assert(agent.isVerified({ socket: 0, remote: from }));
  });

  test('a closed agent sends nothing, takes nothing and wakes nobody', () => {
    const { a, network } = connected();
    a.agent.close(network.now);
    a.agent.close(network.now);
    assert.equal(a.agent.state, 'closed');
    assert.equal(a.agent.deadline(), Number.POSITIVE_INFINITY);
    give(a.agent, request(a.agent), network.now);
    a.agent.expire(network.now + 1e6);
    a.agent.endRemoteCandidates(network.now);
    assert.deepEqual(sentBy(a.agent, network.now + 1e6), []);
    assert.equal(a.agent.stats.drops.closed, 1);
    assert.equal(a.agent.selectedPair, undefined);
    assert.throws(() => a.agent.setRole('controlled'), { code: 'CLOSED' });
    assert.throws(() => a.agent.setRemoteParameters(PUPPET, 0), { code: 'CLOSED' });
  });

  test('an agent that waits wakes up no more often than its timers say', () => {
    const { a, network } = connected();
    let wakes = 0;
    const end = network.now + 60_000;
    for (let now = a.agent.deadline(); now < end; now = a.agent.deadline()) {
      a.agent.expire(now);
      for (const { message } of sentBy(a.agent, now)) assert.equal(message.messageClass, 'request');
      wakes++;
    }
    assert(wakes < 150, `${wakes}`);
  });

  test('counters say what happened on the pair', () => {
    const { a, b, network } = connected();
    network.run(60_000);
    const pair = a.agent.selectedPair!;
    assert.equal(pair.responsesReceived, pair.requestsSent);
    assert.equal(pair.responsesSent, pair.requestsReceived);
    assert.equal(pair.requestsSent, b.agent.selectedPair!.requestsReceived);
    assert(pair.consentRequestsSent >= 10 && pair.consentRequestsSent <= 15);
    assert.equal(a.agent.stats.requestsSent, pair.requestsSent);
    assert(pair.totalRoundTripTime >= 20 * pair.consentRequestsSent);
  });
});
