// What AES-GCM (NIST SP 800-38D) needs besides AES: counter blocks, the XOR with the key stream, and GHASH, for
// WebAssembly with SIMD. AES itself is left to the host. Constant time: no secret decides a branch or an address.
//
// GHASH is a polynomial in H over GF(2^128). It is computed for sixteen blocks at a time, each with its own sum:
// lane i collects blocks i, i + 16, i + 32 ... by Horner's rule in H^16. That constant is the same for all lanes, so
// a lane-wise table look-up in a register (swizzle, which takes the same time for every index) multiplies sixteen
// blocks by it at once: byte k of all blocks lies in one vector, and a nibble of it picks from sixteen multiples of
// H^16, byte by byte of the result. In the end lane i is multiplied by H^(16-i): that is done in 64-bit integers
// with holes between the bits, so that no carry reaches the next bit.
//
// A block is a polynomial whose bit 7 of byte 0 is the coefficient of x^0 (SP 800-38D §6.3).

/** State of a key: 32 planes of the tables of H^16, then six forms of H^16, H^15 ... H^1, each 16 times 8 bytes. */
const TABLES: usize = 0;
const POWERS: usize = 512;
export const STATE_BYTES: i32 = 512 + 6 * 128;

/** Working memory of this file. */
const GROUP: usize = 0x1000; // sixteen blocks
const SPARE: usize = 0x1100; // for their transposition
const NIBBLES: usize = 0x1200; // their nibbles: 16 times high, low
const SUMS: usize = 0x1400; // byte planes of the sums
const PRODUCT: usize = 0x1500; // 33 byte planes
const FORMS: usize = 0x1800; // six forms of sixteen blocks, as POWERS
const RESULT: usize = 0x1b00;

/** Where the next blocks come from: zeros in front, AAD, data, and the lengths. */
let zeros: i32 = 0;
let aadAt: usize = 0;
let aadLeft: i32 = 0;
let dataAt: usize = 0;
let dataLeft: i32 = 0;
let aadBits: u64 = 0;
let dataBits: u64 = 0;

/** Writes the state of the key whose H lies at `h`. */
export function prepare(state: usize, h: usize): void {
  // H^1 in the last place, H^16 in the first.
  v128.store(GROUP + 240, v128.load(h));
  setForms(state + POWERS, 15, v128.load(h));
  for (let i = 14; i >= 0; i--) {
    // As one lane: the power before, times H.
    setForms(FORMS, 0, v128.load(GROUP + ((i + 1) << 4)));
    multiplyLanes(FORMS, state + POWERS + 15 * 8, 1, GROUP + (i << 4));
    setForms(state + POWERS, i, v128.load(GROUP + (i << 4)));
  }
  // Multiples of H^16 by x^0 to x^7.
  let w1 = bswap<u64>(load<u64>(GROUP));
  let w0 = bswap<u64>(load<u64>(GROUP + 8));
  for (let i = 0; i < 8; i++) {
    store<u64>(SPARE + (i << 4), bswap<u64>(w1));
    store<u64>(SPARE + (i << 4) + 8, bswap<u64>(w0));
    const carry: u64 = 0 - (w0 & 1);
    w0 = (w0 >> 1) | (w1 << 63);
    w1 = (w1 >> 1) ^ (carry & 0xe100000000000000);
  }
  for (let half = 0; half < 2; half++) {
    const base: usize = SPARE + (half << 6);
    for (let n = 0; n < 16; n++) {
      let sum = i64x2.splat(0);
      if (n & 8) sum = v128.xor(sum, v128.load(base));
      if (n & 4) sum = v128.xor(sum, v128.load(base + 16));
      if (n & 2) sum = v128.xor(sum, v128.load(base + 32));
      if (n & 1) sum = v128.xor(sum, v128.load(base + 48));
      v128.store(RESULT, sum);
      for (let j = 0; j < 16; j++)
        store<u8>(state + TABLES + (j << 5) + (half << 4) + n, load<u8>(RESULT + j));
    }
  }
  // Nothing secret stays behind.
  memory.fill(GROUP, 0, RESULT + 16 - GROUP);
}

/** Writes the blocks nonce || first, nonce || first + 1 ... to `to`. */
export function counters(to: usize, nonce: usize, first: u32, count: i32): void {
  const n0 = load<u64>(nonce);
  const n1 = load<u32>(nonce + 8);
  for (; count > 0; count--, to += 16, first++) {
    store<u64>(to, n0);
    store<u32>(to + 8, n1);
    store<u32>(to + 12, bswap<u32>(first));
  }
}

/**
 * Encrypts `data[0, length)` in place and writes the tag behind it. `stream` holds the encrypted counter blocks from
 * counter 1 on.
 */
export function seal(state: usize, stream: usize, aad: usize, aadLength: i32, data: usize, length: i32): void {
  apply(stream + 16, data, length);
  tagOf(state, stream, aad, aadLength, data, length);
  v128.store(data + length, v128.load(RESULT));
}

/** Decrypts `data[0, length)` in place if the tag behind it is right; else returns 0 and leaves the data alone. */
export function open(state: usize, stream: usize, aad: usize, aadLength: i32, data: usize, length: i32): i32 {
  tagOf(state, stream, aad, aadLength, data, length);
  // All sixteen bytes at once: the time says nothing about where they differ.
  if (v128.any_true(v128.xor(v128.load(RESULT), v128.load(data + length)))) return 0;
  apply(stream + 16, data, length);
  return 1;
}

/** XORs the key stream into the data. */
export function apply(stream: usize, data: usize, length: i32): void {
  const end = data + length;
  for (; data + 16 <= end; data += 16, stream += 16)
    v128.store(data, v128.xor(v128.load(data), v128.load(stream)));
  for (; data < end; data++, stream++) store<u8>(data, load<u8>(data) ^ load<u8>(stream));
}

/** Writes the tag of AAD and ciphertext to RESULT. SP 800-38D §7.1. */
function tagOf(state: usize, stream: usize, aad: usize, aadLength: i32, data: usize, length: i32): void {
  const blocks = ((aadLength + 15) >> 4) + ((length + 15) >> 4) + 1;
  const groups = (blocks + 15) >> 4;
  // Blocks of zero in front change nothing, and make the groups come out even.
  zeros = (groups << 4) - blocks;
  aadAt = aad;
  aadLeft = aadLength;
  dataAt = data;
  dataLeft = length;
  aadBits = (<u64>aadLength) << 3;
  dataBits = (<u64>length) << 3;
  if (groups == 1) {
    const unused = zeros;
    gather();
    sumUp(state, GROUP, unused);
  } else {
    transpose(next());
    for (let k = 0; k < 256; k += 16) v128.store(SUMS + k, v128.load(GROUP + k));
    for (let i = 1; i < groups; i++) {
      multiplySums(state);
      transpose(next());
      for (let k = 0; k < 256; k += 16)
        v128.store(SUMS + k, v128.xor(v128.load(SUMS + k), v128.load(GROUP + k)));
    }
    transpose(SUMS);
    sumUp(state, GROUP, 0);
  }
  v128.store(RESULT, v128.xor(v128.load(RESULT), v128.load(stream)));
}

/** Where the next sixteen blocks lie. */
function next(): usize {
  if (zeros == 0 && aadLeft == 0 && dataLeft >= 256) {
    dataAt += 256;
    dataLeft -= 256;
    return dataAt - 256;
  }
  gather();
  return GROUP;
}

/** Puts the next sixteen blocks together at GROUP. */
function gather(): void {
  for (let to: usize = GROUP; to < GROUP + 256; to += 16) {
    if (zeros > 0) {
      zeros--;
      v128.store(to, i64x2.splat(0));
    } else if (aadLeft > 0) {
      padded(to, aadAt, aadLeft);
      aadAt += 16;
      aadLeft -= 16;
    } else if (dataLeft > 0) {
      padded(to, dataAt, dataLeft);
      dataAt += 16;
      dataLeft -= 16;
    } else {
      store<u64>(to, bswap<u64>(aadBits));
      store<u64>(to + 8, bswap<u64>(dataBits));
    }
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function padded(to: usize, from: usize, left: i32): void {
  if (left >= 16) {
    v128.store(to, v128.load(from));
    return;
  }
  v128.store(to, i64x2.splat(0));
  for (let i = 0; i < left; i++) store<u8>(to + i, load<u8>(from + i));
}

/** Sixteen blocks at `from` to their byte planes at GROUP, or back: each round is a perfect shuffle of the bytes. */
function transpose(from: usize): void {
  shuffleBytes(from, SPARE);
  shuffleBytes(SPARE, GROUP);
  shuffleBytes(GROUP, SPARE);
  shuffleBytes(SPARE, GROUP);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function shuffleBytes(from: usize, to: usize): void {
  for (let i: usize = 0; i < 128; i += 16) {
    const a = v128.load(from + i);
    const b = v128.load(from + i, 128);
    v128.store(to + 2 * i, i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(to + 2 * i, i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function pick(table: v128, index: v128): v128 {
  return i8x16.relaxed_swizzle(table, index); // every index is below 16
}

/** Multiplies the sixteen sums by H^16. */
function multiplySums(state: usize): void {
  const mask = i8x16.splat(15);
  for (let i: usize = 0; i < 16; i++) {
    const plane = v128.load(SUMS + (i << 4));
    v128.store(NIBBLES + (i << 5), v128.and(i16x8.shr_u(plane, 4), mask));
    v128.store(NIBBLES + (i << 5), v128.and(plane, mask), 16);
  }
  for (let k: usize = 0; k < 33 * 16; k += 16) v128.store(PRODUCT + k, i64x2.splat(0));
  // Two planes of the tables at a time: byte i of the sums times byte j of the multiples is byte i + j.
  let table = state + TABLES;
  let to: usize = PRODUCT;
  for (let j = 0; j < 8; j++, table += 64, to += 32) {
    const h0 = v128.load(table);
    const l0 = v128.load(table, 16);
    const h1 = v128.load(table, 32);
    const l1 = v128.load(table, 48);
    let carried = i64x2.splat(0);
    for (let i: usize = 0; i < 16; i += 2) {
      const a = NIBBLES + (i << 5);
      const high0 = v128.load(a);
      const low0 = v128.load(a, 16);
      const high1 = v128.load(a, 32);
      const low1 = v128.load(a, 48);
      const p = to + (i << 4);
      const even = v128.xor(v128.xor(pick(h0, high0), pick(l0, low0)), carried);
      v128.store(p, v128.xor(v128.load(p), even));
      const cross = v128.xor(pick(h1, high0), pick(l1, low0));
      const odd = v128.xor(v128.xor(pick(h0, high1), pick(l0, low1)), cross);
      v128.store(p, v128.xor(v128.load(p, 16), odd), 16);
      carried = v128.xor(pick(h1, high1), pick(l1, low1));
    }
    v128.store(to, v128.xor(v128.load(to, 256), carried), 256);
  }
  reduce();
}

/** PRODUCT modulo x^128 + x^7 + x^2 + x + 1 to SUMS: byte 16 + k comes back in the bytes k and k + 1. */
function reduce(): void {
  const mask = i8x16.splat(15);
  // (b ^ b>>1 ^ b>>2 ^ b>>7) and (b<<7 ^ b<<6 ^ b<<1) of the high and of the low nibble.
  const here1 = i8x16(0, 28, 56, 36, 112, 108, 72, 84, -31, -3, -39, -59, -111, -115, -87, -75);
  const here0 = i8x16(0, 1, 3, 2, 7, 6, 4, 5, 14, 15, 13, 12, 9, 8, 10, 11);
  const next1 = i8x16(0, 32, 64, 96, -128, -96, -64, -32, 0, 32, 64, 96, -128, -96, -64, -32);
  const next0 = i8x16(0, -62, -124, 70, 8, -54, -116, 78, 16, -46, -108, 86, 24, -38, -100, 94);
  let carried = i64x2.splat(0);
  for (let k: usize = 0; k < 256; k += 16) {
    const plane = v128.load(PRODUCT + k, 256);
    const high = v128.and(i16x8.shr_u(plane, 4), mask);
    const low = v128.and(plane, mask);
    const here = v128.xor(pick(here1, high), pick(here0, low));
    v128.store(SUMS + k, v128.xor(v128.xor(v128.load(PRODUCT + k), carried), here));
    carried = v128.xor(pick(next1, high), pick(next0, low));
  }
}

/** Lane i of sixteen blocks times H^(16-i), summed up to RESULT. The first `skipped` blocks are zero. */
function sumUp(state: usize, blocks: usize, skipped: i32): void {
  for (let i = skipped; i < 16; i++) setForms(FORMS, i, v128.load(blocks + (i << 4)));
  multiplyLanes(FORMS + (skipped << 3), state + POWERS + (skipped << 3), 16 - skipped, RESULT);
}

/** The six forms of a block, 128 bytes apart: its words, their sum, and the same three with their bits reversed. */
function setForms(to: usize, index: i32, block: v128): void {
  const at = to + (index << 3);
  const mask = i8x16.splat(15);
  const reversed = i8x16(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
  const bytes = i8x16.shuffle(block, block, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
  const low = i8x16.shl(pick(reversed, v128.and(block, mask)), 4);
  const bits = v128.or(low, pick(reversed, v128.and(i16x8.shr_u(block, 4), mask)));
  const w1 = i64x2.extract_lane(bytes, 0);
  const w0 = i64x2.extract_lane(bytes, 1);
  const r1 = i64x2.extract_lane(bits, 0);
  const r0 = i64x2.extract_lane(bits, 1);
  store<u64>(at, w0);
  store<u64>(at, w1, 128);
  store<u64>(at, w0 ^ w1, 256);
  store<u64>(at, r0, 384);
  store<u64>(at, r1, 512);
  store<u64>(at, r0 ^ r1, 640);
}

/** The sum of `count` products of blocks in forms, reduced, to `out`. Karatsuba: three products of words, twice. */
function multiplyLanes(x: usize, y: usize, count: i32, out: usize): void {
  const low = productSum(x, y, count);
  const high = productSum(x + 128, y + 128, count);
  const middle = productSum(x + 256, y + 256, count) ^ low ^ high;
  // The reversed words give the upper halves of the same products, reversed and shifted by one.
  const lowR = productSum(x + 384, y + 384, count);
  const highR = productSum(x + 512, y + 512, count);
  const middleR = productSum(x + 640, y + 640, count) ^ lowR ^ highR;
  const a0 = low;
  const a1 = (reverse(lowR) >> 1) ^ middle;
  const a2 = high ^ (reverse(middleR) >> 1);
  const a3 = reverse(highR) >> 1;
  // The product has 255 bits; in this order of bits it has to move by one.
  const v0 = a0 << 1;
  let v1 = (a1 << 1) | (a0 >> 63);
  let v2 = (a2 << 1) | (a1 >> 63);
  let v3 = (a3 << 1) | (a2 >> 63);
  v2 ^= v0 ^ (v0 >> 1) ^ (v0 >> 2) ^ (v0 >> 7);
  v1 ^= (v0 << 63) ^ (v0 << 62) ^ (v0 << 57);
  v3 ^= v1 ^ (v1 >> 1) ^ (v1 >> 2) ^ (v1 >> 7);
  v2 ^= (v1 << 63) ^ (v1 << 62) ^ (v1 << 57);
  store<u64>(out, bswap<u64>(v3));
  store<u64>(out, bswap<u64>(v2), 8);
}

const M0: u64 = 0x1111111111111111;
const M1: u64 = 0x2222222222222222;
const M2: u64 = 0x4444444444444444;
const M3: u64 = 0x8888888888888888;

/**
 * The sum of `count` carry-less products of words, modulo 2^64. Every fourth bit of a word makes a number whose
 * products have room for 15 carries between the bits that count.
 */
function productSum(x: usize, y: usize, count: i32): u64 {
  let z0: u64 = 0;
  let z1: u64 = 0;
  let z2: u64 = 0;
  let z3: u64 = 0;
  for (; count > 0; count--, x += 8, y += 8) {
    const a = load<u64>(x);
    const b = load<u64>(y);
    const a0 = a & M0;
    const a1 = a & M1;
    const a2 = a & M2;
    const a3 = a & M3;
    const b0 = b & M0;
    const b1 = b & M1;
    const b2 = b & M2;
    const b3 = b & M3;
    z0 ^= (a0 * b0) ^ (a1 * b3) ^ (a2 * b2) ^ (a3 * b1);
    z1 ^= (a0 * b1) ^ (a1 * b0) ^ (a2 * b3) ^ (a3 * b2);
    z2 ^= (a0 * b2) ^ (a1 * b1) ^ (a2 * b0) ^ (a3 * b3);
    z3 ^= (a0 * b3) ^ (a1 * b2) ^ (a2 * b1) ^ (a3 * b0);
  }
  return (z0 & M0) | (z1 & M1) | (z2 & M2) | (z3 & M3);
}

/** All 64 bits in the opposite order. */
function reverse(a: u64): u64 {
  a = ((a & 0x5555555555555555) << 1) | ((a >> 1) & 0x5555555555555555);
  a = ((a & 0x3333333333333333) << 2) | ((a >> 2) & 0x3333333333333333);
  a = ((a & 0x0f0f0f0f0f0f0f0f) << 4) | ((a >> 4) & 0x0f0f0f0f0f0f0f0f);
  return bswap<u64>(a);
}
