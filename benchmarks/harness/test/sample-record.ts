// A result with something for every part of the report, made of numbers that mean nothing.
import { LatencyRecorder } from '../src/latency.ts';
import type { BenchmarkRecord, RunRecord, SeriesRecord } from '../src/runner/index.ts';

const METRICS = [
  { name: 'throughput', unit: 'Mbit/s', better: 'higher', judged: true },
  { name: 'CPU', unit: 'ms/MB', better: 'lower', judged: false },
] as const;
const COST = { cpu: 120, user: 100, system: 20, peakMemory: 2 ** 26, allocatedBytes: 1e7, collections: 3 };

function series(subject: string, factor: number): SeriesRecord {
  const recorder = new LatencyRecorder();
  for (let i = 1; i <= 2000; i++) recorder.recordNanos((1e5 + i * 40 + (i % 500 === 0 ? 1e6 : 0)) / factor);
  const at = (q: number): number => recorder.quantileMillis(q) * 1e6;
  return {
    subject,
    version: '1.2.3',
    failures: 0,
    rounds: [0, 1, 2].map((round) => ({
      round,
      values: { throughput: 100 * factor + round, CPU: round === 2 ? null : 30 / factor },
      costs: { offerer: COST, answerer: COST },
    })),
    distributions: {
      'round trip': {
        count: recorder.count,
        operations: 16,
        clock: 41,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: at(1),
        histogram: recorder.encode(),
      },
    },
  };
}

const benchmark = (name: string): BenchmarkRecord => ({
  name,
  area: 'e2e',
  kind: 'flow',
  what: 'messages & <others>',
  floor: 'udp',
  metrics: METRICS,
  series: [
    series('millrace', 1),
    series('werift', 0.1),
    series('node-datachannel', 1.4),
    series('udp', 4),
    {
      subject: 'wrtc',
      version: '',
      failures: 0,
      rounds: [],
      distributions: {},
      skipped: 'not available: no such module',
    },
  ],
});

const cells = (factor: number): Array<Array<number | null>> => [
  [factor, 20 * factor, 900 * factor],
  [null, 30 * factor, 800 * factor],
];

export const sampleRecord: RunRecord = {
  schema: 3,
  date: '2026-01-02T03:04:05.000Z',
  command: 'npm run bench -- --full',
  complete: true,
  commit: { id: '0123456789ab', dirty: true, date: '2026-01-01T00:00:00+00:00' },
  node: '26.10.0',
  v8: '14.6',
  machine: {
    cpu: 'Some(R) CPU',
    cores: 2,
    memoryBytes: 2 ** 34,
    platform: 'linux',
    arch: 'x64',
    release: '6.1',
    load: 0.1,
  },
  settings: { mode: 'full', rounds: 3, seconds: 1, implementations: ['millrace', 'werift'] },
  benchmarks: ['e2e/bulk-65536', 'e2e/open', 'e2e/ping-pong-1024', 'e2e/one-more'].map(benchmark),
  sweeps: [
    {
      name: 'e2e/size-by-channels',
      area: 'e2e',
      what: 'throughput by size and channels',
      x: { name: 'message', unit: 'B', values: [64, 1024, 65536] },
      y: { name: 'channels', unit: '', values: [1, 100] },
      metric: METRICS[0],
      series: [
        { subject: 'millrace', version: '1.2.3', cells: cells(1) },
        { subject: 'werift', version: '1.2.3', cells: cells(0.2) },
      ],
    },
  ],
  comparison: {
    with: 'main',
    base: { id: 'ba9876543210', dirty: false, date: '2026-01-01T00:00:00+00:00' },
    interleaved: true,
    threshold: 0.05,
    verdicts: [
      {
        benchmark: 'e2e/open',
        metric: 'throughput',
        verdict: 'regressed',
        ratio: 0.9,
        low: 0.88,
        high: 0.92,
        pairs: 8,
      },
      {
        benchmark: 'e2e/one-more',
        metric: 'throughput',
        verdict: 'none',
        ratio: 1,
        low: 1,
        high: 1,
        pairs: 0,
      },
    ],
  },
};

/** The same at an earlier date, with millrace slower. */
export function earlierRecord(date: string): RunRecord {
  const record = structuredClone(sampleRecord) as RunRecord;
  for (const { series } of record.benchmarks)
    for (const { values } of series[0]!.rounds) (values as Record<string, number>).throughput! *= 0.8;
  return { ...record, date };
}
