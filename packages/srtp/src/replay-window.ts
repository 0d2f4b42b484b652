// Hot: which packet indices have come already. RFC 3711 §3.3.2, with the ring of 32-bit blocks that RFC 6479
// describes: moving the window clears whole blocks and shifts nothing.
//
// An index is given by how far it lies ahead of the highest one so far (negative: behind it) and by its last 16 bits
// or more: the size of the ring divides 2^16, so these find its bit.

export class ReplayWindow {
  readonly #blocks: Int32Array;
  readonly #size: number;

  /** `size`: how far back the window reaches, 1 to 32768. */
  constructor(size: number) {
    // One block more than the size needs, so that a block is never partly old and partly new.
    this.#blocks = new Int32Array(2 ** Math.ceil(Math.log2(size / 32 + 1)));
    this.#size = size;
  }

  /** Before the packet is authenticated. */
  check(index: number, ahead: number): 'new' | 'replayed' | 'too-old' {
    if (ahead > 0) return 'new';
    if (ahead <= -this.#size) return 'too-old';
    const block = this.#blocks[(index >>> 5) & (this.#blocks.length - 1)]!;
    return (block & (1 << (index & 31))) === 0 ? 'new' : 'replayed';
  }

  // RFC 3711 §3.3.2: the window moves only for packets whose tag is right.
  accept(index: number, ahead: number): void {
    const blocks = this.#blocks;
    const mask = blocks.length - 1;
    const last = index >> 5;
    if (ahead > 0) {
      let steps = last - ((index - ahead) >> 5);
      if (steps > blocks.length) steps = blocks.length;
      for (let i = 0; i < steps; i++) blocks[(last - i) & mask] = 0;
    }
    blocks[last & mask] = blocks[last & mask]! | (1 << (index & 31));
  }
}
