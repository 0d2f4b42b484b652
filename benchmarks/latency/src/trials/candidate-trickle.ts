// A thousand candidate lines trickled to an agent with ten addresses: how long all of them take together, and the one that
// takes longest. The first round is that of a process which has done nothing of the kind before.
import type { OperationSettings, Trial } from '@millrace/bench-harness';
import { IceAgent, parseCandidate } from '@millrace/ice';
import { SeededRandom } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';

const CANDIDATES = 1_000;
const ADDRESSES = 10;
const PEER = { usernameFragment: 'Ab1x', password: 'aPasswordOfEnoughCharacters0' } as const;

const lines = Array.from({ length: CANDIDATES }, (_, i) => {
  // In an order that is neither that of the priorities nor its reverse.
  const j = (i * 377) % CANDIDATES;
  const priority = 126 * 2 ** 24 + (65_535 - j) * 2 ** 8 + 255;
  return `candidate:${j} 1 udp ${priority} 198.18.${j >> 8}.${j & 255} ${20_000 + j} typ host generation 0 ufrag Ab1x`;
});

export const trial: Trial = {
  millrace(settings: OperationSettings) {
    const { cap, rounds } = settings as Record<string, number>;
    const maxPairs = cap! || CANDIDATES * ADDRESSES;
    const takenMs: number[] = [];
    const slowestMs: number[] = [];
    for (let round = 0; round < rounds!; round++) {
      const agent = new IceAgent({
        role: 'controlling',
        crypto: nodeStunCrypto,
        random: new SeededRandom(round + 1),
        maxPairs,
        maxRemoteCandidates: CANDIDATES,
      });
      for (let socket = 0; socket < ADDRESSES; socket++)
        agent.addLocalCandidate({ address: `192.0.2.${socket + 1}`, port: 4_000, socket }, 0);
      agent.setRemoteParameters(PEER, 0);
      const begun = performance.now();
      let slowest = 0;
      let last = begun;
      for (const line of lines) {
        agent.addRemoteCandidate(parseCandidate(line)!, 0);
        const at = performance.now();
        slowest = Math.max(slowest, at - last);
        last = at;
      }
      takenMs.push(last - begun);
      slowestMs.push(slowest);
      const { pairs } = agent.stats;
      if (pairs.length !== maxPairs) throw new Error(`${pairs.length} pairs`);
    }
    return { takenMs, slowestMs };
  },
};
