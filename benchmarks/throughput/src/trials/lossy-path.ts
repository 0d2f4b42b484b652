// A bulk transfer over a simulated path in virtual time: how much of the link's rate reaches the application with a
// given round-trip time and loss. It is the same on any machine, to the last digit.
import type { Measurement, OperationSettings, Trial } from '@millrace/bench-harness';
import { DEFAULTS } from '@millrace/sctp';
import { type FlowSettings, runFlows } from '../grid/bulk-flows.ts';

const by =
  (congestionControl: FlowSettings['congestionControl']) =>
  (settings: OperationSettings): Measurement => {
    const { megabitsPerSecond, roundTripTime, lossPercent, startUpSeconds, seconds, seed } =
      settings as Record<string, number>;
    const link = {
      megabitsPerSecond: megabitsPerSecond!,
      roundTripTime: roundTripTime!,
      loss: lossPercent! / 100,
      queue: 1,
    };
    const startUp = startUpSeconds! * 1000;
    const result = runFlows(link, [{ congestionControl }], startUp + seconds! * 1000, startUp, seed!);
    const { share, retransmitted, timeouts } = result.flows[0]!;
    return {
      sharePercent: 100 * share,
      retransmittedPercent: 100 * retransmitted,
      timeouts,
      queueDelay: result.meanQueueDelay,
    };
  };

export const trial: Trial = {
  /** With the congestion control that it has unless told otherwise. */
  millrace: by(DEFAULTS.congestionControl),
  bbr: by('bbr'),
  cubic: by('cubic'),
  'new-reno': by('new-reno'),
};
