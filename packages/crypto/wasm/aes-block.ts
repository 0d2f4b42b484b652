// AES (FIPS 197) of one block at a time, encryption only, for WebAssembly with SIMD: the masks of sequence numbers
// (RFC 9147 §4.2.3). For longer data the host's AES is quicker. Constant time: no secret decides a branch or an address.
//
// The S-box is sixteen rows of sixteen bytes. A look-up inside a vector register takes the same time for every index and
// gives zero for an index beyond the register: so each row is asked for all bytes, with the row's number taken off.

/** §5.1.1. */
const SBOX: usize = memory.data<u8>([
  0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
  0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0,
  0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
  0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75,
  0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
  0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
  0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8,
  0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2,
  0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
  0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
  0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79,
  0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
  0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a,
  0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e,
  0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
  0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
]);

/** Writes the round keys (§5.2) of the key of `keyBytes`, 16 or 32, to `to`: 11 or 15 times 16 bytes. */
export function expand(key: usize, keyBytes: i32, to: usize): void {
  const words = keyBytes >> 2;
  const total = (words + 7) << 2;
  let constant: u32 = 1;
  for (let i = 0; i < words; i++) store<u32>(to + (i << 2), load<u32>(key + (i << 2)));
  for (let i = words; i < total; i++) {
    let word = load<u32>(to + ((i - 1) << 2));
    if (i % words == 0) {
      word = rotr<u32>(substitute(word), 8) ^ constant;
      constant = (constant << 1) ^ (constant >> 7) * 0x11b;
    } else if (words == 8 && i % 8 == 4) word = substitute(word);
    store<u32>(to + (i << 2), word ^ load<u32>(to + ((i - words) << 2)));
  }
}

/** The first two bytes, as one number, of AES of the block at `block`. `rounds` is 10 or 14. */
export function mask(keys: usize, rounds: i32, block: usize): i32 {
  let state = v128.xor(v128.load(block), v128.load(keys));
  for (let round = 1; round < rounds; round++) {
    const t = i8x16.swizzle(subBytes(state), i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
    // §5.1.3 MixColumns: {02} t, {03} of the next row, and the two rows behind it.
    const doubled = v128.xor(i8x16.add(t, t), v128.and(i8x16.lt_s(t, i8x16.splat(0)), i8x16.splat(0x1b)));
    const next = v128.xor(doubled, t);
    state = v128.xor(
      v128.xor(doubled, i8x16.shuffle(next, next, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)),
      v128.xor(
        i8x16.shuffle(t, t, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13),
        i8x16.shuffle(t, t, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14),
      ),
    );
    state = v128.xor(state, v128.load(keys + (round << 4)));
  }
  // Bytes 0 and 5 are what ShiftRows brings to the front.
  const last = subBytes(state);
  const key = keys + (rounds << 4);
  const first: i32 = i8x16.extract_lane_u(last, 0) ^ load<u8>(key);
  const second: i32 = i8x16.extract_lane_u(last, 5) ^ load<u8>(key + 1);
  return (first << 8) | second;
}

function substitute(word: u32): u32 {
  return i32x4.extract_lane(subBytes(i32x4.splat(word)), 0);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function subBytes(x: v128): v128 {
  // Four at a time, for processors that can do as much at once.
  const step = i8x16.splat(16);
  const x1 = i8x16.sub(x, step);
  const x2 = i8x16.sub(x, i8x16.splat(32));
  const x3 = i8x16.sub(x, i8x16.splat(48));
  const far = i8x16.splat(64);
  let s0 = i8x16.swizzle(v128.load(SBOX, 0), x);
  let s1 = i8x16.swizzle(v128.load(SBOX, 16), x1);
  let s2 = i8x16.swizzle(v128.load(SBOX, 32), x2);
  let s3 = i8x16.swizzle(v128.load(SBOX, 48), x3);
  const a0 = i8x16.sub(x, far);
  s0 = v128.or(s0, i8x16.swizzle(v128.load(SBOX, 64), a0));
  const a1 = i8x16.sub(x1, far);
  s1 = v128.or(s1, i8x16.swizzle(v128.load(SBOX, 80), a1));
  const a2 = i8x16.sub(x2, far);
  s2 = v128.or(s2, i8x16.swizzle(v128.load(SBOX, 96), a2));
  const a3 = i8x16.sub(x3, far);
  s3 = v128.or(s3, i8x16.swizzle(v128.load(SBOX, 112), a3));
  const b0 = i8x16.sub(a0, far);
  s0 = v128.or(s0, i8x16.swizzle(v128.load(SBOX, 128), b0));
  const b1 = i8x16.sub(a1, far);
  s1 = v128.or(s1, i8x16.swizzle(v128.load(SBOX, 144), b1));
  const b2 = i8x16.sub(a2, far);
  s2 = v128.or(s2, i8x16.swizzle(v128.load(SBOX, 160), b2));
  const b3 = i8x16.sub(a3, far);
  s3 = v128.or(s3, i8x16.swizzle(v128.load(SBOX, 176), b3));
  const c0 = i8x16.sub(b0, far);
  s0 = v128.or(s0, i8x16.swizzle(v128.load(SBOX, 192), c0));
  const c1 = i8x16.sub(b1, far);
  s1 = v128.or(s1, i8x16.swizzle(v128.load(SBOX, 208), c1));
  const c2 = i8x16.sub(b2, far);
  s2 = v128.or(s2, i8x16.swizzle(v128.load(SBOX, 224), c2));
  const c3 = i8x16.sub(b3, far);
  s3 = v128.or(s3, i8x16.swizzle(v128.load(SBOX, 240), c3));
  return v128.or(v128.or(s0, s1), v128.or(s2, s3));
}
