// Hot: HMAC-SHA1 (RFC 2104) on the block function of SHA-1, in three native calls: whole blocks of the message, its end
// with the padding, the outer hash. The EVP interface takes as many and copies and allocates contexts besides.
//
// SHA_CTX is a public structure of OpenSSL: h0 to h4, two words of length, a block of 64 bytes, and how much of that is
// in use. Whole blocks are hashed at once, so only h0 to h4 matter.
import { NativeError } from '../errors.ts';
import type { ForeignFunction } from '../ffi.ts';
import { checkRange } from '../memory.ts';
import type { HmacKey } from './keys.ts';
import { type OpenSsl, SHA_CONTEXT_AT, SHA_TAIL_AT } from './openssl.ts';

const SHA1_BYTES = 20;
const BLOCK_BYTES = 64;
const STATE_WORDS = 5;
const CONTEXT_WORDS = 24;
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
const OUTER_BITS = (BLOCK_BYTES + SHA1_BYTES) * 8;

export class Sha1HmacKey implements HmacKey {
  readonly #ssl: OpenSsl;
  readonly #update: ForeignFunction;
  /** SHA_CTX in the workspace. */
  readonly #context: Int32Array;
  readonly #inner = new Int32Array(STATE_WORDS);
  readonly #outer = new Int32Array(STATE_WORDS);
  #isClosed = false;

  /** `update` is SHA1_Update. */
  constructor(ssl: OpenSsl, update: ForeignFunction, key: Uint8Array) {
    // RFC 2104 §2 would hash a longer key; none of SRTP's is.
    if (!(key.length >= 1 && key.length <= BLOCK_BYTES))
      throw new NativeError('BAD_KEY', `${key.length} bytes`);
    this.#ssl = ssl;
    this.#update = update;
    const { buffer, byteOffset } = ssl.workspace;
    this.#context = new Int32Array(buffer, byteOffset + SHA_CONTEXT_AT, CONTEXT_WORDS);
    for (const [state, pad] of [
      [this.#inner, 0x36],
      [this.#outer, 0x5c],
    ] as const) {
      for (let i = 0; i < BLOCK_BYTES; i++) ssl.workspace[SHA_TAIL_AT + i] = (key[i] ?? 0) ^ pad;
      this.#context.fill(0);
      for (let i = 0; i < STATE_WORDS; i++) this.#context[i] = INITIAL[i]!;
      this.#hash(ssl.shaTailAddress, BLOCK_BYTES);
      state.set(this.#context.subarray(0, STATE_WORDS));
    }
    ssl.workspace.fill(0, SHA_TAIL_AT, SHA_TAIL_AT + BLOCK_BYTES);
    this.#context.fill(0);
  }

  sign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number, outLength: number): void {
    const ssl = this.#ssl;
    const context = this.#context;
    const room = ssl.workspace;
    if (!(outLength >= 1 && outLength <= SHA1_BYTES))
      throw new NativeError('BAD_LENGTH', `${outLength} bytes of an HMAC-SHA1`);
    checkRange(out, outAt, outAt + outLength);
    if (this.#isClosed) throw new NativeError('CLOSED');
    const address = ssl.addressFor(bytes, at, end);
    const length = end - at;
    const whole = length & ~(BLOCK_BYTES - 1);
    for (let i = 0; i < STATE_WORDS; i++) context[i] = this.#inner[i]!;
    if (whole > 0) this.#hash(address, whole);
    // FIPS 180-4 §5.1.1: a one bit, zeros, and the length of all in bits.
    let to = SHA_TAIL_AT;
    for (let i = at + whole; i < end; i++) room[to++] = bytes[i]!;
    room[to++] = 0x80;
    const tailBytes = length - whole < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    const tailEnd = SHA_TAIL_AT + tailBytes;
    while (to < tailEnd - 4) room[to++] = 0;
    putWord(room, to, (length + BLOCK_BYTES) * 8);
    this.#hash(ssl.shaTailAddress, tailBytes);
    for (let i = 0; i < STATE_WORDS; i++) {
      putWord(room, SHA_TAIL_AT + i * 4, context[i]!);
      context[i] = this.#outer[i]!;
    }
    room[SHA_TAIL_AT + SHA1_BYTES] = 0x80;
    for (to = SHA_TAIL_AT + SHA1_BYTES + 1; to < SHA_TAIL_AT + BLOCK_BYTES - 4; to++) room[to] = 0;
    putWord(room, to, OUTER_BITS);
    this.#hash(ssl.shaTailAddress, BLOCK_BYTES);
    for (let i = 0; i < outLength; i++) out[outAt + i] = context[i >> 2]! >>> (24 - (i & 3) * 8);
  }

  close(): void {
    this.#isClosed = true;
    this.#inner.fill(0);
    this.#outer.fill(0);
  }

  #hash(address: number, length: number): void {
    if (this.#update(this.#ssl.shaContextAddress, address, length) !== 1)
      throw new NativeError('REFUSED', 'SHA-1');
  }
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
