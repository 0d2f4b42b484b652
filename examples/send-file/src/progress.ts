// How far a transfer is: a bar where there is a terminal, a line now and then where there is none.
import { type Options, SingleBar } from 'cli-progress';

export interface Progress {
  /** `bytes` of the total have arrived. */
  update(bytes: number): void;
  /** The bar stays as it is, and lines may follow. */
  stop(): void;
}

export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  /** Bytes that were there before. */
  readonly from?: number;
  /** Default standard error. */
  readonly stream?: NodeJS.WriteStream;
  readonly now?: () => number;
}

export function startProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  const rate = new Rate(options.now ?? (() => performance.now()), options.from);
  return stream.isTTY ? startBar(options, stream, rate) : startLines(options, stream, rate);
}

export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '--';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Bytes a second over the last few seconds. */
export class Rate {
  readonly #now: () => number;
  readonly #samples: Array<{ at: number; bytes: number }> = [];

  constructor(now: () => number, from = 0) {
    this.#now = now;
    this.sample(from);
  }

  sample(bytes: number): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last && at - last.at < SAMPLE_INTERVAL && this.#samples.length > 1) last.bytes = bytes;
    else this.#samples.push({ at, bytes });
    if (this.#samples.length > RATE_SAMPLES) this.#samples.splice(0, this.#samples.length - RATE_SAMPLES);
  }

  get bytesPerSecond(): number {
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const seconds = (this.#now() - first.at) / 1000;
    return seconds > 0 ? (last.bytes - first.bytes) / seconds : 0;
  }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
/** Milliseconds between two samples of the rate. */
const SAMPLE_INTERVAL = 250;
const RATE_SAMPLES = 12;
/** Lines on what is no terminal: one every so many percent. */
const LINE_PERCENT = 10;

function startBar({ label, total }: ProgressOptions, stream: NodeJS.WriteStream, rate: Rate): Progress {
  const settings: Options = {
    format: `{label} {bar} {percentage}% | {done} of {all} | {rate}/s | {left}`,
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    barsize: 20,
    fps: 10,
    hideCursor: true,
    clearOnComplete: false,
    gracefulExit: false,
    autopadding: true,
    stream,
  };
  const bar = new SingleBar(settings);
  const payload = (bytes: number) => ({
    label,
    done: formatBytes(bytes),
    all: formatBytes(total),
    rate: formatBytes(rate.bytesPerSecond),
    left: bytes >= total ? 'done' : `ETA ${formatSeconds((total - bytes) / rate.bytesPerSecond)}`,
  });
  const span = Math.max(total, 1); // an empty file is a full bar
  bar.start(span, 0, payload(0));
  return {
    update: (bytes) => {
      rate.sample(bytes);
      bar.update(total === 0 ? span : bytes, payload(bytes));
    },
    stop: () => {
      bar.stop();
    },
  };
}

function startLines({ label, total }: ProgressOptions, stream: NodeJS.WriteStream, rate: Rate): Progress {
  let next = LINE_PERCENT;
  return {
    update: (bytes) => {
      rate.sample(bytes);
      const percent = total === 0 ? 100 : Math.floor((bytes / total) * 100);
      if (percent < next) return;
      next = percent - (percent % LINE_PERCENT) + LINE_PERCENT;
      stream.write(
        `${label} ${percent}% (${formatBytes(bytes)} of ${formatBytes(total)}, ${formatBytes(rate.bytesPerSecond)}/s)\n`,
      );
    },
    stop: () => {},
  };
}
