// Whether bytes are one JSON object (RFC 8259) that has the fields of a completion request. They are looked at as they
// come, in WebAssembly; nothing is built and nothing is changed: what goes on to the upstream is what the client sent. Of
// a name that comes twice the last counts, as with JSON.parse, whose verdict this one's is held to by a test.
import { LIMITS } from '../options.ts';
import { JSON_SCAN_WASM } from './json-scan.wasm.ts';
import { Utf8Check } from './utf8-check.ts';

export type Shape = 'string' | 'array';
/** No more than seven, of at most 20 letters. */
export type Required = Readonly<Record<string, Shape>>;

export const COMPLETION: Required = { model: 'string', messages: 'array' };

/** What is wrong with `bytes`, in words; `undefined` if nothing is. Borrowed for the call. */
export function shapeProblem(bytes: Uint8Array, required: Required): string | undefined {
  const scan = new ShapeScan(required);
  scan.push(bytes);
  return scan.end();
}

interface Memory {
  readonly buffer: ArrayBuffer;
}

// The types of Node know no WebAssembly, and those of the DOM may be there or not.
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

interface ScanModule {
  start(): void;
  scan(at: number, end: number, maxDepth: number): number;
  isWhole(): number;
}

// As wasm/json-scan.ts lays it out.
const KINDS = 28;
const NAME = 0x40;
const STATE_BYTES = 0x400;
/** 16 bytes behind it may be read. */
const PIECE_BYTES = 0x1_0000 - STATE_BYTES - 16;
const BACKSLASH = 0x5c;

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const heap = Buffer.from(memory.buffer);
const { start, scan, isWhole } = new WebAssembly.Instance(
  new WebAssembly.Module(Buffer.from(JSON_SCAN_WASM, 'base64')),
  { env: { memory, onName: (length: number) => current?.placeOf(length) ?? 0 } },
).exports as unknown as ScanModule;
/** Whose state the memory holds. */
let current: ShapeScan | undefined;
const { copy } = Buffer.prototype;

export class ShapeScan {
  readonly #required: Required;
  readonly #names: readonly string[];
  readonly #utf8 = new Utf8Check();
  /** While others use the memory. */
  #saved: Buffer | undefined;
  #isBegun = false;
  #received = 0;
  #problem: string | undefined;

  constructor(required: Required) {
    this.#required = required;
    this.#names = Object.keys(required);
  }

  /** False as soon as it can't become right any more. Borrowed for the call. */
  push(bytes: Uint8Array): boolean {
    if (this.#problem !== undefined) return false;
    if (!this.#utf8.push(bytes)) {
      this.#problem = NOT_UTF8;
      return false;
    }
    this.#take();
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const end = STATE_BYTES + copy.call(bytes, heap, STATE_BYTES, at, at + PIECE_BYTES);
      const place = scan(STATE_BYTES, end, LIMITS.depth);
      if (place < end) {
        this.#problem = notObject(this.#received + at + place - STATE_BYTES);
        return false;
      }
    }
    this.#received += bytes.length;
    return true;
  }

  /** What is wrong with all that came; `undefined` if nothing is. Called once. */
  end(): string | undefined {
    if (this.#problem !== undefined) return this.#problem;
    if (!this.#utf8.isWhole) return NOT_UTF8;
    this.#take();
    this.#problem = this.#verdict();
    current = undefined; // the memory is free
    return this.#problem;
  }

  #verdict(): string | undefined {
    if (isWhole() === 0) return notObject(this.#received);
    const names = this.#names;
    for (let i = 0; i < names.length; i++) {
      const shape = this.#required[names[i]!]!;
      if (heap[KINDS + 1 + i] !== KIND[shape]) return `'${names[i]}' must be ${ARTICLE[shape]} ${shape}`;
    }
    return undefined;
  }

  /** From 1 on, of the name in memory; 0 if it is none of the required. @internal */
  placeOf(length: number): number {
    const names = this.#names;
    for (let i = 0; i < names.length; i++) if (isInMemory(names[i]!, length)) return i + 1;
    const end = NAME + length;
    let at = NAME;
    while (at < end && heap[at] !== BACKSLASH) at++;
    return at === end ? 0 : names.indexOf(JSON.parse(`"${heap.toString('utf8', NAME, end)}"`)) + 1;
  }

  #take(): void {
    if (current === this) return;
    if (current) current.#saved = Buffer.from(heap.subarray(0, STATE_BYTES));
    current = this;
    if (this.#isBegun) this.#saved!.copy(heap);
    else start();
    this.#isBegun = true;
  }
}

function isInMemory(name: string, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (heap[NAME + i] !== name.charCodeAt(i)) return false;
  return true;
}

const NOT_UTF8 = 'the body is not UTF-8';
const KIND: Readonly<Record<Shape, number>> = { string: 1, array: 2 };
const ARTICLE: Readonly<Record<Shape, string>> = { string: 'a', array: 'an' };

const notObject = (at: number): string => `the body is not a JSON object (byte ${at})`;
