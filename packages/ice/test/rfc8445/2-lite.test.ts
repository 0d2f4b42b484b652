import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ICE_DEFAULTS, type IceAgent, type IceAgentOptions } from '@millrace/ice';
import { ERROR_CODE, parseMessage, type TransportAddress, USE_CANDIDATE } from '@millrace/stun';
import { give, notes, PUPPET, PUPPET_AT, type RequestOptions, request, sentBy } from '../puppet.ts';
import { bothSelected, connected, introduced, newAgent } from '../two-agents.ts';

const OTHER_AT = { address: '198.51.100.8', port: 8000 };
const LITE = { lite: true } as const;

/** A lite agent that knows the puppet's credentials. */
function lite(options: Partial<IceAgentOptions> = {}, peer: { lite?: boolean } = {}): IceAgent {
  const agent = newAgent(1, { ...LITE, role: 'controlled', ...options });
  agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5000 }, 0);
  agent.setRemoteParameters({ ...PUPPET, ...peer }, 0);
  return agent;
}

function ask(agent: IceAgent, now: number, options: RequestOptions = {}, from = PUPPET_AT): void {
  give(agent, request(agent, options), now, from);
}

function usableAt(agent: IceAgent): TransportAddress | undefined {
  return agent.usableRoute?.remote;
}

describe('RFC 8445 §2.5 lite agents', () => {
  for (const nomination of ['aggressive', 'regular'] as const) {
    test(`a full agent that nominates ${nomination === 'regular' ? 'regularly' : 'with each check'} connects to a lite one, which sends no request`, () => {
      const two = introduced({ a: { nomination }, b: LITE });
      const requests: string[] = [];
      two.network.onDatagram = ({ from }, bytes) => {
        if (parseMessage(bytes, 0, bytes.length)?.messageClass === 'request') requests.push(from.address);
      };
      // A -> check; B -> response; A -> check with USE-CANDIDATE; B -> response
      assert(two.network.run(1_000, () => bothSelected(two)));
      assert.equal(two.network.now, 40, 'two round trips of 20 ms, as regular nomination has it');
      assert(requests.length > 0 && requests.every((address) => address === '192.0.2.1'));
      assert.deepEqual([two.a.agent.role, two.b.agent.role], ['controlling', 'controlled']);
      assert.deepEqual([two.a.agent.state, two.b.agent.state], ['completed', 'completed']);
    });
  }

  test('where the lite agent has offered, the full one takes over control', () => {
    const two = introduced({ a: { ...LITE, role: 'controlling' }, b: { role: 'controlled' } });
    assert(two.network.run(1_000, () => bothSelected(two)));
    assert.deepEqual([two.a.agent.role, two.b.agent.role], ['controlled', 'controlling']);
  });

  test('it has a usable route as soon as an authentic request has come, and none after a forged one', () => {
    const agent = lite();
    ask(agent, 0, { password: 'guessguessguessguessguess' });
    assert.equal(usableAt(agent), undefined);
    assert.equal(agent.isVerified({ socket: 0, remote: PUPPET_AT }), false);
    ask(agent, 1);
    assert.deepEqual(usableAt(agent), PUPPET_AT);
    assert.equal(agent.selectedPair, undefined);
    assert(agent.isVerified({ socket: 0, remote: PUPPET_AT }));
  });

  test('signalled candidates make no pairs: there is nothing to check', () => {
    const agent = lite();
    for (let i = 0; i < ICE_DEFAULTS.maxRemoteCandidates; i++)
      agent.addRemoteCandidate(
        {
          foundation: '1',
          component: 1,
          transport: 'udp',
          priority: 1 + i,
          address: `198.51.100.${i}`,
          port: 9,
          type: 'host',
        },
        0,
      );
    assert.equal(agent.stats.pairs.length, 0);
    assert.equal(agent.deadline(), ICE_DEFAULTS.patience);
  });

  test('an ICE restart goes the same way, with the old pair in use until the new one is nominated', () => {
    const two = connected({ b: LITE });
    const { network } = two;
    const [a, b] = [two.a.agent, two.b.agent];
    a.restart({}, network.now);
    b.restart({}, network.now);
    const before = two.b.agent.selectedRoute;
    a.setRemoteParameters({ ...b.localParameters, lite: true }, network.now);
    b.setRemoteParameters(a.localParameters, network.now);
    for (const candidate of b.stats.localCandidates) a.addRemoteCandidate(candidate, network.now);
    for (const agent of [a, b]) {
      agent.endLocalCandidates(network.now);
      agent.endRemoteCandidates(network.now);
    }
    assert.equal(two.b.agent.selectedRoute, before);
    assert(two.network.run(1_000, () => two.b.agent.selectedRoute !== before));
    assert.equal(two.b.agent.state, 'completed');
  });
});

describe('RFC 8445 §7.3.2 requests to a lite agent', () => {
  test('USE-CANDIDATE selects the pair that it comes on', () => {
    const agent = lite();
    const sink = notes();
    ask(agent, 0, { useCandidate: true });
    agent.drain(sink);
    assert.deepEqual(sink.said, ['selected 198.51.100.9', 'connected']);
    const [response] = sentBy(agent, 0);
    assert.equal(response!.message.messageClass, 'success');
    assert.equal(response!.message.has(USE_CANDIDATE), false);
  });

  test('a peer that moves its nomination to another pair is followed there', () => {
    const agent = lite();
    ask(agent, 0, { useCandidate: true, priority: 2_000 });
    ask(agent, 500, { useCandidate: true, priority: 1_000 }, OTHER_AT);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT, 'a peer that nominates everything');
    ask(agent, 1_500, { useCandidate: true, priority: 1_000 }, OTHER_AT);
    assert.deepEqual(agent.selectedRoute?.remote, OTHER_AT);
    ask(agent, 1_600, { useCandidate: true, priority: 2_000 });
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT, 'a better pair need not wait');
  });

  test('addresses beyond the cap push out the oldest that is not in use', () => {
    const agent = lite({ maxPeerReflexive: 3 });
    ask(agent, 0, { useCandidate: true });
    for (let i = 1; i <= 3; i++) ask(agent, i, {}, { address: '198.51.100.1', port: i });
    assert.equal(agent.stats.pairs.length, 3);
    assert.equal(agent.stats.drops['too-many-peer-reflexive'], 0);
    assert(!agent.isVerified({ socket: 0, remote: { address: '198.51.100.1', port: 1 } }));
    assert(agent.isVerified({ socket: 0, remote: { address: '198.51.100.1', port: 3 } }));
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT);
  });
});

describe('RFC 8445 §6.1.1 roles and lite agents', () => {
  test('a peer that believes to be controlled is told, however large its tie-breaker, as often as it asks', () => {
    for (const tieBreaker of [0n, 2n ** 64n - 1n]) {
      const agent = lite();
      for (let now = 0; now < 20; now++) {
        ask(agent, now, { role: 'controlled', tieBreaker });
        const [refusal, more] = sentBy(agent, now);
        assert.equal(refusal!.message.get(ERROR_CODE)?.code, 487);
        assert.equal(more, undefined);
      }
      assert.equal(agent.role, 'controlled');
      assert.equal(agent.stats.pairs.length, 0);
    }
  });

  test('two lite agents check nothing and take the same pair', () => {
    const addressesA = ['192.0.2.1', '2001:db8::1'];
    const addressesB = ['192.0.2.2', '2001:db8::2'];
    const two = introduced({ a: LITE, b: LITE, addressesA, addressesB });
    two.a.agent.setRole('controlling');
    let sent = 0;
    two.network.onDatagram = () => sent++;
    two.network.run(120_000);
    assert.equal(sent, 0);
    assert.equal(two.a.agent.selectedRoute?.remote.address, '192.0.2.2');
    assert.equal(two.b.agent.selectedRoute?.remote.address, '192.0.2.1');
    assert.deepEqual([two.a.agent.role, two.b.agent.role], ['controlling', 'controlled']);
    assert.deepEqual([two.a.agent.state, two.b.agent.state], ['completed', 'completed'], 'and stay so');
    assert(two.a.agent.isVerified({ socket: 0, remote: two.b.sockets[0]! }));
  });

  test('candidates that came before the peer turned out to be lite make pairs then', () => {
    const agent = newAgent(1, LITE);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5000 }, 0);
    agent.addRemoteCandidate(
      { foundation: '1', component: 1, transport: 'udp', priority: 9, ...PUPPET_AT, type: 'host' },
      0,
    );
    assert.equal(usableAt(agent), undefined);
    agent.setRemoteParameters({ ...PUPPET, lite: true }, 0);
    assert.deepEqual(agent.selectedRoute?.remote, PUPPET_AT);
  });
});

describe('RFC 7675 §5.1 consent, seen by a lite agent', () => {
  test('silence makes it disconnected, a request connected again, and 30 s of silence failed', () => {
    const agent = lite();
    const sink = notes();
    ask(agent, 0, { useCandidate: true });
    agent.expire(12_999);
    assert.equal(agent.state, 'connected');
    agent.expire(agent.deadline());
    assert.equal(agent.state, 'disconnected');
    ask(agent, 14_000);
    assert.equal(agent.state, 'connected');
    for (let now = agent.deadline(); now <= 44_000; now = agent.deadline()) agent.expire(now);
    agent.drain(sink);
    assert.deepEqual(sink.said.slice(2), ['disconnected', 'connected', 'disconnected', 'none', 'failed']);
    assert.equal(agent.isVerified({ socket: 0, remote: PUPPET_AT }), false);
  });

  test('the consent checks of a full agent keep it connected', () => {
    const two = connected({ b: LITE });
    const { length } = two.b.states;
    two.network.run(600_000);
    assert.equal(two.b.states.length, length);
    assert.equal(two.b.agent.state, 'completed');
  });

  test('without any request the agent fails when its patience is over', () => {
    const agent = lite();
    agent.expire(agent.deadline());
    assert.equal(agent.state, 'failed');
  });
});

describe('amplification by a lite agent', () => {
  test('nothing is answered where integrity fails, and no answer is longer than its request', () => {
    const agent = lite();
    const forgeries: RequestOptions[] = [
      { password: '' },
      { password: 'guessguessguessguessguess' },
      { username: 'nobody:pupp' },
      { username: `${agent.localParameters.usernameFragment}:else` },
      { username: undefined },
      { fingerprint: false },
    ];
    for (const options of forgeries) ask(agent, 0, options);
    assert.deepEqual(sentBy(agent, 0), []);
    assert.equal(agent.stats.drops['bad-integrity'], 2);
    const authentic: RequestOptions[] = [
      {},
      { useCandidate: true },
      { role: 'none' },
      { role: 'controlled' },
      { sha256: true },
      { priority: undefined, role: 'none' },
    ];
    let port = 1;
    for (const address of ['198.51.100.1', '2001:db8::9'])
      for (const options of authentic) {
        const bytes = request(agent, options);
        give(agent, bytes, 0, { address, port: port++ });
        const [answer, more] = sentBy(agent, 0);
        const { at, end } = answer!.message;
        assert(
          end - at <= bytes.length,
          `${end - at} bytes answer ${bytes.length}: ${JSON.stringify(options)}`,
        );
        assert.equal(more, undefined);
      }
  });
});

describe('RFC 8839 §5.4 fragments that peers choose for us', () => {
  test('up to 256 characters are taken where the caller asks for it, 32 otherwise', () => {
    const local = { usernameFragment: 'x'.repeat(256), password: 'y'.repeat(22) };
    const agent = newAgent(1, { ...LITE, local, longFragment: true });
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5000 }, 0);
    ask(agent, 0, { username: `${local.usernameFragment}:pupp` });
    assert.equal(sentBy(agent, 0).length, 1);
    assert.throws(() => newAgent(1, { local }), { code: 'BAD_PARAMETERS' });
    const longer = { ...local, usernameFragment: 'x'.repeat(257) };
    assert.throws(() => newAgent(1, { local: longer, longFragment: true }), { code: 'BAD_PARAMETERS' });
  });
});
