// Which pieces of which messages each record of a flight carried, so that an acknowledgement of the record says what has
// arrived. RFC 9147 §7.2.

/** Records remembered of one flight; of more than these the oldest are forgotten, and only sent once too often. */
export const MAX_SENT_RECORDS = 256;

/** No epoch of ours is above it, since each change of keys takes one of the 2^16 messages (RFC 9147 §8). */
const MOST_EPOCH = 2 ** 16 + 2;
/** Records of the handshake have smaller numbers. */
const SPAN: number = 2 ** 36;

const NONE: readonly never[] = [];

export interface SentFragment<Item> {
  readonly item: Item;
  /** Of the message's body. */
  readonly from: number;
  readonly to: number;
}

export class SentRecords<Item> {
  /** None while nothing is under way. */
  #fragments: Map<number, readonly SentFragment<Item>[]> | undefined;

  get size(): number {
    return this.#fragments?.size ?? 0;
  }

  add(epoch: number, sequence: number, fragments: readonly SentFragment<Item>[]): void {
    this.#fragments ??= new Map();
    if (this.#fragments.size === MAX_SENT_RECORDS) {
      for (const oldest of this.#fragments.keys()) {
        this.#fragments.delete(oldest);
        break;
      }
    }
    this.#fragments.set(keyOf(epoch, sequence), fragments);
  }

  /** What the record carried, once. */
  take(epoch: number, sequence: number): readonly SentFragment<Item>[] {
    if (epoch > MOST_EPOCH || sequence >= SPAN) return NONE;
    const key = keyOf(epoch, sequence);
    const fragments = this.#fragments?.get(key);
    this.#fragments?.delete(key);
    return fragments ?? NONE;
  }

  clear(): void {
    this.#fragments = undefined;
  }
}

function keyOf(epoch: number, sequence: number): number {
  return epoch * SPAN + sequence;
}
