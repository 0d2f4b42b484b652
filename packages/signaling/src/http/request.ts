// Reads what a client sent: the JSON body under a cap, the bearer token, records to append, what to read. Nothing here
// trusts its input; what does not fit is a SignalingError with a 4xx status.
import type { IncomingMessage } from 'node:http';
import { SignalingError } from '../errors.ts';
import type { SignalingLimits } from '../options.ts';
import type { BodyFormat, Header, NewRecord } from '../records/record.ts';
import { RESERVED_HEADERS } from '../rooms.ts';

/** The secret of an `Authorization: Bearer` header; empty if there is none. */
export function bearer(request: IncomingMessage): string {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes)
    throw new SignalingError('REQUEST_TOO_LARGE');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new SignalingError('REQUEST_TOO_LARGE');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new SignalingError('BAD_REQUEST', { cause });
  }
}

export interface AppendRequest {
  readonly records: readonly NewRecord[];
  readonly seqNum: number | undefined;
  readonly first: number | undefined;
}

/** `{ records: [RECORD, ...] }` or one record, with `match_seq_num`, `first` and `format` beside them if wanted. */
export function parseAppend(body: unknown, limits: SignalingLimits): AppendRequest {
  const { records, match_seq_num: seqNum, first, format, ...rest } = fieldsOf(body);
  if (records !== undefined && !Array.isArray(records)) throw new SignalingError('BAD_REQUEST');
  const all = (records as unknown[] | undefined) ?? [rest];
  if (all.length === 0) throw new SignalingError('BAD_REQUEST');
  if (all.length > limits.appendRecords) throw new SignalingError('REQUEST_TOO_LARGE');
  const bodies = formatOf(format);
  return {
    records: all.map((record) => parseRecord(record, bodies, limits)),
    seqNum: seqNum === undefined ? undefined : wholeNumber(seqNum, 0),
    first: first === undefined ? undefined : wholeNumber(first, 1),
  };
}

function parseRecord(record: unknown, format: BodyFormat, limits: SignalingLimits): NewRecord {
  const { headers = [], body = '' } = fieldsOf(record);
  if (!Array.isArray(headers) || typeof body !== 'string') throw new SignalingError('BAD_REQUEST');
  if (headers.length > limits.recordHeaders) throw new SignalingError('MESSAGE_TOO_LARGE');
  const parsed = { headers: headers.map(parseHeader), body: format === 'raw' ? textOf(body) : bytesOf(body) };
  const bytes = Buffer.byteLength(parsed.body) + Buffer.byteLength(JSON.stringify(parsed.headers));
  if (bytes > limits.recordBytes) throw new SignalingError('MESSAGE_TOO_LARGE');
  return parsed;
}

function parseHeader(header: unknown): Header {
  if (!Array.isArray(header) || header.length !== 2) throw new SignalingError('BAD_REQUEST');
  const [name, value] = header as unknown[];
  if (typeof name !== 'string' || typeof value !== 'string' || name === '')
    throw new SignalingError('BAD_REQUEST');
  if (RESERVED_HEADERS.includes(name)) throw new SignalingError('BAD_REQUEST'); // only the server says who wrote
  return [textOf(name), textOf(value)];
}

/** Half a surrogate pair can't be written as UTF-8. */
function textOf(text: string): string {
  if (!text.isWellFormed()) throw new SignalingError('BAD_REQUEST');
  return text;
}

function bytesOf(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) throw new SignalingError('BAD_REQUEST'); // Node reads nearly anything
  return bytes;
}

function formatOf(format: unknown): BodyFormat {
  if (format === undefined || format === null) return 'raw';
  if (format !== 'raw' && format !== 'base64') throw new SignalingError('BAD_REQUEST');
  return format;
}

function wholeNumber(value: unknown, least: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw new SignalingError('BAD_REQUEST');
  return value as number;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SignalingError('BAD_REQUEST');
  return value as Record<string, unknown>;
}

export interface ReadRequest {
  /** `undefined`: the end of the stream. */
  readonly from: number | undefined;
  readonly count: number;
  readonly bytes: number;
  readonly format: BodyFormat;
}

/** `?seq_num=&count=&bytes=&format=`; `Last-Event-ID` goes before `seq_num`. */
export function parseRead(request: IncomingMessage): ReadRequest {
  const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    if (!/^\d{1,15}$/.test(text) || Number(text) < least) throw new SignalingError('BAD_REQUEST');
    return Number(text);
  };
  const last = request.headers['last-event-id'];
  if (last !== undefined && (typeof last !== 'string' || !/^\d{1,15}$/.test(last)))
    throw new SignalingError('BAD_REQUEST');
  return {
    from: last === undefined ? number('seq_num', 0) : Number(last) + 1,
    count: number('count', 1) ?? Number.POSITIVE_INFINITY,
    bytes: number('bytes', 1) ?? Number.POSITIVE_INFINITY,
    format: formatOf(query.get('format')),
  };
}

/** Whether the answer is to be an event stream. */
export function wantsEvents(request: IncomingMessage): boolean {
  return /(?:^|,)\s*text\/event-stream\b/i.test(request.headers.accept ?? '');
}
