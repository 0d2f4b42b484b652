// Hot: the key stream of AES in counter mode from one long-lived ECB cipher of node:crypto. A GCM or CTR object of
// Node cannot take a new nonce, and a new object for each packet costs more than everything else together; ECB of
// counter blocks makes the same stream. A call into Node still costs as much as a whole packet, so when the numbers in
// nonces come in rising order, as those of a record layer or of an SRTP source do, the streams of the next few are
// fetched along.
import { type Cipheriv, createCipheriv } from 'node:crypto';
import { u16, u32 } from '@millrace/sans-io';
import { COUNTERS_AT, heap, MAX_STREAM_BYTES, NONCE_AT, put, STREAM_AT } from './wasm/memory.ts';

/** Most bytes and most nonces that are fetched ahead. What a lane holds on to while packets are under way. */
const AHEAD_BYTES = 10_240;
const AHEAD_NONCES = 16;
/** Rows of numbers, such as the sources of SRTP under one key, that are followed at a time. */
const MOST_LANES = 4;

export interface CounterWriter {
  /** Writes the blocks nonce || first, nonce || first + 1 ... to `to`. */
  counters(to: number, nonce: number, first: number, count: number): void;
}

/** Views of the counter blocks by their number, made once. */
const views: Array<Uint8Array | undefined> = [];

/** Numbers that have all else of the nonce in common. All are signed 32-bit numbers, which cost no garbage. */
class Lane {
  prefix0 = 0;
  prefix1 = 0;
  prefix2 = 0;
  /** The streams of `count` numbers from `first` on, `blocks` blocks each. */
  stream: Uint8Array | undefined = undefined;
  first = 0;
  count = 0;
  blocks = 0;
  /** The longest need since the last fetch, which the next one provides for. */
  longest = 0;
  /** The number used last. */
  last = 0;
}

export class KeyStream {
  readonly #writer: CounterWriter;
  readonly #cipher: Cipheriv;
  /** Where the 32 bits of the number lie: at the end of a nonce of 12 bytes, or in front of a 16-bit block counter. */
  readonly #numberAt: 8 | 10;
  /** What the number has been XORed with. */
  readonly #mask: number;
  /** The one used last comes first. */
  readonly #lanes: Lane[] = [new Lane()];
  #isUsed = false;

  /** `salt`: what numbers that rise have been XORed with, if anything. */
  constructor(
    writer: CounterWriter,
    cipher: 'aes-128-ecb' | 'aes-192-ecb' | 'aes-256-ecb',
    key: Uint8Array,
    numberAt: 8 | 10,
    salt?: Uint8Array,
  ) {
    this.#writer = writer;
    this.#cipher = createCipheriv(cipher, key, null);
    this.#cipher.setAutoPadding(false);
    this.#numberAt = numberAt;
    this.#mask = salt === undefined ? 0 : u32(salt, numberAt) | 0;
  }

  /** AES of one block of zeros. */
  encryptZeros(): Uint8Array {
    return this.#cipher.update(new Uint8Array(16));
  }

  /**
   * Where `blocks` blocks of the stream lie: of the counter blocks nonce || 1 ... for a nonce of 12 bytes, or from the
   * counter block `nonce` on, whose last two bytes are zero.
   */
  at(nonce: Uint8Array, blocks: number): number {
    const numberAt = this.#numberAt;
    const number = u32(nonce, numberAt) ^ this.#mask;
    const lane = this.#laneOf(
      u32(nonce, 0) | 0,
      u32(nonce, 4) | 0,
      numberAt === 8 ? 0 : u16(nonce, 8),
      number,
    );
    if (blocks > lane.longest) lane.longest = blocks;
    const index = (number - lane.first) >>> 0;
    if (index < lane.count && blocks <= lane.blocks) {
      const from = index * lane.blocks * 16;
      put(lane.stream!, from, from + blocks * 16, STREAM_AT);
    } else this.#fetch(lane, nonce, number, blocks);
    lane.last = number;
    return STREAM_AT;
  }

  /** `blocks` blocks of the stream that begins with the counter block prefix || counter. Nothing is fetched ahead. */
  from(prefix: Uint8Array, counter: number, blocks: number): number {
    heap.set(prefix, NONCE_AT);
    this.#writer.counters(COUNTERS_AT, NONCE_AT, counter, blocks);
    heap.set(this.#cipher.update(viewOf(blocks)), STREAM_AT);
    return STREAM_AT;
  }

  wipe(): void {
    for (const lane of this.#lanes) {
      lane.stream?.fill(0);
      lane.stream = undefined;
      lane.count = 0;
    }
    heap.fill(0, STREAM_AT, STREAM_AT + MAX_STREAM_BYTES);
  }

  #laneOf(prefix0: number, prefix1: number, prefix2: number, number: number): Lane {
    const lanes = this.#lanes;
    const recent = lanes[0]!;
    if (!this.#isUsed) {
      this.#isUsed = true;
      recent.prefix0 = prefix0;
      recent.prefix1 = prefix1;
      recent.prefix2 = prefix2;
      recent.last = number;
      return recent;
    }
    if (recent.prefix1 === prefix1 && recent.prefix0 === prefix0 && recent.prefix2 === prefix2) return recent;
    let at = 1;
    for (; at < lanes.length; at++) {
      const lane = lanes[at]!;
      if (lane.prefix1 === prefix1 && lane.prefix0 === prefix0 && lane.prefix2 === prefix2) break;
    }
    const isNew = at === lanes.length;
    if (isNew && at < MOST_LANES) lanes.push(new Lane());
    else if (isNew) at--;
    const lane = lanes[at]!;
    for (; at > 0; at--) lanes[at] = lanes[at - 1]!;
    lanes[0] = lane;
    if (isNew) {
      lane.prefix0 = prefix0;
      lane.prefix1 = prefix1;
      lane.prefix2 = prefix2;
      lane.stream = undefined;
      lane.count = 0;
      lane.longest = 0;
      lane.last = number; // which nothing follows on
    }
    return lane;
  }

  #fetch(lane: Lane, nonce: Uint8Array, number: number, needed: number): void {
    const isNext = number === ((lane.last + 1) | 0);
    const wanted = isNext ? lane.count * 2 : 1;
    const blocks = wanted > 1 ? lane.longest : needed;
    const count = Math.max(1, Math.min(wanted, AHEAD_NONCES, Math.floor(AHEAD_BYTES / (blocks * 16))));
    for (let i = 0; i < 12; i++) heap[NONCE_AT + i] = nonce[i]!;
    for (let i = 0; i < count; i++) this.#writeCounters((number + i) ^ this.#mask, i * blocks * 16, blocks);
    const stream = this.#cipher.update(viewOf(count * blocks));
    put(stream, 0, needed * 16, STREAM_AT);
    // One nonce's stream is not asked for twice: an idle key holds no memory.
    lane.stream = count > 1 ? stream : undefined;
    lane.first = number;
    lane.count = count;
    lane.blocks = count > 1 ? blocks : 0;
    lane.longest = 0;
  }

  /** With `word` in place of the number. */
  #writeCounters(word: number, to: number, blocks: number): void {
    const numberAt = NONCE_AT + this.#numberAt;
    heap[numberAt] = word >>> 24;
    heap[numberAt + 1] = word >>> 16;
    if (this.#numberAt === 8) {
      heap[numberAt + 2] = word >>> 8;
      heap[numberAt + 3] = word;
    }
    // Else the other half stands in front of the 16 bits that count blocks.
    this.#writer.counters(COUNTERS_AT + to, NONCE_AT, this.#numberAt === 8 ? 1 : word << 16, blocks);
  }
}

function viewOf(blocks: number): Uint8Array {
  return (views[blocks] ??= heap.subarray(COUNTERS_AT, COUNTERS_AT + blocks * 16));
}
