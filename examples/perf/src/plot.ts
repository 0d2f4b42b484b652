// The rates of the last minute as a chart that is drawn anew each second, on a terminal.
import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import asciichart from 'asciichart';
import type { Interval } from './result.ts';

const HEIGHT = 10;
const SECONDS = 60;
/** Columns that the axis takes. */
const AXIS = 14;

export class Plot {
  readonly #stream: NodeJS.WriteStream;
  readonly #series: { up: number[]; down: number[] } = { up: [], down: [] };
  #rows = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Adds what has come in a second; `caption` is the line below the chart. */
  add({ direction, bitsPerSecond }: Interval, caption: string): void {
    const width = Math.max(2, Math.min(SECONDS, (this.#stream.columns ?? 80) - AXIS - 2));
    this.#series[direction] = [...this.#series[direction], bitsPerSecond / 1e6].slice(-width);
    const chart = this.#draw();
    moveCursor(this.#stream, 0, -this.#rows);
    cursorTo(this.#stream, 0);
    clearScreenDown(this.#stream);
    this.#stream.write(`${chart}\n${caption}\n`);
    this.#rows = chart.split('\n').length + 1;
  }

  #draw(): string {
    const shown = [
      { series: this.#series.up, colour: asciichart.cyan },
      { series: this.#series.down, colour: asciichart.yellow },
    ].filter(({ series }) => series.length > 0);
    const max = Math.max(1, ...shown.flatMap(({ series }) => series));
    return asciichart.plot(
      shown.map(({ series }) => series),
      {
        min: 0,
        max,
        height: HEIGHT,
        colors: shown.map(({ colour }) => (this.#stream.hasColors?.() ? colour : undefined)),
        format: (value) => `${Math.abs(value).toFixed(max < 10 ? 2 : 0)} Mbit/s`.padStart(AXIS),
      },
    );
  }
}
