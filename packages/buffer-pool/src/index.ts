export { BufferPoolError, type BufferPoolErrorCode } from './errors.ts';
export type { Leak } from './leak-check.ts';
export type { BufferPoolOptions } from './options.ts';
export { BufferPool } from './pool.ts';
export type { Lease } from './slot.ts';
export type { BufferPoolStats, ClassStats } from './stats.ts';
