// Which piece of which message each record of a flight carried, so that an acknowledgement of the record says what has
// arrived. RFC 9147 §7.2.

/** Records remembered of one flight; of more than these the oldest are forgotten, and only sent once too often. */
export const MAX_SENT_RECORDS = 256;

export interface SentFragment<Item> {
  readonly item: Item;
  /** Of the message's body. */
  readonly from: number;
  readonly to: number;
}

export class SentRecords<Item> {
  readonly #fragments = new Map<number, SentFragment<Item>>();

  get size(): number {
    return this.#fragments.size;
  }

  add(epoch: number, sequence: number, fragment: SentFragment<Item>): void {
    if (this.#fragments.size === MAX_SENT_RECORDS) {
      for (const oldest of this.#fragments.keys()) {
        this.#fragments.delete(oldest);
        break;
      }
    }
    this.#fragments.set(keyOf(epoch, sequence), fragment);
  }

  /** What the record carried, once. */
  take(epoch: number, sequence: number): SentFragment<Item> | undefined {
    const key = keyOf(epoch, sequence);
    const fragment = this.#fragments.get(key);
    this.#fragments.delete(key);
    return fragment;
  }

  clear(): void {
    this.#fragments.clear();
  }
}

/** Handshake records have small numbers; one that a peer invents is of no record of ours or of one it might as well name. */
function keyOf(epoch: number, sequence: number): number {
  return epoch * 2 ** 36 + (sequence % 2 ** 36);
}
