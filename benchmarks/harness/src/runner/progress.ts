// What one sees while it runs: on a terminal one line that is written over, with rate and time left; elsewhere a line
// for each result.
import type { WriteStream } from 'node:tty';
import { metricsOf } from '../run-benchmark.ts';
import { formatValue } from '../statistics.ts';
import { firstLine } from './record.ts';
import type { Step } from './run.ts';

export class Progress {
  readonly #out: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>;
  readonly #started = performance.now();
  #isLineOpen = false;

  constructor(out: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>) {
    this.#out = out;
  }

  step(step: Step): void {
    const { result, series, round, outcome, done, total, millisLeft } = step;
    const { benchmark, cell } = result.task;
    const at = cell ? ` ${formatValue(cell.x)} × ${formatValue(cell.y)}` : ` round ${round + 1}`;
    const who = series.side ?? series.subject;
    const failed = outcome instanceof Error;
    const count = `${String(done).padStart(String(total).length)}/${total}`;
    const what = `${benchmark.name}${at} ${who}: ${failed ? firstLine(outcome.message) : headline(step)}`;
    if (!this.#out.isTTY) {
      this.#out.write(`${count} ${what}\n`);
      return;
    }
    const rate = (done / (performance.now() - this.#started)) * 60_000;
    const line = `${count}  ${rate.toFixed(0)}/min  ${formatMillis(millisLeft)} left  ${what}`;
    // What went wrong stays on the screen.
    if (failed) this.note(what);
    this.#out.write(`\r\x1b[K${line.slice(0, (this.#out.columns || 80) - 1)}`);
    this.#isLineOpen = true;
  }

  /** A line that stays. */
  note(text: string): void {
    this.end();
    this.#out.write(`${text}\n`);
  }

  end(): void {
    if (this.#isLineOpen) this.#out.write('\r\x1b[K');
    this.#isLineOpen = false;
  }
}

function headline({ result, outcome }: Step): string {
  const metric = metricsOf(result.task.benchmark)[0]!;
  const value = outcome instanceof Error ? Number.NaN : (outcome.values[metric.name] ?? Number.NaN);
  return `${metric.name} ${formatValue(value)} ${metric.unit}`;
}

export function formatMillis(millis: number): string {
  const seconds = Math.ceil(millis / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
