// IPv4 and IPv6 addresses between text and bytes, with one text for each address (RFC 5952).
// RFC 4291 §2.2 (reading), RFC 5952 §4 and §5 (writing). Zone ids (RFC 4007 §11) are read and left out: what
// they tell, the socket tells too.

/** An address and port on some datagram transport. `address` is canonical text: see `canonicalAddress`. */
export interface TransportAddress {
  readonly address: string;
  readonly port: number;
}

/** Parses IPv4 or IPv6 text to its 4 or 16 bytes; `undefined` if it is neither. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length > MAX_TEXT) return undefined;
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The canonical text of 4 or 16 bytes at `at`. */
export function formatAddress(bytes: Uint8Array, at: number, length: 4 | 16): string {
  if (length === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[at + i]! << 8) | bytes[at + i + 1]!);
  // RFC 5952 §5: an IPv4-mapped address shows its IPv4 part in dotted form.
  if (groups[5] === 0xffff && groups.every((group, i) => i >= 5 || group === 0))
    return `::ffff:${formatAddress(bytes, at + 12, 4)}`;
  return formatGroups(groups);
}

/** The one text that stands for this address (RFC 5952), without zone id; `undefined` if it is no IP address. */
export function canonicalAddress(text: string): string | undefined {
  // Nothing about an IPv4 address can be written in two ways.
  if (!text.includes(':')) return readIpv4(text) < 0 ? undefined : text;
  const bytes = parseAddress(text);
  return bytes && formatAddress(bytes, 0, 16);
}

/** Whether canonical text is an IPv6 address. */
export function isIpv6(address: string): boolean {
  return address.includes(':');
}

// Longest address text, "ffff:...:255.255.255.255", and a zone id as long as an interface name.
const MAX_TEXT = 45 + 1 + 64;
const MIN_IPV4_TEXT = 7;
const MAX_IPV4_TEXT = 15;
const DOT = 0x2e;
const DIGIT_0 = 0x30;

function parseIpv4(text: string): Uint8Array | undefined {
  const value = readIpv4(text);
  if (value < 0) return undefined;
  return Uint8Array.of(value / 2 ** 24, value >>> 16, value >>> 8, value);
}

/** The address as a number below 2^32, or -1: four numbers up to 255 with dots between them. */
function readIpv4(text: string): number {
  if (text.length < MIN_IPV4_TEXT || text.length > MAX_IPV4_TEXT) return -1;
  let address = 0;
  let parts = 0;
  let part = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (part < 0) return -1;
      address = address * 256 + part;
      parts++;
      part = -1;
      continue;
    }
    const digit = code - DIGIT_0;
    // A leading zero is octal to some readers: refused, as inet_pton does.
    if (digit < 0 || digit > 9 || part === 0) return -1;
    part = part < 0 ? digit : part * 10 + digit;
    if (part > 255) return -1;
  }
  return parts === 4 ? address : -1;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const zone = text.indexOf('%');
  if (zone === text.length - 1) return undefined;
  if (zone >= 0) text = text.slice(0, zone);
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // RFC 4291 §2.2: "::" stands for at least one group.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of colon-separated groups; the last may be an IPv4 address if `last` says that nothing follows. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (last && i === groups.length - 1 && group.includes('.')) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

function formatGroups(groups: readonly number[]): string {
  // RFC 5952 §4.2: the longest run of two or more zero groups is shortened, the first of equals.
  let longest = -1;
  let longestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > longestLength) {
      longest = i;
      longestLength = length;
    }
    if (length > 0) i += length;
  }
  // RFC 5952 §4.1 and §4.3: no leading zeros, lower case.
  const hex = groups.map((group) => group.toString(16));
  if (longest < 0) return hex.join(':');
  return `${hex.slice(0, longest).join(':')}::${hex.slice(longest + longestLength).join(':')}`;
}
