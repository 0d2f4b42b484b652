// A Map and a Set that take memory only while they hold something. An empty one of V8's takes 184 and 152 bytes, and an idle
// connection would have dozens of them. For what is mostly empty: who adds and removes one entry all the time makes garbage.

const NO_ENTRIES: ReadonlyMap<never, never> = new Map<never, never>();
const NO_VALUES: ReadonlySet<never> = new Set<never>();

export class LeanMap<K, V> {
  #entries: Map<K, V> | undefined;

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  has(key: K): boolean {
    return this.#entries?.has(key) === true;
  }

  get(key: K): V | undefined {
    return this.#entries?.get(key);
  }

  set(key: K, value: V): void {
    this.#entries ??= new Map();
    this.#entries.set(key, value);
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    if (this.#entries?.delete(key) !== true) return false;
    if (this.#entries.size === 0) this.#entries = undefined;
    return true;
  }

  clear(): void {
    this.#entries = undefined;
  }

  /** In the order in which the keys came. */
  keys(): MapIterator<K> {
    return (this.#entries ?? NO_ENTRIES).keys();
  }

  values(): MapIterator<V> {
    return (this.#entries ?? NO_ENTRIES).values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return (this.#entries ?? NO_ENTRIES)[Symbol.iterator]();
  }
}

export class LeanSet<T> {
  #values: Set<T> | undefined;

  get size(): number {
    return this.#values?.size ?? 0;
  }

  has(value: T): boolean {
    return this.#values?.has(value) === true;
  }

  add(value: T): void {
    this.#values ??= new Set();
    this.#values.add(value);
  }

  /** Whether it was there. */
  delete(value: T): boolean {
    if (this.#values?.delete(value) !== true) return false;
    if (this.#values.size === 0) this.#values = undefined;
    return true;
  }

  clear(): void {
    this.#values = undefined;
  }

  /** In the order in which they came. */
  [Symbol.iterator](): SetIterator<T> {
    return (this.#values ?? NO_VALUES)[Symbol.iterator]();
  }
}
