// CRC32c (RFC 9260 Appendix A; reflected polynomial 0x82f63b78) for WebAssembly with SIMD.
//
// The message is folded 64 bytes at a time: four bytes and the four that lie 64 further on have the same effect on
// the checksum if the former are first multiplied by x^512 modulo the polynomial. That constant is the same for all
// sixteen groups of four, so byte p of all of them lies in one vector and each nibble of it picks from a table in a
// register. The last 64 bytes, and what is left behind them, go through eight tables of 256 words.

/** Working memory of this file, written by `prepare`. */
const FOLDS: usize = 0x12000; // by byte, nibble (high, low) and byte of the result: 32 tables of 16 bytes
const WORDS: usize = 0x12200; // 8 tables of 256 words
const REST: usize = 0x14200; // 64 bytes, and scratch of 64

const POLYNOMIAL: u32 = 0x82f63b78;

export function prepare(): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc: u32 = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    store<u32>(WORDS + (byte << 2), crc);
  }
  for (let i = 256; i < 2048; i++) {
    const before = load<u32>(WORDS + ((i - 256) << 2));
    store<u32>(WORDS + (i << 2), (before >> 8) ^ load<u32>(WORDS + ((before & 0xff) << 2)));
  }
  for (let byte = 0; byte < 4; byte++)
    for (let half = 0; half < 2; half++)
      for (let nibble = 0; nibble < 16; nibble++) {
        // A byte, and 63 - byte zeros behind it.
        let crc = load<u32>(WORDS + ((half === 0 ? nibble << 4 : nibble) << 2));
        for (let i = byte; i < 63; i++) crc = (crc >> 8) ^ load<u32>(WORDS + ((crc & 0xff) << 2));
        for (let q = 0; q < 4; q++)
          store<u8>(FOLDS + (byte << 7) + (half << 6) + (q << 4) + nibble, <u8>(crc >> (q << 3)));
      }
}

/** The checksum of `length` bytes. */
export function crc32c(at: usize, length: i32): u32 {
  if (length < 192) return ~words(0xffffffff, at, length);
  let v0 = spread(v128.xor(v128.load(at), i32x4(-1, 0, 0, 0)));
  let v1 = spread(v128.load(at, 16));
  let v2 = spread(v128.load(at, 32));
  let v3 = spread(v128.load(at, 48));
  let t0 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
  let t1 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
  let t2 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
  let t3 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
  let s0 = i64x2.shuffle(t0, t1, 0, 2);
  let s1 = i64x2.shuffle(t0, t1, 1, 3);
  let s2 = i64x2.shuffle(t2, t3, 0, 2);
  let s3 = i64x2.shuffle(t2, t3, 1, 3);
  const mask = i8x16.splat(15);
  at += 64;
  for (length -= 64; length >= 64; length -= 64, at += 64) {
    v0 = spread(v128.load(at));
    v1 = spread(v128.load(at, 16));
    v2 = spread(v128.load(at, 32));
    v3 = spread(v128.load(at, 48));
    t0 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
    t1 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
    t2 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
    t3 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
    const h0 = v128.and(i16x8.shr_u(s0, 4), mask);
    const l0 = v128.and(s0, mask);
    const h1 = v128.and(i16x8.shr_u(s1, 4), mask);
    const l1 = v128.and(s1, mask);
    const h2 = v128.and(i16x8.shr_u(s2, 4), mask);
    const l2 = v128.and(s2, mask);
    const h3 = v128.and(i16x8.shr_u(s3, 4), mask);
    const l3 = v128.and(s3, mask);
    s0 = v128.xor(i64x2.shuffle(t0, t1, 0, 2), fold(0, h0, l0, h1, l1, h2, l2, h3, l3));
    s1 = v128.xor(i64x2.shuffle(t0, t1, 1, 3), fold(16, h0, l0, h1, l1, h2, l2, h3, l3));
    s2 = v128.xor(i64x2.shuffle(t2, t3, 0, 2), fold(32, h0, l0, h1, l1, h2, l2, h3, l3));
    s3 = v128.xor(i64x2.shuffle(t2, t3, 1, 3), fold(48, h0, l0, h1, l1, h2, l2, h3, l3));
  }
  // Back into the order of the message.
  t0 = i32x4.shuffle(s0, s1, 0, 4, 1, 5);
  t1 = i32x4.shuffle(s2, s3, 0, 4, 1, 5);
  t2 = i32x4.shuffle(s0, s1, 2, 6, 3, 7);
  t3 = i32x4.shuffle(s2, s3, 2, 6, 3, 7);
  v128.store(REST, spread(i64x2.shuffle(t0, t1, 0, 2)));
  v128.store(REST, spread(i64x2.shuffle(t0, t1, 1, 3)), 16);
  v128.store(REST, spread(i64x2.shuffle(t2, t3, 0, 2)), 32);
  v128.store(REST, spread(i64x2.shuffle(t2, t3, 1, 3)), 48);
  return ~words(words(0, REST, 64), at, length);
}

/** The 4x4 bytes of a vector transposed: bytes 0 of its four words, bytes 1 ... and back. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function spread(a: v128): v128 {
  return i8x16.shuffle(a, a, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function pick(table: usize, index: v128): v128 {
  return i8x16.relaxed_swizzle(v128.load(table), index); // every index is below 16
}

/** One byte of all sixteen groups times x^512; `q` is sixteen times its number. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function fold(q: usize, h0: v128, l0: v128, h1: v128, l1: v128, h2: v128, l2: v128, h3: v128, l3: v128): v128 {
  const a = v128.xor(pick(FOLDS + q, h0), pick(FOLDS + 64 + q, l0));
  const b = v128.xor(pick(FOLDS + 128 + q, h1), pick(FOLDS + 192 + q, l1));
  const c = v128.xor(pick(FOLDS + 256 + q, h2), pick(FOLDS + 320 + q, l2));
  const d = v128.xor(pick(FOLDS + 384 + q, h3), pick(FOLDS + 448 + q, l3));
  return v128.xor(v128.xor(a, b), v128.xor(c, d));
}

/** Eight bytes at a time. */
function words(crc: u32, at: usize, length: i32): u32 {
  for (; length >= 8; length -= 8, at += 8) {
    const low = crc ^ load<u32>(at);
    const high = load<u32>(at, 4);
    crc =
      word(7, low & 0xff) ^
      word(6, (low >> 8) & 0xff) ^
      (word(5, (low >> 16) & 0xff) ^ word(4, low >> 24)) ^
      (word(3, high & 0xff) ^ word(2, (high >> 8) & 0xff) ^ (word(1, (high >> 16) & 0xff) ^ word(0, high >> 24)));
  }
  for (; length > 0; length--, at++) crc = (crc >> 8) ^ word(0, (crc ^ load<u8>(at)) & 0xff);
  return crc;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function word(table: usize, index: u32): u32 {
  return load<u32>(WORDS + (table << 10) + (index << 2));
}
