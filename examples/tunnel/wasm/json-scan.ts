// A JSON text (RFC 8259) for WebAssembly with SIMD: whether it is one object, byte after byte, in pieces of any size. It
// goes through 16 bytes of a string at a time and builds nothing. Of the outermost object it tells names to `onName`, and
// what kind of value each of the wanted ones has. Pointers are offsets into the one memory, laid out as follows:
//
//      0  i32 state, depth, whether a string is a name, bytes of the name, word, place in it, wanted name; u8 kinds[8]
//   0x40  the name: as it stands, with its escapes
//  0x100  what is open, from depth 1 on: 1 an object, 0 an array
//  0x400  the piece

/** Which of the wanted names stands at NAME, from 1 on; 0 for none. */
@external("env", "onName")
declare function onName(length: i32): i32;

const KINDS: usize = 28;
const NAME: usize = 0x40;
const NAME_BYTES: i32 = 0x80;
const OPEN: usize = 0x100;

const VALUE = 0;
const OBJECT = 1; // behind its brace
const KEY = 2; // behind a comma
const COLON = 3;
const AFTER = 4;
const ARRAY = 5; // behind its bracket
const STRING = 6;
const ESCAPE = 7;
const HEX = 8; // to HEX + 3
const MINUS = 12;
const ZERO = 13;
const INTEGER = 14;
const POINT = 15;
const FRACTION = 16;
const E = 17;
const SIGN = 18;
const EXPONENT = 19;
const WORD = 20;
const END = 21;
const BEGIN = 22; // only an object may

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
// Their letters, the first one last.
const TRUE: i32 = 0x65757274;
const FALSE: i32 = 0x65736c61; // behind the f
const NULL: i32 = 0x6c6c756e;

let state: i32 = 0;
let depth: i32 = 0;

export function start(): void {
  memory.fill(0, 0, 64);
  store<i32>(0, BEGIN);
}

/** Whether the object is whole. */
export function isWhole(): bool {
  return load<i32>(0) == END;
}

/** Goes on with `[at, end)`. Returns `end`, or the place of the first byte that is wrong; nothing may follow that. */
export function scan(at: usize, end: usize, maxDepth: i32): usize {
  state = load<i32>(0);
  depth = load<i32>(4);
  while (at < end) {
    if (state == STRING) {
      at = inString(at, end);
      if (at >= end) break;
      const byte = load<u8>(at);
      if (byte == QUOTE) endString();
      else if (byte == BACKSLASH) {
        capture(byte);
        state = ESCAPE;
      } else return at;
      at++;
      continue;
    }
    const c = load<u8>(at);
    if (isSpace(c) && state < STRING) {
      at++;
      continue;
    }
    switch (state) {
      case BEGIN:
        if (isSpace(c)) break;
        if (c != 0x7b || maxDepth < 1) return at;
        open(1);
        break;
      case ARRAY:
        if (c == 0x5d) {
          close();
          break;
        }
      // A value then.
      case VALUE:
        if (c == QUOTE) {
          note(1);
          store<i32>(8, 0);
          state = STRING;
        } else if (c == 0x7b || c == 0x5b) {
          if (depth >= maxDepth) return at;
          note(c == 0x5b ? 2 : 3);
          open(c == 0x7b ? 1 : 0);
        } else {
          note(3);
          if (!beginPlain(c)) return at;
        }
        break;
      case OBJECT:
        if (c == 0x7d) {
          close();
          break;
        }
      // A name then.
      case KEY:
        if (c != QUOTE) return at;
        store<i32>(8, 1);
        store<i32>(12, 0);
        state = STRING;
        break;
      case COLON:
        if (c != 0x3a) return at;
        state = VALUE;
        break;
      case AFTER:
        if (!after(c)) return at;
        break;
      case ESCAPE:
        if (c == 0x75) state = HEX;
        else if (isEscape(c)) state = STRING;
        else return at;
        capture(c);
        break;
      case HEX:
      case HEX + 1:
      case HEX + 2:
      case HEX + 3:
        if (!isHex(c)) return at;
        capture(c);
        state = state == HEX + 3 ? STRING : state + 1;
        break;
      case WORD: {
        const word = load<i32>(16);
        if (c != <u8>word) return at;
        const rest = load<i32>(20) - 1;
        store<i32>(16, <i32>(<u32>word >> 8));
        store<i32>(20, rest);
        if (rest == 0) state = AFTER;
        break;
      }
      case MINUS:
        if (c == 0x30) state = ZERO;
        else if (isDigit(c)) state = INTEGER;
        else return at;
        break;
      case INTEGER:
        if (isDigit(c)) break;
      // What a zero may be followed by, then.
      case ZERO:
        if (c == 0x2e) state = POINT;
        else if ((c | 0x20) == 0x65) state = E;
        else if (!afterNumber(c)) return at;
        break;
      case POINT:
        if (!isDigit(c)) return at;
        state = FRACTION;
        break;
      case FRACTION:
        if (isDigit(c)) break;
        if ((c | 0x20) == 0x65) state = E;
        else if (!afterNumber(c)) return at;
        break;
      case E:
        if (c == 0x2b || c == 0x2d) state = SIGN;
        else if (isDigit(c)) state = EXPONENT;
        else return at;
        break;
      case SIGN:
        if (!isDigit(c)) return at;
        state = EXPONENT;
        break;
      case EXPONENT:
        if (!isDigit(c) && !afterNumber(c)) return at;
        break;
      default: // END
        if (!isSpace(c)) return at;
    }
    at++;
  }
  store<i32>(0, state);
  store<i32>(4, depth);
  return end;
}

/** To the first byte at which a string does not simply go on, or to `end`. */
function inString(at: usize, end: usize): usize {
  const begin = at;
  const quotes = i8x16.splat(0x22);
  const backslashes = i8x16.splat(0x5c);
  const spaces = i8x16.splat(0x20);
  while (at < end) {
    const bytes = v128.load(at);
    const special = v128.or(
      v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)),
      i8x16.lt_u(bytes, spaces),
    );
    const mask = i8x16.bitmask(special);
    if (mask != 0) {
      at += ctz<i32>(mask);
      break;
    }
    at += 16;
  }
  if (at > end) at = end;
  if (load<i32>(8) != 0 && depth == 1) for (let i = begin; i < at; i++) capture(load<u8>(i));
  return at;
}

function endString(): void {
  if (load<i32>(8) == 0) {
    state = AFTER;
    return;
  }
  state = COLON;
  if (depth != 1) return;
  const length = load<i32>(12);
  store<i32>(24, length <= NAME_BYTES ? onName(length) : 0);
}

/** A byte of a name of the outermost object; what is too long for any is counted only. */
function capture(byte: u8): void {
  if (depth != 1 || load<i32>(8) == 0) return;
  const length = load<i32>(12);
  if (length < NAME_BYTES) store<u8>(NAME + <usize>length, byte);
  if (length <= NAME_BYTES) store<i32>(12, length + 1);
}

/** The kind of the value that begins: 1 a string, 2 an array, 3 anything else. */
function note(kind: u8): void {
  if (depth != 1) return;
  const wanted = load<i32>(24);
  if (wanted > 0) store<u8>(KINDS + <usize>wanted, kind);
}

function open(what: u8): void {
  depth++;
  store<u8>(OPEN + <usize>depth, what);
  state = what != 0 ? OBJECT : ARRAY;
}

function close(): void {
  depth--;
  state = depth == 0 ? END : AFTER;
}

function after(c: u8): bool {
  const isObject = load<u8>(OPEN + <usize>depth) != 0;
  if (c == 0x2c) state = isObject ? KEY : VALUE;
  else if (c == (isObject ? 0x7d : 0x5d)) close();
  else return false;
  return true;
}

/** A number ends with what follows it. */
function afterNumber(c: u8): bool {
  state = AFTER;
  return isSpace(c) || after(c);
}

function beginPlain(c: u8): bool {
  if (c == 0x2d) state = MINUS;
  else if (c == 0x30) state = ZERO;
  else if (isDigit(c)) state = INTEGER;
  else if (c == 0x74) beginWord(TRUE >>> 8, 3);
  else if (c == 0x66) beginWord(FALSE, 4);
  else if (c == 0x6e) beginWord(NULL >>> 8, 3);
  else return false;
  return true;
}

function beginWord(letters: i32, count: i32): void {
  store<i32>(16, letters);
  store<i32>(20, count);
  state = WORD;
}

function isSpace(c: u8): bool {
  return c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09;
}

function isDigit(c: u8): bool {
  return c >= 0x30 && c <= 0x39;
}

function isHex(c: u8): bool {
  return isDigit(c) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66);
}

function isEscape(c: u8): bool {
  return c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74;
}
