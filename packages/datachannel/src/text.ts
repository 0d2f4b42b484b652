// Hot: strings to UTF-8 and back without an array per message. Lone surrogates and bytes that are no UTF-8
// become U+FFFD, as in browsers; a byte order mark stays.

/** Strings of at most a third of this many UTF-16 units go through the scratch array. */
const SCRATCH_BYTES = 65_536;
const MOST_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const scratch = new Uint8Array(SCRATCH_BYTES);

export class EncodedText {
  /** Borrowed until the next `encode`. */
  bytes: Uint8Array = scratch;
  length = 0;

  encode(text: string): void {
    if (text.length * MOST_BYTES_PER_UNIT <= SCRATCH_BYTES) {
      this.bytes = scratch;
      this.length = encoder.encodeInto(text, scratch).written;
    } else {
      this.bytes = encoder.encode(text);
      this.length = this.bytes.length;
    }
  }
}

/**
 * V8 keeps an array this short among its own objects, and moves it out, at the price of several copies, when a decoder
 * wants its address. From an array that lies outside already the same text takes a third of the time.
 */
const LONGEST_INLINE = 64;
const outside = Array.from({ length: LONGEST_INLINE + 1 }, (_, length) => scratch.subarray(0, length));

export function decodeText(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length > LONGEST_INLINE) return decoder.decode(bytes);
  for (let i = 0; i < length; i++) scratch[i] = bytes[i]!;
  return decoder.decode(outside[length]);
}

/** How many bytes of UTF-8 `text` is, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // A surrogate pair is four bytes: two units that have counted for two each.
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
  }
  return bytes;
}
