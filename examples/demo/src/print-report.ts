// The numbers at the end of the demo.
import { styleText } from 'node:util';
import { formatBytes } from '@millrace/example-send-file/progress';
import type { TransferResult } from '@millrace/example-send-file/transfer';
import type { RoundTrips } from './messages.ts';
import { type OpeningMarks, openingPhases } from './opening.ts';

export interface DemoResults {
  readonly marks: OpeningMarks;
  readonly transfer: TransferResult;
  readonly roundTrips: RoundTrips;
}

export function printReport(results: DemoResults): void {
  const { marks, transfer, roundTrips } = results;
  const { bytes, milliseconds, sha256 } = transfer;
  const phases = openingPhases(marks).map(
    ({ name, milliseconds: spent }) => `${name} ${spent.toFixed(spent < 99.95 ? 1 : 0)}`,
  );
  const megabits = (bytes * 8) / (Math.max(milliseconds, 0.001) * 1000);
  const seconds = (milliseconds / 1000).toFixed(2);
  process.stdout.write('\n');
  row('Verified', 'SHA-256', `\n  ${sha256}`);
  row('Time to open', `${(marks.channelOpen - marks.created).toFixed(1)} ms`, `\n  ${phases.join(' + ')}`);
  row(
    'Throughput',
    `${megabits.toFixed(0)} Mbit/s`,
    ` (${formatBytes(bytes)} in ${seconds} s, hashed and written to disk)`,
  );
  const { p50, p99, p999, count } = roundTrips;
  row(
    'Round trip',
    `p50 ${formatMillis(p50)}`,
    `, p99 ${formatMillis(p99)}, p99.9 ${formatMillis(p999)} (${count} of 1 KiB)`,
  );
}

function row(name: string, value: string, detail: string): void {
  process.stdout.write(`${name.padEnd(14)}${styleText('bold', value)}${detail}\n`);
}

function formatMillis(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 3 : 1)} ms`;
}
