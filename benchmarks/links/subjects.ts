// Who is measured: a stack of the harness, millrace with a congestion control of its own (`millrace:bbr`), kernel TCP
// (`tcp-cubic`, `tcp-bbr`), or pion.
import { type FlowResult, type ImplementationName, quantile, runFlow } from '@millrace/bench-harness';
import { runIperf } from '../harness/src/link/iperf.ts';
import type { Link } from '../harness/src/link/links.ts';
import type { Measure } from './cells.ts';
import { runPion } from './pion.ts';

export interface Outcome {
  /** Mbit/s, or the 50th percentile in milliseconds. */
  readonly value: number;
  /** The 99th percentile in milliseconds, where latencies are measured. */
  readonly p99?: number;
  readonly longestGap?: number;
  readonly buckets?: readonly number[];
  /** Processor time per second of the flow, in milliseconds, of the sending and the receiving process. */
  readonly cpu?: readonly [number, number];
}

export interface Timing {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Address of end b, for kernel TCP. */
  readonly address: string;
}

/** Measures one subject on a link. Undefined: this subject has no such measure, or no way over this link. */
export async function measureSubject(
  subject: string,
  { name, flow, settings }: Measure,
  link: Link,
  timing: Timing,
): Promise<Outcome | undefined> {
  const { warmUpSeconds, seconds, address } = timing;
  if (subject.startsWith('tcp-')) {
    if (link.commandAt === undefined || name !== 'bulk') return undefined;
    const congestionControl = subject.slice('tcp-'.length);
    const { commandAt } = link;
    return { value: await runIperf({ commandAt, address, congestionControl, warmUpSeconds, seconds }) };
  }
  if (subject === 'pion') {
    if (link.commandAt === undefined || name !== 'bulk') return undefined;
    const value = await runPion(link.commandAt, timing);
    return value === undefined ? undefined : { value };
  }
  const [implementation, variant] = subject.split(':');
  const result = await runFlow({
    implementation: implementation as ImplementationName,
    flow,
    settings: { ...settings, warmUpSeconds, seconds },
    timeout: (warmUpSeconds + seconds) * 1000 + 30_000,
    path: link.path,
    launch: { environment: variant === undefined ? {} : configuration(variant) },
  });
  return outcome(result, seconds);
}

function outcome({ measurement, offerer, answerer }: FlowResult, seconds: number): Outcome {
  const cpu = [offerer.cpu / seconds, answerer.cpu / seconds] as const;
  const latencies = measurement.latencies as readonly number[] | undefined;
  if (latencies) return { value: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), cpu };
  return {
    value: measurement.megabitsPerSecond as number,
    longestGap: measurement.longestGap as number,
    buckets: measurement.buckets as readonly number[],
    cpu,
  };
}

function configuration(congestionControl: string): Readonly<Record<string, string>> {
  return { MILLRACE_BENCH_CONFIGURATION: JSON.stringify({ congestionControl }) };
}
