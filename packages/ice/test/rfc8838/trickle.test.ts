import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCandidate } from '@millrace/ice';
import { SeededRandom } from '@millrace/sans-io/testing';
import { give, PUPPET, PUPPET_AT, request, sentBy } from '../puppet.ts';
import { bothSelected, newAgent, strangers } from '../two-agents.ts';

const AT = parseCandidate('candidate:1 1 udp 1000 192.0.2.9 1000 typ host ufrag pupp')!;

describe('RFC 8838 trickled candidates', () => {
  test('§10: candidates may come before the description they belong to', () => {
    const agent = newAgent(1);
    agent.addRemoteCandidate(AT, 0);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    assert.equal(agent.state, 'new');
    assert.deepEqual(sentBy(agent, 0), []);
    agent.setRemoteParameters(PUPPET, 10);
    assert.equal(agent.state, 'checking');
    assert.equal(sentBy(agent, 10).length, 1);
  });

  test('§13: candidates of another generation are sorted out, before and after the description', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.addRemoteCandidate({ ...AT, usernameFragment: 'else' }, 0);
    agent.setRemoteParameters(PUPPET, 10);
    agent.addRemoteCandidate({ ...AT, usernameFragment: 'else', port: 2000 }, 11);
    assert.equal(agent.stats.drops['other-generation'], 2);
    assert.equal(agent.stats.pairs.length, 0);
    agent.addRemoteCandidate(AT, 12);
    agent.addRemoteCandidate({ ...AT, usernameFragment: undefined, port: 2000 }, 12);
    assert.equal(agent.stats.pairs.length, 2);
  });

  test('a check that comes before the description is answered, and checked in return once that is here', () => {
    const agent = newAgent(1, { role: 'controlled' });
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    give(agent, request(agent, { useCandidate: true }), 5);
    const early = sentBy(agent, 5);
    assert.deepEqual(
      early.map(({ message }) => message.messageClass),
      ['success'],
    );
    assert(agent.isVerified({ socket: 0, remote: PUPPET_AT }));
    assert.equal(agent.state, 'new');
    assert.equal(agent.usableRoute, undefined);
    agent.setRemoteParameters(PUPPET, 100);
    const [check] = sentBy(agent, 100);
    assert.deepEqual(check?.route.remote, PUPPET_AT);
    assert.equal(check?.message.messageClass, 'request');
  });

  test('an early check that another generation has sent is forgotten', () => {
    const agent = newAgent(1, { role: 'controlled' });
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    give(agent, request(agent, { username: `${agent.localParameters.usernameFragment}:else` }), 5);
    assert.equal(sentBy(agent, 5).length, 1);
    agent.setRemoteParameters(PUPPET, 100);
    assert.deepEqual(sentBy(agent, 100), []);
    assert(!agent.isVerified({ socket: 0, remote: PUPPET_AT }));
    assert.equal(agent.stats.remoteCandidates.length, 0);
  });

  test('the same parameters again are no matter, others need a restart', () => {
    const agent = newAgent(1);
    agent.setRemoteParameters(PUPPET, 0);
    agent.setRemoteParameters({ ...PUPPET, lite: false }, 1);
    assert.throws(() => agent.setRemoteParameters({ ...PUPPET, usernameFragment: 'other' }, 2), {
      code: 'REMOTE_PARAMETERS_SET',
    });
    assert.equal(agent.remoteParameters?.usernameFragment, PUPPET.usernameFragment);
  });

  test('a candidate that comes after the others failed is checked', () => {
    const two = strangers();
    const { network, a, b } = two;
    network.blocked = (_, to) => to.address === '192.0.2.77';
    a.agent.setRemoteParameters(b.agent.localParameters, 0);
    b.agent.setRemoteParameters(a.agent.localParameters, 0);
    a.agent.addRemoteCandidate({ ...b.candidates[0]!, address: '192.0.2.77' }, 0);
    network.run(30_000);
    assert.equal(a.agent.stats.pairs[0]?.state, 'failed');
    assert.equal(a.agent.state, 'checking');
    a.agent.addRemoteCandidate(b.candidates[0]!, network.now);
    assert(network.run(1000, () => bothSelected(two)));
  });

  test('in whatever order parameters, candidates and their ends arrive, the agents connect', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const two = strangers({
        seed,
        wire: { delay: 10, jitter: 20 },
        addressesA: ['192.0.2.1', '2001:db8::1'],
        addressesB: ['192.0.2.2', '2001:db8::2'],
      });
      const { network, a, b } = two;
      const steps: Array<() => void> = [];
      for (const [to, from] of [
        [a, b],
        [b, a],
      ] as const) {
        steps.push(() => to.agent.setRemoteParameters(from.agent.localParameters, network.now));
        for (const candidate of from.candidates)
          steps.push(() => to.agent.addRemoteCandidate(candidate, network.now));
        steps.push(() => to.agent.endRemoteCandidates(network.now));
        steps.push(() => to.agent.endLocalCandidates(network.now));
      }
      while (steps.length > 0) {
        steps.splice(random.below(steps.length), 1)[0]!();
        network.run(random.below(300));
      }
      assert(
        network.run(2000, () => bothSelected(two)),
        `seed ${seed}`,
      );
      network.run(1000);
      assert.equal(a.agent.state, 'completed', `seed ${seed}`);
      assert.equal(b.agent.state, 'completed', `seed ${seed}`);
    }
  });

  test('one side that never hears of any candidate connects all the same', () => {
    const two = strangers();
    const { network, a, b } = two;
    a.agent.setRemoteParameters(b.agent.localParameters, 0);
    b.agent.setRemoteParameters(a.agent.localParameters, 0);
    a.agent.addRemoteCandidate(b.candidates[0]!, 0);
    assert(network.run(1000, () => bothSelected(two)));
    assert.equal(b.agent.selectedPair?.remote.type, 'prflx');
  });
});
