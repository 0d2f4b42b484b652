export { Pair, type PairOptions } from './pair.ts';
export { SeededRandom } from './seeded-random.ts';
export { Wire, type WireOptions } from './wire.ts';
