// Hot: from stored entries straight to the bytes of an answer, `{"records":[...],"tail":{...}}`, with no object and no
// string for a record. Byte for byte what JSON.stringify makes of the batch (`plainBatch`): a test holds it to that.
import { base64Length, writeBase64 } from './base64.ts';
import {
  bodyBytesOf,
  type EntryRange,
  KIND,
  kindOf,
  leadLengthOf,
  lengthOf,
  meteredBytesOf,
  RECORD_HEAD_BYTES,
  unpackRecord,
} from './entry.ts';
import type { BodyFormat, StreamBatch, StreamRecord, Tail } from './record.ts';

/** How much of what there is goes into one batch. One record always does, whatever its size. */
export interface BatchLimits {
  readonly count: number;
  /** Of bodies and headers. */
  readonly bytes: number;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const BEGIN = latin1('{"records":[');
const SEQ_NUM = latin1('{"seq_num":');
const TIMESTAMP = latin1(',"timestamp":');
const TAIL = latin1('],"tail":{"seq_num":');
const [QUOTE, COMMA, BRACE] = [0x22, 0x2c, 0x7d];
/** What a record takes beyond its lead and its body: names, two numbers of at most 16 digits, quote, brace, comma. */
const FRAME_BYTES = 64;
/** Up to here V8 divides whole numbers. */
const MAX_INT = 0x3fff_ffff;
/** What a batch takes beyond its records. */
const ENVELOPE_BYTES = 128;
/** A buffer that has grown beyond this is not kept. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
/** What is shorter is copied byte by byte: a native call costs more. */
const SHORT_RUN = 40;
/** JSON makes at most six characters of one byte. */
const REPLACEMENT_FACTOR = 6;

const { copy } = Buffer.prototype;

export class BatchWriter {
  #out: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;
  /** What was written of the last timestamp. */
  readonly #stamp: Buffer = Buffer.alloc(FRAME_BYTES);
  #stampLength = 0;
  #stampOf = -1;
  /** Of the batch that was written last. */
  count = 0;
  /** The number behind the last record of that batch. */
  next = 0;
  /** What its records count for, as `meteredBytesOf` has it. */
  recordBytes = 0;

  /** The buffer that holds what was written; until the next `begin`. */
  get bytes(): Buffer {
    return this.#out;
  }

  get length(): number {
    return this.#at;
  }

  /** Begins anew, with `text` of latin1 in front. */
  begin(text = ''): void {
    this.#at = 0;
    if (this.#out.length > MAX_KEPT_BYTES) this.#out = Buffer.allocUnsafeSlow(FIRST_BYTES);
    if (text.length > 0) this.text(text); // a native call
  }

  /** Writes latin1. */
  text(text: string): void {
    this.#ensure(text.length);
    this.#at += this.#out.write(text, this.#at, 'latin1');
  }

  /** A copy of what was written, for keeps. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#at); // a short one shares memory with others that are sent about now
    copy.call(this.#out, taken, 0, 0, this.#at);
    return taken;
  }

  batch(range: EntryRange, tail: Tail, format: BodyFormat, limits: BatchLimits): void {
    this.#ensure(ENVELOPE_BYTES);
    this.#bytes(BEGIN);
    this.count = 0;
    this.next = range.from;
    this.recordBytes = 0;
    walk: for (const { seqNum, count, timestamp, bytes } of range.entries) {
      for (let i = 0, at = 0; i < count; i++, at += lengthOf(bytes, at)) {
        if (seqNum + i < range.from) continue;
        const metered = meteredBytesOf(bytes, at);
        if (this.count >= limits.count || (this.count > 0 && this.recordBytes + metered > limits.bytes))
          break walk;
        this.recordBytes += metered;
        if (this.count++ > 0) this.#out[this.#at++] = COMMA; // FRAME_BYTES of the record before has room for it
        this.#record(bytes, at, seqNum + i, timestamp, format);
        this.next = seqNum + i + 1;
      }
    }
    this.#ensure(ENVELOPE_BYTES);
    this.#bytes(TAIL);
    this.#number(tail.seq_num);
    this.#timestamp(tail.timestamp);
    this.#out[this.#at++] = BRACE;
    this.#out[this.#at++] = BRACE;
  }

  #record(bytes: Uint8Array, at: number, seqNum: number, timestamp: number, format: BodyFormat): void {
    const leadAt = at + RECORD_HEAD_BYTES;
    const textAt = leadAt + leadLengthOf(bytes, at);
    const end = at + lengthOf(bytes, at);
    const bodyAt = end - bodyBytesOf(bytes, at);
    const kind = kindOf(bytes, at);
    const isBase64 = format === 'base64';
    const most = Math.max(end - textAt, base64Length(end - bodyAt));
    this.#ensure(FRAME_BYTES + (textAt - leadAt) + most * (kind === KIND.binary ? REPLACEMENT_FACTOR : 1));
    this.#bytes(SEQ_NUM);
    this.#number(seqNum);
    this.#timestamp(timestamp);
    if (!isBase64 && kind !== KIND.binary) this.#run(bytes, leadAt, kind === KIND.escaped ? bodyAt : end);
    else {
      this.#run(bytes, leadAt, textAt);
      if (isBase64) this.#at = writeBase64(bytes, bodyAt, end, this.#out, this.#at);
      else this.#text(bytes, bodyAt, end);
    }
    this.#out[this.#at++] = QUOTE;
    this.#out[this.#at++] = BRACE;
  }

  /** Bytes that are no UTF-8, as text: what can't be read becomes U+FFFD. Not for the hot path. */
  #text(bytes: Uint8Array, at: number, end: number): void {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at, end));
    this.#at += this.#out.write(JSON.stringify(text).slice(1, -1), this.#at, 'utf8');
  }

  #bytes(bytes: Buffer): void {
    const out = this.#out;
    const at = this.#at;
    for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
    this.#at = at + bytes.length;
  }

  #run(bytes: Uint8Array, at: number, end: number): void {
    const out = this.#out;
    let to = this.#at;
    this.#at = to + end - at;
    if (end - at > SHORT_RUN) copy.call(bytes, out, to, at, end);
    else while (at < end) out[to++] = bytes[at++]!;
  }

  #number(value: number): void {
    const out = this.#out;
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    let at = this.#at + digits;
    this.#at = at;
    for (; value > MAX_INT; value = Math.floor(value / 10)) out[--at] = 0x30 + (value % 10);
    for (let left = value | 0; digits > 0 && at > this.#at - digits; ) {
      const rest = (left / 10) | 0;
      out[--at] = 0x30 + left - rest * 10;
      left = rest;
    }
  }

  /** `,"timestamp":` and the number. Records of one entry have the same: it is made once. */
  #timestamp(value: number): void {
    if (value !== this.#stampOf) {
      const at = this.#at;
      this.#bytes(TIMESTAMP);
      this.#number(value);
      this.#stampLength = copy.call(this.#out, this.#stamp, 0, at, this.#at);
      this.#stampOf = value;
      return;
    }
    const out = this.#out;
    const stamp = this.#stamp;
    const at = this.#at;
    const length = this.#stampLength;
    for (let i = 0; i < length; i++) out[at + i] = stamp[i]!;
    this.#at = at + length;
  }

  #ensure(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + bytes, this.#out.length * 2));
    copy.call(this.#out, grown, 0, 0, this.#at);
    this.#out = grown;
  }
}

/** The same batch as objects: what the bytes mean. */
export function plainBatch(
  range: EntryRange,
  tail: Tail,
  format: BodyFormat,
  limits: BatchLimits,
): StreamBatch {
  const records: StreamRecord[] = [];
  let left = limits.bytes;
  for (const { seqNum, count, timestamp, bytes } of range.entries) {
    for (let i = 0, at = 0; i < count; i++, at += lengthOf(bytes, at)) {
      if (seqNum + i < range.from) continue;
      left -= meteredBytesOf(bytes, at);
      if (records.length >= limits.count || (left < 0 && records.length > 0)) return { records, tail };
      records.push(unpackRecord(bytes, at, { seqNum: seqNum + i, timestamp }, format));
    }
  }
  return { records, tail };
}
