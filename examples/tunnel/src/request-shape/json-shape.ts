// Whether bytes are one JSON object (RFC 8259) that has the fields of a completion request. It looks at the bytes as they
// are, builds nothing and changes nothing; what goes on to the upstream is what the client sent. Of a name that comes
// twice the last counts, as with JSON.parse, whose verdict this one's is held to by a test.
import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../options.ts';

export type Shape = 'string' | 'array';
export type Required = Readonly<Record<string, Shape>>;

export const COMPLETION: Required = { model: 'string', messages: 'array' };

/** What is wrong with `bytes`, in words; `undefined` if nothing is. Borrowed for the call. */
export function shapeProblem(bytes: Uint8Array, required: Required): string | undefined {
  if (!isUtf8(bytes)) return 'the body is not UTF-8';
  const scan = new Scan(bytes, required);
  if (!scan.run()) return `the body is not a JSON object (byte ${scan.at})`;
  for (const name in required)
    if (scan.found.get(name) !== required[name]) return `'${name}' must be ${article(required[name]!)}`;
  return undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** 1 where a string goes on without a second look: no quote, no backslash, no control character. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

class Scan {
  at = 0;
  /** What the required names have for values, as far as those are strings or arrays. */
  readonly found = new Map<string, Shape | undefined>();
  readonly #bytes: Uint8Array;
  readonly #required: Required;

  constructor(bytes: Uint8Array, required: Required) {
    this.#bytes = bytes;
    this.#required = required;
  }

  run(): boolean {
    this.#skipSpace();
    if (this.#bytes[this.at] !== OPEN_BRACE || !this.#object(1)) return false;
    this.#skipSpace();
    return this.at === this.#bytes.length;
  }

  #object(depth: number): boolean {
    if (depth > LIMITS.depth) return false;
    this.at++;
    this.#skipSpace();
    if (this.#take(CLOSE_BRACE)) return true;
    while (true) {
      const start = this.at;
      if (this.#bytes[start] !== QUOTE || !this.#string()) return false;
      const name = depth === 1 ? this.#nameAt(start) : undefined;
      this.#skipSpace();
      if (!this.#take(COLON)) return false;
      this.#skipSpace();
      if (name !== undefined) this.found.set(name, shapeOf(this.#bytes[this.at]));
      if (!this.#value(depth)) return false;
      this.#skipSpace();
      if (this.#take(CLOSE_BRACE)) return true;
      if (!this.#take(COMMA)) return false;
      this.#skipSpace();
    }
  }

  #array(depth: number): boolean {
    if (depth > LIMITS.depth) return false;
    this.at++;
    this.#skipSpace();
    if (this.#take(CLOSE_BRACKET)) return true;
    while (true) {
      if (!this.#value(depth)) return false;
      this.#skipSpace();
      if (this.#take(CLOSE_BRACKET)) return true;
      if (!this.#take(COMMA)) return false;
      this.#skipSpace();
    }
  }

  #value(depth: number): boolean {
    switch (this.#bytes[this.at]) {
      case QUOTE:
        return this.#string();
      case OPEN_BRACE:
        return this.#object(depth + 1);
      case OPEN_BRACKET:
        return this.#array(depth + 1);
      case 0x74:
        return this.#word('true');
      case 0x66:
        return this.#word('false');
      case 0x6e:
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #string(): boolean {
    const bytes = this.#bytes;
    let at = this.at + 1;
    while (true) {
      // Eight at a time. Behind the end is `undefined`, which is not plain.
      while (
        PLAIN[bytes[at]!]! &
        PLAIN[bytes[at + 1]!]! &
        PLAIN[bytes[at + 2]!]! &
        PLAIN[bytes[at + 3]!]! &
        PLAIN[bytes[at + 4]!]! &
        PLAIN[bytes[at + 5]!]! &
        PLAIN[bytes[at + 6]!]! &
        PLAIN[bytes[at + 7]!]!
      )
        at += 8;
      while (PLAIN[bytes[at]!] === 1) at++;
      this.at = at;
      if (bytes[at] === QUOTE) {
        this.at++;
        return true;
      }
      if (bytes[at] !== BACKSLASH) return false;
      const length = escapeLength(bytes, at);
      if (length === 0) return false;
      at += length;
    }
  }

  #word(word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.#bytes[this.at++] !== word.charCodeAt(i)) return false;
    return true;
  }

  #number(): boolean {
    this.#take(0x2d);
    if (!this.#take(0x30) && !this.#digits()) return false;
    if (this.#take(0x2e) && !this.#digits()) return false;
    if (!this.#take(0x65) && !this.#take(0x45)) return true;
    if (!this.#take(0x2b)) this.#take(0x2d);
    return this.#digits();
  }

  #digits(): boolean {
    const start = this.at;
    while (isDigit(this.#bytes[this.at])) this.at++;
    return this.at > start;
  }

  /** The required name that stands at `start`, in its quotes; however it may be escaped. */
  #nameAt(start: number): string | undefined {
    const bytes = this.#bytes;
    for (const name in this.#required) if (this.#isPlainly(name, start)) return name;
    if (bytes.subarray(start, this.at).indexOf(BACKSLASH) < 0) return undefined;
    const name = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, this.at - start).toString());
    return Object.hasOwn(this.#required, name) ? name : undefined;
  }

  #isPlainly(name: string, start: number): boolean {
    if (this.at - start !== name.length + 2) return false;
    for (let i = 0; i < name.length; i++) if (this.#bytes[start + 1 + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    for (; ; this.at++) {
      const byte = bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    }
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }
}

/** Bytes of the escape at `at`; 0 if it is none. */
function escapeLength(bytes: Uint8Array, at: number): number {
  const letter = bytes[at + 1];
  if (letter === undefined) return 0;
  if (letter !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(letter)) ? 2 : 0;
  for (let i = 2; i < 6; i++) {
    const byte = bytes[at + i] ?? 0;
    if (!isDigit(byte) && !((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)) return 0;
  }
  return 6;
}

function shapeOf(byte: number | undefined): Shape | undefined {
  if (byte === QUOTE) return 'string';
  return byte === OPEN_BRACKET ? 'array' : undefined;
}

const article = (shape: Shape): string => (shape === 'array' ? 'an array' : 'a string');
