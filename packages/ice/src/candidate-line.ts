// The `candidate` line that descriptions and trickled candidates carry. RFC 8839 §5.1, RFC 6544 §4.5 (tcptype),
// RFC 8838 §13 (ufrag). Lines this grammar knows nothing of are no candidates; extensions it knows nothing of
// are kept. A domain name (mDNS) is kept as text for whoever resolves it.
import { canonicalAddress } from '@millrace/stun';
import type {
  Candidate,
  CandidateExtension,
  CandidateTransport,
  CandidateType,
  TcpType,
} from './candidate.ts';

// No candidate of any peer comes near this; it bounds the number of extensions too.
const MAX_LINE = 1024;

const PREFIX = 'candidate:';
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_.])?$/;
const MAX_FOUNDATION = 32;
const MAX_DIGITS = 10;

const TAB = 0x09;
const SPACE = 0x20;
const DIGIT_0 = 0x30;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Parses "candidate:..." with or without "a=" before it; `undefined` if it is malformed, or of a transport or
 * type that nobody here could use.
 */
export function parseCandidate(line: string): Candidate | undefined {
  if (line.length > MAX_LINE) return undefined;
  const text = line.trim();
  const at = text.startsWith('a=') ? 2 : 0;
  if (!text.startsWith(PREFIX, at)) return undefined;
  const fields = splitFields(text, at + PREFIX.length);
  if (fields === undefined || fields.length < 8) return undefined;
  const foundation = fields[0]!;
  const component = decimal(fields[1]!, 256);
  const transport = transportOf(fields[2]!);
  const priority = decimal(fields[3]!, 0xffff_ffff);
  const port = decimal(fields[5]!, 65_535);
  const type = fields[7]!;
  if (!isFoundation(foundation) || component === undefined || component === 0) return undefined;
  if (transport === undefined || priority === undefined || port === undefined) return undefined;
  if (fields[6] !== 'typ' || !isCandidateType(type)) return undefined;
  const address = connectionAddress(fields[4]!);
  if (address === undefined) return undefined;
  const candidate = { foundation, component, transport, priority, address, port, type };
  addExtensions(candidate, fields);
  return candidate;
}

/**
 * What stands between blanks. RFC 8839 §5.1: fields are visible text, and a line break in one would be another line
 * of the description; `undefined` if there is any control character.
 */
function splitFields(text: string, at: number): string[] | undefined {
  const fields: string[] = [];
  let from = at;
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === SPACE || code === TAB) {
      if (i > from) fields.push(text.slice(from, i));
      from = i + 1;
    } else if (code < SPACE || (code >= 0x7f && isControl(code))) {
      return undefined;
    }
  }
  if (text.length > from) fields.push(text.slice(from));
  return fields;
}

/** Of characters beyond ASCII, and DEL: whether one is a control character or breaks lines. */
function isControl(code: number): boolean {
  return code <= 0x9f || code === 0x2028 || code === 0x2029;
}

// RFC 8839 §5.1: extensions come in pairs and what is unknown MUST be ignored; a last name without value is.
function addExtensions(candidate: Mutable<Candidate>, fields: readonly string[]): void {
  let relatedAddress: string | undefined;
  let relatedPort: number | undefined;
  let extensions: CandidateExtension[] | undefined;
  for (let i = 8; i + 1 < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (name === 'raddr' && relatedAddress === undefined) relatedAddress = connectionAddress(value);
    else if (name === 'rport' && relatedPort === undefined) relatedPort = decimal(value, 65_535);
    else if (name === 'tcptype' && isTcpType(value)) candidate.tcpType = value;
    else if (name === 'ufrag') candidate.usernameFragment = value;
    else if (extensions === undefined) extensions = [{ name, value }];
    else extensions.push({ name, value });
  }
  if (relatedAddress !== undefined) candidate.relatedAddress = relatedAddress;
  if (relatedPort !== undefined) candidate.relatedPort = relatedPort;
  if (extensions !== undefined) candidate.extensions = extensions;
}

/** The line without "a=": what `RTCIceCandidate.candidate` and, behind "a=", a description hold. */
export function formatCandidate(candidate: Candidate): string {
  const { foundation, component, transport, priority, address, port, type } = candidate;
  const fields: Array<string | number> = [
    foundation,
    component,
    transport,
    priority,
    address,
    port,
    'typ',
    type,
  ];
  if (candidate.relatedAddress !== undefined) fields.push('raddr', candidate.relatedAddress);
  if (candidate.relatedPort !== undefined) fields.push('rport', candidate.relatedPort);
  if (candidate.tcpType !== undefined) fields.push('tcptype', candidate.tcpType);
  for (const { name, value } of candidate.extensions ?? []) fields.push(name, value);
  if (candidate.usernameFragment !== undefined) fields.push('ufrag', candidate.usernameFragment);
  return `candidate:${fields.join(' ')}`;
}

function decimal(text: string, most: number): number | undefined {
  if (text.length === 0 || text.length > MAX_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= most ? value : undefined;
}

/** RFC 8839 §5.1: 1 to 32 letters, digits, "+" and "/". */
function isFoundation(text: string): boolean {
  if (text.length === 0 || text.length > MAX_FOUNDATION) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isDigit = code >= DIGIT_0 && code <= 0x39;
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
    if (!isDigit && !isLetter && code !== 0x2b && code !== 0x2f) return false;
  }
  return true;
}

/** Firefox writes UDP and TCP in capitals. */
function transportOf(text: string): CandidateTransport | undefined {
  if (text === 'udp' || text === 'tcp') return text;
  const lower = text.toLowerCase();
  return lower === 'udp' || lower === 'tcp' ? lower : undefined;
}

function isCandidateType(text: string): text is CandidateType {
  return text === 'host' || text === 'srflx' || text === 'prflx' || text === 'relay';
}

function isTcpType(text: string): text is TcpType {
  return text === 'active' || text === 'passive' || text === 'so';
}

function connectionAddress(text: string): string | undefined {
  const address = canonicalAddress(text);
  if (address !== undefined) return address;
  // Four numbers with dots would be a broken IPv4 address, not a name.
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text) ? text : undefined;
}
