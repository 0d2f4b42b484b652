// Hot: big-endian reads and writes in place, by offset into a longer buffer. Callers have checked the bounds.

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** 48 bits as a number: exact, since 2^48 is below `Number.MAX_SAFE_INTEGER`. */
export function u48(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000_0000 + u32(bytes, at + 2);
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function putU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function putU48(bytes: Uint8Array, at: number, value: number): void {
  putU16(bytes, at, Math.floor(value / 0x1_0000_0000));
  putU32(bytes, at + 2, value >>> 0);
}

/** A run this short is cheaper byte by byte than in any other way. */
const SHORT_RUN = 24;
/** V8 keeps an array this short among its own objects, from where no call into native code can take its bytes. */
const LONGEST_INLINE = 64;

export type CopyPart = (from: Uint8Array, to: Uint8Array, at: number, start: number, end: number) => void;

/** A view of the part, 104 bytes to be collected, is all that the language has. */
let copyPart: CopyPart = (from, to, at, start, end) => to.set(from.subarray(start, end), at);

/** Hands in a way to copy a part of an array without garbage, such as Node's `Buffer.prototype.copy`. For all users. */
export function setCopyPart(copy: CopyPart): void {
  copyPart = copy;
}

/** Copies `from[start, end)` to `to` at `at` and returns the offset just behind the copy. See `setCopyPart`. */
export function copyBytes(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (start === 0 && end === from.length) to.set(from, at);
  else if (length <= SHORT_RUN) for (let i = start, o = at; i < end; i++, o++) to[o] = from[i]!;
  else if (to.length > LONGEST_INLINE && from.length > LONGEST_INLINE) copyPart(from, to, at, start, end);
  else for (let i = start, o = at; i < end; i++, o++) to[o] = from[i]!;
  return at + length;
}

/**
 * A copy of `bytes[at, end)` in an array of its own. `slice` will not do for bytes that came from a socket: they
 * may be a Buffer, whose `slice` is a view.
 */
export function ownCopy(bytes: Uint8Array, at: number, end: number): Uint8Array {
  if (end - at <= LONGEST_INLINE && bytes.constructor === Uint8Array) return bytes.slice(at, end);
  const copy = new Uint8Array(end - at);
  copyBytes(copy, 0, bytes, at, end);
  return copy;
}

/** Equality of two byte strings that need not stay secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Equality of `a[aAt, aAt + length)` and `b[bAt, bAt + length)` in a time that depends on `length` alone: the
 * only comparison for MACs and anything else that an attacker may try to guess byte by byte.
 */
export function equalConstantTime(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  length: number,
): boolean {
  if (aAt + length > a.length || bAt + length > b.length) return false;
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= a[aAt + i]! ^ b[bAt + i]!;
  return difference === 0;
}
