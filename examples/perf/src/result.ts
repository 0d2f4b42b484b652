// The outcome of a measurement, as --json prints it. README.md describes it; a member that changes its meaning or goes
// changes `schema`.
import type { Role } from './control.ts';
import type { PathFacts, SecurityFacts, SideFacts } from './facts.ts';
import type { Parameters } from './parameters.ts';
import type { RoundTrips } from './round-trips.ts';

export const SCHEMA = 'millrace-perf/1';

/** What has arrived on the receiving side, in so many seconds. */
export interface Rate {
  readonly bytes: number;
  readonly messages: number;
  readonly seconds: number;
  readonly bitsPerSecond: number;
  readonly messagesPerSecond: number;
}

export interface Interval extends Rate {
  /** From the client's point of view. */
  readonly direction: 'up' | 'down';
  /** Seconds since the measurement began. */
  readonly start: number;
}

export interface Result {
  readonly schema: typeof SCHEMA;
  readonly role: Role;
  readonly startedAt: string;
  readonly parameters: Parameters;
  readonly intervals: readonly Interval[];
  readonly up: Rate | null;
  readonly down: Rate | null;
  /** Known to the client, if it has asked. */
  readonly roundTrips: RoundTrips | null;
  readonly path: PathFacts;
  readonly security: SecurityFacts;
  readonly engine: string;
  readonly local: SideFacts;
  readonly remote: SideFacts;
}

export function rateOf(bytes: number, messages: number, seconds: number): Rate {
  const each = seconds > 0 ? 1 / seconds : 0;
  return { bytes, messages, seconds, bitsPerSecond: bytes * 8 * each, messagesPerSecond: messages * each };
}
