// JSON lines made into server-sent events: each line becomes `data: LINE` and a blank line. Lines are cut anywhere and of
// any length; none is collected. Only lines that have their `data:` already keep it, and empty lines go.

const LF = 10;
const CR = 13;
const FIELD = Buffer.from('data:');
const START = Buffer.from('data: ');
const NOTHING = new Uint8Array(0);
const { copy } = Buffer.prototype;

export class LineFramer {
  /** Bytes of the line so far that may yet be a `data:`; they have not gone out. */
  #matched = 0;
  #isAtStart = true;
  #hasReturn = false;

  push(bytes: Uint8Array): Uint8Array {
    let lines = 1;
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++;
    // What frames a line, and once what was held back of one.
    const out = Buffer.allocUnsafe(bytes.length + lines * (START.length + 2) + FIELD.length + 1);
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (this.#isAtStart) {
        const byte = bytes[at]!;
        if (byte === FIELD[this.#matched]) {
          if (++this.#matched === FIELD.length) length = this.#begin(out, length);
          continue;
        }
        if (this.#matched === 0 && byte === CR) continue; // of an empty line
        if (byte !== LF) length = this.#begin(out, length);
      }
      const found = bytes.indexOf(LF, at);
      const end = found < 0 ? bytes.length : found;
      length = this.#copy(bytes, at, end, out, length);
      if (found >= 0) length = this.#endLine(out, length);
      at = end;
    }
    return out.subarray(0, length);
  }

  /** What the stream ends with if its last line has no end. */
  end(): Uint8Array {
    if (this.#isAtStart && this.#matched === 0) return NOTHING;
    const out = Buffer.allocUnsafe(START.length + FIELD.length + 2);
    return out.subarray(0, this.#endLine(out, 0));
  }

  /** The line has turned out to have a `data:` of its own, or not to. */
  #begin(out: Buffer, length: number): number {
    if (this.#matched < FIELD.length) length += START.copy(out, length);
    length += FIELD.copy(out, length, 0, this.#matched);
    this.#matched = 0;
    this.#isAtStart = false;
    return length;
  }

  /** The middle of a line. A return at its end goes out only if no line feed follows it. */
  #copy(bytes: Uint8Array, at: number, end: number, out: Buffer, length: number): number {
    if (at === end) return length;
    if (this.#hasReturn) out[length++] = CR;
    this.#hasReturn = bytes[end - 1] === CR;
    return length + copy.call(bytes, out, length, at, this.#hasReturn ? end - 1 : end);
  }

  #endLine(out: Buffer, length: number): number {
    const isEmpty = this.#isAtStart && this.#matched === 0;
    if (this.#isAtStart && !isEmpty) length = this.#begin(out, length);
    this.#isAtStart = true;
    this.#hasReturn = false;
    if (isEmpty) return length;
    out[length++] = LF;
    out[length++] = LF;
    return length;
  }
}
