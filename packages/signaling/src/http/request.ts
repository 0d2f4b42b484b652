// Reads what a client sent: the JSON body under a cap, the bearer secret, a batch of messages. Nothing here
// trusts its input; what does not fit is a SignalingError with a 4xx status.
import type { IncomingMessage } from 'node:http';
import { SignalingError } from '../errors.ts';

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

export interface Batch {
  /** The number of the first message; the others follow it. */
  readonly first: number;
  readonly messages: ReadonlyArray<{ readonly to: string | undefined; readonly data: string }>;
}

export function parseBatch(body: unknown, maxMessages: number): Batch {
  const { first, messages } = fieldsOf(body);
  if (!Number.isSafeInteger(first) || (first as number) < 1) throw new SignalingError('BAD_REQUEST');
  if (!Array.isArray(messages) || messages.length === 0) throw new SignalingError('BAD_REQUEST');
  if (messages.length > maxMessages) throw new SignalingError('REQUEST_TOO_LARGE');
  return { first: first as number, messages: messages.map(parseMessage) };
}

function parseMessage(message: unknown): { to: string | undefined; data: string } {
  const { to, data } = fieldsOf(message);
  if (data === undefined || (to !== undefined && typeof to !== 'string'))
    throw new SignalingError('BAD_REQUEST');
  try {
    return { to, data: JSON.stringify(data) };
  } catch (cause) {
    throw new SignalingError('BAD_REQUEST', { cause }); // nested deeper than the stack
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new SignalingError('BAD_REQUEST');
  return value as Record<string, unknown>;
}

/** Where to go on reading: the `Last-Event-ID` header, or else `otherwise`. */
export function lastEventId(request: IncomingMessage, otherwise: number): number {
  const header = request.headers['last-event-id'];
  if (header === undefined) return otherwise;
  if (typeof header !== 'string' || !/^\d{1,15}$/.test(header)) throw new SignalingError('BAD_REQUEST');
  return Number(header);
}
