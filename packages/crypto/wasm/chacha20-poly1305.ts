// ChaCha20-Poly1305 (RFC 8439) for WebAssembly with SIMD, in place. Constant time: no secret decides a branch or an
// address. Pointers are offsets into the one memory; the caller has checked lengths.
//
// ChaCha20 computes four blocks at a time, word i of all four in the vector xi. Poly1305 works on 32-bit words:
// since r is clamped (RFC 8439 §2.5.1), five products of a word and a word of r fit 64 bits.

/** Working memory of this file: the key stream, the state of Poly1305, one padded block. */
const STREAM: usize = 0x0000;
const POLY: usize = 0x0100;
const BLOCK: usize = 0x0140;
const TAG: usize = 0x0150;
/** Words 12 to 15 of the four blocks, 64 bytes apart. */
const ROWS: usize = 0x0180;

/** Encrypts `data[0, length)` in place and writes the tag behind it. */
export function seal(key: usize, nonce: usize, aad: usize, aadLength: i32, data: usize, length: i32): void {
  begin(key, nonce);
  apply(key, nonce, data, length);
  authenticate(aad, aadLength, data, length, data + length);
}

/** Decrypts `data[0, length)` in place if the tag behind it is right; else returns 0 and leaves the data alone. */
export function open(key: usize, nonce: usize, aad: usize, aadLength: i32, data: usize, length: i32): i32 {
  begin(key, nonce);
  authenticate(aad, aadLength, data, length, TAG);
  // All sixteen bytes at once: the time says nothing about where they differ.
  if (v128.any_true(v128.xor(v128.load(TAG), v128.load(data + length)))) return 0;
  apply(key, nonce, data, length);
  return 1;
}

/** The first two bytes, as one number, of the block of key stream for the counter and nonce at `sample`. RFC 9147 §4.2.3. */
export function mask(key: usize, sample: usize): i32 {
  blocks(key, sample + 4, load<i32>(sample));
  return ((load<u8>(STREAM) as i32) << 8) | (load<u8>(STREAM + 1) as i32);
}

/**
 * The same for the samples at the `count` addresses from `ats` on, four bytes each; each mask goes where its address was.
 * The four blocks that are computed at a time are those of four samples.
 */
export function masks(key: usize, ats: usize, count: i32): void {
  const end = ats + (count << 2);
  for (; ats < end; ats += 16) {
    // Behind the last one its neighbour is computed again.
    const a = v128.load(load<u32>(ats));
    const b = v128.load(load<u32>(ats + 4 < end ? ats + 4 : ats));
    const c = v128.load(load<u32>(ats + 8 < end ? ats + 8 : ats));
    const d = v128.load(load<u32>(ats + 12 < end ? ats + 12 : ats));
    storeQuarter(ROWS, a, b, c, d);
    columns(key);
    for (let i: usize = 0; i < 4 && ats + (i << 2) < end; i++)
      store<i32>(
        ats + (i << 2),
        ((load<u8>(STREAM + (i << 6)) as i32) << 8) | (load<u8>(STREAM + (i << 6) + 1) as i32),
      );
  }
}

/** Poly1305 alone, of `count` whole blocks under the 32-byte one-time key: for tests of its arithmetic. */
export function mac(key: usize, data: usize, count: i32, tag: usize): void {
  v128.store(STREAM, v128.load(key));
  v128.store(STREAM + 16, v128.load(key + 16));
  beginPoly();
  absorb(data, count);
  finishPoly(tag);
}

/** RFC 8439 §2.6: the one-time key of Poly1305 is the beginning of block 0. */
function begin(key: usize, nonce: usize): void {
  blocks(key, nonce, 0);
  beginPoly();
}

/** The key stream from block 1 on; blocks 0 to 3 lie at STREAM. */
function apply(key: usize, nonce: usize, data: usize, length: i32): void {
  let stream: usize = STREAM + 64;
  let have: i32 = 192;
  let counter: i32 = 4;
  while (true) {
    const n = length < have ? length : have;
    xor(data, stream, n);
    data += n;
    length -= n;
    if (length == 0) return;
    blocks(key, nonce, counter);
    counter += 4;
    stream = STREAM;
    have = 256;
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function xor(data: usize, stream: usize, length: i32): void {
  const end = data + length;
  for (; data + 16 <= end; data += 16, stream += 16)
    v128.store(data, v128.xor(v128.load(data), v128.load(stream)));
  for (; data < end; data++, stream++) store<u8>(data, load<u8>(data) ^ load<u8>(stream));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function rotate16(a: v128): v128 {
  return i8x16.shuffle(a, a, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function rotate12(a: v128): v128 {
  return v128.or(i32x4.shl(a, 12), i32x4.shr_u(a, 20));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function rotate8(a: v128): v128 {
  return i8x16.shuffle(a, a, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function rotate7(a: v128): v128 {
  return v128.or(i32x4.shl(a, 7), i32x4.shr_u(a, 25));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function splat(at: usize): v128 {
  return v128.load32_splat(at);
}

/** Four blocks of key stream from `counter` on, to STREAM. */
function blocks(key: usize, nonce: usize, counter: i32): void {
  v128.store(ROWS, i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3)));
  v128.store(ROWS + 64, splat(nonce));
  v128.store(ROWS + 128, splat(nonce + 4));
  v128.store(ROWS + 192, splat(nonce + 8));
  columns(key);
}

/** Four blocks of key stream, for the counters and nonces at ROWS, to STREAM. RFC 8439 §2.3. */
function columns(key: usize): void {
  let x0 = i32x4.splat(0x61707865);
  let x1 = i32x4.splat(0x3320646e);
  let x2 = i32x4.splat(0x79622d32);
  let x3 = i32x4.splat(0x6b206574);
  let x4 = splat(key);
  let x5 = splat(key + 4);
  let x6 = splat(key + 8);
  let x7 = splat(key + 12);
  let x8 = splat(key + 16);
  let x9 = splat(key + 20);
  let x10 = splat(key + 24);
  let x11 = splat(key + 28);
  let x12 = v128.load(ROWS);
  let x13 = v128.load(ROWS + 64);
  let x14 = v128.load(ROWS + 128);
  let x15 = v128.load(ROWS + 192);
  for (let round = 0; round < 10; round++) {
    x0 = i32x4.add(x0, x4);
    x1 = i32x4.add(x1, x5);
    x2 = i32x4.add(x2, x6);
    x3 = i32x4.add(x3, x7);
    x12 = rotate16(v128.xor(x12, x0));
    x13 = rotate16(v128.xor(x13, x1));
    x14 = rotate16(v128.xor(x14, x2));
    x15 = rotate16(v128.xor(x15, x3));
    x8 = i32x4.add(x8, x12);
    x9 = i32x4.add(x9, x13);
    x10 = i32x4.add(x10, x14);
    x11 = i32x4.add(x11, x15);
    x4 = rotate12(v128.xor(x4, x8));
    x5 = rotate12(v128.xor(x5, x9));
    x6 = rotate12(v128.xor(x6, x10));
    x7 = rotate12(v128.xor(x7, x11));
    x0 = i32x4.add(x0, x4);
    x1 = i32x4.add(x1, x5);
    x2 = i32x4.add(x2, x6);
    x3 = i32x4.add(x3, x7);
    x12 = rotate8(v128.xor(x12, x0));
    x13 = rotate8(v128.xor(x13, x1));
    x14 = rotate8(v128.xor(x14, x2));
    x15 = rotate8(v128.xor(x15, x3));
    x8 = i32x4.add(x8, x12);
    x9 = i32x4.add(x9, x13);
    x10 = i32x4.add(x10, x14);
    x11 = i32x4.add(x11, x15);
    x4 = rotate7(v128.xor(x4, x8));
    x5 = rotate7(v128.xor(x5, x9));
    x6 = rotate7(v128.xor(x6, x10));
    x7 = rotate7(v128.xor(x7, x11));
    // The diagonals.
    x0 = i32x4.add(x0, x5);
    x1 = i32x4.add(x1, x6);
    x2 = i32x4.add(x2, x7);
    x3 = i32x4.add(x3, x4);
    x15 = rotate16(v128.xor(x15, x0));
    x12 = rotate16(v128.xor(x12, x1));
    x13 = rotate16(v128.xor(x13, x2));
    x14 = rotate16(v128.xor(x14, x3));
    x10 = i32x4.add(x10, x15);
    x11 = i32x4.add(x11, x12);
    x8 = i32x4.add(x8, x13);
    x9 = i32x4.add(x9, x14);
    x5 = rotate12(v128.xor(x5, x10));
    x6 = rotate12(v128.xor(x6, x11));
    x7 = rotate12(v128.xor(x7, x8));
    x4 = rotate12(v128.xor(x4, x9));
    x0 = i32x4.add(x0, x5);
    x1 = i32x4.add(x1, x6);
    x2 = i32x4.add(x2, x7);
    x3 = i32x4.add(x3, x4);
    x15 = rotate8(v128.xor(x15, x0));
    x12 = rotate8(v128.xor(x12, x1));
    x13 = rotate8(v128.xor(x13, x2));
    x14 = rotate8(v128.xor(x14, x3));
    x10 = i32x4.add(x10, x15);
    x11 = i32x4.add(x11, x12);
    x8 = i32x4.add(x8, x13);
    x9 = i32x4.add(x9, x14);
    x5 = rotate7(v128.xor(x5, x10));
    x6 = rotate7(v128.xor(x6, x11));
    x7 = rotate7(v128.xor(x7, x8));
    x4 = rotate7(v128.xor(x4, x9));
  }
  storeQuarter(
    STREAM,
    i32x4.add(x0, i32x4.splat(0x61707865)),
    i32x4.add(x1, i32x4.splat(0x3320646e)),
    i32x4.add(x2, i32x4.splat(0x79622d32)),
    i32x4.add(x3, i32x4.splat(0x6b206574)),
  );
  storeQuarter(
    STREAM + 16,
    i32x4.add(x4, splat(key)),
    i32x4.add(x5, splat(key + 4)),
    i32x4.add(x6, splat(key + 8)),
    i32x4.add(x7, splat(key + 12)),
  );
  storeQuarter(
    STREAM + 32,
    i32x4.add(x8, splat(key + 16)),
    i32x4.add(x9, splat(key + 20)),
    i32x4.add(x10, splat(key + 24)),
    i32x4.add(x11, splat(key + 28)),
  );
  storeQuarter(
    STREAM + 48,
    i32x4.add(x12, v128.load(ROWS)),
    i32x4.add(x13, v128.load(ROWS + 64)),
    i32x4.add(x14, v128.load(ROWS + 128)),
    i32x4.add(x15, v128.load(ROWS + 192)),
  );
}

/** Four words of each of the four blocks: a 4x4 transposition. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function storeQuarter(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const ab23 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd01 = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cd23 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(ab01, cd01, 0, 2));
  v128.store(to + 64, i64x2.shuffle(ab01, cd01, 1, 3));
  v128.store(to + 128, i64x2.shuffle(ab23, cd23, 0, 2));
  v128.store(to + 192, i64x2.shuffle(ab23, cd23, 1, 3));
}

/** Takes r and s from the first block of the key stream. RFC 8439 §2.5.1: r is clamped. */
function beginPoly(): void {
  store<u32>(POLY, load<u32>(STREAM) & 0x0fffffff);
  store<u32>(POLY + 4, load<u32>(STREAM + 4) & 0x0ffffffc);
  store<u32>(POLY + 8, load<u32>(STREAM + 8) & 0x0ffffffc);
  store<u32>(POLY + 12, load<u32>(STREAM + 12) & 0x0ffffffc);
  v128.store(POLY + 16, v128.load(STREAM + 16));
  v128.store(POLY + 32, i32x4.splat(0));
  store<u32>(POLY + 48, 0);
}

/** RFC 8439 §2.8: AAD and ciphertext, each padded with zeros, then both lengths. */
function authenticate(aad: usize, aadLength: i32, data: usize, length: i32, tag: usize): void {
  padded(aad, aadLength);
  padded(data, length);
  store<u64>(BLOCK, aadLength);
  store<u64>(BLOCK + 8, length);
  absorb(BLOCK, 1);
  finishPoly(tag);
}

function padded(from: usize, length: i32): void {
  const whole = length >> 4;
  if (whole > 0) absorb(from, whole);
  const rest = length & 15;
  if (rest == 0) return;
  v128.store(BLOCK, i32x4.splat(0));
  memory.copy(BLOCK, from + (whole << 4), rest);
  absorb(BLOCK, 1);
}

/** h = (h + block + 2^128) * r mod 2^130 - 5, for each block. */
function absorb(from: usize, count: i32): void {
  const r0: u64 = load<u32>(POLY);
  const r1: u64 = load<u32>(POLY + 4);
  const r2: u64 = load<u32>(POLY + 8);
  const r3: u64 = load<u32>(POLY + 12);
  // 2^130 is 5, and r1 to r3 are multiples of 4: a product that overflows 2^128 comes back as 5/4 of it.
  const s1 = r1 + (r1 >> 2);
  const s2 = r2 + (r2 >> 2);
  const s3 = r3 + (r3 >> 2);
  let h0: u64 = load<u32>(POLY + 32);
  let h1: u64 = load<u32>(POLY + 36);
  let h2: u64 = load<u32>(POLY + 40);
  let h3: u64 = load<u32>(POLY + 44);
  let h4: u64 = load<u32>(POLY + 48);
  for (; count > 0; count--, from += 16) {
    h0 += <u64>load<u32>(from);
    h1 += <u64>load<u32>(from, 4);
    h2 += <u64>load<u32>(from, 8);
    h3 += <u64>load<u32>(from, 12);
    h4 += 1;
    const d0 = h0 * r0 + h1 * s3 + (h2 * s2 + h3 * s1);
    let d1 = h0 * r1 + h1 * r0 + (h2 * s3 + h3 * s2) + h4 * s1;
    let d2 = h0 * r2 + h1 * r1 + (h2 * r0 + h3 * s3) + h4 * s2;
    let d3 = h0 * r3 + h1 * r2 + (h2 * r1 + h3 * r0) + h4 * s3;
    d1 += d0 >> 32;
    d2 += d1 >> 32;
    d3 += d2 >> 32;
    h4 = h4 * r0 + (d3 >> 32);
    // What lies above 2^130 comes back five times.
    h0 = (d0 & 0xffffffff) + (h4 >> 2) + (h4 & ~3);
    h4 &= 3;
    h1 = (d1 & 0xffffffff) + (h0 >> 32);
    h2 = (d2 & 0xffffffff) + (h1 >> 32);
    h3 = (d3 & 0xffffffff) + (h2 >> 32);
    h4 += h3 >> 32;
    h0 &= 0xffffffff;
    h1 &= 0xffffffff;
    h2 &= 0xffffffff;
    h3 &= 0xffffffff;
  }
  store<u32>(POLY + 32, <u32>h0);
  store<u32>(POLY + 36, <u32>h1);
  store<u32>(POLY + 40, <u32>h2);
  store<u32>(POLY + 44, <u32>h3);
  store<u32>(POLY + 48, <u32>h4);
}

/** tag = (h mod 2^130 - 5) + s mod 2^128. */
function finishPoly(tag: usize): void {
  const h0: u64 = load<u32>(POLY + 32);
  const h1: u64 = load<u32>(POLY + 36);
  const h2: u64 = load<u32>(POLY + 40);
  const h3: u64 = load<u32>(POLY + 44);
  const h4: u64 = load<u32>(POLY + 48);
  // h + 5, to see whether h reaches 2^130 - 5.
  let g0 = h0 + 5;
  let g1 = h1 + (g0 >> 32);
  let g2 = h2 + (g1 >> 32);
  let g3 = h3 + (g2 >> 32);
  const g4 = h4 + (g3 >> 32);
  const mask: u64 = 0 - (g4 >> 2);
  g0 = ((h0 & ~mask) | (g0 & mask)) & 0xffffffff;
  g1 = ((h1 & ~mask) | (g1 & mask)) & 0xffffffff;
  g2 = ((h2 & ~mask) | (g2 & mask)) & 0xffffffff;
  g3 = ((h3 & ~mask) | (g3 & mask)) & 0xffffffff;
  g0 += <u64>load<u32>(POLY + 16);
  g1 += <u64>load<u32>(POLY + 20) + (g0 >> 32);
  g2 += <u64>load<u32>(POLY + 24) + (g1 >> 32);
  g3 += <u64>load<u32>(POLY + 28) + (g2 >> 32);
  store<u32>(tag, <u32>g0);
  store<u32>(tag, <u32>g1, 4);
  store<u32>(tag, <u32>g2, 8);
  store<u32>(tag, <u32>g3, 12);
}
