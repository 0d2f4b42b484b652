// Hot: whole DTLS 1.3 records (RFC 9147 §4) under ChaCha20-Poly1305 (RFC 8439 §2.8) in four native calls each: one for the key
// stream, three for the tag. What the RFC strings together for the tag is laid out around the ciphertext for as long as it
// takes, and what was there is put back:
//
//     |    32      | 16 | header 2..5 | content, type |      tag 16       |            the record
//     |    block 0 of the key stream  | content, type |                                what ChaCha20 is shown
//                       | header, 0.. | ciphertext    | 0.. | two lengths |            what Poly1305 is shown
//
// Block 0 begins with the key of Poly1305, so that one call gives both it and the ciphertext.
import { NativeError } from '../errors.ts';
import { checkRange, FOREIGN } from '../memory.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type RecordKey13 } from './keys.ts';
import {
  CARRIED_AT,
  CHACHA_BLOCK_BYTES,
  COUNTER_WORD,
  ONE_TIME_KEY_WORD,
  OPENED_AT,
  OPENED_BYTES,
  type RawChaCha,
  TAG_WORD,
} from './raw-chacha.ts';
import { checkedHeader, firstOfHeader, secondOfHeader, swapped, wordAt } from './record-words.ts';

const KEY_BYTES = 32;
const KEY_WORDS = 8;
const STATE_WORDS = 11;
const MAC_BLOCK_BYTES = 16;
/** Behind the content: zeros up to a block, and the block of lengths. */
const BEHIND_BYTES: number = 2 * MAC_BLOCK_BYTES;
const MAX_BYTES: number = OPENED_BYTES - CHACHA_BLOCK_BYTES - BEHIND_BYTES;
const OPENED_WORD: number = OPENED_AT / 4;

/** What lay where something else is laid out, for the length of a call: 16 words in front of the content, 8 behind it. */
const saved = new Int32Array(24);
const BEHIND = 16;
const copy = Buffer.prototype.copy; // makes no view, unlike `set`

export class ChaChaRecordKey13 implements RecordKey13 {
  readonly #raw: RawChaCha;
  /** The key, then the IV. */
  readonly #words = new Int32Array(STATE_WORDS);
  #isClosed = false;

  constructor(raw: RawChaCha, key: Uint8Array, iv: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new NativeError('BAD_KEY', `${key.length} bytes`);
    if (iv.length !== AEAD_NONCE_BYTES) throw new NativeError('BAD_KEY', `an IV of ${iv.length} bytes`);
    this.#raw = raw;
    for (let i = 0; i < KEY_WORDS; i++) this.#words[i] = wordAt(key, i * 4);
    for (let i = 0; i < 3; i++) this.#words[KEY_WORDS + i] = wordAt(iv, i * 4);
  }

  seal(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    contentEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): void {
    const raw = this.#raw;
    this.#prepare(sequenceHigh, sequenceLow);
    checkRange(bytes, contentAt, contentEnd);
    checkRange(bytes, headerAt, contentEnd + AEAD_TAG_BYTES);
    const headerBytes = checkedHeader(headerAt, contentAt);
    const base = raw.memory.addressOf(bytes);
    const frontAt = contentAt - CHACHA_BLOCK_BYTES;
    if (base === FOREIGN || frontAt < 0 || contentEnd + BEHIND_BYTES > bytes.length) {
      const end = this.#bringIn(bytes, contentAt, headerAt, contentEnd);
      const at = CARRIED_AT + CHACHA_BLOCK_BYTES;
      this.seal(raw.workspace, at - headerBytes, at, end, sequenceHigh, sequenceLow);
      copy.call(raw.workspace, bytes, contentAt, at, end + AEAD_TAG_BYTES);
      return;
    }
    const view = raw.memory.viewOf(bytes);
    const length = contentEnd - contentAt;
    for (let i = 0; i < 16; i++) saved[i] = view.getInt32(frontAt + 4 * i, true);
    raw.cipher(base + frontAt, base + frontAt, CHACHA_BLOCK_BYTES + length);
    for (let i = 0; i < KEY_WORDS; i++)
      raw.words[ONE_TIME_KEY_WORD + i] = view.getInt32(frontAt + 4 * i, true) ^ saved[i]!;
    for (let i = 4; i < 8; i++) saved[BEHIND + i] = view.getInt32(contentEnd + 4 * i, true);
    const macBytes = layOut(view, headerBytes, contentAt, length);
    raw.authenticate(base + contentAt - MAC_BLOCK_BYTES, macBytes, base + contentEnd);
    for (let i = 0; i < 16; i++) view.setInt32(frontAt + 4 * i, saved[i]!, true);
    for (let i = 4; i < 8; i++) view.setInt32(contentEnd + 4 * i, saved[BEHIND + i]!, true);
  }

  // What is deciphered goes elsewhere at first, and comes here when the tag is right.
  open(
    bytes: Uint8Array,
    headerAt: number,
    contentAt: number,
    recordEnd: number,
    sequenceHigh: number,
    sequenceLow: number,
  ): boolean {
    const raw = this.#raw;
    this.#prepare(sequenceHigh, sequenceLow);
    checkRange(bytes, contentAt, recordEnd);
    checkRange(bytes, headerAt, contentAt);
    const headerBytes = checkedHeader(headerAt, contentAt);
    const tagAt = recordEnd - AEAD_TAG_BYTES;
    const length = tagAt - contentAt;
    if (length < 0) return false;
    if (length > MAX_BYTES) throw tooLong(length);
    const base = raw.memory.addressOf(bytes);
    const frontAt = contentAt - CHACHA_BLOCK_BYTES;
    if (base === FOREIGN || frontAt < 0 || tagAt + BEHIND_BYTES > bytes.length) {
      const end = this.#bringIn(bytes, contentAt, headerAt, recordEnd);
      const at = CARRIED_AT + CHACHA_BLOCK_BYTES;
      if (!this.open(raw.workspace, at - headerBytes, at, end, sequenceHigh, sequenceLow)) return false;
      copy.call(raw.workspace, bytes, contentAt, at, end - AEAD_TAG_BYTES);
      return true;
    }
    const view = raw.memory.viewOf(bytes);
    const { words } = raw;
    raw.cipher(raw.openedAddress, base + frontAt, CHACHA_BLOCK_BYTES + length);
    for (let i = 0; i < KEY_WORDS; i++)
      words[ONE_TIME_KEY_WORD + i] = words[OPENED_WORD + i]! ^ view.getInt32(frontAt + 4 * i, true);
    for (let i = 12; i < 16; i++) saved[i] = view.getInt32(frontAt + 4 * i, true);
    for (let i = 0; i < 8; i++) saved[BEHIND + i] = view.getInt32(tagAt + 4 * i, true);
    const macBytes = layOut(view, headerBytes, contentAt, length);
    raw.authenticate(base + contentAt - MAC_BLOCK_BYTES, macBytes, raw.tagAddress);
    for (let i = 12; i < 16; i++) view.setInt32(frontAt + 4 * i, saved[i]!, true);
    let difference = 0;
    for (let i = 0; i < 8; i++) {
      if (i < 4) difference |= words[TAG_WORD + i]! ^ saved[BEHIND + i]!;
      view.setInt32(tagAt + 4 * i, saved[BEHIND + i]!, true);
    }
    if (difference !== 0) return false;
    const from = OPENED_AT + CHACHA_BLOCK_BYTES;
    copy.call(raw.workspace, bytes, contentAt, from, from + length);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#raw.forgetKey(this.#words);
    this.#words.fill(0);
  }

  // RFC 8446 §5.3: the number is XORed into the last eight bytes of the IV. RFC 8439 §2.6: block 0 comes first.
  #prepare(sequenceHigh: number, sequenceLow: number): void {
    if (this.#isClosed) throw new NativeError('CLOSED');
    const state = this.#words;
    this.#raw.useKey(state);
    const { words } = this.#raw;
    words[COUNTER_WORD] = 0;
    words[COUNTER_WORD + 1] = state[KEY_WORDS]!;
    words[COUNTER_WORD + 2] = state[KEY_WORDS + 1]! ^ swapped(sequenceHigh);
    words[COUNTER_WORD + 3] = state[KEY_WORDS + 2]! ^ swapped(sequenceLow);
  }

  /** Copies a record to the workspace, where there is room in front and behind, and returns where it ends. */
  #bringIn(bytes: Uint8Array, contentAt: number, from: number, end: number): number {
    const length = end - contentAt;
    if (length > MAX_BYTES) throw tooLong(length);
    const to = CARRIED_AT + CHACHA_BLOCK_BYTES;
    copy.call(bytes, this.#raw.workspace, to - (contentAt - from), from, end);
    return to + length;
  }
}

/** RFC 8439 §2.8: around the ciphertext, how much that is all together. The header stands in front of the content. */
function layOut(view: DataView, headerBytes: number, contentAt: number, length: number): number {
  const aadAt = contentAt - MAC_BLOCK_BYTES;
  const behind = saved[15]!;
  view.setInt32(aadAt, firstOfHeader(headerBytes, saved[14]!, behind), true);
  view.setInt32(aadAt + 4, secondOfHeader(headerBytes, behind), true);
  view.setInt32(aadAt + 8, 0, true);
  view.setInt32(aadAt + 12, 0, true);
  const end = contentAt + length;
  for (let i = 0; i < MAC_BLOCK_BYTES; i += 4) view.setInt32(end + i, 0, true);
  const lengthsAt = end + (-length & (MAC_BLOCK_BYTES - 1));
  view.setInt32(lengthsAt, headerBytes, true);
  view.setInt32(lengthsAt + 4, 0, true);
  view.setInt32(lengthsAt + 8, length, true);
  view.setInt32(lengthsAt + 12, 0, true);
  return lengthsAt + MAC_BLOCK_BYTES - aadAt;
}

function tooLong(bytes: number): NativeError {
  return new NativeError('BAD_LENGTH', `${bytes} bytes; ${MAX_BYTES} can be had`);
}
