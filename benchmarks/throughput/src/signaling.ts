import type { Entry, Metric, Sweep, TrialBenchmark, TrialResult } from '@millrace/bench-harness';

const module = new URL('./trials/signaling-read.ts', import.meta.url).href;

const metric = (
  name: string,
  unit: string,
  better: 'higher' | 'lower',
  field: string,
): Metric<TrialResult> => ({
  name,
  unit,
  better,
  read: ({ measurement }) => measurement[field] as number,
});

const THROUGHPUT = metric('throughput', 'MB/s', 'higher', 'megabytesPerSecond');
const ALLOCATED = metric('allocated', 'B/record', 'lower', 'allocatedPerRecord');

function read(records: number, bodyBytes: number, quick = false): TrialBenchmark {
  return {
    kind: 'trial',
    name: `signaling/read-${records}x${bodyBytes}`,
    what: `${records} records with a body of ${bodyBytes} B each read from a room, one GET of its event stream`,
    quick,
    module,
    subjects: ['millrace'],
    settings: ({ mode, seconds }) => ({ records, bodyBytes, seconds: mode === 'smoke' ? 0 : seconds }),
    metrics: [
      THROUGHPUT,
      metric('batch', 'ms', 'lower', 'batchMillis'),
      metric('records', '/s', 'higher', 'recordsPerSecond'),
      ALLOCATED,
      metric('stream', 'B', 'lower', 'streamBytes'),
    ],
  };
}

const sweep = (name: string, what: string, { name: metric }: Metric<TrialResult>): Sweep => ({
  kind: 'sweep',
  name: `signaling/${name}`,
  what,
  x: { name: 'records per batch', unit: '', values: [1, 10, 100, 500] },
  y: { name: 'body', unit: 'B', values: [0, 32, 128, 512, 1_024, 4_096] },
  metric,
  cell: (records, bodyBytes) => read(records, bodyBytes),
});

export const signaling: readonly Entry[] = [
  read(100, 512, true),
  sweep(
    'batch-x-body',
    'bytes of the event stream a second that a reader gets: records in a batch against bytes of a body',
    THROUGHPUT,
  ),
  sweep(
    'batch-x-body-allocated',
    'bytes allocated on the heap for each record read, by server and reader: records in a batch against bytes of a body',
    ALLOCATED,
  ),
];
