// Many candidates: the work for each grows with the logarithm of the pairs, counted in comparisons, and the cap holds.
// RFC 8445 §6.1.2.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidate, ICE_DEFAULTS, parseCandidate } from '@millrace/ice';
import { CheckPair } from '../../src/pair.ts';
import { PUPPET } from '../puppet.ts';
import { newAgent } from '../two-agents.ts';

const LOCALS = 10;

/** Each of another address and priority, in an order that is neither theirs nor its reverse. */
function remotes(count: number): Candidate[] {
  return Array.from({ length: count }, (_, i) => {
    const j = (i * 377) % count; // 377 = 13 * 29 has no factor in common with the counts used here
    const priority = 126 * 2 ** 24 + (65_535 - j) * 2 ** 8 + 255;
    const at = `198.18.${j >> 8}.${j & 255} ${20_000 + j}`;
    return parseCandidate(`candidate:${j} 1 udp ${priority} ${at} typ host`)!;
  });
}

/** An agent with ten addresses that has been told of `count` candidates, and how often two pairs were compared for it. */
function trickled(
  count: number,
  maxPairs: number,
): { agent: ReturnType<typeof newAgent>; comparisons: number } {
  const agent = newAgent(1, { maxPairs, maxRemoteCandidates: count });
  for (let socket = 0; socket < LOCALS; socket++)
    agent.addLocalCandidate({ socket, address: `192.0.2.${socket + 1}`, port: 4_000 }, 0);
  agent.setRemoteParameters(PUPPET, 0);
  const { compare } = CheckPair.prototype;
  let comparisons = 0;
  CheckPair.prototype.compare = function (other) {
    comparisons++;
    return compare.call(this, other);
  };
  try {
    for (const candidate of remotes(count)) agent.addRemoteCandidate(candidate, 0);
  } finally {
    CheckPair.prototype.compare = compare;
  }
  return { agent, comparisons };
}

describe('RFC 8445 §6.1.2 a thousand candidates trickled to ten interfaces', () => {
  for (const [what, maxPairs] of [
    ['all their pairs kept', 40_000],
    ['the cap of pairs as it is by default', ICE_DEFAULTS.maxPairs],
  ] as const) {
    test(`§6.1.2.3 are sorted in n log n comparisons, with ${what}`, (t) => {
      for (const count of [500, 1_000, 2_000, 4_000]) {
        const { agent, comparisons } = trickled(count, maxPairs);
        const { pairs } = agent.stats;
        assert.equal(pairs.length, Math.min(count * LOCALS, maxPairs));
        for (let i = 1; i < pairs.length; i++) assert.ok(pairs[i - 1]!.priority >= pairs[i]!.priority);
        // The binary search, a comparison with the last where there is no room, and one to find what is worth checking.
        const most = count * LOCALS * (Math.ceil(Math.log2(pairs.length)) + 3);
        t.diagnostic(
          `${count} candidates, ${pairs.length} pairs: ${comparisons} comparisons, at most ${most}`,
        );
        assert.ok(comparisons <= most, `${comparisons} > ${most}`);
      }
    });
  }

  test('§6.1.2.5 the pairs that are kept are the best', () => {
    const { agent } = trickled(1_000, ICE_DEFAULTS.maxPairs);
    const all = trickled(1_000, 40_000).agent.stats.pairs.slice(0, ICE_DEFAULTS.maxPairs);
    const of = ({ local, remote }: (typeof all)[number]): string => `${local.address} ${remote.address}`;
    assert.deepEqual(agent.stats.pairs.map(of), all.map(of));
    assert.equal(agent.stats.drops['too-many-pairs'], 1_000 * LOCALS - ICE_DEFAULTS.maxPairs);
  });

  test('candidates beyond the cap of candidates are counted', () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 4_000 }, 0);
    for (const candidate of remotes(1_000)) agent.addRemoteCandidate(candidate, 0);
    assert.equal(agent.stats.remoteCandidates.length, ICE_DEFAULTS.maxRemoteCandidates);
    assert.equal(agent.stats.drops['too-many-remote-candidates'], 1_000 - ICE_DEFAULTS.maxRemoteCandidates);
  });
});
