// Bad input is dropped, never thrown, and every drop has a reason that is counted.

/** How many inputs were dropped, by reason. Every reason is present, most of them zero. */
export type DropCounts<Reason extends string> = { readonly [R in Reason]: number };

export class Drops<Reason extends string> {
  readonly #counts: Record<Reason, number>;

  constructor(reasons: readonly Reason[]) {
    this.#counts = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
  }

  count(reason: Reason): void {
    this.#counts[reason]++;
  }

  /** A live view; copy it to keep a moment. */
  get counts(): DropCounts<Reason> {
    return this.#counts;
  }

  get total(): number {
    let total = 0;
    for (const reason in this.#counts) total += this.#counts[reason];
    return total;
  }
}
