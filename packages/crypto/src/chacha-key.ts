// Hot: ChaCha20-Poly1305 (RFC 8439) in WebAssembly, in place.
import { CryptoError, checkRange } from './errors.ts';
import { AEAD_TAG_BYTES, type AeadKey } from './keys.ts';
import { checkNonce, nodeAeadKey } from './node-aead-key.ts';
import type { ChaChaModule } from './wasm/chacha20-poly1305.ts';
import { AAD_AT, CHACHA_KEY_AT, enter, heap, leave, MAX_AAD_BYTES, NONCE_AT, put } from './wasm/memory.ts';

/** Longer records go to node:crypto. Measured: bench/aead.ts. */
const CROSSOVER_BYTES = 5_120;

export class ChaChaKey implements AeadKey {
  readonly #module: ChaChaModule;
  readonly #key: Uint8Array;
  /** For long records; made when the first one comes. */
  #long: AeadKey | undefined;
  #isClosed = false;

  constructor(module: ChaChaModule, key: Uint8Array) {
    this.#module = module;
    this.#key = Uint8Array.from(key);
  }

  seal(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): void {
    checkRange(bytes, at, end, AEAD_TAG_BYTES);
    checkNonce(nonce);
    if (end - at > CROSSOVER_BYTES || aad.length > MAX_AAD_BYTES) {
      this.#longKey().seal(bytes, at, end, nonce, aad);
      return;
    }
    this.#load(nonce, aad);
    const length = end - at;
    const data = enter(bytes, at, end);
    this.#module.seal(CHACHA_KEY_AT, NONCE_AT, AAD_AT, aad.length, data, length);
    leave(data, length + AEAD_TAG_BYTES, bytes, at);
  }

  open(bytes: Uint8Array, at: number, end: number, nonce: Uint8Array, aad: Uint8Array): boolean {
    checkRange(bytes, at, end, 0);
    checkNonce(nonce);
    const length = end - at - AEAD_TAG_BYTES;
    if (length > CROSSOVER_BYTES || aad.length > MAX_AAD_BYTES)
      return this.#longKey().open(bytes, at, end, nonce, aad);
    this.#load(nonce, aad);
    if (length < 0) return false;
    const data = enter(bytes, at, end);
    if (this.#module.open(CHACHA_KEY_AT, NONCE_AT, AAD_AT, aad.length, data, length) === 0) return false;
    leave(data, length, bytes, at);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#key.fill(0);
    heap.fill(0, CHACHA_KEY_AT, CHACHA_KEY_AT + this.#key.length);
    this.#long?.close();
  }

  #load(nonce: Uint8Array, aad: Uint8Array): void {
    if (this.#isClosed) throw new CryptoError('CLOSED');
    heap.set(this.#key, CHACHA_KEY_AT);
    put(nonce, 0, nonce.length, NONCE_AT);
    put(aad, 0, aad.length, AAD_AT);
  }

  #longKey(): AeadKey {
    if (this.#isClosed) throw new CryptoError('CLOSED');
    return (this.#long ??= nodeAeadKey('chacha20-poly1305', this.#key));
  }
}
