// ChaCha20 and Poly1305 (RFC 8439) as OpenSSL has them beneath EVP: functions that Node exports and OpenSSL's manual does not
// name, so that they may be missing, or other ones, some day. What uses them is held against EVP before it is used.
import type { Ffi, ForeignFunction, Pointer } from '../ffi.ts';
import type { Memory } from '../memory.ts';

// Where things lie in the workspace.
const KEY_AT = 0; // eight words
const COUNTER_AT = 32; // the counter, and three words of nonce
const ONE_TIME_KEY_AT = 64;
const TAG_AT = 96;
const STATE_AT = 128; // of Poly1305
const MOST_STATE_BYTES = 512;
/** Of the 32-bit words of the workspace. */
export const COUNTER_WORD: number = COUNTER_AT / 4;
export const ONE_TIME_KEY_WORD: number = ONE_TIME_KEY_AT / 4;
export const TAG_WORD: number = TAG_AT / 4;
/** RFC 8439 §2.3 */
export const CHACHA_BLOCK_BYTES = 64;
/** What is deciphered, behind the block that the one-time key is made of; a record of DTLS 1.3 with all that is around it fits. */
export const OPENED_AT = 1024;
export const OPENED_BYTES = 17_408;
/** Records that cannot be worked on where they are. */
export const CARRIED_AT: number = OPENED_AT + OPENED_BYTES;
const WORKSPACE_BYTES: number = CARRIED_AT + OPENED_BYTES;
const KEY_BYTES = 32;

export class RawChaCha {
  readonly memory: Memory;
  readonly workspace: Uint8Array;
  /** The same, four bytes at a time. */
  readonly words: Int32Array;
  readonly #chacha20: ForeignFunction;
  readonly #polyInit: ForeignFunction;
  readonly #polyUpdate: ForeignFunction;
  readonly #polyFinal: ForeignFunction;
  readonly #addresses: readonly (Pointer | undefined)[]; // a mixed array, so that V8 keeps the boxes
  /** Whose key lies in the workspace. */
  #owner: Int32Array | undefined;

  private constructor(memory: Memory, functions: readonly ForeignFunction[]) {
    this.memory = memory;
    this.workspace = memory.allocate(WORKSPACE_BYTES);
    this.words = new Int32Array(this.workspace.buffer, this.workspace.byteOffset, WORKSPACE_BYTES >> 2);
    const base = memory.addressOf(this.workspace);
    this.#addresses = [
      undefined,
      base + KEY_AT,
      base + COUNTER_AT,
      base + ONE_TIME_KEY_AT,
      base + TAG_AT,
      base + STATE_AT,
      base + OPENED_AT,
    ];
    [this.#chacha20, this.#polyInit, this.#polyUpdate, this.#polyFinal] = functions as [
      ForeignFunction,
      ForeignFunction,
      ForeignFunction,
      ForeignFunction,
    ];
  }

  /** Undefined if this program does not export them. */
  static find(ffi: Ffi, memory: Memory): RawChaCha | undefined {
    const stateBytes = ffi.find('Poly1305_ctx_size', 'size');
    const functions = [
      ffi.find('ChaCha20_ctr32', 'void', 'pointer', 'pointer', 'size', 'pointer', 'pointer'),
      ffi.find('Poly1305_Init', 'void', 'pointer', 'pointer'),
      ffi.find('Poly1305_Update', 'void', 'pointer', 'pointer', 'size'),
      ffi.find('Poly1305_Final', 'void', 'pointer', 'pointer'),
    ];
    const found = functions.filter((each) => each !== undefined);
    if (stateBytes === undefined || found.length < functions.length) return undefined;
    return stateBytes() <= MOST_STATE_BYTES ? new RawChaCha(memory, found) : undefined;
  }

  get tagAddress(): Pointer {
    return this.#addresses[4]!;
  }
  get openedAddress(): Pointer {
    return this.#addresses[6]!;
  }

  /** Sees to it that the key in the eight first words of `state` lies in the workspace. */
  useKey(state: Int32Array): void {
    if (this.#owner === state) return;
    for (let i = 0; i < KEY_BYTES / 4; i++) this.words[i] = state[i]!;
    this.#owner = state;
  }

  /** The key of `state` is no longer needed. */
  forgetKey(state: Int32Array): void {
    if (this.#owner !== state) return;
    this.#owner = undefined;
    this.words.fill(0, 0, STATE_AT / 4);
    this.workspace.fill(0, OPENED_AT);
  }

  /** XORs the key stream from the block of the counter on to `length` bytes. */
  cipher(to: Pointer, from: Pointer, length: number): void {
    this.#chacha20(to, from, length, this.#addresses[1]!, this.#addresses[2]!);
  }

  /** Poly1305 of `length` bytes under the one-time key; OpenSSL wipes its state. */
  authenticate(from: Pointer, length: number, tag: Pointer): void {
    const state = this.#addresses[5]!;
    this.#polyInit(state, this.#addresses[3]!);
    this.#polyUpdate(state, from, length);
    this.#polyFinal(state, tag);
  }
}
