// `key_share` and `cookie` in their forms. RFC 8446 §4.2.8, §4.2.2.
import { Reader } from '../presentation/reader.ts';
import { Writer } from '../presentation/writer.ts';

export interface KeyShareEntry {
  readonly group: number;
  readonly keyExchange: Uint8Array;
}

/** Of a ClientHello; may be empty. */
export function parseKeyShares(data: Uint8Array): KeyShareEntry[] | undefined {
  const reader = new Reader(data);
  const list = new Reader(reader.vector16());
  const entries: KeyShareEntry[] = [];
  while (list.hasMore) entries.push({ group: list.u16(), keyExchange: list.vector16(1) });
  return reader.isDone && list.isDone ? entries : undefined;
}

export function keySharesExtension(entries: readonly KeyShareEntry[]): Uint8Array {
  const list = new Writer();
  for (const { group, keyExchange } of entries) list.u16(group).vector16(keyExchange);
  return new Writer().vector16(list.finish()).finish();
}

/** Of a ServerHello. */
export function parseKeyShare(data: Uint8Array): KeyShareEntry | undefined {
  const reader = new Reader(data);
  const entry = { group: reader.u16(), keyExchange: reader.vector16(1) };
  return reader.isDone ? entry : undefined;
}

export function keyShareExtension({ group, keyExchange }: KeyShareEntry): Uint8Array {
  return new Writer().u16(group).vector16(keyExchange).finish();
}

/** Of a HelloRetryRequest. */
export function parseSelectedGroup(data: Uint8Array): number | undefined {
  const reader = new Reader(data);
  const group = reader.u16();
  return reader.isDone ? group : undefined;
}

export function selectedGroupExtension(group: number): Uint8Array {
  return new Writer().u16(group).finish();
}

export function parseCookie(data: Uint8Array): Uint8Array | undefined {
  const reader = new Reader(data);
  const cookie = reader.vector16(1);
  return reader.isDone ? cookie : undefined;
}

export function cookieExtension(cookie: Uint8Array): Uint8Array {
  return new Writer().vector16(cookie).finish();
}
