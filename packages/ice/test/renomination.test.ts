// draft-thatcher-ice-renomination. Two hosts with two addresses each; both send a datagram of data to each other every
// 20 ms by the route their agents tell, and what gets through is counted.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IceAgentOptions } from '@millrace/ice';
import type { Hop, VirtualHost } from '@millrace/ice/testing';
import { METHOD_BINDING, NOMINATION, parseMessage, type TransportAddress } from '@millrace/stun';
import { give, notes, PUPPET, request } from './puppet.ts';
import { bothSelected, newAgent, strangers, type Two, type TwoOptions } from './two-agents.ts';

const TICK = 20;
const A = ['192.0.2.1', '198.51.100.1'];
const B = ['192.0.2.2', '198.51.100.2'];

interface Traffic {
  /** When data of each side last failed to arrive, and how many datagrams did. */
  readonly lost: [number, number];
  readonly numbers: number[];
}

function opened(options: TwoOptions & { readonly both?: boolean } = {}): Two & Traffic {
  const yes: Partial<IceAgentOptions> = { renomination: true };
  const two = strangers({
    addressesA: A,
    addressesB: B,
    ...options,
    a: { ...yes, ...options.a },
    b: { ...(options.both === false ? {} : yes), ...options.b },
  });
  const traffic: Traffic = { lost: [0, 0], numbers: [] };
  const { network, a, b } = two;
  for (const [to, from] of [
    [a, b],
    [b, a],
  ] as const) {
    const renomination = to === a ? options.both !== false : true;
    to.agent.setRemoteParameters({ ...from.agent.localParameters, renomination }, 0);
    for (const candidate of from.candidates) to.agent.addRemoteCandidate(candidate, 0);
    to.agent.endLocalCandidates(0);
    to.agent.endRemoteCandidates(0);
  }
  network.onDatagram = (_hop, bytes) => {
    const message = parseMessage(bytes, 0, bytes.length);
    const number = message?.method === METHOD_BINDING ? message.get(NOMINATION) : undefined;
    if (number !== undefined && !traffic.numbers.includes(number)) traffic.numbers.push(number);
  };
  assert(network.run(10_000, () => bothSelected(two)));
  network.run(1_000);
  return { ...two, ...traffic };
}

/** Lets `duration` pass with data flowing both ways. */
function flow({ network, a, b, lost }: Two & Traffic, duration: number): void {
  const isLost = (from: VirtualHost): boolean => {
    const route = from.agent.selectedRoute;
    return route === undefined || network.blocked(from.sockets[route.socket]!, route.remote);
  };
  for (const end = network.now + duration; network.now < end; ) {
    if (isLost(a)) lost[0]++;
    if (isLost(b)) lost[1]++;
    network.run(TICK);
  }
}

function kill(two: Two, address: string): void {
  two.network.blocked = (from: TransportAddress, to: TransportAddress): boolean =>
    from.address === address || to.address === address;
}

function addresses({ a, b }: Two): string[] {
  return [a.agent.selectedPair!.local.address, b.agent.selectedPair!.local.address];
}

describe('renomination: the path in use dies with data flowing', () => {
  test('both sides are on another pair within three seconds, before anything is disconnected', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const two = opened({ seed });
      assert.deepEqual(addresses(two), [A[0], B[0]]);
      flow(two, 3_000);
      kill(two, A[0]!);
      flow(two, 10_000);
      assert.equal(two.a.agent.selectedPair!.local.address, A[1], `seed ${seed}`);
      const outage = Math.max(...two.lost) * TICK;
      assert(outage <= 3_000, `seed ${seed}: ${outage} ms`);
      assert(Math.abs(two.lost[0] - two.lost[1]) <= 4, `seed ${seed}: ${two.lost}, the peer follows at once`);
      for (const { states } of [two.a, two.b]) assert(!states.includes('disconnected'), `seed ${seed}`);
    }
  });

  test('so between two relayed pairs', () => {
    const two = opened({ relayed: [0, 1] });
    const [before] = addresses(two);
    kill(two, before!);
    flow(two, 10_000);
    const { local, remote } = two.a.agent.selectedPair!;
    assert.notEqual(local.address, before);
    assert.deepEqual([local.type, remote.type], ['relay', 'relay']);
    assert(Math.max(...two.lost) * TICK <= 3_000, `${two.lost}`);
  });

  test('a path that works again is returned to once it has been steady, not before', () => {
    const two = opened();
    kill(two, A[0]!);
    flow(two, 10_000);
    two.network.blocked = () => false;
    flow(two, 4_000);
    assert.equal(two.a.agent.selectedPair!.local.address, A[1]);
    flow(two, 20_000);
    assert.deepEqual(addresses(two), [A[0], B[0]]);
  });

  test('and with no other pair in reserve nothing is lost by having agreed', () => {
    const two = opened({ addressesA: A.slice(0, 1), addressesB: B.slice(0, 1) });
    kill(two, A[0]!);
    flow(two, 12_000);
    assert.equal(two.a.agent.state, 'disconnected');
    two.network.blocked = () => false;
    flow(two, 6_000);
    assert.equal(two.a.agent.state, 'completed');
  });
});

describe('renomination: a much faster path', () => {
  /** What goes from or to `address` takes `delay` longer, and overtakes nothing else. */
  function slow(two: Two, address: string, delay: number): (duration: number) => void {
    const { network } = two;
    const waiting: Array<{ bytes: Uint8Array; hop: Hop; at: number }> = [];
    const isSlow = ({ from, to }: Hop): boolean => from.address === address || to.address === address;
    const seen = network.onDatagram!;
    network.blocked = (from, to) => isSlow({ from, to });
    network.onDatagram = (hop, bytes, now) => {
      seen(hop, bytes, now);
      if (isSlow(hop)) waiting.push({ bytes: bytes.slice(), hop, at: now + delay });
    };
    return (duration) => {
      for (const end = network.now + duration; network.now < end; network.run(1))
        for (let next = waiting[0]; next !== undefined && next.at <= network.now; next = waiting[0]) {
          waiting.shift();
          network.inject(next.bytes, next.hop.from, next.hop.to);
        }
    };
  }

  test('is moved to after some steady answers, once', () => {
    const two = opened();
    slow(two, A[0]!, 60)(60_000);
    assert.equal(two.a.agent.selectedPair!.local.address, A[1]);
    assert.equal(two.b.agent.selectedPair!.remote.address, A[1]);
    assert.deepEqual(two.numbers, [2]);
    assert(!two.a.states.includes('disconnected'));
  });

  test('one that is a little faster is not', () => {
    const two = opened();
    slow(two, A[0]!, 6)(60_000);
    assert.deepEqual(addresses(two), [A[0], B[0]]);
    assert.deepEqual(two.numbers, []);
  });
});

describe('renomination: only if both say so', () => {
  test('without the other nothing is numbered, and no pair is kept in reserve', () => {
    const two = opened({ both: false });
    const sent = two.a.agent.stats.requestsSent;
    flow(two, 20_000);
    assert.deepEqual(two.numbers, []);
    assert(two.a.agent.stats.requestsSent - sent <= 6, 'consent checks alone');
  });

  test('a number from a peer that has not said so is as if it were not there', () => {
    const agent = newAgent(1, { role: 'controlled', renomination: true });
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5000 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    give(agent, request(agent, { more: [[NOMINATION, 7]] }), 0);
    assert.equal(agent.selectedPair, undefined);
  });
});

describe('renomination: the controlled side', () => {
  test('of several nominations the highest counts, in whatever order they come', () => {
    const two = opened({ a: { renominationHold: 1e9 } });
    const { b } = two;
    const [first] = addresses(two);
    // As if the controlling side's checks of two pairs had overtaken each other.
    const { usernameFragment, password } = two.b.agent.localParameters;
    const remote = two.a.agent.localParameters;
    const nominate = (from: number, number: number, id: number): void => {
      const bytes = request(b.agent, {
        username: `${usernameFragment}:${remote.usernameFragment}`,
        password,
        more: [[NOMINATION, number]],
        id: 1_000 + id,
      });
      b.agent.receive(bytes, 0, bytes.length, two.network.now, { socket: 1, remote: two.a.sockets[from]! });
      b.agent.drain(notes());
    };
    assert.equal(first, A[0]);
    nominate(1, 9, 1);
    two.network.run(200);
    assert.equal(b.agent.selectedPair!.remote.address, A[1]);
    nominate(0, 8, 2);
    two.network.run(200);
    assert.equal(b.agent.selectedPair!.remote.address, A[1]);
  });
});
