// Hot: what SRTP (RFC 3711) and DTLS 1.3 (RFC 9147 §4.2.3) need besides AEAD: AES in counter mode, AES of single
// blocks, and HMAC-SHA1.
import { NativeError } from '../errors.ts';
import { checkRange, FOREIGN } from '../memory.ts';
import { NativeContext } from './context.ts';
import type { BlockKey, CtrKey, HmacKey, SequenceMask } from './keys.ts';
import { MASKS_WORD, MAX_MASKS, type OpenSsl, SAMPLES_WORD } from './openssl.ts';

const BLOCK_BYTES = 16;
const SHA1_BYTES = 20;
const SHA1_BLOCK_BYTES = 64;

export class OpenSslCtrKey implements CtrKey {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;

  constructor(ssl: OpenSsl, key: Uint8Array) {
    this.#ssl = ssl;
    this.#context = newAesContext(ssl, this, 'CTR', key);
  }

  apply(bytes: Uint8Array, at: number, end: number, counterBlock: Uint8Array): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    if (counterBlock.length !== BLOCK_BYTES)
      throw new NativeError('BAD_KEY', `a counter block of ${counterBlock.length} bytes`);
    ssl.putIv(counterBlock, BLOCK_BYTES);
    const address = ssl.addressFor(bytes, at, end);
    if (at === end) return;
    const isDone =
      ssl.cipherInit(context, 0, 0, 0, ssl.ivAddress, 1) === 1 &&
      ssl.cipher(context, address, address, end - at) > 0;
    if (!isDone) throw new NativeError('REFUSED', 'AES-CTR');
    if (address === ssl.foreignAddress) ssl.takeForeign(bytes, at, end);
  }

  close(): void {
    this.#context.close();
  }
}

export class OpenSslBlockKey implements BlockKey {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;

  constructor(ssl: OpenSsl, key: Uint8Array) {
    this.#ssl = ssl;
    this.#context = newAesContext(ssl, this, 'ECB', key);
    ssl.turnOffPadding(this.#context.pointer);
  }

  encrypt(bytes: Uint8Array, at: number, out: Uint8Array, outAt: number): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    checkRange(bytes, at, at + BLOCK_BYTES);
    checkRange(out, outAt, outAt + BLOCK_BYTES);
    ssl.putBlock(bytes, at);
    if (!(ssl.cipher(context, ssl.blockOutAddress, ssl.blockInAddress, BLOCK_BYTES) > 0))
      throw new NativeError('REFUSED', 'AES');
    ssl.takeBlock(out, outAt, BLOCK_BYTES);
  }

  close(): void {
    this.#context.close();
  }
}

export class OpenSslMask implements SequenceMask {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;

  constructor(ssl: OpenSsl, key: Uint8Array) {
    this.#ssl = ssl;
    // No word of padding: EVP_Cipher does whole blocks and knows none.
    this.#context = newAesContext(ssl, this, 'ECB', key);
  }

  of(bytes: Uint8Array, at: number): number {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    checkRange(bytes, at, at + BLOCK_BYTES);
    const base = ssl.memory.addressOf(bytes);
    if (base === FOREIGN) ssl.putBlock(bytes, at);
    const address = base === FOREIGN ? ssl.blockInAddress : base + at;
    if (!(ssl.cipher(context, ssl.blockOutAddress, address, BLOCK_BYTES) > 0))
      throw new NativeError('REFUSED', 'AES');
    return ssl.firstOfBlock;
  }

  // The samples are brought together, since a call costs more than many blocks of AES.
  ofAll(bytes: Uint8Array, ats: Int32Array, count: number, masks: Int32Array): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    if (
      !(
        (count | 0) === count &&
        count >= 1 &&
        count <= MAX_MASKS &&
        count <= ats.length &&
        count <= masks.length
      )
    )
      throw new NativeError('BAD_LENGTH', `${count} masks`);
    const view = ssl.memory.viewOf(bytes);
    const { words } = ssl;
    const last = bytes.length - BLOCK_BYTES;
    for (let i = 0; i < count; i++) {
      const at = ats[i]!;
      if (at < 0 || at > last) checkRange(bytes, at, at + BLOCK_BYTES); // throws
      const to = SAMPLES_WORD + i * 4;
      words[to] = view.getInt32(at, true);
      words[to + 1] = view.getInt32(at + 4, true);
      words[to + 2] = view.getInt32(at + 8, true);
      words[to + 3] = view.getInt32(at + 12, true);
    }
    if (!(ssl.cipher(context, ssl.masksAddress, ssl.samplesAddress, count * BLOCK_BYTES) > 0))
      throw new NativeError('REFUSED', 'AES');
    for (let i = 0; i < count; i++) {
      const word = words[MASKS_WORD + i * 4]!;
      masks[i] = ((word & 0xff) << 8) | ((word >> 8) & 0xff);
    }
  }

  close(): void {
    this.#context.close();
  }
}

export class OpenSslHmacKey implements HmacKey {
  readonly #ssl: OpenSsl;
  readonly #context: NativeContext;

  constructor(ssl: OpenSsl, key: Uint8Array) {
    // RFC 2104 §2 would hash a longer key; none of SRTP's is.
    if (!(key.length >= 1 && key.length <= SHA1_BLOCK_BYTES))
      throw new NativeError('BAD_KEY', `${key.length} bytes`);
    const context = ssl.newHmacSha1Context(key);
    if (context === undefined) throw new NativeError('BAD_ALGORITHM', 'HMAC-SHA1');
    this.#ssl = ssl;
    this.#context = new NativeContext(this, context, (c) => ssl.freeMacContext(c), ssl.macOwners);
  }

  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void {
    const ssl = this.#ssl;
    const context = this.#context.pointer;
    if (!(outLength >= 1 && outLength <= SHA1_BYTES))
      throw new NativeError('BAD_LENGTH', `${outLength} bytes of an HMAC-SHA1`);
    checkRange(out, outAt, outAt + outLength);
    const address = ssl.addressFor(bytes, at, end);
    const isDone =
      ssl.macInit(context, 0, 0, 0) === 1 && // with no key: the one it has
      (at === end || ssl.macUpdate(context, address, end - at) === 1) &&
      ssl.macFinal(context, ssl.blockOutAddress, ssl.lengthAddress, SHA1_BYTES) === 1;
    if (!isDone) throw new NativeError('REFUSED', 'HMAC-SHA1');
    ssl.takeBlock(out, outAt, outLength);
  }

  close(): void {
    this.#context.close();
  }
}

function newAesContext(ssl: OpenSsl, owner: object, mode: 'CTR' | 'ECB', key: Uint8Array): NativeContext {
  if (key.length !== 16 && key.length !== 32) throw new NativeError('BAD_KEY', `${key.length} bytes`);
  const name = `AES-${key.length * 8}-${mode}`;
  const context = ssl.newCipherContext(name, key, true);
  if (context === undefined) throw new NativeError('BAD_ALGORITHM', name);
  return new NativeContext(owner, context, ssl.freeCipherContext, ssl.contextOwners);
}
