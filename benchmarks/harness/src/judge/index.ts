export { bootstrapInterval, seededRandom } from './bootstrap.ts';
export { JUDGE_DEFAULTS, type Judgement, judge, type Pair, pairUp } from './judge.ts';
export { yardstick } from './yardstick.ts';
