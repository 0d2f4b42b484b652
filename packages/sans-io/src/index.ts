export {
  type CopyPart,
  copyBytes,
  equalBytes,
  equalConstantTime,
  ownCopy,
  putU16,
  putU24,
  putU32,
  putU48,
  setCopyPart,
  u16,
  u24,
  u32,
  u48,
} from './bytes.ts';
export { type Core, type Millis, NEVER } from './core.ts';
export { type DropCounts, Drops } from './drops.ts';
export { LeanMap, LeanSet } from './lean-map.ts';
export { type RandomSource, randomBytes, randomU32, randomUnit } from './random.ts';
export { Ring } from './ring.ts';
export { type Enrolment, Roster } from './roster.ts';
export { add16, add32, after16, after32, atOrAfter32, distance32 } from './serial.ts';
export { TimerTable } from './timers.ts';
