import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCandidate } from '@millrace/ice';
import { give, PUPPET, request, sentBy } from '../puppet.ts';
import { newAgent, strangers } from '../two-agents.ts';

describe('RFC 8863 §3 patience', () => {
  test('nothing fails before 39.5 s, though every pair has failed and all candidates are in', () => {
    const two = strangers();
    two.network.blocked = () => true;
    two.network.introduce(two.a, two.b);
    two.network.run(39_499);
    assert.equal(two.a.agent.stats.pairs[0]?.state, 'failed');
    assert.equal(two.a.agent.state, 'checking');
    two.network.run(2);
    assert.equal(two.a.agent.state, 'failed');
    assert.deepEqual(two.a.states, ['checking', 'failed']);
  });

  test('a peer of whom nothing usable comes fails when the wait is over, though it never ends its candidates', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    agent.addRemoteCandidate(parseCandidate('candidate:1 1 udp 1 2001:db8::9 1 typ host')!, 1);
    agent.expire(39_499);
    assert.equal(agent.state, 'new');
    assert.equal(agent.deadline(), 39_500);
    agent.expire(39_500);
    assert.equal(agent.state, 'failed');
    assert.equal(agent.deadline(), Number.POSITIVE_INFINITY);
  });

  test('before the description of the peer has come nothing is waited for', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.endLocalCandidates(0);
    agent.endRemoteCandidates(0);
    agent.expire(1e9);
    assert.equal(agent.state, 'new');
    assert.equal(agent.deadline(), Number.POSITIVE_INFINITY);
  });

  test('the end of candidates, with none of them, is no failure before its time', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    agent.endRemoteCandidates(1);
    assert.equal(agent.state, 'new');
    assert.equal(agent.deadline(), 39_500);
    agent.expire(39_499);
    assert.equal(agent.state, 'new');
    agent.expire(39_500);
    assert.equal(agent.state, 'failed');
  });

  test('a check of the peer during the wait is what the wait is for', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    agent.endRemoteCandidates(1);
    give(agent, request(agent, { role: 'controlled' }), 39_000);
    assert.equal(sentBy(agent, 39_000).length, 2);
    agent.expire(39_500);
    assert.equal(agent.state, 'checking');
  });

  test('a peer that goes on checking, and answers nothing, is waited for twice as long and no longer', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    let now = 1;
    for (; agent.state !== 'failed' && now < 200_000; now += 100) {
      if (now % 5_000 === 1) give(agent, request(agent, { role: 'controlled' }), now);
      agent.expire(now);
      sentBy(agent, now);
    }
    assert.ok(now > 39_500 && now <= 2 * 39_500 + 5_000, `${now}`);
  });

  test('a failed agent stays so, and takes nothing any more', () => {
    const agent = newAgent(1);
    agent.setRemoteParameters(PUPPET, 0);
    agent.endRemoteCandidates(1);
    agent.expire(39_500);
    agent.addRemoteCandidate(parseCandidate('candidate:1 1 udp 1 192.0.2.9 1 typ host')!, 40_000);
    give(agent, request(agent), 40_000);
    assert.equal(agent.state, 'failed');
    assert.equal(agent.stats.drops.closed, 2);
    assert.equal(agent.deadline(), Number.POSITIVE_INFINITY);
    agent.close(50_000);
    assert.equal(agent.state, 'closed');
  });
});
