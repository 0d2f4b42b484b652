// Hot: records as they are stored. One append is one entry; its records lie end to end, their text already escaped for
// JSON, so that reading is little more than copying. An entry does not know its numbers: who stores it gives them.
//
//    0  u32 length of all      13  `,"headers":[...],"body":"` (the lead)
//    4  u32 length of the lead     the body as JSON writes it, if that differs
//    8  u32 bytes of the body      the body
//   12  u8  kind
import { isUtf8 } from 'node:buffer';
import { putU32, u32 } from '@millrace/sans-io';
import type { Header, NewRecord, StreamRecord } from './record.ts';

/** Text of which JSON escapes nothing; text with escapes; bytes that are no UTF-8. */
export const KIND = { plain: 0, escaped: 1, binary: 2 } as const;

export const RECORD_HEAD_BYTES = 13;

/** One append as it is stored. Nobody writes to `bytes`. */
export interface Entry {
  /** Of its first record. */
  readonly seqNum: number;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

/** A part of a stream: whole entries that follow each other, to be read from record `from` on. */
export interface EntryRange {
  readonly from: number;
  readonly entries: readonly Entry[];
}

export const lengthOf = (bytes: Uint8Array, at: number): number => u32(bytes, at);
export const leadLengthOf = (bytes: Uint8Array, at: number): number => u32(bytes, at + 4);
/** Of the body as it was given. */
export const bodyBytesOf = (bytes: Uint8Array, at: number): number => u32(bytes, at + 8);
export const kindOf = (bytes: Uint8Array, at: number): number => bytes[at + 12]!;
/** What a record counts for where bytes are limited: all that was given, headers with the quotes around them. */
export const meteredBytesOf = (bytes: Uint8Array, at: number): number =>
  leadLengthOf(bytes, at) + bodyBytesOf(bytes, at);

/** The records as an entry keeps them. */
export function packRecords(records: readonly NewRecord[]): Buffer {
  const parts = records.map(prepare);
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { length, lead, leadLength, escaped, body, bodyBytes, kind } of parts) {
    putU32(bytes, at, length);
    putU32(bytes, at + 4, leadLength);
    putU32(bytes, at + 8, bodyBytes);
    bytes[at + 12] = kind;
    bytes.write(lead, at + RECORD_HEAD_BYTES, 'utf8');
    bytes.write(escaped, at + RECORD_HEAD_BYTES + leadLength, 'utf8');
    at += length;
    if (typeof body === 'string') bytes.write(body, at - bodyBytes, 'utf8');
    else bytes.set(body, at - bodyBytes);
  }
  return bytes;
}

interface Prepared {
  readonly length: number;
  readonly lead: string;
  readonly leadLength: number;
  /** Empty unless JSON escapes something. */
  readonly escaped: string;
  readonly body: string | Uint8Array;
  readonly bodyBytes: number;
  readonly kind: number;
}

function prepare({ headers, body }: NewRecord): Prepared {
  const lead = `,"headers":${JSON.stringify(headers)},"body":"`;
  const leadLength = Buffer.byteLength(lead);
  const head = RECORD_HEAD_BYTES + leadLength;
  if (typeof body !== 'string' && !isUtf8(body)) {
    const bodyBytes = body.length;
    return { length: head + bodyBytes, lead, leadLength, escaped: '', body, bodyBytes, kind: KIND.binary };
  }
  const text = typeof body === 'string' ? body : textOf(body);
  const json = JSON.stringify(text);
  const isPlain = json.length === text.length + 2;
  const escaped = isPlain ? '' : json.slice(1, -1);
  const bodyBytes = Buffer.byteLength(text);
  const length = head + Buffer.byteLength(escaped) + bodyBytes;
  return {
    length,
    lead,
    leadLength,
    escaped,
    body: text,
    bodyBytes,
    kind: isPlain ? KIND.plain : KIND.escaped,
  };
}

/** Whether `bytes` is an entry of `count` records that ends where it says: what comes from a store may be damaged. */
export function isEntry(bytes: Uint8Array, count: number): boolean {
  let at = 0;
  for (; count > 0 && at + RECORD_HEAD_BYTES <= bytes.length; count--) {
    const rest = lengthOf(bytes, at) - RECORD_HEAD_BYTES - leadLengthOf(bytes, at) - bodyBytesOf(bytes, at);
    if (rest < 0 || kindOf(bytes, at) > KIND.binary) return false;
    if (kindOf(bytes, at) !== KIND.escaped && rest > 0) return false;
    at += lengthOf(bytes, at);
  }
  return count === 0 && at === bytes.length;
}

/** What the records of an entry from `from` on count for. */
export function meteredOf({ seqNum, bytes, count }: Entry, from: number): number {
  let sum = 0;
  for (let i = 0, at = 0; i < count; i++, at += lengthOf(bytes, at))
    if (seqNum + i >= from) sum += meteredBytesOf(bytes, at);
  return sum;
}

/** The record at `at` as the API describes it. */
export function unpackRecord(
  bytes: Uint8Array,
  at: number,
  place: { seqNum: number; timestamp: number },
  format: 'raw' | 'base64',
): StreamRecord {
  const leadAt = at + RECORD_HEAD_BYTES;
  const lead = textOf(bytes.subarray(leadAt, leadAt + leadLengthOf(bytes, at)));
  const { headers } = JSON.parse(`{${lead.slice(1)}"}`) as { headers: Header[] };
  const end = at + lengthOf(bytes, at);
  const body = Buffer.from(bytes.subarray(end - bodyBytesOf(bytes, at), end));
  const { seqNum, timestamp } = place;
  return {
    seq_num: seqNum,
    timestamp,
    headers,
    body: format === 'raw' ? textOf(body) : body.toString('base64'),
  };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
