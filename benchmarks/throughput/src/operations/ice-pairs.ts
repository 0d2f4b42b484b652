// Forming and sorting candidate pairs: one operation gives an agent with so many local candidates so many remote ones, one
// after the other as they trickle in. Making the agent is part of it, for werift as for us. With a cap, the pairs beyond it
// are formed, compared and dropped; werift has none.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { IceAgent, parseCandidate } from '@millrace/ice';
import { SeededRandom } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { candidateLines } from './candidates.ts';
import { weriftPart } from './werift.ts';

const localAddresses = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `192.0.2.${i + 1}`);
const PEER = { usernameFragment: 'Ab1x', password: 'aPasswordOfEnoughCharacters0' } as const;

interface WeriftCandidate {
  readonly priority: number;
}
interface WeriftPair {
  readonly localCandidate: WeriftCandidate;
  readonly remoteCandidate: WeriftCandidate;
}
interface WeriftIce {
  Candidate: { fromSdp(line: string): WeriftCandidate };
  CandidatePair: new (protocol: object, remote: WeriftCandidate, controlling: boolean) => WeriftPair;
  sortCandidatePairs(pairs: WeriftPair[], controlling: boolean): WeriftPair[];
}

export const operation: Operation = {
  subjects: {
    millrace({ candidates, locals, cap }: OperationSettings): Prepared {
      const count = candidates as number;
      const addresses = localAddresses(locals as number);
      const maxPairs = (cap as number) || count * addresses.length;
      const remotes = candidateLines(count).map((line) => parseCandidate(line)!);
      const random = new SeededRandom(1);
      const options = {
        role: 'controlling',
        crypto: nodeStunCrypto,
        random,
        maxPairs,
        maxRemoteCandidates: count,
      } as const;
      return {
        run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            const agent = new IceAgent(options);
            addresses.forEach((address, socket) => {
              agent.addLocalCandidate({ address, port: 4_000 + socket, socket }, 0);
            });
            agent.setRemoteParameters(PEER, 0);
            // From another one each time: the order in which they come is not always that of their priorities.
            for (let j = 0; j < count; j++) agent.addRemoteCandidate(remotes[(i * 7 + j * 3) % count]!, 0);
            const { pairs } = agent.stats;
            if (pairs.length !== maxPairs) throw new Error(`${pairs.length} pairs`);
            sum += pairs[0]!.priority;
          }
          return sum;
        },
      };
    },
    werift({ candidates, locals: addresses }: OperationSettings): Prepared {
      const { Candidate, CandidatePair, sortCandidatePairs } = {
        ...weriftPart<WeriftIce>('ice/src/index.js'),
      };
      const count = candidates as number;
      const lines = candidateLines(count).map((line) => line.slice('candidate:'.length));
      const remotes = lines.map((line) => Candidate.fromSdp(line));
      const locals = localAddresses(addresses as number).map((address, i) => ({
        localCandidate: Candidate.fromSdp(`${i} 1 udp ${2_130_706_431 - i} ${address} 4000 typ host`),
      }));
      return {
        run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            let pairs: WeriftPair[] = [];
            for (let j = 0; j < count; j++) {
              for (const local of locals)
                pairs.push(new CandidatePair(local, remotes[(i * 7 + j * 3) % count]!, true));
              pairs = sortCandidatePairs(pairs, true);
            }
            if (pairs.length !== count * locals.length) throw new Error(`${pairs.length} pairs`);
            sum += pairs[0]!.remoteCandidate.priority;
          }
          return sum;
        },
      };
    },
  },
};
