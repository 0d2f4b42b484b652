// Base64 (RFC 4648 §4) for WebAssembly with SIMD. Pointers are offsets into the one memory; the caller has left 16
// bytes behind source and target, and has checked lengths.

/** Each group of three bytes b0 b1 b2, as the word b1 b0 b2 b1: every six bits lie together. */
// prettier-ignore
const SPREAD: v128 = v128(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
/** What makes a character of six bits: for 0 to 51 lower case, then ten digits, `+`, `/`, and upper case last. */
const OFFSETS: v128 = v128(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0);

/** Writes `length` bytes from `from` as base64 to `to`, 12 bytes to 16 characters at a time, with padding. Returns how many. */
export function encode(from: usize, length: i32, to: usize): i32 {
  const end = from + <usize>length;
  const start = to;
  while (from + 12 <= end) {
    const spread = v128.swizzle(v128.load(from), SPREAD);
    const first = v128.and(v128.shr<u32>(spread, 10), i32x4.splat(0x3f));
    const second = v128.and(v128.shl<u32>(spread, 4), i32x4.splat(0x3f00));
    const third = v128.and(v128.shr<u32>(spread, 6), i32x4.splat(0x3f0000));
    const fourth = v128.and(v128.shl<u32>(spread, 8), i32x4.splat(0x3f000000));
    v128.store(to, characters(v128.or(v128.or(first, second), v128.or(third, fourth))));
    from += 12;
    to += 16;
  }
  while (from < end) {
    const left = end - from;
    const word = (<u32>load<u8>(from) << 16) | (<u32>load<u8>(from, 1) << 8) | <u32>load<u8>(from, 2);
    store<u8>(to, character(word >> 18));
    store<u8>(to, character((left > 1 ? word : word & 0xff0000) >> 12), 1);
    store<u8>(to, left > 1 ? character((left > 2 ? word : word & 0xffff00) >> 6) : 0x3d, 2);
    store<u8>(to, left > 2 ? character(word) : 0x3d, 3);
    from += 3;
    to += 4;
  }
  return <i32>(to - start);
}

function characters(sixes: v128): v128 {
  const kind = i8x16.sub_sat_u(sixes, i8x16.splat(51));
  const upper = v128.and(i8x16.lt_s(sixes, i8x16.splat(26)), i8x16.splat(13));
  return i8x16.add(sixes, v128.swizzle(OFFSETS, v128.or(kind, upper)));
}

function character(bits: u32): u32 {
  const six = bits & 63;
  if (six < 26) return six + 65;
  if (six < 52) return six + 71;
  if (six < 62) return six - 4;
  return six == 62 ? 43 : 47;
}
