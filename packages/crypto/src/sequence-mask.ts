// Hot: masks for the sequence numbers of DTLS 1.3 (RFC 9147 §4.2.3), one block of AES or ChaCha20 for each record. A call
// into Node for a single block costs as much as sealing a whole record; a call into WebAssembly costs a tenth of it.
import { type Cipheriv, createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { CryptoError, checkRange } from './errors.ts';
import type { AeadAlgorithm, SequenceMask } from './keys.ts';
import { checkKey } from './node-aead-key.ts';
import { type AesModule, aesModule } from './wasm/aes-block.ts';
import { type ChaChaModule, chachaModule } from './wasm/chacha20-poly1305.ts';
import { DATA_AT, heap, MASK_KEYS_AT, put, SAMPLE_AT } from './wasm/memory.ts';

const SAMPLE_BYTES = 16;
/** That are asked for at a time. */
const MAX_MASKS = 64;
/** From so many masks of AES on one call into Node costs less than as many into WebAssembly. */
const NODE_FROM = 8;
/** Where samples lie, and behind them their addresses: room that other calls use as well. */
const ADDRESSES_AT: number = DATA_AT + MAX_MASKS * SAMPLE_BYTES;
const addresses: Int32Array =
  heap.length === 0 ? new Int32Array(0) : new Int32Array(heap.buffer, ADDRESSES_AT, MAX_MASKS);
/** Keys that lie in the memory of the module at a time, and the room for one: round keys of AES-256. */
const PLACES = 7;
const PLACE_BYTES = 256;

/** AES for the AES suites, ChaCha20 for the other. The key bytes are copied. */
export function createSequenceMask(algorithm: AeadAlgorithm, key: Uint8Array): SequenceMask {
  checkKey(algorithm, key);
  if (algorithm === 'chacha20-poly1305') {
    const module = chachaModule();
    return module === undefined ? new NodeChaChaMask(key) : new ChaChaMask(module, key);
  }
  const module = aesModule();
  return module === undefined ? new NodeAesMask(key) : new AesMask(module, key);
}

/** Whose key lies in each place. */
const owners: unknown[] = new Array(PLACES).fill(undefined);
let nextPlace = 0;

/** A key with its place in the memory of the module. */
class PlacedKey {
  readonly at: number;
  readonly #place: number;
  readonly #bytes: Uint8Array;
  #isClosed = false;

  constructor(bytes: Uint8Array) {
    this.#place = nextPlace;
    nextPlace = (nextPlace + 1) % PLACES;
    this.at = MASK_KEYS_AT + this.#place * PLACE_BYTES;
    this.#bytes = bytes;
  }

  /** Sees to it that the key lies in its place. */
  use(): void {
    if (owners[this.#place] === this) return;
    if (this.#isClosed) throw new CryptoError('CLOSED');
    heap.set(this.#bytes, this.at);
    owners[this.#place] = this;
  }

  /** A view. */
  beginning(bytes: number): Uint8Array {
    return this.#bytes.subarray(0, bytes);
  }

  close(): void {
    this.#isClosed = true;
    this.#bytes.fill(0);
    if (owners[this.#place] !== this) return;
    owners[this.#place] = undefined;
    heap.fill(0, this.at, this.at + PLACE_BYTES);
  }
}

class AesMask implements SequenceMask {
  readonly #module: AesModule;
  readonly #keyBytes: number;
  readonly #rounds: number;
  readonly #key: PlacedKey;
  /** For many at a time, once there have been. */
  #cipher: Cipheriv | undefined;

  constructor(module: AesModule, key: Uint8Array) {
    this.#module = module;
    this.#keyBytes = key.length;
    this.#rounds = key.length === 16 ? 10 : 14;
    heap.set(key, MASK_KEYS_AT);
    const bytes = (this.#rounds + 1) * 16;
    // Through the place of some other key, which then has to be put there again.
    owners[0] = undefined;
    owners[1] = undefined;
    module.expand(MASK_KEYS_AT, key.length, MASK_KEYS_AT + PLACE_BYTES);
    this.#key = new PlacedKey(heap.slice(MASK_KEYS_AT + PLACE_BYTES, MASK_KEYS_AT + PLACE_BYTES + bytes));
    heap.fill(0, MASK_KEYS_AT, MASK_KEYS_AT + 2 * PLACE_BYTES);
  }

  of(bytes: Uint8Array, at: number): number {
    this.#key.use();
    return this.#module.mask(this.#key.at, this.#rounds, sampleAt(bytes, at));
  }

  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    checkCount(ats, count, masks);
    this.#key.use();
    if (count < NODE_FROM) for (let i = 0; i < count; i++) masks[i] = this.of(bytes, ats[i]!);
    else {
      this.#cipher ??= newCipher(this.#key.beginning(this.#keyBytes));
      byNode(this.#cipher, bytes, ats, count, masks);
    }
  }

  close(): void {
    this.#key.close();
    this.#cipher = undefined;
  }
}

class ChaChaMask implements SequenceMask {
  readonly #module: ChaChaModule;
  readonly #key: PlacedKey;

  constructor(module: ChaChaModule, key: Uint8Array) {
    this.#module = module;
    this.#key = new PlacedKey(Uint8Array.from(key));
  }

  of(bytes: Uint8Array, at: number): number {
    this.#key.use();
    return this.#module.mask(this.#key.at, sampleAt(bytes, at));
  }

  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    checkCount(ats, count, masks);
    this.#key.use();
    const isInside = bytes.buffer === heap.buffer;
    for (let i = 0; i < count; i++) {
      const at = ats[i]!;
      checkRange(bytes, at, at + SAMPLE_BYTES, 0);
      if (!isInside) put(bytes, at, at + SAMPLE_BYTES, DATA_AT + i * SAMPLE_BYTES);
      addresses[i] = isInside ? bytes.byteOffset + at : DATA_AT + i * SAMPLE_BYTES;
    }
    this.#module.masks(this.#key.at, ADDRESSES_AT, count);
    for (let i = 0; i < count; i++) masks[i] = addresses[i]!;
  }

  close(): void {
    this.#key.close();
  }
}

function checkCount(ats: Int32Array, count: number, masks: Int32Array): void {
  if (
    (count | 0) === count &&
    count >= 1 &&
    count <= MAX_MASKS &&
    count <= ats.length &&
    count <= masks.length
  )
    return;
  throw new CryptoError('BAD_RANGE', `${count} masks`);
}

/** Where the sample lies in the memory of the module. */
function sampleAt(bytes: Uint8Array, at: number): number {
  checkRange(bytes, at, at + SAMPLE_BYTES, 0);
  if (bytes.buffer === heap.buffer) return bytes.byteOffset + at;
  put(bytes, at, at + SAMPLE_BYTES, SAMPLE_AT);
  return SAMPLE_AT;
}

function newCipher(key: Uint8Array): Cipheriv {
  const cipher = createCipheriv(key.length === 16 ? 'aes-128-ecb' : 'aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return cipher;
}

const samples = new Uint8Array(MAX_MASKS * SAMPLE_BYTES);
/** Its beginnings by their number of samples, made once. */
const sampleViews: Array<Uint8Array | undefined> = [];

function byNode(
  cipher: Cipheriv,
  bytes: Uint8Array,
  ats: Int32Array,
  count: number,
  masks: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    const at = ats[i]!;
    checkRange(bytes, at, at + SAMPLE_BYTES, 0);
    const to = i * SAMPLE_BYTES;
    for (let k = 0; k < SAMPLE_BYTES; k++) samples[to + k] = bytes[at + k]!;
  }
  const blocks = cipher.update((sampleViews[count] ??= samples.subarray(0, count * SAMPLE_BYTES)));
  for (let i = 0; i < count; i++) masks[i] = (blocks[i * SAMPLE_BYTES]! << 8) | blocks[i * SAMPLE_BYTES + 1]!;
}

/** Without WebAssembly: one long-lived cipher object. */
class NodeAesMask implements SequenceMask {
  readonly #sample = new Uint8Array(SAMPLE_BYTES);
  #cipher: Cipheriv | undefined;

  constructor(key: Uint8Array) {
    this.#cipher = newCipher(key);
  }

  of(bytes: Uint8Array, at: number): number {
    checkRange(bytes, at, at + SAMPLE_BYTES, 0);
    if (this.#cipher === undefined) throw new CryptoError('CLOSED');
    for (let i = 0; i < SAMPLE_BYTES; i++) this.#sample[i] = bytes[at + i]!;
    return this.#cipher.update(this.#sample).readUInt16BE(0);
  }

  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    checkCount(ats, count, masks);
    if (this.#cipher === undefined) throw new CryptoError('CLOSED');
    byNode(this.#cipher, bytes, ats, count, masks);
  }

  close(): void {
    this.#cipher = undefined;
  }
}

const TWO_ZEROS = new Uint8Array(2);

/** Without WebAssembly: a cipher object for each record. */
class NodeChaChaMask implements SequenceMask {
  #key: KeyObject | undefined;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  of(bytes: Uint8Array, at: number): number {
    checkRange(bytes, at, at + SAMPLE_BYTES, 0);
    if (this.#key === undefined) throw new CryptoError('CLOSED');
    const cipher = createCipheriv('chacha20', this.#key, bytes.subarray(at, at + SAMPLE_BYTES));
    return cipher.update(TWO_ZEROS).readUInt16BE(0);
  }

  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    checkCount(ats, count, masks);
    for (let i = 0; i < count; i++) masks[i] = this.of(bytes, ats[i]!);
  }

  close(): void {
    this.#key = undefined;
  }
}
