// Time from two agents knowing everything of each other to a nominated pair on both sides, in virtual time, over many
// seeds.
import type { OperationSettings, Trial } from '@millrace/bench-harness';
import { IceAgent } from '@millrace/ice';
import { VirtualNetwork } from '@millrace/ice/testing';
import { SeededRandom } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';

const PATIENCE_MILLIS = 60_000;

export const trial: Trial = {
  millrace(settings: OperationSettings) {
    const { roundTripTime, lossPercent, addresses, reachable, seeds } = settings as Record<string, number>;
    const nominatedMs: number[] = [];
    let requests = 0;
    for (let seed = 1; seed <= seeds!; seed++) {
      const network = new VirtualNetwork({
        seed,
        wire: { delay: roundTripTime! / 2, jitter: 1, loss: lossPercent! / 100 },
      });
      const hosts = (['controlling', 'controlled'] as const).map((role, side) =>
        network.attach(
          new IceAgent({ role, crypto: nodeStunCrypto, random: new SeededRandom(seed * 2 + side) }),
          { addresses: Array.from({ length: addresses! }, (_, i) => `192.0.2.${side * 100 + i + 1}`) },
        ),
      );
      // The last addresses of both sides reach each other; checks to all others vanish, as behind firewalls.
      const open = hosts.flatMap(({ sockets }) => sockets.slice(-reachable!).map(({ address }) => address));
      network.blocked = (from, to) => !open.includes(from.address) || !open.includes(to.address);
      network.introduce(hosts[0]!, hosts[1]!);
      const done = (): boolean => hosts.every(({ agent }) => agent.selectedPair !== undefined);
      if (!network.run(PATIENCE_MILLIS, done)) throw new Error(`seed ${seed}: not connected`);
      nominatedMs.push(network.now);
      for (const { agent } of hosts) requests += agent.stats.requestsSent;
    }
    return { nominatedMs, requests: requests / seeds! };
  },
};
