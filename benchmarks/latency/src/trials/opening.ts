// A whole opening in virtual time, over many seeds: from both sides knowing everything of each other, by ICE, DTLS and SCTP,
// to an open channel on either side and the first message there. What the processor does takes no time.
import type { OperationSettings, Trial } from '@millrace/bench-harness';
import { Pair } from '@millrace/sans-io/testing';
import { type Milestones, VirtualPeer } from '../opening/virtual-peer.ts';

const PATIENCE_MILLIS = 60_000;

/**
 * `isSignaled`: 1, if the INIT chunks go with the descriptions; `dtls13`: 1 for DTLS 1.3; `regular`: 1, if the offerer
 * nominates after its check has succeeded, and not with it.
 */
export const trial: Trial = {
  millrace(settings: OperationSettings) {
    const { roundTripTime, lossPercent, jitter, isSignaled, dtls13, regular, seeds, firstSeed } = {
      firstSeed: 1,
      jitter: 0,
      ...(settings as Record<string, number>),
    } as Record<string, number>;
    const lists: Record<string, number[]> = {};
    let datagrams = 0;
    for (let seed = firstSeed!; seed < firstSeed! + seeds!; seed++) {
      const [a, b] = (['offerer', 'answerer'] as const).map(
        (name) =>
          new VirtualPeer({
            name,
            seed,
            isSignaled: isSignaled === 1,
            nomination: regular === 1 ? 'regular' : undefined,
            dtlsVersion: dtls13 === 1 ? '1.3' : undefined,
          }),
      ) as [VirtualPeer, VirtualPeer];
      const wire = {
        delay: roundTripTime! / 2,
        jitter: jitter!,
        jitterKeepsOrder: true,
        loss: lossPercent! / 100,
      };
      const pair = new Pair({ a, b, sinkA: undefined, sinkB: undefined, seed, wire });
      a.meet(b);
      b.meet(a);
      const isDone = (): boolean =>
        [a, b].every(({ at }) => Number.isFinite(at.open) && Number.isFinite(at.first));
      if (!pair.run(PATIENCE_MILLIS, isDone)) throw new Error(`seed ${seed}: no first message`);
      for (const [peer, name] of [
        [a, 'offerer'],
        [b, 'answerer'],
      ] as const) {
        datagrams += peer.datagramsSent;
        for (const key of Object.keys(peer.at) as Array<keyof Milestones>)
          (lists[`${name}.${key}`] ??= []).push(peer.at[key]);
      }
    }
    return { ...lists, datagrams: datagrams / seeds! };
  },
};
