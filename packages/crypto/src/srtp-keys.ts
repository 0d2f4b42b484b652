// Hot: AES in counter mode and HMAC-SHA1, as SRTP (RFC 3711) takes them: a new counter block for each packet, a tag
// that is cut short.
import { createCipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { u32 } from '@millrace/sans-io';
import { CryptoError, checkRange } from './errors.ts';
import { KeyStream } from './key-stream.ts';
import type { CtrKey, HmacKey } from './keys.ts';
import { type GcmModule, gcmModule } from './wasm/aes-gcm.ts';
import { enter, leave } from './wasm/memory.ts';

/** Longer data go to a cipher object. */
const CROSSOVER_BYTES = 8_192;

const CTR_NAMES: ReadonlyMap<number, 'aes-128' | 'aes-192' | 'aes-256'> = new Map([
  [16, 'aes-128'],
  [24, 'aes-192'],
  [32, 'aes-256'],
]);

/** The key has 16, 24 or 32 bytes, which are copied. */
export function createCtrKey(key: Uint8Array): CtrKey {
  const name = CTR_NAMES.get(key.length);
  if (name === undefined) throw new CryptoError('BAD_KEY', `AES takes 16, 24 or 32 bytes, got ${key.length}`);
  return new PortableCtrKey(name, key);
}

class PortableCtrKey implements CtrKey {
  readonly #name: 'aes-128' | 'aes-192' | 'aes-256';
  readonly #module: GcmModule | undefined = gcmModule();
  readonly #stream: KeyStream | undefined;
  #key: KeyObject | undefined;

  constructor(name: 'aes-128' | 'aes-192' | 'aes-256', key: Uint8Array) {
    this.#name = name;
    this.#key = createSecretKey(key);
    if (this.#module !== undefined) this.#stream = new KeyStream(this.#module, `${name}-ecb`, key);
  }

  apply(bytes: Uint8Array, at: number, end: number, counterBlock: Uint8Array): void {
    checkRange(bytes, at, end, 0);
    if (counterBlock.length !== 16)
      throw new CryptoError('BAD_KEY', `a counter block has 16 bytes, got ${counterBlock.length}`);
    if (this.#key === undefined) throw new CryptoError('CLOSED');
    const length = end - at;
    const blocks = (length + 15) >> 4;
    const counter = u32(counterBlock, 12);
    // What runs over the last 32 bits of the counter is left to Node: our counter has no more.
    if (this.#stream === undefined || length > CROSSOVER_BYTES || counter + blocks > 2 ** 32) {
      const cipher = createCipheriv(`${this.#name}-ctr`, this.#key, counterBlock);
      bytes.set(cipher.update(bytes.subarray(at, end)), at);
      return;
    }
    if (length === 0) return;
    const stream = this.#stream.from(counterBlock, counter, blocks);
    const data = enter(bytes, at, end);
    this.#module!.apply(stream, data, length);
    leave(data, length, bytes, at);
  }

  close(): void {
    this.#key = undefined;
    this.#stream?.wipe();
  }
}

const SHA1_BLOCK_BYTES = 64;
const SHA1_BYTES = 20;
/** Bytes that the first message has room for; longer ones make room. */
const ROOM_BYTES = 2_048;

/** The key bytes are copied. */
export function createHmacSha1Key(key: Uint8Array): HmacKey {
  return new PortableHmacKey(key);
}

class PortableHmacKey implements HmacKey {
  // Measured: two hashes in one shot each are quicker than an Hmac object.
  #inner = new Uint8Array(SHA1_BLOCK_BYTES + ROOM_BYTES);
  readonly #outer = new Uint8Array(SHA1_BLOCK_BYTES + SHA1_BYTES);
  #isClosed = false;

  constructor(key: Uint8Array) {
    // RFC 2104 §2: a key longer than a block is hashed first.
    const short = key.length > SHA1_BLOCK_BYTES ? hash('sha1', key, 'buffer') : key;
    for (let i = 0; i < SHA1_BLOCK_BYTES; i++) {
      this.#inner[i] = (short[i] ?? 0) ^ 0x36;
      this.#outer[i] = (short[i] ?? 0) ^ 0x5c;
    }
  }

  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void {
    checkRange(bytes, at, end, 0);
    if (!(outLength >= 1 && outLength <= SHA1_BYTES))
      throw new CryptoError('BAD_LENGTH', `a tag has 1 to ${SHA1_BYTES} bytes, not ${outLength}`);
    checkRange(out, outAt, outAt + outLength, 0);
    if (this.#isClosed) throw new CryptoError('CLOSED');
    const length = SHA1_BLOCK_BYTES + end - at;
    if (length > this.#inner.length) {
      const roomier = new Uint8Array(length * 2);
      roomier.set(this.#inner.subarray(0, SHA1_BLOCK_BYTES));
      this.#inner.fill(0);
      this.#inner = roomier;
    }
    Buffer.prototype.copy.call(bytes, this.#inner, SHA1_BLOCK_BYTES, at, end);
    this.#outer.set(hash('sha1', this.#inner.subarray(0, length), 'buffer'), SHA1_BLOCK_BYTES);
    const tag = hash('sha1', this.#outer, 'buffer');
    for (let i = 0; i < outLength; i++) out[outAt + i] = tag[i]!;
  }

  close(): void {
    this.#isClosed = true;
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}
