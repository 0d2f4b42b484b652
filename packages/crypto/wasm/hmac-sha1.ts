// HMAC-SHA1 (RFC 2104, FIPS 180-4 §6.1) for WebAssembly with SIMD. Constant time: no secret decides a branch or an
// address. Pointers are offsets into the one memory; the caller has checked lengths.
//
// The words of the message schedule are computed four at a time. A word depends on the one three places before it, so
// the fourth of a vector needs the first: it is mended afterwards. From word 32 on the recurrence is taken two steps at
// once (w[t] = rotl(w[t-6] ^ w[t-16] ^ w[t-28] ^ w[t-32], 2)), which depends on nothing in the same vector.

/** Working memory of this file: the schedule with the constants added, and the last blocks with their padding. */
const SCHEDULE: usize = 0x14400; // 80 words
const TAIL: usize = 0x14600; // two blocks

const K0: u32 = 0x5a827999;
const K1: u32 = 0x6ed9eba1;
const K2: u32 = 0x8f1bbcdc;
const K3: u32 = 0xca62c1d6;

let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;

/** Writes the state after the block of 64 bytes at `block`, the first one of a message, to `to`. */
export function begin(block: usize, to: usize): void {
  h0 = 0x67452301;
  h1 = 0xefcdab89;
  h2 = 0x98badcfe;
  h3 = 0x10325476;
  h4 = 0xc3d2e1f0;
  compress(block);
  store<u32>(to, h0);
  store<u32>(to, h1, 4);
  store<u32>(to, h2, 8);
  store<u32>(to, h3, 12);
  store<u32>(to, h4, 16);
  memory.fill(SCHEDULE, 0, 320);
}

/** Writes the HMAC of `data[0, length)` to `result`. At `state` lie the states after the inner and the outer key. */
export function sign(state: usize, data: usize, length: i32, result: usize): void {
  resume(state);
  const bits = (<u64>length + 64) << 3;
  for (; length >= 64; length -= 64, data += 64) compress(data);
  const blocks = length < 56 ? 1 : 2;
  memory.fill(TAIL, 0, 128);
  memory.copy(TAIL, data, length);
  store<u8>(TAIL + length, 0x80);
  store<u64>(TAIL + (blocks << 6) - 8, bswap<u64>(bits));
  compress(TAIL);
  if (blocks == 2) compress(TAIL + 64);
  finish(TAIL);
  // The outer hash: one block more.
  resume(state + 20);
  store<u32>(TAIL, 0x80, 20); // little-endian: the byte 0x80 and three zeros
  store<u64>(TAIL, 0, 24);
  v128.store(TAIL, i64x2.splat(0), 32);
  store<u64>(TAIL, 0, 48);
  store<u64>(TAIL, bswap<u64>(<u64>(84 << 3)), 56);
  compress(TAIL);
  finish(result);
}

function resume(state: usize): void {
  h0 = load<u32>(state);
  h1 = load<u32>(state, 4);
  h2 = load<u32>(state, 8);
  h3 = load<u32>(state, 12);
  h4 = load<u32>(state, 16);
}

function finish(to: usize): void {
  store<u32>(to, bswap<u32>(h0));
  store<u32>(to, bswap<u32>(h1), 4);
  store<u32>(to, bswap<u32>(h2), 8);
  store<u32>(to, bswap<u32>(h3), 12);
  store<u32>(to, bswap<u32>(h4), 16);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function bigEndian(at: usize): v128 {
  const v = v128.load(at);
  return i8x16.shuffle(v, v, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function rotl1(v: v128): v128 {
  return v128.or(i32x4.shl(v, 1), i32x4.shr_u(v, 31));
}

/** Words 16 to 31: from the four vectors before. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function early(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const zero = i32x4.splat(0);
  const back14 = i8x16.shuffle(v0, v1, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
  const back3 = i8x16.shuffle(v3, zero, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
  const r = rotl1(v128.xor(v128.xor(v0, back14), v128.xor(v2, back3)));
  const first = i8x16.shuffle(zero, r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19);
  return v128.xor(r, rotl1(first));
}

/** Words from 32 on: from the vectors 8, 7, 4, 2 and 1 before. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function late(v8: v128, v7: v128, v4: v128, v2: v128, v1: v128): v128 {
  const back6 = i8x16.shuffle(v2, v1, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
  const x = v128.xor(v128.xor(back6, v4), v128.xor(v7, v8));
  return v128.or(i32x4.shl(x, 2), i32x4.shr_u(x, 30));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function put(index: usize, v: v128, k: u32): void {
  v128.store(SCHEDULE + (index << 4), i32x4.add(v, i32x4.splat(k)));
}

/** FIPS 180-4 §6.1.2. */
function compress(block: usize): void {
  const v0 = bigEndian(block);
  const v1 = bigEndian(block + 16);
  const v2 = bigEndian(block + 32);
  const v3 = bigEndian(block + 48);
  const v4 = early(v0, v1, v2, v3);
  const v5 = early(v1, v2, v3, v4);
  const v6 = early(v2, v3, v4, v5);
  const v7 = early(v3, v4, v5, v6);
  const v8 = late(v0, v1, v4, v6, v7);
  const v9 = late(v1, v2, v5, v7, v8);
  const v10 = late(v2, v3, v6, v8, v9);
  const v11 = late(v3, v4, v7, v9, v10);
  const v12 = late(v4, v5, v8, v10, v11);
  const v13 = late(v5, v6, v9, v11, v12);
  const v14 = late(v6, v7, v10, v12, v13);
  const v15 = late(v7, v8, v11, v13, v14);
  const v16 = late(v8, v9, v12, v14, v15);
  const v17 = late(v9, v10, v13, v15, v16);
  const v18 = late(v10, v11, v14, v16, v17);
  const v19 = late(v11, v12, v15, v17, v18);
  put(0, v0, K0);
  put(1, v1, K0);
  put(2, v2, K0);
  put(3, v3, K0);
  put(4, v4, K0);
  put(5, v5, K1);
  put(6, v6, K1);
  put(7, v7, K1);
  put(8, v8, K1);
  put(9, v9, K1);
  put(10, v10, K2);
  put(11, v11, K2);
  put(12, v12, K2);
  put(13, v13, K2);
  put(14, v14, K2);
  put(15, v15, K3);
  put(16, v16, K3);
  put(17, v17, K3);
  put(18, v18, K3);
  put(19, v19, K3);
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  let e = h4;
  // Five rounds return the names to their places.
  for (let w: usize = SCHEDULE + 0; w < SCHEDULE + 80; w += 20) {
    e = e + load<u32>(w) + (d ^ (b & (c ^ d))) + rotl<u32>(a, 5);
    b = rotl<u32>(b, 30);
    d = d + load<u32>(w, 4) + (c ^ (a & (b ^ c))) + rotl<u32>(e, 5);
    a = rotl<u32>(a, 30);
    c = c + load<u32>(w, 8) + (b ^ (e & (a ^ b))) + rotl<u32>(d, 5);
    e = rotl<u32>(e, 30);
    b = b + load<u32>(w, 12) + (a ^ (d & (e ^ a))) + rotl<u32>(c, 5);
    d = rotl<u32>(d, 30);
    a = a + load<u32>(w, 16) + (e ^ (c & (d ^ e))) + rotl<u32>(b, 5);
    c = rotl<u32>(c, 30);
  }
  for (let w: usize = SCHEDULE + 80; w < SCHEDULE + 160; w += 20) {
    e = e + load<u32>(w) + (b ^ c ^ d) + rotl<u32>(a, 5);
    b = rotl<u32>(b, 30);
    d = d + load<u32>(w, 4) + (a ^ b ^ c) + rotl<u32>(e, 5);
    a = rotl<u32>(a, 30);
    c = c + load<u32>(w, 8) + (e ^ a ^ b) + rotl<u32>(d, 5);
    e = rotl<u32>(e, 30);
    b = b + load<u32>(w, 12) + (d ^ e ^ a) + rotl<u32>(c, 5);
    d = rotl<u32>(d, 30);
    a = a + load<u32>(w, 16) + (c ^ d ^ e) + rotl<u32>(b, 5);
    c = rotl<u32>(c, 30);
  }
  for (let w: usize = SCHEDULE + 160; w < SCHEDULE + 240; w += 20) {
    e = e + load<u32>(w) + ((b & c) | (d & (b | c))) + rotl<u32>(a, 5);
    b = rotl<u32>(b, 30);
    d = d + load<u32>(w, 4) + ((a & b) | (c & (a | b))) + rotl<u32>(e, 5);
    a = rotl<u32>(a, 30);
    c = c + load<u32>(w, 8) + ((e & a) | (b & (e | a))) + rotl<u32>(d, 5);
    e = rotl<u32>(e, 30);
    b = b + load<u32>(w, 12) + ((d & e) | (a & (d | e))) + rotl<u32>(c, 5);
    d = rotl<u32>(d, 30);
    a = a + load<u32>(w, 16) + ((c & d) | (e & (c | d))) + rotl<u32>(b, 5);
    c = rotl<u32>(c, 30);
  }
  for (let w: usize = SCHEDULE + 240; w < SCHEDULE + 320; w += 20) {
    e = e + load<u32>(w) + (b ^ c ^ d) + rotl<u32>(a, 5);
    b = rotl<u32>(b, 30);
    d = d + load<u32>(w, 4) + (a ^ b ^ c) + rotl<u32>(e, 5);
    a = rotl<u32>(a, 30);
    c = c + load<u32>(w, 8) + (e ^ a ^ b) + rotl<u32>(d, 5);
    e = rotl<u32>(e, 30);
    b = b + load<u32>(w, 12) + (d ^ e ^ a) + rotl<u32>(c, 5);
    d = rotl<u32>(d, 30);
    a = a + load<u32>(w, 16) + (c ^ d ^ e) + rotl<u32>(b, 5);
    c = rotl<u32>(c, 30);
  }
  h0 += a;
  h1 += b;
  h2 += c;
  h3 += d;
  h4 += e;
}
