// Hot: base64 from bytes to bytes, without a string in between, in WebAssembly where that pays.
import { BASE64_WASM } from './base64.wasm.ts';

interface Memory {
  readonly buffer: ArrayBuffer;
}

// The types of Node know no WebAssembly, and those of the DOM may be there or not.
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

interface Base64Module {
  encode(from: number, length: number, to: number): number;
}

/** Of one call: 12 KiB become 16 KiB, and all of it fits into a page of 64 KiB. */
const PIECE_BYTES = 12_288;
const TO = 0x4000;
/** Shorter bodies are not worth the copies in and out. */
const LEAST_BYTES = 96;

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const heap = Buffer.from(memory.buffer);
const { encode } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(BASE64_WASM, 'base64')), {
  env: { memory },
}).exports as unknown as Base64Module;

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
/** Both characters of twelve bits, the first in the lower byte. */
const PAIRS = Uint16Array.from(
  { length: 4096 },
  (_, bits) => ALPHABET[bits >> 6]! | (ALPHABET[bits & 63]! << 8),
);
const PADDING = 0x3d;
const { copy } = Buffer.prototype;

/** The characters that `bytes` bytes take. */
export const base64Length = (bytes: number): number => (((bytes + 2) / 3) | 0) * 4;

/** Writes `bytes[at, end)` as base64 to `out` at `to`, where there is room, and returns the offset behind it. */
export function writeBase64(bytes: Uint8Array, at: number, end: number, out: Buffer, to: number): number {
  if (end - at < LEAST_BYTES) return writeShort(bytes, at, end, out, to);
  while (at < end) {
    const pieceEnd = Math.min(end, at + PIECE_BYTES); // a multiple of three, but for the last
    copy.call(bytes, heap, 0, at, pieceEnd);
    const length = encode(0, pieceEnd - at, TO);
    copy.call(heap, out, to, TO, TO + length);
    at = pieceEnd;
    to += length;
  }
  return to;
}

function writeShort(bytes: Uint8Array, at: number, end: number, out: Buffer, to: number): number {
  for (; at + 2 < end; at += 3, to += 4) {
    const middle = bytes[at + 1]!;
    const first = PAIRS[(bytes[at]! << 4) | (middle >> 4)]!;
    const second = PAIRS[((middle & 15) << 8) | bytes[at + 2]!]!;
    out[to] = first;
    out[to + 1] = first >> 8;
    out[to + 2] = second;
    out[to + 3] = second >> 8;
  }
  if (at === end) return to;
  const isPair = at + 2 === end;
  const word = (bytes[at]! << 16) | (isPair ? bytes[at + 1]! << 8 : 0);
  out[to] = ALPHABET[word >> 18]!;
  out[to + 1] = ALPHABET[(word >> 12) & 63]!;
  out[to + 2] = isPair ? ALPHABET[(word >> 6) & 63]! : PADDING;
  out[to + 3] = PADDING;
  return to + 4;
}
