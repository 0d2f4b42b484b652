import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidate, ICE_DEFAULTS, parseCandidate } from '@millrace/ice';
import { ICE_CONTROLLING, PRIORITY, USE_CANDIDATE, USERNAME } from '@millrace/stun';
import fc from 'fast-check';
import { Checklist } from '../../src/checklist.ts';
import { CheckPair } from '../../src/pair.ts';
import { PUPPET, sentBy } from '../puppet.ts';
import { newAgent } from '../two-agents.ts';

const AT: Candidate = parseCandidate('candidate:1 1 udp 2130706431 192.0.2.9 1000 typ host')!;

describe('RFC 8445 §6.1 checklist', () => {
  test('§6.1.2.3: pair priority is 2^32 min(G,D) + 2 max(G,D) + (G>D), and both sides order pairs alike', () => {
    for (const role of ['controlling', 'controlled'] as const) {
      const agent = newAgent(1, { role });
      const local = agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
      for (const [i, priority] of [5, 1000, local.priority, local.priority + 1].entries())
        agent.addRemoteCandidate({ ...AT, priority, port: 1000 + i }, 0);
      const pairs = agent.stats.pairs;
      assert.deepEqual(
        pairs.map((pair) => pair.remote.port),
        [1003, 1002, 1001, 1000],
      );
      for (const { priority, remote } of pairs) {
        const [g, d] =
          role === 'controlling' ? [local.priority, remote.priority] : [remote.priority, local.priority];
        const exact = 2n ** 32n * BigInt(Math.min(g, d)) + 2n * BigInt(Math.max(g, d)) + (g > d ? 1n : 0n);
        assert.equal(priority, Number(exact));
      }
    }
  });

  test('§6.1.2.3: however candidates come, pairs stand as a stable sort by priority would have them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 0xffff_ffff })), {
          maxLength: 60,
        }),
        fc.integer({ min: 0, max: 60 }),
        (priorities, switchAt) => {
          const agent = newAgent(1, { role: 'controlled', maxPairs: 60 });
          agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
          for (const [i, priority] of priorities.entries()) {
            if (i === switchAt) agent.setRole('controlling');
            agent.addRemoteCandidate({ ...AT, priority, port: 1000 + i }, 0);
          }
          // One local candidate: the pairs' order is that of the remote priorities, and of equals the older goes first.
          const expected = priorities
            .map((priority, i) => ({ priority, port: 1000 + i }))
            .sort((a, b) => b.priority - a.priority);
          assert.deepEqual(
            agent.stats.pairs.map(({ remote }) => remote.port),
            expected.map(({ port }) => port),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test('§6.1.2.5: a full list says beforehand whether it would take a pair, as it then does', () => {
    const priority = fc.oneof(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0xffff_fffe, max: 0xffff_ffff }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('controlling' as const, 'controlled' as const),
        fc.array(fc.tuple(priority, priority), { minLength: 2, maxLength: 40 }),
        (role, priorities) => {
          const checklist = new Checklist(4);
          for (const [i, [ours, theirs]] of priorities.entries()) {
            const base = { ...AT, priority: ours, socket: i % 3, usernameFragment: 'here' };
            const remote = { ...AT, priority: theirs, port: 1000 + i };
            const hasPlace = checklist.hasPlaceFor(base, remote, role);
            const pair = new CheckPair(base, remote, role, 'waiting');
            assert.equal(checklist.add(pair, false) !== pair, hasPlace);
          }
        },
      ),
    );
  });

  test('§6.1.2.4: pairs of one address and many ports are told apart, whichever of them go', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 60 }), (ports) => {
        const checklist = new Checklist(100);
        const there = new Map<number, CheckPair>();
        for (const port of ports) {
          const known = there.get(port);
          if (known !== undefined) {
            checklist.remove(known);
            there.delete(port);
          } else {
            const base = { ...AT, socket: 0 };
            const pair = new CheckPair(base, { ...AT, port: 1 + port }, 'controlling', 'waiting');
            assert.equal(checklist.add(pair, false), undefined);
            there.set(port, pair);
          }
          for (let each = 0; each < 8; each++)
            assert.equal(checklist.find(0, AT.address, 1 + each), there.get(each));
        }
      }),
    );
  });

  test('§6.1.2.2: pairs are of one family, and link-local addresses keep to themselves', () => {
    const agent = newAgent(1);
    for (const [socket, address] of ['192.0.2.1', '2001:db8::1', 'fe80::1'].entries())
      agent.addLocalCandidate({ socket, address, port: 1 }, 0);
    for (const address of ['192.0.2.9', '2001:db8::9', 'fe80::9'])
      agent.addRemoteCandidate({ ...AT, address }, 0);
    assert.deepEqual(agent.stats.pairs.map((pair) => `${pair.local.address} ${pair.remote.address}`).sort(), [
      '192.0.2.1 192.0.2.9',
      '2001:db8::1 2001:db8::9',
      'fe80::1 fe80::9',
    ]);
  });

  test('§6.1.2.5: of 101 pairs the one with the lowest priority goes, whenever it came', () => {
    for (const lowestFirst of [true, false]) {
      const agent = newAgent(1, { maxRemoteCandidates: 200 });
      agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
      for (let i = 0; i < 101; i++) {
        const rank = lowestFirst ? i : 100 - i;
        agent.addRemoteCandidate({ ...AT, port: 1000 + rank, priority: 1000 + rank }, 0);
      }
      const { pairs, drops } = agent.stats;
      assert.equal(pairs.length, 100);
      assert.equal(drops['too-many-pairs'], 1);
      assert(!pairs.some((pair) => pair.remote.port === 1000));
    }
  });

  test('§6.1.4.2: the first check goes out at once, the others Ta apart in order of priority', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 100);
    for (let i = 0; i < 5; i++) agent.addRemoteCandidate({ ...AT, port: 1000 + i, priority: 1000 + i }, 100);
    assert.deepEqual(sentBy(agent, 100), []);
    assert(agent.stats.pairs.every((pair) => pair.state === 'frozen'));
    agent.setRemoteParameters(PUPPET, 100);
    const seen: Array<[now: number, port: number]> = [];
    let now = 100;
    while (seen.length < 5) {
      for (const { route } of sentBy(agent, now)) seen.push([now, route.remote.port]);
      now = agent.deadline();
      agent.expire(now);
    }
    const ta = ICE_DEFAULTS.checkInterval;
    assert.deepEqual(
      seen,
      [1004, 1003, 1002, 1001, 1000].map((port, i) => [100 + i * ta, port]),
    );
  });

  test('§7.2.2: a check names both fragments, the role, the priority of a reflexive candidate, and nominates', () => {
    const agent = newAgent(1);
    const local = agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.addRemoteCandidate(AT, 0);
    agent.setRemoteParameters(PUPPET, 0);
    const [sent] = sentBy(agent, 0);
    assert.equal(
      sent?.message.get(USERNAME),
      `${PUPPET.usernameFragment}:${agent.localParameters.usernameFragment}`,
    );
    assert.equal(typeof sent?.message.get(ICE_CONTROLLING), 'bigint');
    assert.equal(sent?.message.get(PRIORITY), local.priority - (126 - 110) * 2 ** 24);
    assert.equal(sent?.message.get(USE_CANDIDATE), true);
  });

  test('§14.3: an unanswered check is sent again with growing waits, the same message each time, then fails', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.addRemoteCandidate(AT, 0);
    agent.setRemoteParameters(PUPPET, 0);
    const times: number[] = [];
    const ids = new Set<string>();
    for (let now = 0; agent.stats.pairs[0]!.state !== 'failed'; now = agent.deadline()) {
      agent.expire(now);
      for (const { message } of sentBy(agent, now)) {
        times.push(now);
        ids.add(message.transactionId.join());
      }
    }
    assert.deepEqual(
      times,
      [0, 50, 100, 150, 250, 450, 850, 1650, 3250, 6450, 9650, 12_850, 16_050, 19_250, 22_450],
    );
    assert.equal(ids.size, 1);
  });

  test('§14.3: the timeout grows with the number of checks that share the pacing', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    for (let i = 0; i < 10; i++) agent.addRemoteCandidate({ ...AT, port: 1000 + i }, 0);
    agent.setRemoteParameters(PUPPET, 0);
    const times: number[] = [];
    for (let now = 0; now < 500; now = agent.deadline()) {
      agent.expire(now);
      for (const { route } of sentBy(agent, now)) if (route.remote.port === 1000) times.push(now);
    }
    assert.deepEqual(times, [0, 200, 400]);
  });

  test('a buffer without room gets nothing, and the check waits', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.addRemoteCandidate(AT, 0);
    agent.setRemoteParameters(PUPPET, 0);
    const small = new Uint8Array(60);
    assert.equal(agent.transmit(small, 0, 60, 0), 0);
    assert.equal(sentBy(agent, 0).length, 1);
  });

  test('the role can be set until checks begin', () => {
    const agent = newAgent(1, { role: 'controlled' });
    agent.setRole('controlling');
    assert.equal(agent.role, 'controlling');
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.addRemoteCandidate(AT, 0);
    agent.setRemoteParameters(PUPPET, 0);
    sentBy(agent, 0);
    agent.setRole('controlling');
    assert.throws(() => agent.setRole('controlled'), { code: 'CHECKS_BEGUN' });
  });
});
