// `supported_versions`, and what a peer that speaks both versions does against being talked down to 1.2. RFC 8446 §4.2.1,
// §4.1.3; RFC 9147 §5.3.
import { Reader } from '../presentation/reader.ts';
import { Writer } from '../presentation/writer.ts';
import { RANDOM_BYTES } from './messages/client-hello.ts';

/** Of a ClientHello. */
export function parseSupportedVersions(data: Uint8Array): number[] | undefined {
  const reader = new Reader(data);
  const list = new Reader(reader.vector8(2));
  const versions: number[] = [];
  while (list.hasMore) versions.push(list.u16());
  return reader.isDone && list.isDone ? versions : undefined;
}

export function supportedVersionsExtension(versions: readonly number[]): Uint8Array {
  const list = new Writer();
  for (const version of versions) list.u16(version);
  return new Writer().vector8(list.finish()).finish();
}

/** Of a ServerHello. */
export function parseSelectedVersion(data: Uint8Array): number | undefined {
  const reader = new Reader(data);
  const version = reader.u16();
  return reader.isDone ? version : undefined;
}

export function selectedVersionExtension(version: number): Uint8Array {
  return new Writer().u16(version).finish();
}

/** RFC 8446 §4.1.3: "DOWNGRD" and 1 for 1.2 or 0 for what is older, in the last 8 bytes of the server's random. */
const SENTINEL = Uint8Array.of(0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01);
const SENTINEL_AT: number = RANDOM_BYTES - SENTINEL.length;

// RFC 8446 §4.1.3: a server that could have spoken 1.3 and is made to speak 1.2 MUST say so in its random.
export function markDowngrade(random: Uint8Array): void {
  random.set(SENTINEL, SENTINEL_AT);
}

/** Whether the server of this random speaks 1.3 (or takes us for older than 1.2) while it answers with 1.2. */
export function isDowngradeMarked(random: Uint8Array): boolean {
  for (let i = 0; i < SENTINEL.length - 1; i++) if (random[SENTINEL_AT + i] !== SENTINEL[i]) return false;
  return random[RANDOM_BYTES - 1]! <= 1;
}
