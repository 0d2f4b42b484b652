// Multicast DNS as far as hidden names need it: the questions of a query, and the answer to one, written and read. RFC 6762
// §18, RFC 1035 §4.1 (names, compression), RFC 4034 §4.1 (NSEC). Whatever is wrong with a packet, reading it ends there.
import { putU16, putU32, u16 } from '@millrace/sans-io';
import { formatAddress } from '@millrace/stun';

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
const TYPE_NSEC = 47;
const TYPE_ANY = 255;
const CLASS_IN = 1;
/** RFC 6762 §5.4 in questions: a unicast answer will do. §10.2 in answers: forget what you knew of this name. */
const TOP_BIT = 0x8000;
const HEADER_BYTES = 12;
const RESPONSE_FLAGS = 0x8400; // RFC 6762 §18: an authoritative answer
const QUERY_MASK = 0xf800; // QR and opcode
const RESPONSE = 0x8000;

/** RFC 1035 §3.1. */
const MAX_NAME_BYTES = 255;
const MAX_POINTERS = 8;
/** Something random, and `local`. */
const HIDDEN_NAME_LABELS = 2;
/** Questions looked at in one packet: nobody who means well asks for more. */
export const MAX_QUESTIONS_PER_PACKET = 32;

/** Records looked at in one packet: responders may put others beside the one that was asked for. */
export const MAX_RECORDS_PER_PACKET = 64;
const RECORD_BYTES = 10; // type, class, lifetime and length, behind the name

export interface MdnsQuestion {
  /** In small letters, without the last dot. */
  readonly name: string;
  readonly type: number;
  readonly wantsUnicast: boolean;
}

/** The questions of a query that a name of ours could answer; none if it is no query or malformed from the start. */
export function parseQuestions(bytes: Uint8Array): MdnsQuestion[] {
  const questions: MdnsQuestion[] = [];
  if (bytes.length < HEADER_BYTES || (u16(bytes, 2) & QUERY_MASK) !== 0) return questions;
  const count = Math.min(u16(bytes, 4), MAX_QUESTIONS_PER_PACKET);
  for (let i = 0, at = HEADER_BYTES; i < count; i++) {
    const end = nameEnd(bytes, at);
    if (end < 0 || end + 4 > bytes.length) break;
    const type = u16(bytes, end);
    const kind = u16(bytes, end + 2);
    if ((type === TYPE_A || type === TYPE_AAAA || type === TYPE_ANY) && (kind & ~TOP_BIT) === CLASS_IN) {
      const name = nameAt(bytes, at);
      if (name !== undefined) questions.push({ name, type, wantsUnicast: (kind & TOP_BIT) !== 0 });
    }
    at = end + 4;
  }
  return questions;
}

export interface MdnsAddress {
  /** In small letters, without the last dot. */
  readonly name: string;
  /** Canonical text. */
  readonly address: string;
}

/** The addresses in a response, of whatever name; none if it is no response or malformed from the start. */
export function parseAddresses(bytes: Uint8Array): MdnsAddress[] {
  const addresses: MdnsAddress[] = [];
  if (bytes.length < HEADER_BYTES || (u16(bytes, 2) & QUERY_MASK) !== RESPONSE) return addresses;
  let at = HEADER_BYTES;
  // RFC 6762 §6: responses have no questions; those of old resolvers have theirs back.
  const questions = u16(bytes, 4);
  for (let i = 0; i < questions; i++) {
    if (i === MAX_QUESTIONS_PER_PACKET) return addresses;
    at = nameEnd(bytes, at) + 4;
    if (at < HEADER_BYTES) return addresses;
  }
  const count = Math.min(u16(bytes, 6) + u16(bytes, 8) + u16(bytes, 10), MAX_RECORDS_PER_PACKET);
  for (let i = 0; i < count; i++) {
    const end = nameEnd(bytes, at);
    if (end < 0 || end + RECORD_BYTES > bytes.length) break;
    const type = u16(bytes, end);
    const length = u16(bytes, end + 8);
    const data = end + RECORD_BYTES;
    if (data + length > bytes.length) break;
    if ((u16(bytes, end + 2) & ~TOP_BIT) === CLASS_IN && length === addressBytes(type)) {
      const name = nameAt(bytes, at);
      if (name !== undefined) addresses.push({ name, address: formatAddress(bytes, data, length) });
    }
    at = data + length;
  }
  return addresses;
}

function addressBytes(type: number): 4 | 16 | undefined {
  if (type === TYPE_A) return 4;
  return type === TYPE_AAAA ? 16 : undefined;
}

/** Where what follows the name at `at` begins; -1 if the name is cut off or malformed. */
function nameEnd(bytes: Uint8Array, at: number): number {
  for (const from = at; at < bytes.length && at - from <= MAX_NAME_BYTES; ) {
    const length = bytes[at]!;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : -1;
    if (length >= 0x40) return -1;
    at += 1 + length;
  }
  return -1;
}

/** RFC 1035 §4.1.4: a pointer leads back; so many of them at most. `undefined` also for names that are no hidden ones. */
function nameAt(bytes: Uint8Array, at: number): string | undefined {
  let text = '';
  let pointers = 0;
  let labels = 0;
  while (at < bytes.length) {
    const length = bytes[at]!;
    if (length === 0) return text.toLowerCase();
    if (length >= 0xc0) {
      const to = u16(bytes, at) & 0x3fff;
      if (at + 2 > bytes.length || to >= at || ++pointers > MAX_POINTERS) return undefined;
      at = to;
      continue;
    }
    const end = at + 1 + length;
    if (length >= 0x40 || end > bytes.length || ++labels > HIDDEN_NAME_LABELS) return undefined;
    if (text !== '') text += '.';
    for (at++; at < end; at++) text += String.fromCharCode(bytes[at]!);
  }
  return undefined;
}

export interface MdnsAnswer {
  readonly name: string;
  /** Four bytes or sixteen. */
  readonly address: Uint8Array;
  /** Seconds; 0: the name is given up (RFC 6762 §10.1). */
  readonly lifetime: number;
  /** RFC 6762 §6.7: to a resolver that knows nothing of multicast; it has its id and its question back. */
  readonly legacy?: { readonly id: number; readonly type: number } | undefined;
}

/**
 * The address record, and RFC 6762 §6.1's statement that there is no other, without which a resolver waits for the
 * address of the other family.
 */
export function writeAnswer({ name, address, lifetime, legacy }: MdnsAnswer): Uint8Array {
  const labels = name.split('.');
  const nameBytes = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  const type = address.length === 4 ? TYPE_A : TYPE_AAAA;
  const out = new Uint8Array(HEADER_BYTES + nameBytes + 100);
  putU16(out, 0, legacy?.id ?? 0);
  putU16(out, 2, RESPONSE_FLAGS);
  putU16(out, 4, legacy ? 1 : 0);
  putU16(out, 6, 1);
  putU16(out, 10, lifetime > 0 ? 1 : 0);
  let at = writeName(out, HEADER_BYTES, labels);
  if (legacy) {
    putU16(out, at, legacy.type);
    putU16(out, at + 2, CLASS_IN);
    at = writePointer(out, at + 4);
  }
  const kind = legacy ? CLASS_IN : CLASS_IN | TOP_BIT;
  at = writeRecord(out, at, type, kind, lifetime, address.length);
  out.set(address, at);
  at += address.length;
  if (lifetime > 0) {
    // A map of the types there are: bit n, counted from the top, is type n.
    const map = type === TYPE_A ? [0x40] : [0, 0, 0, 0x08];
    at = writeRecord(out, writePointer(out, at), TYPE_NSEC, kind, lifetime, 2 + 2 + map.length);
    at = writePointer(out, at);
    out.set([0, map.length, ...map], at);
    at += 2 + map.length;
  }
  return out.slice(0, at);
}

function writeName(out: Uint8Array, at: number, labels: readonly string[]): number {
  for (const label of labels) {
    out[at++] = label.length;
    for (let i = 0; i < label.length; i++) out[at++] = label.charCodeAt(i);
  }
  out[at++] = 0;
  return at;
}

/** To the first name of the packet. */
function writePointer(out: Uint8Array, at: number): number {
  putU16(out, at, 0xc000 | HEADER_BYTES);
  return at + 2;
}

function writeRecord(
  out: Uint8Array,
  at: number,
  type: number,
  kind: number,
  lifetime: number,
  length: number,
): number {
  putU16(out, at, type);
  putU16(out, at + 2, kind);
  putU32(out, at + 4, lifetime);
  putU16(out, at + 8, length);
  return at + 10;
}
