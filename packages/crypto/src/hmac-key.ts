// Hot: HMAC-SHA1 (RFC 2104), as SRTP (RFC 3711 §4.2.1) takes it: many messages under one key, the tag cut short. A
// message of the length of a packet is signed in WebAssembly, which makes no garbage; longer ones by node:crypto, whose
// SHA-1 is faster where the processor has instructions for it.
import { hash } from 'node:crypto';
import { CryptoError, checkRange } from './errors.ts';
import type { HmacKey } from './keys.ts';
import { type HmacModule, hmacModule } from './wasm/hmac-sha1.ts';
import { DATA_AT, enter, HMAC_RESULT_AT, HMAC_STATE_AT, heap } from './wasm/memory.ts';

/** Longer messages go to node:crypto. Measured: packages/crypto/bench/hmac.ts. */
const CROSSOVER_BYTES = 2_048;

const BLOCK_BYTES = 64;
const SHA1_BYTES = 20;
/** The states after the inner and the outer key. */
const STATE_BYTES = 40;

/** Whose state lies at HMAC_STATE_AT. */
let present: PortableHmacKey | undefined;

/** The key bytes are copied. */
export function createHmacSha1Key(key: Uint8Array): HmacKey {
  return new PortableHmacKey(key);
}

class PortableHmacKey implements HmacKey {
  readonly #module: HmacModule | undefined = hmacModule();
  readonly #inner = new Uint8Array(BLOCK_BYTES);
  readonly #outer = new Uint8Array(BLOCK_BYTES + SHA1_BYTES);
  readonly #state = new Uint8Array(STATE_BYTES);
  /** The inner key with room for a long message; made when the first one comes. */
  #long: Uint8Array | undefined;
  #isClosed = false;

  constructor(key: Uint8Array) {
    // RFC 2104 §2: a key longer than a block is hashed first.
    const short = key.length > BLOCK_BYTES ? hash('sha1', key, 'buffer') : key;
    for (let i = 0; i < BLOCK_BYTES; i++) {
      this.#inner[i] = (short[i] ?? 0) ^ 0x36;
      this.#outer[i] = (short[i] ?? 0) ^ 0x5c;
    }
    if (this.#module === undefined) return;
    heap.set(this.#inner, DATA_AT);
    heap.set(this.#outer, DATA_AT + BLOCK_BYTES);
    this.#module.begin(DATA_AT, HMAC_STATE_AT);
    this.#module.begin(DATA_AT + BLOCK_BYTES, HMAC_STATE_AT + STATE_BYTES / 2);
    heap.fill(0, DATA_AT, DATA_AT + 2 * BLOCK_BYTES);
    this.#state.set(heap.subarray(HMAC_STATE_AT, HMAC_STATE_AT + STATE_BYTES));
    present = this;
  }

  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void {
    checkRange(bytes, at, end, 0);
    if (!(outLength >= 1 && outLength <= SHA1_BYTES))
      throw new CryptoError('BAD_LENGTH', `a tag has 1 to ${SHA1_BYTES} bytes, not ${outLength}`);
    checkRange(out, outAt, outAt + outLength, 0);
    if (this.#isClosed) throw new CryptoError('CLOSED');
    if (this.#module === undefined || end - at > CROSSOVER_BYTES) {
      const tag = this.#signLong(bytes, at, end);
      for (let i = 0; i < outLength; i++) out[outAt + i] = tag[i]!;
      return;
    }
    if (present !== this) {
      heap.set(this.#state, HMAC_STATE_AT);
      present = this;
    }
    this.#module.sign(HMAC_STATE_AT, enter(bytes, at, end), end - at, HMAC_RESULT_AT);
    for (let i = 0; i < outLength; i++) out[outAt + i] = heap[HMAC_RESULT_AT + i]!;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (present === this) heap.fill(0, HMAC_STATE_AT, HMAC_STATE_AT + STATE_BYTES);
    for (const secret of [this.#inner, this.#outer, this.#state, this.#long]) secret?.fill(0);
  }

  /** Two hashes in one shot each are quicker than an Hmac object. */
  #signLong(bytes: Uint8Array, at: number, end: number): Uint8Array {
    const length = BLOCK_BYTES + end - at;
    if (this.#long === undefined || length > this.#long.length) {
      this.#long?.fill(0);
      this.#long = new Uint8Array(length * 2);
      this.#long.set(this.#inner);
    }
    Buffer.prototype.copy.call(bytes, this.#long, BLOCK_BYTES, at, end);
    this.#outer.set(hash('sha1', this.#long.subarray(0, length), 'buffer'), BLOCK_BYTES);
    return hash('sha1', this.#outer, 'buffer');
  }
}
