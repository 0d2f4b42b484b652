import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IceAgent, type IceAgentOptions, parseCandidate } from '@millrace/ice';
import { USE_CANDIDATE } from '@millrace/stun';
import { answer, give, PUPPET, PUPPET_AT, request, sentBy } from '../puppet.ts';
import { bothSelected, connected, introduced, newAgent } from '../two-agents.ts';

const SELF = { address: '192.0.2.1', port: 5000 };
const BETTER_AT = { address: '198.51.100.8', port: 8000 };
const candidate = ({ address, port }: { address: string; port: number }, priority: number) =>
  parseCandidate(`candidate:1 1 udp ${priority} ${address} ${port} typ host`)!;

function facing(options: Partial<IceAgentOptions>, lite = false): IceAgent {
  const agent = newAgent(1, { role: 'controlled', ...options });
  agent.addLocalCandidate({ socket: 0, ...SELF }, 0);
  agent.setRemoteParameters({ ...PUPPET, lite }, 0);
  agent.addRemoteCandidate(candidate(BETTER_AT, 2000), 0);
  agent.addRemoteCandidate(candidate(PUPPET_AT, 1000), 0);
  return agent;
}

/** Lets time pass until two ordinary checks are out: first to the better address, then to the other. */
function twoChecks(agent: IceAgent): ReturnType<typeof sentBy> {
  const first = sentBy(agent, 0);
  const now = agent.deadline();
  agent.expire(now);
  return [...first, ...sentBy(agent, now)];
}

describe('RFC 8445 §8.1 nominating, as browsers do it', () => {
  test('a controlling agent selects the first pair that works, and a better one as soon as that works', () => {
    const agent = facing({ role: 'controlling' });
    const [toBetter, toPuppet] = twoChecks(agent);
    assert(toBetter!.message.has(USE_CANDIDATE) && toPuppet!.message.has(USE_CANDIDATE));
    give(agent, answer(toPuppet!.message, { mapped: SELF }), 40);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT);
    assert.equal(agent.state, 'connected');
    give(agent, answer(toBetter!.message, { mapped: SELF }), 50, BETTER_AT);
    assert.deepEqual(agent.selectedRoute?.remote, BETTER_AT);
  });

  test('once a pair is selected lower ones are not pursued, and higher ones are', () => {
    const agent = facing({ role: 'controlling' });
    const [toBetter] = sentBy(agent, 0);
    give(agent, answer(toBetter!.message, { mapped: SELF }), 5, BETTER_AT);
    agent.addRemoteCandidate(candidate({ address: '198.51.100.7', port: 7000 }, 3000), 10);
    const seen: string[] = [];
    for (let now = 10; now < 2000; now = Math.max(now + 1, agent.deadline())) {
      agent.expire(now);
      for (const { route } of sentBy(agent, now)) seen.push(route.remote.address);
    }
    assert(seen.length > 1);
    assert(seen.every((address) => address === '198.51.100.7'));
  });

  test('§7.3.1.5: a controlled agent selects a nominated pair when its own check of it has succeeded', () => {
    const agent = facing({});
    const [, toPuppet] = twoChecks(agent);
    give(agent, request(agent, { useCandidate: true }), 25);
    assert.equal(agent.selectedPair, undefined);
    give(agent, answer(toPuppet!.message, { mapped: SELF }), 30);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT);
    assert.equal(agent.selectedPair!.nominated, true);
  });

  test('§7.3.1.5: a peer that nominates regularly: the pair that has succeeded is selected at its nomination', () => {
    const agent = facing({});
    const [toBetter, toPuppet] = twoChecks(agent);
    give(agent, request(agent), 21);
    give(agent, answer(toPuppet!.message, { mapped: SELF }), 30);
    give(agent, answer(toBetter!.message, { mapped: SELF }), 30, BETTER_AT);
    assert.equal(agent.selectedPair, undefined);
    assert.deepEqual(agent.usableRoute?.remote, BETTER_AT, 'DTLS need not wait');
    assert.equal(agent.state, 'checking');
    give(agent, request(agent, { useCandidate: true }), 100);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT);
    assert.equal(agent.state, 'connected');
  });

  test('RFC 5245 §8.1.1.2: of several nominated pairs the one with the highest priority is selected', () => {
    const agent = facing({});
    const [toBetter, toPuppet] = twoChecks(agent);
    give(agent, answer(toPuppet!.message, { mapped: SELF }), 30);
    give(agent, answer(toBetter!.message, { mapped: SELF }), 30, BETTER_AT);
    give(agent, request(agent, { useCandidate: true }), 40);
    give(agent, request(agent, { useCandidate: true }), 41, BETTER_AT);
    give(agent, request(agent, { useCandidate: true }), 42);
    assert.deepEqual(agent.selectedRoute?.remote, BETTER_AT);
  });

  test('a controlling agent ignores the USE-CANDIDATE of a peer that has no say', () => {
    const agent = facing({ role: 'controlling', nomination: 'regular', nominationPatience: 1000 });
    const [, toPuppet] = twoChecks(agent);
    give(agent, request(agent, { role: 'controlled', useCandidate: true }), 25);
    give(agent, answer(toPuppet!.message, { mapped: SELF }), 30);
    assert.equal(agent.selectedPair, undefined);
  });

  test('§8.1.1: regular nomination waits a little for a better pair, then nominates in a check of its own', () => {
    const agent = facing({ role: 'controlling', nomination: 'regular', nominationPatience: 100 });
    const [toBetter, toPuppet] = twoChecks(agent);
    assert(!toBetter!.message.has(USE_CANDIDATE));
    give(agent, answer(toPuppet!.message, { mapped: SELF }), 30);
    const nominations: Array<[now: number, address: string]> = [];
    for (let now = 30; nominations.length === 0; now = agent.deadline()) {
      agent.expire(now);
      for (const { route, message } of sentBy(agent, now)) {
        if (!message.has(USE_CANDIDATE)) continue;
        nominations.push([now, route.remote.address]);
        give(agent, answer(message, { mapped: SELF }), now + 10);
      }
    }
    assert.deepEqual(nominations, [[130, PUPPET_AT.address]]);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT);
  });

  test('§8.1.1: regular nomination does not wait when no better pair is left', () => {
    const agent = facing({ role: 'controlling', nomination: 'regular' });
    const [toBetter] = sentBy(agent, 0);
    give(agent, answer(toBetter!.message, { mapped: SELF }), 10, BETTER_AT);
    const [nomination] = sentBy(agent, 10);
    assert(nomination?.message.has(USE_CANDIDATE));
    give(agent, answer(nomination!.message, { mapped: SELF }), 20, BETTER_AT);
    assert.deepEqual(agent.selectedRoute?.remote, BETTER_AT);
  });

  test('§6.1.1: facing a lite peer the agent controls and nominates regularly', () => {
    const agent = facing({ role: 'controlled' }, true);
    assert.equal(agent.role, 'controlling');
    const [toBetter] = sentBy(agent, 0);
    assert(!toBetter!.message.has(USE_CANDIDATE));
    give(agent, answer(toBetter!.message, { mapped: SELF }), 10, BETTER_AT);
    const [nomination] = sentBy(agent, 10);
    assert(nomination?.message.has(USE_CANDIDATE));
    give(agent, answer(nomination!.message, { mapped: SELF }), 20, BETTER_AT);
    assert.deepEqual(agent.selectedRoute?.remote, BETTER_AT);
  });

  test('§8.1.2: completed when both have ended their candidates and nothing better is left to try', () => {
    const agent = facing({ role: 'controlling' });
    const [toBetter] = sentBy(agent, 0);
    give(agent, answer(toBetter!.message, { mapped: SELF }), 10, BETTER_AT);
    assert.equal(agent.state, 'connected');
    agent.endLocalCandidates(11);
    assert.equal(agent.state, 'connected');
    agent.endRemoteCandidates(12);
    assert.equal(agent.state, 'completed');
  });

  test('the controlled side answers where the controlling one sends from, at once', () => {
    const two = connected({ addressesA: ['192.0.2.1', '192.0.2.11'] });
    const { a, b, network } = two;
    network.run(1_000);
    network.blocked = (from, to) => from.address === '192.0.2.1' || to.address === '192.0.2.1';
    a.agent.removeSocket(0, network.now);
    assert(network.run(1_000, () => a.agent.selectedPair?.local.address === '192.0.2.11'));
    network.run(100);
    assert.equal(b.agent.selectedRoute?.remote.address, '192.0.2.1', 'a better pair, for all that b knows');
    const route = { socket: 0, remote: { ...a.sockets[1]! } };
    assert.equal(b.agent.onData(route, 100, network.now), true);
    assert.equal(b.agent.selectedRoute?.remote.address, '192.0.2.11');
    network.run(60_000);
    assert.deepEqual([a.agent.state, b.agent.state], ['completed', 'completed']);
    assert.equal(b.agent.selectedRoute?.remote.address, '192.0.2.11');
  });

  test('the controlling side follows nobody, and nobody follows what is not verified', () => {
    const two = connected({ addressesB: ['192.0.2.2', '192.0.2.12'] });
    const { a, b, network } = two;
    network.run(1_000);
    const selected = [a.agent.selectedPair, b.agent.selectedPair];
    const unknown = { socket: 0, remote: { address: '192.0.2.99', port: 9 } };
    assert.equal(b.agent.onData(unknown, 100, network.now), false);
    for (const remote of b.sockets) a.agent.onData({ socket: 0, remote: { ...remote } }, 100, network.now);
    network.run(10_000);
    assert.ok(a.agent.selectedPair === selected[0] && b.agent.selectedPair === selected[1]);
  });

  for (const [a, b] of [
    ['controlling', 'controlling'],
    ['controlled', 'controlled'],
  ] as const) {
    test(`two ${a} agents settle their roles and connect`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const two = introduced({ seed, a: { role: a }, b: { role: b }, wire: { delay: 10, jitter: 5 } });
        assert(
          two.network.run(2000, () => bothSelected(two)),
          `seed ${seed}`,
        );
        two.network.run(1000);
        assert.notEqual(two.a.agent.role, two.b.agent.role, `seed ${seed}`);
      }
    });
  }

  test('of several addresses on each side both end on the same best path', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const two = introduced({
        seed,
        wire: { delay: 5, jitter: 30 },
        addressesA: ['192.0.2.1', '192.0.2.11', '2001:db8::1'],
        addressesB: ['192.0.2.2', '192.0.2.12', '2001:db8::2', '198.51.100.2'],
      });
      two.network.blocked = (from, to) => from.address === '192.0.2.1' || to.address === '192.0.2.1';
      two.network.run(3000);
      assert.equal(two.a.agent.state, two.b.agent.state);
      const [a, b] = [two.a.agent.selectedRoute!, two.b.agent.selectedRoute!];
      assert.deepEqual(a.remote, two.b.sockets[b.socket], `seed ${seed}`);
      assert.deepEqual(b.remote, two.a.sockets[a.socket], `seed ${seed}`);
    }
  });
});
