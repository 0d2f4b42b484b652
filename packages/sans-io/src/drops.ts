// Bad input is dropped, never thrown, and every drop has a reason that is counted.

/** How many inputs were dropped, by reason. Every reason is present, most of them zero. */
export type DropCounts<Reason extends string> = { readonly [R in Reason]: number };

/** Counts what was dropped, by reason. */
export class Drops<Reason extends string> {
  readonly #reasons: readonly Reason[];
  /** Made when there is something to count: of many idle connections most never drop anything. */
  #counts: Record<Reason, number> | undefined;

  constructor(reasons: readonly Reason[]) {
    this.#reasons = reasons;
  }

  count(reason: Reason): void {
    this.#record[reason]++;
  }

  /** A live view; copy it to keep a moment. */
  get counts(): DropCounts<Reason> {
    return this.#record;
  }

  get total(): number {
    let total = 0;
    for (const reason in this.#counts) total += this.#counts[reason];
    return total;
  }

  get #record(): Record<Reason, number> {
    return (this.#counts ??= Object.fromEntries(this.#reasons.map((reason) => [reason, 0])) as Record<
      Reason,
      number
    >);
  }
}
