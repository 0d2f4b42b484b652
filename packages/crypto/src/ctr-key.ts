// Hot: AES in counter mode, as SRTP (RFC 3711 §4.1.1) takes it: a new counter block for each packet.
import { createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { u32 } from '@millrace/sans-io';
import { CryptoError, checkRange } from './errors.ts';
import { KeyStream } from './key-stream.ts';
import type { CtrKey } from './keys.ts';
import { type GcmModule, gcmModule } from './wasm/aes-gcm.ts';
import { enter, leave } from './wasm/memory.ts';

/** Longer data go to a cipher object. */
const CROSSOVER_BYTES = 8_192;

const SALT_BYTES = 14;
/** RFC 3711 §4.1.1: the low 32 bits of a packet's index, in front of 16 bits that count blocks. */
const NUMBER_AT = 10;

const CTR_NAMES: ReadonlyMap<number, 'aes-128' | 'aes-192' | 'aes-256'> = new Map([
  [16, 'aes-128'],
  [24, 'aes-192'],
  [32, 'aes-256'],
]);

/**
 * The key has 16, 24 or 32 bytes, which are copied. `salt` is 14 bytes that the numbers of successive packets have been
 * XORed with in their counter blocks (RFC 3711 §4.1.1): a hint by which key stream can be prepared ahead.
 */
export function createCtrKey(key: Uint8Array, salt?: Uint8Array): CtrKey {
  const name = CTR_NAMES.get(key.length);
  if (name === undefined) throw new CryptoError('BAD_KEY', `AES takes 16, 24 or 32 bytes, got ${key.length}`);
  if (salt !== undefined && salt.length !== SALT_BYTES)
    throw new CryptoError('BAD_KEY', `a salt has ${SALT_BYTES} bytes, got ${salt.length}`);
  return new PortableCtrKey(name, key, salt);
}

class PortableCtrKey implements CtrKey {
  readonly #name: 'aes-128' | 'aes-192' | 'aes-256';
  readonly #module: GcmModule | undefined = gcmModule();
  readonly #stream: KeyStream | undefined;
  readonly #isSalted: boolean;
  #key: KeyObject | undefined;

  constructor(name: 'aes-128' | 'aes-192' | 'aes-256', key: Uint8Array, salt: Uint8Array | undefined) {
    this.#name = name;
    this.#isSalted = salt !== undefined;
    this.#key = createSecretKey(key);
    if (this.#module !== undefined)
      this.#stream = new KeyStream(this.#module, `${name}-ecb`, key, NUMBER_AT, salt);
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
    const isPacket = this.#isSalted && (counter & 0xffff) === 0;
    const stream = isPacket
      ? this.#stream.at(counterBlock, blocks)
      : this.#stream.from(counterBlock, counter, blocks);
    const data = enter(bytes, at, end);
    this.#module!.apply(stream, data, length);
    leave(data, length, bytes, at);
  }

  close(): void {
    this.#key = undefined;
    this.#stream?.wipe();
  }
}
