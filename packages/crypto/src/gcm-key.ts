// Hot: AES-GCM (NIST SP 800-38D) in place: AES by one long-lived cipher object, the rest in WebAssembly.
import { CryptoError, checkRange } from './errors.ts';
import { KeyStream } from './key-stream.ts';
import { AEAD_TAG_BYTES, type AeadKey } from './keys.ts';
import { checkNonce, nodeAeadKey } from './node-aead-key.ts';
import type { GcmModule } from './wasm/aes-gcm.ts';
import { AAD_AT, enter, GCM_STATE_AT, heap, leave, MAX_AAD_BYTES, NONCE_AT, put } from './wasm/memory.ts';

/** Longer records go to node:crypto. Measured: bench/aead.ts. */
const CROSSOVER_BYTES = 3_584;

/** Whose state lies at GCM_STATE_AT. */
let present: GcmKey | undefined;

export class GcmKey implements AeadKey {
  readonly #module: GcmModule;
  readonly #algorithm: 'aes-128-gcm' | 'aes-256-gcm';
  readonly #key: Uint8Array;
  readonly #stream: KeyStream;
  /** H and what was made of it. */
  readonly #state: Uint8Array;
  /** For long records; made when the first one comes. */
  #long: AeadKey | undefined;
  #isClosed = false;

  /** `salt`: what successive nonces have been XORed with, if anything. */
  constructor(
    module: GcmModule,
    algorithm: 'aes-128-gcm' | 'aes-256-gcm',
    key: Uint8Array,
    salt?: Uint8Array,
  ) {
    this.#module = module;
    this.#algorithm = algorithm;
    this.#key = Uint8Array.from(key);
    this.#stream = new KeyStream(module, key.length === 16 ? 'aes-128-ecb' : 'aes-256-ecb', key, 8, salt);
    heap.set(this.#stream.encryptZeros(), NONCE_AT);
    module.prepare(GCM_STATE_AT, NONCE_AT);
    present = this;
    this.#state = heap.slice(GCM_STATE_AT, GCM_STATE_AT + module.STATE_BYTES.value);
  }

  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void {
    checkRange(bytes, at, end, AEAD_TAG_BYTES);
    checkNonce(nonce);
    const length = end - at;
    if (length > CROSSOVER_BYTES || aad.length > MAX_AAD_BYTES) {
      this.#longKey().seal(bytes, at, end, nonce, aad);
      return;
    }
    const stream = this.#load(length, nonce, aad);
    const data = enter(bytes, at, end);
    this.#module.seal(GCM_STATE_AT, stream, AAD_AT, aad.length, data, length);
    leave(data, length + AEAD_TAG_BYTES, bytes, at);
  }

  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean {
    checkRange(bytes, at, end, 0);
    checkNonce(nonce);
    const length = end - at - AEAD_TAG_BYTES;
    if (length > CROSSOVER_BYTES || aad.length > MAX_AAD_BYTES)
      return this.#longKey().open(bytes, at, end, nonce, aad);
    if (this.#isClosed) throw new CryptoError('CLOSED');
    if (length < 0) return false;
    const stream = this.#load(length, nonce, aad);
    const data = enter(bytes, at, end);
    if (this.#module.open(GCM_STATE_AT, stream, AAD_AT, aad.length, data, length) === 0) return false;
    leave(data, length, bytes, at);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#key.fill(0);
    if (present === this) heap.fill(0, GCM_STATE_AT, GCM_STATE_AT + this.#state.length);
    this.#state.fill(0);
    this.#stream.wipe();
    this.#long?.close();
  }

  #load(length: number, nonce: Uint8Array, aad: Uint8Array): number {
    if (this.#isClosed) throw new CryptoError('CLOSED');
    if (present !== this) {
      heap.set(this.#state, GCM_STATE_AT);
      present = this;
    }
    put(aad, 0, aad.length, AAD_AT);
    // SP 800-38D §7.1: the block with counter 1 hides the tag, the data begin with counter 2.
    return this.#stream.at(nonce, 1 + ((length + 15) >> 4));
  }

  #longKey(): AeadKey {
    if (this.#isClosed) throw new CryptoError('CLOSED');
    return (this.#long ??= nodeAeadKey(this.#algorithm, this.#key));
  }
}
