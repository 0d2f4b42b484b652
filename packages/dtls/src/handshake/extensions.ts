// The hello extensions that are used, and the list they stand in. RFC 5246 §7.4.1.4; all others are kept as they
// came and have no effect, as the RFC demands (GREASE of RFC 8701 among them).
import { Reader } from '../presentation/reader.ts';
import { Writer } from '../presentation/writer.ts';

export const EXTENSION = {
  supportedGroups: 10, // RFC 8422 §5.1.1
  ecPointFormats: 11, // RFC 8422 §5.1.2
  signatureAlgorithms: 13, // RFC 5246 §7.4.1.4.1
  useSrtp: 14, // RFC 5764 §4.1.1
  extendedMasterSecret: 23, // RFC 7627 §5.1
  preSharedKey: 41, // RFC 8446 §4.2.11
  supportedVersions: 43, // RFC 8446 §4.2.1
  cookie: 44, // RFC 8446 §4.2.2
  pskKeyExchangeModes: 45, // RFC 8446 §4.2.9
  keyShare: 51, // RFC 8446 §4.2.8
  renegotiationInfo: 0xff01, // RFC 5746 §3.2
} as const;

/** Extension data by type, in the order of the list. */
export type Extensions = ReadonlyMap<number, Uint8Array>;

export interface UseSrtp {
  readonly profiles: readonly number[];
  readonly mki: Uint8Array;
}

const UNCOMPRESSED = 0;
const NOTHING = new Uint8Array(0);

/** The rest of a hello: nothing at all, or one list. `undefined` if it is malformed. */
export function parseExtensions(reader: Reader): Extensions | undefined {
  // RFC 5246 §7.4.1.4: the list may be left out altogether.
  if (!reader.hasMore) return reader.failed ? undefined : new Map();
  const extensions = parseExtensionList(reader);
  return reader.isDone ? extensions : undefined;
}

/** One list, with its length in front. */
export function parseExtensionList(reader: Reader): Extensions | undefined {
  const extensions = new Map<number, Uint8Array>();
  const list = new Reader(reader.vector16());
  while (list.hasMore) {
    const type = list.u16();
    const data = list.vector16();
    // RFC 5246 §7.4.1.4, RFC 8446 §4.2: there MUST NOT be two extensions of one type.
    if (extensions.has(type)) return undefined;
    extensions.set(type, data);
  }
  return list.isDone && !reader.failed ? extensions : undefined;
}

export function writeExtensions(writer: Writer, extensions: Extensions): void {
  const list = new Writer();
  for (const [type, data] of extensions) list.u16(type).vector16(data);
  writer.vector16(list.finish());
}

/** `supported_groups` and `signature_algorithms` have the same form. */
export function parseNumbers(data: Uint8Array): number[] | undefined {
  const reader = new Reader(data);
  const numbers = reader.numbers16();
  return reader.isDone ? numbers : undefined;
}

export function numbersExtension(numbers: readonly number[]): Uint8Array {
  return new Writer().numbers16(numbers).finish();
}

export function pointFormatsExtension(): Uint8Array {
  return new Writer().numbers8([UNCOMPRESSED]).finish();
}

/** RFC 8422 §5.1.2: the uncompressed format must be among those listed. */
export function hasUncompressedFormat(data: Uint8Array): boolean {
  const reader = new Reader(data);
  const formats = reader.vector8(1);
  return reader.isDone && formats.includes(UNCOMPRESSED);
}

export function parseUseSrtp(data: Uint8Array): UseSrtp | undefined {
  const reader = new Reader(data);
  const profiles = reader.numbers16();
  const mki = reader.vector8();
  return reader.isDone ? { profiles, mki } : undefined;
}

/** RFC 5764 §4.1.1: exactly one profile, of those offered, and no MKI where none was offered. */
export function isSrtpAnswer(data: Uint8Array, offered: readonly number[]): boolean {
  const answer = parseUseSrtp(data);
  return answer?.profiles.length === 1 && offered.includes(answer.profiles[0]!) && answer.mki.length === 0;
}

export function useSrtpExtension(profiles: readonly number[]): Uint8Array {
  return new Writer().numbers16(profiles).vector8(NOTHING).finish();
}

/** RFC 5746 §3.4, §3.6: in a first handshake the field is empty. */
export function firstRenegotiationInfo(): Uint8Array {
  return new Writer().vector8(NOTHING).finish();
}

export function isFirstRenegotiationInfo(data: Uint8Array): boolean {
  return data.length === 1 && data[0] === 0;
}
