export { type GrowthOptions, growth } from './growth.ts';
export { Pair, type PairOptions } from './pair.ts';
export { SeededRandom } from './seeded-random.ts';
export { Flow, type FlowOptions, SharedLink, type SharedLinkOptions } from './shared-link.ts';
export { type Arrived, Wire } from './wire.ts';
export { type BurstLoss, megabits, type WireOptions } from './wire-options.ts';
export { type LostBy, WireStats } from './wire-stats.ts';
