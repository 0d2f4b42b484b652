import type { Entry, TrialBenchmark } from '@millrace/bench-harness';

const module = new URL('./trials/lossy-path.ts', import.meta.url).href;

function lossyPath(roundTripTime: number, lossPercent: number, quick = false): TrialBenchmark {
  return {
    kind: 'trial',
    name: `sctp/path-${roundTripTime}ms-${lossPercent}%`,
    what: `share of a 20 Mbit/s path of ${roundTripTime} ms and ${lossPercent} % loss that a bulk transfer gets, in virtual time`,
    quick,
    module,
    subjects: ['millrace', 'bbr', 'cubic', 'new-reno'],
    settings: ({ mode }) => ({
      megabitsPerSecond: 20,
      roundTripTime,
      lossPercent,
      startUpSeconds: mode === 'smoke' ? 0.05 : 2,
      seconds: mode === 'smoke' ? 0.1 : 8,
      seed: 1,
    }),
    metrics: [
      {
        name: 'share',
        unit: '%',
        better: 'higher',
        read: ({ measurement }) => measurement.sharePercent as number,
      },
      {
        name: 'sent again',
        unit: '%',
        better: 'lower',
        read: ({ measurement }) => measurement.retransmittedPercent as number,
      },
      {
        name: 'queue',
        unit: 'ms',
        better: 'lower',
        read: ({ measurement }) => measurement.queueDelay as number,
      },
      {
        name: 'timeouts',
        unit: '',
        better: 'lower',
        read: ({ measurement }) => measurement.timeouts as number,
      },
    ],
  };
}

export const lossyPaths: readonly Entry[] = [
  lossyPath(50, 1, true),
  {
    kind: 'sweep',
    name: 'sctp/rtt-x-loss',
    what: 'share of a 20 Mbit/s path that a bulk transfer gets, in virtual time',
    x: { name: 'round-trip time', unit: 'ms', values: [10, 50, 100, 200] },
    y: { name: 'loss', unit: '%', values: [0, 0.1, 1, 3, 10] },
    metric: 'share',
    cell: (roundTripTime, lossPercent) => lossyPath(roundTripTime, lossPercent),
  },
];
