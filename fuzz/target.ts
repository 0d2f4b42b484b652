// What a fuzz target is. Each fuzz/*.fuzz.ts exports one as `target`; scripts/fuzz.ts finds and runs them.
import type { SeededRandom } from '@millrace/sans-io/testing';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs that mean something, from which others are made. */
  readonly seeds: readonly Uint8Array[];
  /**
   * Feeds one input. Whatever it throws is a finding. It may change `bytes`, and it must do the same again for the
   * same bytes and the same state of `random`.
   */
  run(bytes: Uint8Array, random: SeededRandom): void;
}

/** For targets' own invariants: throws unless `holds`. */
export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${what}`);
}
