// Memory that several associations share: what they hold of messages sent and received is charged to one budget, so that
// a process with thousands of peers has one cap on what all of them together can make it keep.

/** Bytes that several associations may hold together. */
export class MemoryBudget {
  /** Bytes that all associations together may hold. */
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** Bytes held now. It may pass `max` by what each association needs in order to go on at all. */
  get used(): number {
    return this.#used;
  }

  get available(): number {
    return Math.max(0, this.max - this.#used);
  }

  /** Called by associations only. */
  charge(bytes: number): void {
    this.#used += bytes;
  }
}

/** No limit but those of each association. */
const UNLIMITED = new MemoryBudget(Number.POSITIVE_INFINITY);

/** What one association has charged to its budget. */
export class MemoryAccount {
  readonly #budget: MemoryBudget;
  #charged = 0;

  constructor(budget: MemoryBudget = UNLIMITED) {
    this.#budget = budget;
  }

  get available(): number {
    return this.#budget.available;
  }

  /** The association now holds `bytes` in all. */
  settle(bytes: number): void {
    if (bytes === this.#charged) return;
    this.#budget.charge(bytes - this.#charged);
    this.#charged = bytes;
  }
}
