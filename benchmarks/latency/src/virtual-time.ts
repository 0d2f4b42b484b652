// What takes so long by the protocol's own rules, whatever the processor: measured in virtual time.
import { type Entry, type Metric, quantile, type TrialResult } from '@millrace/bench-harness';

const url = (name: string): string => new URL(`./trials/${name}.ts`, import.meta.url).href;

function quantiles(from: string): readonly Metric<TrialResult>[] {
  const of = (name: string, q: number): Metric<TrialResult> => ({
    name,
    unit: 'ms',
    better: 'lower',
    read: ({ measurement }) => quantile(measurement[from] as readonly number[], q),
  });
  return [of('median', 0.5), of('p90', 0.9), of('slowest', 1)];
}

const lossRecovery = [20, 100].flatMap((roundTripTime) =>
  [false, true].map(
    (isTail): Entry => ({
      kind: 'trial',
      name: `sctp/recover-${isTail ? 'tail' : 'one'}-${roundTripTime}ms`,
      what: `how much later a message comes whose packet was lost ${
        isTail ? 'at the end of a burst' : 'within a stream'
      }, ${roundTripTime} ms round trip, in virtual time`,
      quick: roundTripTime === 20,
      module: url('loss-recovery'),
      subjects: ['millrace'],
      settings: ({ mode }) => ({ roundTripTime, tail: isTail ? 1 : 0, seeds: mode === 'smoke' ? 1 : 25 }),
      metrics: [
        ...quantiles('lateMs'),
        {
          name: 'timeouts',
          unit: '/loss',
          better: 'lower',
          read: ({ measurement }) => measurement.timeouts as number,
        },
      ],
      distributions: [
        { name: 'late', unit: 'ms', read: ({ measurement }) => measurement.lateMs as readonly number[] },
      ],
    }),
  ),
);

interface Nomination {
  readonly name: string;
  readonly what: string;
  readonly roundTripTime: number;
  readonly lossPercent: number;
  readonly addresses: number;
  readonly reachable: number;
  readonly quick?: boolean;
}

const nomination = (
  [
    {
      name: '20ms',
      what: 'one address each',
      roundTripTime: 20,
      lossPercent: 0,
      addresses: 1,
      reachable: 1,
      quick: true,
    },
    {
      name: '100ms-10%',
      what: 'one address each, 10 % loss',
      roundTripTime: 100,
      lossPercent: 10,
      addresses: 1,
      reachable: 1,
    },
    {
      name: '20ms-last-of-16',
      what: 'four addresses each, the last pair of 16 works',
      roundTripTime: 20,
      lossPercent: 0,
      addresses: 4,
      reachable: 1,
    },
  ] satisfies Nomination[]
).map(
  ({ name, what, quick = false, ...settings }: Nomination): Entry => ({
    kind: 'trial',
    name: `ice/nominated-${name}`,
    what: `time to a nominated pair on both sides: ${what}, ${settings.roundTripTime} ms round trip, in virtual time`,
    quick,
    module: url('nomination'),
    subjects: ['millrace'],
    settings: ({ mode }) => ({ ...settings, seeds: mode === 'smoke' ? 1 : 50 }),
    metrics: [
      ...quantiles('nominatedMs'),
      {
        name: 'checks',
        unit: '',
        better: 'lower',
        read: ({ measurement }) => measurement.requests as number,
      },
    ],
    distributions: [
      {
        name: 'nominated',
        unit: 'ms',
        read: ({ measurement }) => measurement.nominatedMs as readonly number[],
      },
    ],
  }),
);

const opening = [0, 10].flatMap((lossPercent) =>
  [0, 1].map(
    (isSignaled): Entry => ({
      kind: 'trial',
      name: `open/100ms-${lossPercent}%${isSignaled ? '-snap' : ''}`,
      what: `time to an open channel, DTLS 1.2, ${isSignaled ? 'SCTP by signaling' : 'SCTP with its handshake'}, 100 ms round trip, ${lossPercent} % loss, in virtual time`,
      quick: lossPercent === 10,
      module: url('opening'),
      subjects: ['millrace'],
      settings: ({ mode }) => ({
        roundTripTime: 100,
        lossPercent,
        isSignaled,
        seeds: lossPercent === 0 || mode === 'smoke' ? 1 : 1_000,
      }),
      metrics: [
        ...(['offerer', 'answerer'] as const).flatMap((side) =>
          ([0.5, 0.95, 0.99] as const).map(
            (q): Metric<TrialResult> => ({
              name: `${side}, p${q * 100}`,
              unit: 'ms',
              better: 'lower',
              read: ({ measurement }) => quantile(measurement[`${side}.open`] as readonly number[], q),
            }),
          ),
        ),
        {
          name: 'datagrams',
          unit: '',
          better: 'lower',
          read: ({ measurement }) => measurement.datagrams as number,
        },
      ],
      distributions: (['offerer', 'answerer'] as const).map((side) => ({
        name: `open, ${side}`,
        unit: 'ms',
        read: ({ measurement }: TrialResult) => measurement[`${side}.open`] as readonly number[],
      })),
    }),
  ),
);

export const virtualTime: readonly Entry[] = [...lossRecovery, ...nomination, ...opening];
