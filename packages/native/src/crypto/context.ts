// One native context with one owner: freed by `close`, or when its owner has been forgotten.
import { NativeError } from '../errors.ts';
import type { Pointer } from '../ffi.ts';

export class NativeContext {
  readonly #free: (context: Pointer) => void;
  readonly #owners: FinalizationRegistry<Pointer>;
  #pointer: Pointer | undefined;

  /** `owner` is what its user holds. */
  constructor(
    owner: object,
    pointer: Pointer,
    free: (context: Pointer) => void,
    owners: FinalizationRegistry<Pointer>,
  ) {
    this.#pointer = undefined; // V8 then keeps the number's box and makes none for each read
    this.#pointer = pointer;
    this.#free = free;
    this.#owners = owners;
    owners.register(owner, pointer, this);
  }

  /** @throws {NativeError} `CLOSED` */
  get pointer(): Pointer {
    if (this.#pointer === undefined) throw new NativeError('CLOSED');
    return this.#pointer;
  }

  /** Idempotent. OpenSSL wipes what it frees. */
  close(): void {
    const pointer = this.#pointer;
    if (pointer === undefined) return;
    this.#pointer = undefined; // first, so that nothing can use it again
    this.#owners.unregister(this);
    this.#free(pointer);
  }
}
