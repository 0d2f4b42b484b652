// Hot: masks for the sequence numbers of records that are about to be opened (RFC 9147 §4.2.3), made together while the
// datagrams of a batch still lie side by side. A mask is used only where the ciphertext that it was made of still begins
// as it did: bytes that have changed since get a mask of their own, and a record that was not foreseen costs no more. One
// for all connections of a program: what it holds is of the batch that came last, and of nobody else's.
import { MAX_MASKS, type SequenceMask } from '../crypto.ts';
import { headerBytes, isOfEpoch } from './unified-header.ts';

const SAMPLE_BYTES = 16;
const NOTHING = new Uint8Array(0);

export class ForeseenMasks {
  /** Whose batch this is. */
  #mask: SequenceMask | undefined;
  readonly #ats = new Int32Array(MAX_MASKS);
  readonly #masks = new Int32Array(MAX_MASKS);
  /** The first four bytes of each ciphertext. */
  readonly #beginnings = new Int32Array(MAX_MASKS);
  #bytes: Uint8Array = NOTHING;
  #count = 0;
  /** Those before it have been asked for, or passed over. */
  #next = 0;

  /** For the first record of each datagram in `bytes[at, end)`, which are of `segmentBytes`. Replaces what was found before. */
  find(
    mask: SequenceMask,
    epoch: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
  ): void {
    let count = 0;
    for (; at < end && count < MAX_MASKS; at += segmentBytes) {
      const first = bytes[at]!;
      if (!isOfEpoch(first, epoch)) continue;
      const ciphertextAt = at + headerBytes(first);
      if (ciphertextAt + SAMPLE_BYTES > end) break;
      this.#ats[count] = ciphertextAt;
      this.#beginnings[count] = beginningAt(bytes, ciphertextAt);
      count++;
    }
    this.#mask = mask;
    this.#bytes = bytes;
    this.#count = count;
    this.#next = 0;
    if (count > 0) mask.ofAll(bytes, this.#ats, count, this.#masks);
  }

  /** That by `mask` for the ciphertext at `at`, once; -1 if there is none. */
  take(mask: SequenceMask, bytes: Uint8Array, at: number): number {
    if (mask !== this.#mask) return -1;
    const ats = this.#ats;
    let next = this.#next;
    while (next < this.#count && ats[next]! < at) next++;
    this.#next = next;
    if (next >= this.#count || ats[next] !== at || bytes !== this.#bytes) return -1;
    if (this.#beginnings[next] !== beginningAt(bytes, at)) return -1;
    this.#next = next + 1;
    return this.#masks[next]!;
  }

  /** Nothing more of what `mask` is for will be opened. */
  forget(mask: SequenceMask): void {
    if (mask !== this.#mask) return;
    this.#mask = undefined;
    this.#bytes = NOTHING;
    this.#count = 0;
  }
}

function beginningAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
