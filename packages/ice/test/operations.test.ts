// Random operations on two agents, a hostile third party among them, with the invariants checked after each.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IceError, type IceState, parseCandidate } from '@millrace/ice';
import type { VirtualHost, VirtualNetwork } from '@millrace/ice/testing';
import { SeededRandom } from '@millrace/sans-io/testing';
import { PUPPET, request } from './puppet.ts';
import { strangers, type Two } from './two-agents.ts';

/** SEQUENCES=100000 for a long run, SEED for the first of them. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 400);
const FIRST_SEED = Number(process.env.SEED ?? 1);
const OPERATIONS = 250;
const CAPS = {
  maxPairs: 12,
  maxRemoteCandidates: 6,
  maxPeerReflexive: 4,
  maxReplies: 8,
  maxTransactions: 16,
};
const STRAY = parseCandidate('candidate:1 1 udp 1000 203.0.113.1 1000 typ host')!;

const NEXT: Readonly<Record<IceState, readonly IceState[]>> = {
  new: ['checking', 'connected', 'completed', 'failed', 'closed'],
  checking: ['connected', 'completed', 'failed', 'closed'],
  connected: ['completed', 'disconnected', 'failed', 'closed'],
  completed: ['connected', 'disconnected', 'failed', 'closed'],
  disconnected: ['connected', 'completed', 'failed', 'closed'],
  failed: ['closed'],
  closed: [],
};

interface World extends Two {
  readonly random: SeededRandom;
  readonly captured: Uint8Array[];
  readonly blocked: Set<string>;
}

function world(seed: number): World {
  const random = new SeededRandom(seed);
  const renomination = seed % 2 === 0;
  const two = strangers({
    seed,
    wire: { delay: random.below(60), jitter: random.below(40), loss: random.below(3) / 10, corrupt: 0.02 },
    a: {
      ...CAPS,
      renomination,
      role: random.chance(0.8) ? 'controlling' : 'controlled',
      nomination: random.chance(0.7) ? 'aggressive' : 'regular',
    },
    b: { ...CAPS, renomination, role: random.chance(0.8) ? 'controlled' : 'controlling' },
    addressesA: ['192.0.2.1', '2001:db8::1', '198.51.100.1'],
    addressesB: ['192.0.2.2', '2001:db8::2', '198.51.100.2'],
  });
  const captured: Uint8Array[] = [];
  const blocked = new Set<string>();
  two.network.onDatagram = (_, bytes) => {
    if (captured.length < 50) captured.push(bytes.slice());
    else captured[random.below(50)] = bytes.slice();
  };
  two.network.blocked = (from, to) => blocked.has(from.address) || blocked.has(to.address);
  return { ...two, random, captured, blocked };
}

function operate(w: World): void {
  const { network, random, captured } = w;
  const [me, peer] = random.chance(0.5) ? [w.a, w.b] : [w.b, w.a];
  const anywhere = random.chance(0.5)
    ? peer.sockets[random.below(3)]!
    : { address: `203.0.113.${random.below(8)}`, port: 1000 + random.below(3) };
  const at = me.sockets[random.below(3)]!;
  try {
    switch (random.below(15)) {
      case 0:
        me.agent.setRemoteParameters(
          { ...peer.agent.localParameters, renomination: random.chance(0.8) },
          network.now,
        );
        return;
      case 1:
        me.agent.addRemoteCandidate(peer.candidates[random.below(3)]!, network.now);
        return;
      case 2:
        me.agent.addRemoteCandidate(
          {
            ...STRAY,
            address: `203.0.113.${random.below(8)}`,
            port: 1000 + random.below(9),
            priority: random.u32(),
            type: random.chance(0.5) ? 'host' : 'prflx',
          },
          network.now,
        );
        return;
      case 3:
        if (random.chance(0.1)) me.agent.endRemoteCandidates(network.now);
        else me.agent.endLocalCandidates(network.now);
        return;
      case 4:
        if (captured.length > 0) network.inject(captured[random.below(captured.length)]!, anywhere, at);
        return;
      case 5: {
        // Someone who knows the password but keeps no rules.
        const { usernameFragment } = peer.agent.localParameters;
        const username = `${me.agent.localParameters.usernameFragment}:${random.chance(0.8) ? usernameFragment : PUPPET.usernameFragment}`;
        const role = (['controlling', 'controlled', 'none'] as const)[random.below(3)]!;
        const tieBreaker = random.chance(0.9) ? 1n : BigInt(random.u32()) << 32n;
        const bytes = request(me.agent, {
          username,
          role,
          tieBreaker,
          useCandidate: random.chance(0.5),
          priority: random.u32(),
        });
        network.inject(bytes, anywhere, at);
        return;
      }
      case 6: {
        const junk = new Uint8Array(random.below(120));
        random.fill(junk);
        network.inject(junk, anywhere, at);
        return;
      }
      case 7:
        if (random.chance(0.8))
          me.agent.onUnreachable({ socket: random.below(4), remote: anywhere }, network.now);
        else me.agent.onConnectionLost({ socket: random.below(4), remote: anywhere }, network.now);
        return;
      case 8:
        if (random.chance(0.3)) w.blocked.add(at.address);
        else w.blocked.clear();
        return;
      case 9:
        me.agent.setRole(random.chance(0.5) ? 'controlling' : 'controlled');
        return;
      case 10: {
        const little = new Uint8Array(random.below(120));
        const length = me.agent.transmit(little, 0, little.length, network.now);
        assert(length <= little.length);
        return;
      }
      case 11:
        if (random.chance(0.003)) me.agent.close(network.now);
        return;
      case 12:
        network.run(random.below(4_000));
        return;
      default:
        network.run(random.below(60));
        return;
    }
  } catch (error) {
    // A caller's mistake is thrown as such; nothing else is thrown.
    if (!(error instanceof IceError)) throw error;
  }
}

function check(
  network: VirtualNetwork,
  { agent, states }: VirtualHost,
  seen: { state: IceState; index: number },
): void {
  const { state, selectedPair, usableRoute } = agent;
  const { pairs, remoteCandidates, drops } = agent.stats;
  for (; seen.index < states.length; seen.index++) {
    assert(NEXT[seen.state].includes(states[seen.index]!), `${seen.state} -> ${states[seen.index]}`);
    seen.state = states[seen.index]!;
  }
  assert.equal(seen.state, state);
  assert(pairs.length <= CAPS.maxPairs);
  assert(remoteCandidates.length <= CAPS.maxRemoteCandidates + CAPS.maxPeerReflexive);
  const routes = new Set<string>();
  let last = Number.POSITIVE_INFINITY;
  for (const pair of pairs) {
    routes.add(`${pair.route.socket} ${pair.route.remote.address} ${pair.route.remote.port}`);
    assert(pair.priority <= last, 'in order of priority');
    last = pair.priority;
    assert(pair.responsesReceived <= pair.requestsSent);
    assert(pair.responsesSent <= pair.requestsReceived + agent.stats.requestsReceived);
    if (pair.roundTripTime !== undefined) assert(pair.roundTripTime >= 0);
    if (pair.state === 'succeeded') assert(pair.lastResponseAt !== undefined);
    if (pair.nominated) assert.equal(pair.state, 'succeeded');
    assert.equal(pair.state === 'frozen', agent.remoteParameters === undefined && pair.state !== 'failed');
  }
  assert.equal(routes.size, pairs.length, 'one pair for each route');
  const hasSelection = state === 'connected' || state === 'completed' || state === 'disconnected';
  assert.equal(selectedPair !== undefined, hasSelection);
  if (selectedPair !== undefined) {
    assert(pairs.includes(selectedPair));
    assert(selectedPair.nominated);
    assert(agent.isVerified(selectedPair.route));
    assert.equal(usableRoute, selectedPair.route);
  }
  if (usableRoute !== undefined) assert(agent.isVerified(usableRoute));
  for (const reason in drops) assert(Number.isInteger(drops[reason as keyof typeof drops]));
  const deadline = agent.deadline();
  assert(!Number.isNaN(deadline));
  if (state === 'failed' || state === 'closed') {
    assert.equal(deadline, Number.POSITIVE_INFINITY);
    assert.equal(agent.transmit(new Uint8Array(1500), 0, 1500, network.now), 0);
  }
}

describe('RFC 8445 agents under random operations', () => {
  test(`${SEQUENCES} sequences of ${OPERATIONS} operations leave every invariant standing`, () => {
    let connected = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) {
      const w = world(seed);
      const seenA = { state: 'new' as IceState, index: 0 };
      const seenB = { state: 'new' as IceState, index: 0 };
      let step = 0;
      try {
        for (; step < OPERATIONS; step++) {
          operate(w);
          w.a.agent.drain(w.a);
          w.b.agent.drain(w.b);
          check(w.network, w.a, seenA);
          check(w.network, w.b, seenB);
        }
      } catch (error) {
        throw new Error(`with SEED=${seed}, step ${step}`, { cause: error });
      }
      if (w.a.states.includes('connected')) connected++;
    }
    assert(connected > SEQUENCES / 4, `only ${connected} of them ever connected`);
  });
});
