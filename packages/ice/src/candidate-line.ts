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

// RFC 8839 §5.1: fields are visible text. A line break in one would be another line of the description.
const CONTROL_CHARACTER = /[\p{Cc}\u2028\u2029]/u;
const FOUNDATION = /^[A-Za-z0-9+/]{1,32}$/;
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_.])?$/;
const CANDIDATE_TYPES: ReadonlySet<string> = new Set(['host', 'srflx', 'prflx', 'relay']);
const TCP_TYPES: ReadonlySet<string> = new Set(['active', 'passive', 'so']);

/**
 * Parses "candidate:..." with or without "a=" before it; `undefined` if it is malformed, or of a transport or
 * type that nobody here could use.
 */
export function parseCandidate(line: string): Candidate | undefined {
  if (line.length > MAX_LINE) return undefined;
  const text = line.trim().replace(/^a=/, '').replaceAll('\t', ' ');
  if (CONTROL_CHARACTER.test(text)) return undefined;
  if (!text.startsWith('candidate:')) return undefined;
  const fields = text.slice('candidate:'.length).trim().split(/ +/);
  const [foundation = '', componentText = '', transportText = '', priorityText = ''] = fields;
  const [, , , , addressText = '', portText = '', typ = '', type = ''] = fields;
  const component = decimal(componentText, 256);
  const priority = decimal(priorityText, 0xffff_ffff);
  const port = decimal(portText, 65_535);
  const address = connectionAddress(addressText);
  // Firefox writes UDP and TCP in capitals.
  const transport = transportText.toLowerCase();
  if (!FOUNDATION.test(foundation) || component === undefined || component === 0) return undefined;
  if (transport !== 'udp' && transport !== 'tcp') return undefined;
  if (priority === undefined || port === undefined || address === undefined) return undefined;
  if (typ !== 'typ' || !CANDIDATE_TYPES.has(type)) return undefined;
  return {
    foundation,
    component,
    transport: transport as CandidateTransport,
    priority,
    address,
    port,
    type: type as CandidateType,
    ...parseExtensions(fields),
  };
}

type Extended = Pick<
  Candidate,
  'relatedAddress' | 'relatedPort' | 'tcpType' | 'usernameFragment' | 'extensions'
>;

// RFC 8839 §5.1: extensions come in pairs and what is unknown MUST be ignored; a last name without value is.
function parseExtensions(fields: readonly string[]): Extended {
  const known: { -readonly [K in keyof Extended]: Extended[K] } = {};
  const extensions: CandidateExtension[] = [];
  for (let i = 8; i + 1 < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (name === 'raddr' && known.relatedAddress === undefined)
      known.relatedAddress = connectionAddress(value);
    else if (name === 'rport' && known.relatedPort === undefined) known.relatedPort = decimal(value, 65_535);
    else if (name === 'tcptype' && TCP_TYPES.has(value)) known.tcpType = value as TcpType;
    else if (name === 'ufrag') known.usernameFragment = value;
    else extensions.push({ name, value });
  }
  for (const name of ['relatedAddress', 'relatedPort'] as const)
    if (known[name] === undefined) delete known[name];
  if (extensions.length > 0) known.extensions = extensions;
  return known;
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
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= most ? value : undefined;
}

function connectionAddress(text: string): string | undefined {
  const address = canonicalAddress(text);
  if (address !== undefined) return address;
  // Four numbers with dots would be a broken IPv4 address, not a name.
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text) ? text : undefined;
}
