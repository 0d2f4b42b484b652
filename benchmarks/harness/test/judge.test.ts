// The judge on series with the noise of a shared machine: every pair drifts with the machine, each value wobbles for
// itself, and now and then something else takes the processor away from one of the two.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bootstrapInterval,
  JUDGE_DEFAULTS,
  judge,
  type Pair,
  pairUp,
  seededRandom,
} from '../src/judge/index.ts';

const TRIES = 20;
const SEED = Number(process.env.SEED ?? 20_261_122);

interface Noise {
  readonly wobble: number;
  readonly drift: number;
  /** Share of the values that something else made slower, by up to 60 %. */
  readonly hit: number;
}

/** Judges as a run does: pair by pair until it is settled. */
function judgeNoisy(slowdown: number, noise: Noise, seed: number): ReturnType<typeof judge> {
  const random = seededRandom(seed);
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const pairs: Pair[] = [];
  let drift = 0;
  const value = (nanos: number): number =>
    nanos *
    Math.exp(drift + (noise.wobble * gauss()) / Math.SQRT2) *
    (random() < noise.hit ? 1 + random() * 0.6 : 1);
  for (;;) {
    drift += noise.drift * gauss();
    pairs.push({ base: value(100), head: value(100 * (1 + slowdown)) });
    if (pairs.length < JUDGE_DEFAULTS.minPairs) continue;
    const judgement = judge(pairs, { better: 'lower' });
    if (judgement?.isSettled || pairs.length === JUDGE_DEFAULTS.maxPairs) return judgement;
  }
}

describe(`the judge, seed ${SEED}`, () => {
  const noises: Array<[name: string, noise: Noise]> = [
    ['a quiet machine', { wobble: 0.01, drift: 0.01, hit: 0.01 }],
    ['a busy machine', { wobble: 0.03, drift: 0.03, hit: 0.08 }],
    ['a machine that makes pairs differ by 5 %', { wobble: 0.05, drift: 0.03, hit: 0.05 }],
  ];
  for (const [name, noise] of noises) {
    test(`calls a run against itself the same, ${TRIES} of ${TRIES} times on ${name}`, () => {
      for (let i = 0; i < TRIES; i++) {
        const judgement = judgeNoisy(0, noise, SEED + i);
        assert.equal(judgement?.verdict, 'same', `seed ${SEED + i}: ${JSON.stringify(judgement)}`);
      }
    });

    test(`calls a slowdown of 10 % a regression, ${TRIES} of ${TRIES} times on ${name}`, () => {
      for (let i = 0; i < TRIES; i++) {
        const judgement = judgeNoisy(0.1, noise, SEED + i);
        assert.equal(judgement?.verdict, 'regressed', `seed ${SEED + i}: ${JSON.stringify(judgement)}`);
      }
    });
  }

  test('calls what takes a tenth less time improved', () => {
    assert.equal(judgeNoisy(-0.1, { wobble: 0.02, drift: 0.02, hit: 0.05 }, SEED)?.verdict, 'improved');
  });

  test('knows which way a metric points', () => {
    const pairs = Array.from({ length: 8 }, (_, i) => ({ base: 100 + i, head: (100 + i) * 1.2 }));
    assert.equal(judge(pairs, { better: 'higher' })?.verdict, 'improved');
    assert.equal(judge(pairs, { better: 'lower' })?.verdict, 'regressed');
  });

  test('sees no regression below the threshold, however sure it is of it', () => {
    const pairs = Array.from({ length: 20 }, () => ({ base: 100, head: 104 }));
    const judgement = judge(pairs, { better: 'lower' });
    assert.deepEqual([judgement?.verdict, judgement?.isSettled], ['same', true]);
    assert.equal(judge(pairs, { better: 'lower', threshold: 0.02 })?.verdict, 'regressed');
  });

  test('is not settled by what is too noisy to tell', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => ({ base: 100, head: i % 2 === 0 ? 80 : 120 }));
    const judgement = judge(pairs, { better: 'lower' });
    assert.deepEqual([judgement?.verdict, judgement?.isSettled], ['same', false]);
  });

  test('has nothing to say of no pairs, or of values that are none', () => {
    assert.equal(judge([], { better: 'lower' }), undefined);
    assert.equal(judge([{ base: Number.NaN, head: 1 }], { better: 'lower' }), undefined);
  });
});

describe('pairs', () => {
  test('are the values of the same round; a round that one side missed has none', () => {
    const at = (...values: Array<[number, number]>) => values.map(([round, value]) => ({ round, value }));
    assert.deepEqual(pairUp(at([0, 1], [2, 3]), at([0, 4], [1, 5], [2, 6])), [
      { base: 1, head: 4 },
      { base: 3, head: 6 },
    ]);
  });
});

describe('the bootstrap interval', () => {
  const median = (sorted: Float64Array): number => sorted[sorted.length >> 1]!;

  test('comes out the same for the same values', () => {
    const options = {
      values: [3, 1, 4, 1, 5, 9, 2],
      estimate: median,
      confidence: 0.98,
      resamples: 500,
      seed: 1,
    };
    assert.deepEqual(bootstrapInterval(options), bootstrapInterval(options));
  });

  test('holds the true median about as often as it says, of few values too', () => {
    const random = seededRandom(SEED);
    let held = 0;
    for (let i = 0; i < 300; i++) {
      const values = Array.from({ length: 7 }, () => random());
      const interval = bootstrapInterval({
        values,
        estimate: median,
        confidence: 0.98,
        resamples: 300,
        seed: i,
      });
      if (interval.low <= 0.5 && 0.5 <= interval.high) held++;
    }
    assert.ok(held >= 285, `${held} of 300`);
  });
});
