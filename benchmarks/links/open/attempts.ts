// What became of a number of connections, from what both sides have noted on one clock.
import { type Phase, quantile } from '@millrace/bench-harness';

/** Times in milliseconds on one clock, by number of the connection; -1: it has not come to that. */
export interface Notes {
  readonly started: readonly number[];
  readonly offererOpen: readonly number[];
  readonly offererFirst: readonly number[];
  readonly answererOpen: readonly number[];
  readonly answererFirst: readonly number[];
  /** Milliseconds from the start to the end of each phase at the offering side, where the stack tells. */
  readonly phases: Readonly<Partial<Record<Phase, readonly number[]>>>;
}

/** `offerer`, `answerer`: the channel is open there. `...First`: the first message has come there. */
export const MOMENTS = ['offererOpen', 'answererOpen', 'offererFirst', 'answererFirst'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Attempts {
  /** Milliseconds from before the peer connection was made; Infinity: not in time. */
  readonly moments: Readonly<Record<Moment, readonly number[]>>;
  /** Median milliseconds to the end of each phase. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
}

export function attemptsOf({ started, phases, ...notes }: Notes, warmUp: number): Attempts {
  const moments = {} as Record<Moment, number[]>;
  for (const moment of MOMENTS)
    moments[moment] = started
      .map((start, id) => (notes[moment][id]! < 0 ? Number.POSITIVE_INFINITY : notes[moment][id]! - start))
      .slice(warmUp);
  const medians: Partial<Record<Phase, number>> = {};
  for (const [phase, times] of Object.entries(phases) as Array<[Phase, readonly number[]]>) {
    const known = times.slice(warmUp).filter((time) => time >= 0);
    if (known.length > 0) medians[phase] = quantile(known, 0.5);
  }
  return { moments, phases: medians };
}

/** Of several runs, as if they had been one. */
export function joinAttempts(all: readonly Attempts[]): Attempts {
  const moments = {} as Record<Moment, number[]>;
  for (const moment of MOMENTS) moments[moment] = all.flatMap((attempts) => attempts.moments[moment]);
  const phases: Partial<Record<Phase, number>> = {};
  for (const phase of Object.keys(all[0]?.phases ?? {}) as Phase[])
    phases[phase] = quantile(
      all.flatMap((attempts) => attempts.phases[phase] ?? []),
      0.5,
    );
  return { moments, phases };
}
