// A first-in first-out queue over a power-of-two array that doubles when full: no shift(), no node per item.
//
//        head            tail (= head + length)
//          v               v
//   [  ][  ][ a ][ b ][ c ][  ][  ][  ]

const FIRST_SLOTS = 2;
/** Of the rings that nothing has been put in yet. Cut short from a longer one, so that V8 takes it for an array of objects. */
const NO_SLOTS: undefined[] = new Array(FIRST_SLOTS).fill(undefined);
NO_SLOTS.length = 0;

export class Ring<T> {
  #slots: Array<T | undefined>;
  #head = 0;
  #length = 0;

  /** `capacity` is only a first guess; it is rounded up to a power of two. By default memory is taken with the first item. */
  constructor(capacity = 0) {
    if (capacity === 0) this.#slots = NO_SLOTS;
    else this.#slots = new Array<T | undefined>(2 ** Math.ceil(Math.log2(capacity))).fill(undefined);
  }

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
  }

  /** The oldest item, removed; `undefined` if there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // nothing that has left may be kept alive
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    return item;
  }

  /** The item `index` places behind the oldest; `undefined` outside the queue. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)];
  }

  clear(): void {
    while (this.#length > 0) this.shift();
  }

  #grow(): void {
    const grown = new Array<T | undefined>(Math.max(FIRST_SLOTS, this.#slots.length * 2)).fill(undefined);
    for (let i = 0; i < this.#length; i++)
      grown[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    this.#slots = grown;
    this.#head = 0;
  }
}
