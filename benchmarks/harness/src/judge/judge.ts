// Decides whether head is faster than base, slower, or the same, from values that were measured in pairs. Each pair
// stood next to each other in time, so its ratio is free of what the machine did meanwhile; the middle of the pairs is
// free of the moments that hit one of the two alone; the bootstrap says how sure one can be.
import { bootstrapInterval, middleOf } from './bootstrap.ts';

export const JUDGE_DEFAULTS = {
  /** A change up to here counts as none: halfway to the slowdown of 10 % that must never pass. */
  threshold: 0.05,
  /** Of the interval. A run judges dozens of benchmarks, so 95 % would be wrong in one or two of them. */
  confidence: 0.98,
  /** Fewer pairs say nothing yet. */
  minPairs: 6,
  /** With so many, pairs that differ by 5 % (standard deviation) are judged rightly; see the self-test. */
  maxPairs: 30,
} as const;

export interface JudgeOptions {
  readonly better: 'higher' | 'lower';
  readonly threshold?: number;
  readonly confidence?: number;
}

export interface Pair {
  readonly base: number;
  readonly head: number;
}

export interface Judgement {
  readonly verdict: 'improved' | 'same' | 'regressed';
  /** How many times as good head is as base: above 1 is better, whichever way the metric points. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
  /** Whether more pairs could hardly change the verdict. */
  readonly isSettled: boolean;
}

/** Undefined if there is no pair of positive numbers. */
export function judge(pairs: readonly Pair[], options: JudgeOptions): Judgement | undefined {
  const { better, threshold = JUDGE_DEFAULTS.threshold, confidence = JUDGE_DEFAULTS.confidence } = options;
  const ratios: number[] = [];
  for (const { base, head } of pairs)
    if (base > 0 && head > 0)
      ratios.push(better === 'higher' ? Math.log(head / base) : Math.log(base / head));
  if (ratios.length === 0) return undefined;
  const middle = middleOf(Float64Array.from(ratios).sort());
  const interval = bootstrapInterval({
    values: ratios,
    estimate: middleOf,
    confidence,
    resamples: 2000,
    seed: ratios.length,
  });
  const worse = Math.log(1 - threshold);
  const betterBound = -worse;
  const verdict =
    middle < worse && interval.high < 0
      ? 'regressed'
      : middle > betterBound && interval.low > 0
        ? 'improved'
        : 'same';
  const isClear =
    interval.high < worse ||
    interval.low > betterBound ||
    (interval.low > worse && interval.high < betterBound);
  return {
    verdict,
    ratio: Math.exp(middle),
    low: Math.exp(interval.low),
    high: Math.exp(interval.high),
    pairs: ratios.length,
    isSettled: ratios.length >= JUDGE_DEFAULTS.minPairs && isClear,
  };
}

/** Values by round on both sides; rounds that only one side has are left out. */
export function pairUp(
  base: readonly { readonly round: number; readonly value: number }[],
  head: readonly { readonly round: number; readonly value: number }[],
): Pair[] {
  const byRound = new Map(base.map(({ round, value }) => [round, value]));
  return head.flatMap(({ round, value }) => {
    const other = byRound.get(round);
    return other === undefined ? [] : [{ base: other, head: value }];
  });
}
