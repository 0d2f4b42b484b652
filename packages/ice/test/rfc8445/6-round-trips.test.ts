// Which of several alike pairs goes first, and which is nominated, by what has been measured. RFC 8445 §6.1.4.2, §8.1.1.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IceAgent } from '@millrace/ice';
import { PUPPET, PUPPET_AT } from '../puppet.ts';
import { bothSelected, introduced, newAgent, type Two, type TwoOptions } from '../two-agents.ts';

const OURS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
const TA = 20; // ms

/** The sockets from which the first checks go. */
function order(prepare: (agent: IceAgent) => void, relayed: readonly number[] = []): number[] {
  const agent = newAgent(1);
  for (const [socket, address] of OURS.entries())
    agent.addLocalCandidate(
      { socket, address, port: 5, type: relayed.includes(socket) ? 'relay' : 'host' },
      0,
    );
  prepare(agent);
  agent.setRemoteParameters(PUPPET, 0);
  const { address, port } = PUPPET_AT;
  const candidate = { foundation: '1', component: 1, transport: 'udp', type: 'host', priority: 9 } as const;
  agent.addRemoteCandidate({ ...candidate, address, port }, 0);
  const out = new Uint8Array(1_000);
  const sockets: number[] = [];
  for (let now = 0; now < OURS.length * TA; now += TA)
    if (agent.transmit(out, 0, out.length, now) > 0) sockets.push(agent.route.socket);
  return sockets;
}

describe('RFC 8445 §6.1.4.2 ordinary checks of alike pairs', () => {
  test('go by priority where nothing has been measured', () => {
    assert.deepEqual(
      order(() => {}),
      [0, 1, 2],
    );
  });

  test('go first from where a server is near, last from where none has answered', () => {
    const nearest = (agent: IceAgent): void => {
      agent.onServerRoundTrip(1, 100);
      agent.onServerRoundTrip(2, 10);
    };
    assert.deepEqual(order(nearest), [2, 1, 0]);
  });

  test('keep their order where the difference is small', () => {
    const alike = (agent: IceAgent): void => {
      for (const [socket, time] of [19, 10, 0].entries()) agent.onServerRoundTrip(socket, time);
    };
    assert.deepEqual(order(alike), [0, 1, 2]);
  });

  test('a relay goes before no host candidate, however near it is', () => {
    assert.deepEqual(
      order((agent) => agent.onServerRoundTrip(1, 1), [1]),
      [0, 2, 1],
    );
  });
});

describe('hosts with interfaces that lead nowhere', () => {
  const DEAD = 4;
  const addresses = (net: number): string[] =>
    Array.from({ length: DEAD + 1 }, (_, i) => `192.0.${net}.${i + 1}`);

  /** The last address of each side is the only one that others reach; milliseconds until both have selected a pair. */
  function opening(measured: 'nothing' | 'one side' | 'both sides'): number {
    const two = introduced({ addressesA: addresses(2), addressesB: addresses(3) });
    const { network, a, b } = two;
    const leads = ({ address }: { readonly address: string }): boolean => address.endsWith(`.${DEAD + 1}`);
    network.blocked = (from, to) => !leads(from) || !leads(to);
    if (measured !== 'nothing') a.agent.onServerRoundTrip(DEAD, 30);
    if (measured === 'both sides') b.agent.onServerRoundTrip(DEAD, 30);
    assert(network.run(10_000, () => bothSelected(two)));
    return network.now;
  }

  test('the one from which a server has answered saves them 390 of 500 ms', () => {
    const round = 2 * 10;
    // The pair that works is the last of 25; measured by one side it is the last of the five of its socket, and the other
    // side, triggered by the check on it, has its answer half a round trip later.
    assert.deepEqual(
      [opening('nothing'), opening('one side'), opening('both sides')],
      [24 * TA + round, 4 * TA + round + 10, 4 * TA + round],
    );
  });
});

describe('RFC 8445 §8.1.1 nomination where pairs are alike', () => {
  const SLOW = '192.0.2.1';
  const FAST = '192.0.2.3';
  const REGULAR: TwoOptions = { a: { nomination: 'regular' } };

  /** Two interfaces of the controlling side, the preferred one with a way of `slow` ms. */
  function connect(slow: number, options: TwoOptions = {}): Two {
    const two = introduced({ addressesA: [SLOW, FAST], addressesB: ['192.0.2.9'], ...options });
    const { network } = two;
    network.onDatagram = ({ from, to }) => {
      network.wire.options = { delay: from.address === SLOW || to.address === SLOW ? slow : 10 };
    };
    assert(network.run(5_000, () => bothSelected(two)));
    network.run(60_000);
    return two;
  }

  const used = ({ a }: Two): string | undefined => a.agent.selectedPair?.local.address;

  for (const [what, options] of [
    ['a full peer', { a: { nomination: 'regular' } }],
    ['a lite peer', { b: { lite: true } }],
  ] as const)
    test(`${what}: the pair with a fifth of the round trip is nominated, and kept`, () => {
      const two = connect(50, options);
      assert.equal(used(two), FAST);
      assert.equal(two.b.agent.selectedRoute?.remote.address, FAST);
      assert.equal(two.a.events.filter((event) => 'selected' in event).length, 1);
    });

  test('a little faster is not worth another order than that of priorities', () => {
    assert.equal(used(connect(18, REGULAR)), SLOW);
  });

  test('a relay is not taken for being faster', () => {
    assert.equal(used(connect(50, { ...REGULAR, relayed: [1] })), SLOW);
  });

  test('where each check nominates, both sides go by priority, or they might choose differently', () => {
    const two = connect(50);
    assert.equal(used(two), SLOW);
    assert.equal(two.b.agent.selectedRoute?.remote.address, SLOW);
  });
});
