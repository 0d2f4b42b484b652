// Hot: the key stream of AES in counter mode from one long-lived ECB cipher of node:crypto. A GCM or CTR object of
// Node cannot take a new nonce, and a new object for each record costs more than everything else together; ECB of
// counter blocks makes the same stream. A call into Node still costs as much as a whole record, so when nonces come
// in rising order, as those of a record layer do, the streams of the next few are fetched along.
import { type Cipheriv, createCipheriv } from 'node:crypto';
import { u32 } from '@millrace/sans-io';
import { COUNTERS_AT, heap, MAX_STREAM_BYTES, NONCE_AT, STREAM_AT } from './wasm/memory.ts';

/** Most bytes and most nonces that are fetched ahead. What a key holds on to while records are under way. */
const AHEAD_BYTES = 10_240;
const AHEAD_NONCES = 16;

export interface CounterWriter {
  /** Writes the blocks nonce || first, nonce || first + 1 ... to `to`. */
  counters(to: number, nonce: number, first: number, count: number): void;
}

/** Views of the counter blocks by their number, made once. */
const views: Array<Uint8Array | undefined> = [];
/** Whose stream lies at STREAM_AT. */
let present: KeyStream | undefined;

export class KeyStream {
  readonly #writer: CounterWriter;
  readonly #cipher: Cipheriv;
  /** The streams of `#count` nonces from `#first` on, `#blocks` blocks each. */
  #stream: Uint8Array | undefined;
  #prefix0 = 0;
  #prefix1 = 0;
  #first = 0;
  #count = 0;
  #blocks = 0;
  /** The longest need since the last fetch, which the next one provides for. */
  #longest = 0;
  /** The last word of the nonce used last. */
  #last = 0;

  constructor(writer: CounterWriter, cipher: 'aes-128-ecb' | 'aes-192-ecb' | 'aes-256-ecb', key: Uint8Array) {
    this.#writer = writer;
    this.#cipher = createCipheriv(cipher, key, null);
    this.#cipher.setAutoPadding(false);
  }

  /** AES of one block of zeros. */
  encryptZeros(): Uint8Array {
    return this.#cipher.update(new Uint8Array(16));
  }

  /** Where `blocks` blocks of the stream lie that begins with the counter block nonce || 1. */
  at(nonce: Uint8Array, blocks: number): number {
    const prefix0 = u32(nonce, 0);
    const prefix1 = u32(nonce, 4);
    const last = u32(nonce, 8);
    if (blocks > this.#longest) this.#longest = blocks;
    const isSamePrefix = prefix0 === this.#prefix0 && prefix1 === this.#prefix1;
    let index = (last - this.#first) >>> 0;
    if (!isSamePrefix || index >= this.#count || blocks > this.#blocks) {
      const isNext = isSamePrefix && last === (this.#last + 1) >>> 0;
      this.#prefix0 = prefix0;
      this.#prefix1 = prefix1;
      this.#first = last;
      index = 0;
      this.#fetch(nonce, blocks, isNext ? this.#count * 2 : 1);
    } else if (present !== this) {
      heap.set(this.#stream!, STREAM_AT);
      present = this;
    }
    this.#last = last;
    return STREAM_AT + index * this.#blocks * 16;
  }

  /** `blocks` blocks of the stream that begins with the counter block prefix || counter. Nothing is fetched ahead. */
  from(prefix: Uint8Array, counter: number, blocks: number): number {
    heap.set(prefix, NONCE_AT);
    this.#writer.counters(COUNTERS_AT, NONCE_AT, counter, blocks);
    heap.set(this.#cipher.update(viewOf(blocks)), STREAM_AT);
    this.#forget();
    present = this;
    return STREAM_AT;
  }

  wipe(): void {
    this.#stream?.fill(0);
    if (present === this) heap.fill(0, STREAM_AT, STREAM_AT + MAX_STREAM_BYTES);
    this.#forget();
  }

  #fetch(nonce: Uint8Array, blocks: number, wanted: number): void {
    if (wanted > 1) blocks = this.#longest;
    const count = Math.max(1, Math.min(wanted, AHEAD_NONCES, Math.floor(AHEAD_BYTES / (blocks * 16))));
    for (let i = 0; i < 12; i++) heap[NONCE_AT + i] = nonce[i]!;
    for (let i = 0; i < count; i++) {
      const word = this.#first + i;
      heap[NONCE_AT + 8] = word >>> 24;
      heap[NONCE_AT + 9] = word >>> 16;
      heap[NONCE_AT + 10] = word >>> 8;
      heap[NONCE_AT + 11] = word;
      this.#writer.counters(COUNTERS_AT + i * blocks * 16, NONCE_AT, 1, blocks);
    }
    const stream = this.#cipher.update(viewOf(count * blocks));
    heap.set(stream, STREAM_AT);
    present = this;
    // One nonce's stream is not asked for twice: an idle key holds no memory.
    this.#stream = count > 1 ? stream : undefined;
    this.#count = count;
    this.#blocks = count > 1 ? blocks : 0;
    this.#longest = 0;
  }

  #forget(): void {
    this.#stream = undefined;
    this.#count = 0;
    this.#blocks = 0;
  }
}

function viewOf(blocks: number): Uint8Array {
  return (views[blocks] ??= heap.subarray(COUNTERS_AT, COUNTERS_AT + blocks * 16));
}
