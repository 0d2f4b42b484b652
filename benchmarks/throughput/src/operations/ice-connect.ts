// Two agents from their first check to a pair selected on both sides, in virtual time: what the processor has to do
// for it. How long it takes on a network is in the latency suite.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { IceAgent, type IceRole } from '@millrace/ice';
import { VirtualNetwork } from '@millrace/ice/testing';
import { SeededRandom } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';

const MOST_MILLIS = 10_000;

export const operation: Operation = {
  subjects: {
    millrace({ addresses }: OperationSettings): Prepared {
      const count = addresses as number;
      let seed = 0;
      return {
        run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            seed += 2;
            const network = new VirtualNetwork({ seed, wire: { delay: 10 } });
            const hosts = (['controlling', 'controlled'] as const).map((role: IceRole, side) =>
              network.attach(
                new IceAgent({ role, crypto: nodeStunCrypto, random: new SeededRandom(seed + side) }),
                { addresses: Array.from({ length: count }, (_, j) => `192.0.2.${side * 100 + j + 1}`) },
              ),
            );
            network.introduce(hosts[0]!, hosts[1]!);
            const done = (): boolean =>
              hosts.every(({ agent }) => agent.selectedPair !== undefined && agent.state === 'completed');
            if (!network.run(MOST_MILLIS, done)) throw new Error(`seed ${seed}: not connected`);
            sum += network.now + hosts[0]!.agent.stats.requestsSent;
          }
          return sum;
        },
      };
    },
  },
};
