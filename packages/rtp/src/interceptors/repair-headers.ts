// Hot: what a repair packet says it protects. ULPFEC: RFC 5109 §7.3, §7.4, level 0; FlexFEC: RFC 8627 §4.2.2.1, the
// flexible mask (R = 0, F = 0) and fixed blocks (R = 0, F = 1). Recovery itself is left out: whoever wants it has the
// packets' numbers and the parity's place here.
import { u16, u32 } from '@millrace/sans-io';

const NO_BYTES = new Uint8Array(0);
const ULPFEC_HEADER_BYTES = 10;
const FLEXFEC_HEADER_BYTES = 12;
const SHORT_MASK_BITS = 16;
const LONG_MASK_BITS = 48;

/** A cursor over the sequence numbers that a ULPFEC packet protects. */
export class UlpfecHeader {
  bytes: Uint8Array = NO_BYTES;
  /** Where the parity of level 0 begins, and how many bytes of payload it protects. */
  parityAt = 0;
  protectionBytes = 0;
  sequenceNumber = 0;
  #at = 0;
  #maskAt = 0;
  #bits = 0;
  #next = 0;

  /** Reads the payload `bytes[at, end)`; false if it is malformed. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (end > bytes.length || end - at < ULPFEC_HEADER_BYTES + 4) return false;
    // RFC 5109 §7.3: E is reserved; L says that masks are long.
    const isLong = (bytes[at]! & 0x40) !== 0;
    const maskBytes = isLong ? 6 : 2;
    const parityAt = at + ULPFEC_HEADER_BYTES + 2 + maskBytes;
    const protectionBytes = u16(bytes, at + ULPFEC_HEADER_BYTES);
    if (parityAt + protectionBytes > end) return false;
    this.bytes = bytes;
    this.#at = at;
    this.#maskAt = at + ULPFEC_HEADER_BYTES + 2;
    this.#bits = isLong ? LONG_MASK_BITS : SHORT_MASK_BITS;
    this.#next = 0;
    this.parityAt = parityAt;
    this.protectionBytes = protectionBytes;
    return true;
  }

  get baseSequenceNumber(): number {
    return u16(this.bytes, this.#at + 2);
  }

  /** Goes to the next protected packet. False behind the last. */
  next(): boolean {
    while (this.#next < this.#bits) {
      const bit = this.#next++;
      if (((this.bytes[this.#maskAt + (bit >> 3)]! >> (7 - (bit & 7))) & 1) === 0) continue;
      this.sequenceNumber = (this.baseSequenceNumber + bit) & 0xffff;
      return true;
    }
    return false;
  }
}

/** A cursor over the sequence numbers that a FlexFEC packet protects, of each source in its CSRC list. */
export class FlexfecHeader {
  bytes: Uint8Array = NO_BYTES;
  /** Where the parity of payloads begins. */
  parityAt = 0;
  sequenceNumber = 0;
  /** Fixed blocks: columns (L) and rows (D); 0 with a mask. RFC 8627 §4.2.2.1.2 */
  columns = 0;
  rows = 0;
  #at = 0;
  #next = 0;
  #bits = 0;

  /** Reads the payload `bytes[at, end)` of a packet that protects one source; false if it is malformed. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (end > bytes.length || end - at < FLEXFEC_HEADER_BYTES) return false;
    const first = bytes[at]!;
    // RFC 8627 §4.2.2.1: with R the packet is a retransmission, and no mask follows.
    if ((first & 0x80) !== 0) return false;
    this.bytes = bytes;
    this.#at = at;
    this.#next = 0;
    if ((first & 0x40) !== 0) {
      this.columns = bytes[at + 10]!;
      this.rows = bytes[at + 11]!;
      // RFC 8627 §4.2.2.1.2: no columns say nothing.
      if (this.columns === 0) return false;
      this.#bits = 0;
      this.parityAt = at + FLEXFEC_HEADER_BYTES;
      return true;
    }
    this.columns = 0;
    this.rows = 0;
    // RFC 8627 §4.2.2.1.1: 15 bits, and if the bit k in front of them is set 31 more, and 64 more likewise.
    let maskBytes = 2;
    if ((bytes[at + 10]! & 0x80) !== 0) {
      if (end - at < 16) return false;
      maskBytes = (bytes[at + 12]! & 0x80) === 0 ? 6 : 14;
    }
    this.parityAt = at + 10 + maskBytes;
    if (this.parityAt > end) return false;
    this.#bits = maskBytes === 2 ? 15 : maskBytes === 6 ? 46 : 110;
    return true;
  }

  get baseSequenceNumber(): number {
    return u16(this.bytes, this.#at + 8);
  }

  get timestampRecovery(): number {
    return u32(this.bytes, this.#at + 4);
  }

  /** Goes to the next protected packet. False behind the last. */
  next(): boolean {
    if (this.columns > 0) return this.#nextFixed();
    while (this.#next < this.#bits) {
      const bit = this.#next++;
      if (!this.#isSet(bit)) continue;
      this.sequenceNumber = (this.baseSequenceNumber + bit) & 0xffff;
      return true;
    }
    return false;
  }

  /** RFC 8627 §4.2.2.1.2: a row (D = 0 or 1) protects L packets in turn, a column D packets that are L apart. */
  #nextFixed(): boolean {
    const count = this.rows <= 1 ? this.columns : this.rows;
    if (this.#next >= count) return false;
    const step = this.rows <= 1 ? 1 : this.columns;
    this.sequenceNumber = (this.baseSequenceNumber + this.#next++ * step) & 0xffff;
    return true;
  }

  /** A flag stands in front of the first 15 and of the next 31 bits. */
  #isSet(bit: number): boolean {
    const position = bit < 15 ? bit + 1 : bit + 2;
    return ((this.bytes[this.#at + 10 + (position >> 3)]! >> (7 - (position & 7))) & 1) !== 0;
  }
}
