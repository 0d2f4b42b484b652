import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IceAgent, parseCandidate } from '@millrace/ice';
import { answer, give, PUPPET, PUPPET_AT, request, sentBy } from '../puppet.ts';
import { connected, newAgent } from '../two-agents.ts';

const SELF = { address: '192.0.2.1', port: 5000 };

/** Connected to the puppet at 20 ms. */
function facing(): IceAgent {
  const agent = newAgent(1);
  agent.addLocalCandidate({ socket: 0, ...SELF }, 0);
  agent.setRemoteParameters(PUPPET, 0);
  agent.addRemoteCandidate(
    parseCandidate(`candidate:1 1 udp 1000 ${PUPPET_AT.address} ${PUPPET_AT.port} typ host`)!,
    0,
  );
  give(agent, answer(sentBy(agent, 0)[0]!.message, { mapped: SELF }), 20);
  assert.equal(agent.state, 'connected');
  return agent;
}

describe('RFC 7675 §5 consent', () => {
  test('§5.1: the pair in use is checked every 4 to 6 s, at intervals drawn anew', () => {
    const agent = facing();
    const times: number[] = [];
    const ids = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const now = agent.deadline();
      agent.expire(now);
      for (const { message } of sentBy(agent, now)) {
        times.push(now);
        ids.add(message.transactionId.join());
        give(agent, answer(message, { mapped: SELF }), now);
      }
    }
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    assert(gaps.length > 90);
    assert(gaps.every((gap) => gap >= 4000 && gap <= 6000));
    assert(Math.min(...gaps) < 4300 && Math.max(...gaps) > 5700);
    assert.equal(ids.size, times.length, 'each is a transaction of its own');
  });

  test('§5.1: without a response for 30 s the agent fails and sends no more, whatever else comes in', () => {
    const agent = facing();
    let last = 0;
    for (let now = 20; now < 40_000; now += 100) {
      agent.expire(now);
      if (now % 1000 === 0) give(agent, request(agent, { role: 'controlled' }), now);
      if (sentBy(agent, now).length > 0) last = now;
    }
    assert.equal(agent.state, 'failed');
    assert(last <= 20 + 30_000);
    assert.equal(agent.selectedRoute, undefined);
    assert.equal(agent.usableRoute, undefined);
    assert(!agent.isVerified({ socket: 0, remote: PUPPET_AT }));
    assert.equal(agent.deadline(), Number.POSITIVE_INFINITY);
  });

  test('silence makes the state disconnected after 5 to 8 s, and an answer takes it back', () => {
    const agent = facing();
    let disconnectedAt = 0;
    for (let now = 20; now < 20_000 && disconnectedAt === 0; now += 10) {
      agent.expire(now);
      sentBy(agent, now);
      if (agent.state === 'disconnected') disconnectedAt = now;
    }
    assert(disconnectedAt >= 5020 && disconnectedAt <= 8020, `${disconnectedAt}`);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT, 'data still goes there');
    for (let now = disconnectedAt; agent.state === 'disconnected'; now += 10) {
      agent.expire(now);
      for (const { message } of sentBy(agent, now)) give(agent, answer(message, { mapped: SELF }), now + 5);
    }
    assert.equal(agent.state, 'connected');
  });

  test('one lost consent check is noticed by nobody', () => {
    const agent = facing();
    const states = new Set<string>();
    let count = 0;
    for (let i = 0; i < 400; i++) {
      const now = agent.deadline();
      agent.expire(now);
      for (const { message } of sentBy(agent, now))
        if (count++ % 3 !== 0) give(agent, answer(message, { mapped: SELF }), now + 20);
      states.add(agent.state);
    }
    assert.deepEqual([...states], ['connected']);
  });

  test('§5.2: a signed 403 ends it at once, a forged one does not', () => {
    const agent = facing();
    const now = agent.deadline();
    agent.expire(now);
    const [check] = sentBy(agent, now);
    give(agent, answer(check!.message, { error: 403, signed: false }), now + 1);
    assert.equal(agent.state, 'connected');
    give(agent, answer(check!.message, { error: 403 }), now + 1);
    assert.equal(agent.state, 'failed');
    assert.deepEqual(sentBy(agent, now + 1), []);
  });

  test('a network error on the pair in use has consent asked for at once, and no more', () => {
    const agent = facing();
    agent.onUnreachable({ socket: 0, remote: PUPPET_AT }, 100);
    assert.equal(agent.state, 'connected');
    agent.expire(100);
    const [probe] = sentBy(agent, 100);
    assert.equal(probe?.message.messageClass, 'request');
  });

  test('a network error for each consent check does not make them more than one for each probe interval', () => {
    const agent = facing();
    agent.onUnreachable({ socket: 0, remote: PUPPET_AT }, 100);
    let checks = 0;
    for (let now = 100; now < 10_100; now = Math.max(now + 1, Math.min(agent.deadline(), 10_100))) {
      agent.expire(now);
      for (const { route } of sentBy(agent, now)) {
        checks++;
        agent.onUnreachable(route, now);
      }
    }
    assert(checks > 5 && checks <= 21, `${checks}`);
  });

  test('a path that dies is replaced by another that works, on both sides', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const two = connected({
        seed,
        addressesA: ['192.0.2.1', '198.51.100.1'],
        addressesB: ['192.0.2.2', '198.51.100.2'],
      });
      two.network.run(2000);
      const before = two.a.agent.selectedRoute!;
      const dead = before.remote;
      two.network.blocked = (from, to) => from.address === dead.address || to.address === dead.address;
      assert(
        two.network.run(
          12_000,
          () => two.a.agent.selectedRoute !== before && two.b.agent.selectedRoute!.remote !== dead,
        ),
        `seed ${seed}`,
      );
      two.network.run(20_000);
      for (const { agent } of [two.a, two.b])
        assert.match(agent.state, /^(connected|completed)$/, `seed ${seed}`);
      const [a, b] = [two.a.agent.selectedRoute!, two.b.agent.selectedRoute!];
      assert.deepEqual(a.remote, two.b.sockets[b.socket], `seed ${seed}`);
      assert.notEqual(a.remote.address, dead.address);
    }
  });

  test('when every path dies both sides disconnect, then fail within 30 s', () => {
    const two = connected();
    two.network.run(60_000);
    two.network.blocked = () => true;
    const start = two.network.now;
    two.network.run(9_000);
    assert.equal(two.a.agent.state, 'disconnected');
    assert.equal(two.b.agent.state, 'disconnected');
    two.network.run(21_100);
    assert.equal(two.network.now - start, 30_100);
    assert.deepEqual(two.a.states.slice(-2), ['disconnected', 'failed']);
    assert.deepEqual(two.b.states.slice(-2), ['disconnected', 'failed']);
  });
});
