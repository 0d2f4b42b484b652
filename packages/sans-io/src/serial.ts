// Serial number arithmetic (RFC 1982, and RFC 9260 §1.6): sequence numbers wrap, so `<` and `-` on them are
// bugs. Of two numbers exactly half the space apart neither is after the other.

/** Whether the 32-bit serial number `a` comes after `b`. */
export function after32(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** Whether `a` is `b` or comes after it. */
export function atOrAfter32(a: number, b: number): boolean {
  return a === b || after32(a, b);
}

/** How far `a` lies ahead of `b`, modulo 2^32: 0 to 2^32 - 1. */
export function distance32(a: number, b: number): number {
  return (a - b) >>> 0;
}

/** `a + by`, modulo 2^32. `by` may be negative. */
export function add32(a: number, by: number): number {
  return (a + by) >>> 0;
}

/** Whether the 16-bit serial number `a` comes after `b`. */
export function after16(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead !== 0 && ahead < 0x8000;
}

/** `a + by`, modulo 2^16. `by` may be negative. */
export function add16(a: number, by: number): number {
  return (a + by) & 0xffff;
}
