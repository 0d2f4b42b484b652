// The error counter of the association's only path (RFC 9260 §8.1, §8.2): timeouts since the peer last proved
// that it is there.

export class PathErrors {
  #count = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isUnreachable(): boolean {
    return this.#count > this.#limit;
  }

  get count(): number {
    return this.#count;
  }

  fail(): void {
    this.#count++;
  }

  clear(): void {
    this.#count = 0;
  }
}
