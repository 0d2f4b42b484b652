// RFC 8445 §9: ICE restart, in virtual time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { VirtualHost } from '@millrace/ice/testing';
import { bothSelected, connected, strangers, type Two } from '../two-agents.ts';

/** `host` offers: it has new credentials, the peer does not know them yet. */
function offer(two: Two, host: VirtualHost, without?: ReadonlySet<number>): void {
  host.agent.restart({ without }, two.network.now);
}

/** `answerer` takes the offer of the other; both tell everything. */
function answer(two: Two, offerer: VirtualHost, answerer: VirtualHost): void {
  answerer.agent.restart({}, two.network.now);
  tell(two, offerer, answerer);
  tell(two, answerer, offerer);
}

function tell({ network }: Two, from: VirtualHost, to: VirtualHost): void {
  const { agent } = from;
  to.agent.setRemoteParameters(agent.localParameters, network.now);
  for (const candidate of agent.stats.localCandidates)
    if (candidate.type === 'host') to.agent.addRemoteCandidate(candidate, network.now);
  to.agent.endRemoteCandidates(network.now);
  agent.endLocalCandidates(network.now);
}

const settled = (two: Two): boolean =>
  bothSelected(two) && [two.a, two.b].every(({ agent }) => agent.state === 'completed');

function newPairs(two: Two): () => boolean {
  const [a, b] = [two.a.agent.selectedPair, two.b.agent.selectedPair];
  return () => two.a.agent.selectedPair !== a && two.b.agent.selectedPair !== b;
}

describe('RFC 8445 §9 ICE restarts', () => {
  for (const side of ['a', 'b'] as const) {
    test(`data goes on over the old pair until a new one is selected, when ${side} restarts`, () => {
      const two = connected();
      two.network.run(1_000);
      const [offerer, answerer] = side === 'a' ? [two.a, two.b] : [two.b, two.a];
      const old = offerer.agent.selectedPair;
      const { usernameFragment, password } = offerer.agent.localParameters;
      const roles = [two.a.agent.role, two.b.agent.role];
      const hasMoved = newPairs(two);
      offer(two, offerer);
      // RFC 8445 §9: both the fragment and the password change.
      assert.notEqual(offerer.agent.localParameters.usernameFragment, usernameFragment);
      assert.notEqual(offerer.agent.localParameters.password, password);
      assert.equal(offerer.agent.selectedPair, old);
      two.network.run(500); // the offer is on its way
      assert.equal(offerer.agent.selectedPair, old);
      answer(two, offerer, answerer);
      assert.equal(offerer.agent.selectedPair, old);
      assert.equal(offerer.agent.isVerified(old!.route), true);
      const before = [two.a.events.length, two.b.events.length];
      assert.ok(two.network.run(1_000, hasMoved));
      for (const [i, host] of [two.a, two.b].entries()) {
        const seen = host.events.slice(before[i]);
        assert.ok(!seen.some((event) => 'selected' in event && event.selected === undefined));
        assert.ok(
          !seen.some(
            (event) => 'state' in event && event.state !== 'connected' && event.state !== 'completed',
          ),
        );
        assert.equal(host.agent.isVerified(host.agent.selectedRoute!), true);
      }
      assert.deepEqual([two.a.agent.role, two.b.agent.role], roles);
      assert.ok(two.network.run(10_000, () => settled(two)));
    });
  }

  test('the old session answers for a while and is forgotten then', () => {
    const two = connected();
    const old = two.b.agent.localParameters;
    const hasMoved = newPairs(two);
    offer(two, two.a);
    answer(two, two.a, two.b);
    assert.ok(two.network.run(1_000, hasMoved));
    assert.notEqual(two.b.agent.localParameters, old);
    two.network.run(60_000);
    assert.deepEqual([two.a.agent.state, two.b.agent.state], ['completed', 'completed']);
    assert.equal(two.a.agent.stats.requestsSent >= two.b.agent.stats.responsesSent, true);
  });

  test('checks that come before the answer find the session they are for', () => {
    const two = connected();
    const hasMoved = newPairs(two);
    offer(two, two.a);
    // b has answered, and begins to check; its answer takes 300 ms.
    two.b.agent.restart({}, two.network.now);
    tell(two, two.a, two.b);
    two.network.run(300);
    tell(two, two.b, two.a);
    assert.ok(two.network.run(200, hasMoved), 'early checks have paved the way');
    assert.equal(two.a.agent.stats.drops['wrong-username'], 0);
  });

  test('a restart that is taken back leaves everything as it was', () => {
    const two = connected();
    two.network.run(1_000);
    const { localParameters, selectedPair, state } = two.a.agent;
    offer(two, two.a);
    assert.equal(two.a.agent.state, 'connected'); // W3C webrtc-pc §5.6.4: from `completed`
    two.network.run(100);
    assert.equal(two.a.agent.abandonRestart(two.network.now), true);
    assert.deepEqual(two.a.agent.localParameters, localParameters);
    assert.equal(two.a.agent.selectedPair, selectedPair);
    assert.equal(two.a.agent.state, state);
    assert.equal(two.a.agent.abandonRestart(two.network.now), false);
    two.network.run(60_000);
    assert.deepEqual([two.a.agent.state, two.b.agent.state], ['completed', 'completed']);
  });

  test('both restart at once: one takes its own back and answers', () => {
    const two = connected();
    const hasMoved = newPairs(two);
    offer(two, two.a);
    offer(two, two.b);
    two.network.run(50);
    assert.ok(two.b.agent.abandonRestart(two.network.now));
    answer(two, two.a, two.b);
    assert.ok(two.network.run(1_000, hasMoved));
  });

  test('a path that has died comes back over a socket of a new generation', () => {
    const two = connected({ addressesA: ['192.0.2.1', '192.0.2.11'] });
    two.network.run(1_000);
    two.network.blocked = (from, to) => from.address === '192.0.2.1' || to.address === '192.0.2.1';
    const before = two.a.events.length;
    offer(two, two.a, new Set([0]));
    answer(two, two.a, two.b);
    const local = (): string | undefined => two.a.agent.selectedPair?.local.address;
    assert.ok(
      two.network.run(1_000, () => local() === '192.0.2.11'),
      'within a second, before silence is noticed',
    );
    assert.ok(two.a.events.length > before);
    two.network.run(60_000);
    assert.deepEqual([two.a.agent.state, two.b.agent.state], ['completed', 'completed']);
  });

  test('a selected pair whose socket is lost is disconnected at once, and another one takes over', () => {
    const two = connected({ addressesA: ['192.0.2.1', '192.0.2.11'] });
    two.network.run(1_000);
    two.network.blocked = (from, to) => from.address === '192.0.2.1' || to.address === '192.0.2.1';
    two.a.agent.onSocketLost(1, two.network.now);
    assert.equal(two.a.agent.state, 'completed', 'a socket that is not in use does not matter');
    two.a.agent.onSocketLost(0, two.network.now);
    assert.equal(two.a.agent.state, 'disconnected');
    const local = (): string | undefined => two.a.agent.selectedPair?.local.address;
    assert.ok(two.network.run(1_000, () => local() === '192.0.2.11'));
    assert.equal(two.a.agent.state, 'completed');
  });

  test('W3C webrtc-pc §5.6.4 from disconnected a restart leads through checking to connected', () => {
    const two = connected();
    two.network.blocked = () => true;
    assert.ok(two.network.run(20_000, () => two.a.agent.state === 'disconnected'));
    const before = two.a.states.length;
    offer(two, two.a);
    answer(two, two.a, two.b);
    two.network.run(100);
    assert.equal(two.a.agent.state, 'checking');
    two.network.blocked = () => false;
    assert.ok(two.network.run(10_000, () => settled(two)));
    assert.deepEqual(two.a.states.slice(before), ['checking', 'connected', 'completed']);
  });

  test('W3C webrtc-pc §5.6.4 from failed a restart leads through checking to connected', () => {
    const two = connected();
    two.network.blocked = () => true;
    const failed = (): boolean => two.a.agent.state === 'failed' && two.b.agent.state === 'failed';
    assert.ok(two.network.run(60_000, failed));
    two.network.blocked = () => false;
    offer(two, two.a);
    answer(two, two.a, two.b);
    assert.ok(two.network.run(10_000, () => settled(two)));
    assert.deepEqual(two.a.states.slice(-4), ['failed', 'checking', 'connected', 'completed']);
  });

  test('a failed agent that restarts hears the peer before its answer has come', () => {
    const two = connected();
    two.network.blocked = () => true;
    const failed = (): boolean => two.a.agent.state === 'failed' && two.b.agent.state === 'failed';
    assert.ok(two.network.run(60_000, failed));
    two.network.blocked = () => false;
    offer(two, two.a);
    two.b.agent.restart({}, two.network.now);
    tell(two, two.a, two.b);
    const before = two.a.agent.stats.requestsReceived;
    two.network.run(50);
    assert.ok(two.a.agent.stats.requestsReceived > before);
    assert.equal(two.a.agent.state, 'failed', 'not checking before the answer');
    tell(two, two.b, two.a);
    assert.ok(two.network.run(100, () => bothSelected(two)));
  });

  test('candidates of a socket that is gone are withdrawn, and a new one takes over without a restart', () => {
    const two = connected({ addressesA: ['192.0.2.1', '192.0.2.11'] });
    const { a, network } = two;
    network.run(1_000);
    network.blocked = (from, to) => from.address === '192.0.2.1' || to.address === '192.0.2.1';
    a.agent.removeSocket(0, network.now);
    assert.equal(a.agent.state, 'disconnected');
    assert.deepEqual(
      a.agent.stats.localCandidates.map(({ address }) => address),
      ['192.0.2.11'],
    );
    assert.ok(network.run(1_000, () => a.agent.selectedPair?.local.address === '192.0.2.11'));
    assert.equal(a.agent.state, 'completed');
    // The same number again is another socket, with pairs of its own.
    network.blocked = () => false;
    const again = a.agent.addLocalCandidate({ ...a.sockets[0]!, socket: 0 }, network.now);
    assert.equal(again.usernameFragment, a.agent.localParameters.usernameFragment);
    assert.ok(a.agent.stats.pairs.some(({ local }) => local === again));
  });

  test('a socket that comes and goes a thousand times leaves nothing behind', () => {
    const two = connected({ addressesA: ['192.0.2.1', '192.0.2.11'] });
    const { a, network } = two;
    for (let i = 0; i < 1_000; i++) {
      a.agent.removeSocket(1, network.now);
      a.agent.addLocalCandidate({ ...a.sockets[1]!, socket: 1 }, network.now);
    }
    network.run(1_000);
    assert.equal(a.agent.stats.localCandidates.length, 2);
    assert.equal(a.agent.stats.pairs.length, 2);
    assert.equal(a.agent.state, 'completed');
  });

  test('a restart that leads nowhere leaves the session that works in use', () => {
    const two = connected();
    two.network.run(1_000);
    const pair = two.a.agent.selectedPair;
    offer(two, two.a);
    two.b.agent.restart({}, two.network.now);
    // Neither learns the other's password rightly: no check gets through.
    const wrong = { usernameFragment: 'wrong', password: 'wrongwrongwrongwrongwrong' };
    two.a.agent.setRemoteParameters(wrong, two.network.now);
    two.b.agent.setRemoteParameters(wrong, two.network.now);
    two.network.run(120_000);
    assert.equal(two.a.agent.selectedPair, pair);
    assert.deepEqual([two.a.agent.state, two.b.agent.state], ['connected', 'connected']);
  });

  test('when the old session falls silent for good the new one is on its own', () => {
    const two = connected();
    offer(two, two.a);
    answer(two, two.a, two.b);
    two.network.blocked = () => true;
    assert.ok(two.network.run(35_000, () => two.a.agent.selectedPair === undefined));
    assert.equal(two.a.agent.state, 'checking');
    assert.ok(two.network.run(60_000, () => two.a.agent.state === 'failed'));
  });

  test('a signalled candidate goes to the generation whose fragment it names', () => {
    const two = connected();
    offer(two, two.a);
    const late = { ...two.b.candidates[0]!, address: '192.0.2.77' };
    two.a.agent.addRemoteCandidate(late, two.network.now);
    assert.equal(two.a.agent.stats.remoteCandidates.length, 0); // the new generation's
    answer(two, two.a, two.b);
    two.a.agent.addRemoteCandidate({ ...late, usernameFragment: 'none' }, two.network.now);
    assert.equal(two.a.agent.stats.drops['other-generation'], 1);
    assert.deepEqual(
      two.a.agent.stats.remoteCandidates.map(({ address }) => address),
      ['192.0.2.2'],
    );
  });

  test('a hundred restarts in a row keep the path and leave nothing behind', () => {
    const two = connected({ wire: { delay: 10, jitter: 5 } });
    for (let i = 0; i < 100; i++) {
      const [offerer, answerer] = i % 2 === 0 ? [two.a, two.b] : [two.b, two.a];
      const hasMoved = newPairs(two);
      offer(two, offerer);
      offer(two, offerer); // whoever offers twice means the second
      answer(two, offerer, answerer);
      if (i % 3 > 0) assert.ok(two.network.run(1_000, hasMoved), `restart ${i}`);
    }
    assert.ok(two.network.run(30_000, () => settled(two)));
  });

  test('a closed agent cannot restart', () => {
    const { a, network } = strangers();
    a.agent.close(network.now);
    assert.throws(() => a.agent.restart({}, network.now), { code: 'CLOSED' });
  });
});
