// The a= lines of one level, session or media, read one by one. The first of a kind counts.
import { parseBase64 } from './base64.ts';
import {
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_SCTP_PORT,
  MAX_SCTP_INIT_CHARACTERS,
  STRONG_HASHES,
} from './options.ts';
import { isRtpAttribute, isWellFormed } from './rtp/grammar.ts';
import type { Attribute, Direction, Fingerprint, Setup } from './session.ts';

export class AttributeReader {
  mid: string | undefined;
  usernameFragment: string | undefined;
  password: string | undefined;
  iceOptions: readonly string[] | undefined;
  iceLite = false;
  setup: Setup | undefined;
  direction: Direction | undefined;
  bundleOnly = false;
  endOfCandidates = false;
  sctpInit: Uint8Array | undefined;
  readonly bundles: string[][] = [];
  readonly fingerprints: Fingerprint[] = [];
  readonly candidates: string[] = [];
  readonly unknown: Attribute[] = [];
  #sctpPort: number | undefined;
  #mapPort: number | undefined;
  #maxMessageSize: number | undefined;

  get sctpPort(): number {
    return this.#sctpPort ?? this.#mapPort ?? DEFAULT_SCTP_PORT;
  }

  get maxMessageSize(): number {
    return this.#maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE;
  }

  /** Takes what stands behind `a=`. Returns whether it was well-formed. */
  read(line: string): boolean {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line.trim() : line.slice(0, colon);
    const value = colon < 0 ? undefined : line.slice(colon + 1);
    if (name === '') return true; // says nothing
    return this.#take(name, (value ?? '').trim(), line) ?? this.#keep(name, value);
  }

  /** Whether a known attribute was well-formed; `undefined` if it isn't known here. */
  #take(name: string, value: string, line: string): boolean | undefined {
    switch (name) {
      case 'mid':
        this.mid ??= value;
        return /^\S+$/.test(value);
      case 'ice-ufrag':
        this.usernameFragment ??= value;
        return true;
      case 'ice-pwd':
        this.password ??= value;
        return true;
      case 'ice-options':
        // RFC 8839 §5.6 has blanks between the tags; libdatachannel writes commas.
        this.iceOptions ??= value.split(/[\s,]+/).filter((tag) => tag !== '');
        return true;
      case 'ice-lite':
        return (this.iceLite = true);
      case 'bundle-only':
        return (this.bundleOnly = true);
      case 'end-of-candidates':
        return (this.endOfCandidates = true);
      case 'sendrecv':
      case 'sendonly':
      case 'recvonly':
      case 'inactive':
        this.direction ??= name;
        return true;
      case 'candidate':
        this.candidates.push(line.trim());
        return true;
      case 'fingerprint':
        return this.#takeFingerprint(value);
      case 'setup':
        return this.#takeSetup(value);
      case 'sctp-port':
        this.#sctpPort ??= parsePort(value);
        return this.#sctpPort !== undefined;
      case 'max-message-size':
        if (!/^\d+$/.test(value)) return false;
        this.#maxMessageSize ??= Math.min(Number(value), Number.MAX_SAFE_INTEGER);
        return true;
      case 'sctp-init':
        // draft-hancke-tsvwg-snap §3.2: what is no base64 is as if it had not been said.
        if (value.length <= MAX_SCTP_INIT_CHARACTERS) this.sctpInit ??= parseBase64(value);
        return true;
      case 'group':
        return this.#takeGroup(value);
      case 'sctpmap': // the draft that RFC 8841 replaced; kept as well, since it marks the section
        this.#mapPort ??= parsePort(value.split(/\s/, 1)[0] as string);
        return this.#mapPort === undefined ? false : undefined;
      default: // what speaks of RTP is kept as it is; rtp/read.ts has its meaning
        return isRtpAttribute(name) && !isWellFormed(name, value) ? false : undefined;
    }
  }

  #keep(name: string, value: string | undefined): true {
    this.unknown.push({ name, value });
    return true;
  }

  /** RFC 8122 §5. */
  #takeFingerprint(text: string): boolean {
    const [name, hex, ...rest] = text.split(/\s+/);
    if (name === undefined || hex === undefined || rest.length > 0) return false;
    if (!/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*$/.test(hex)) return false;
    const algorithm = name.toLowerCase(); // hash names are matched without case
    const length = Object.hasOwn(STRONG_HASHES, algorithm) ? STRONG_HASHES[algorithm] : undefined;
    if (length !== undefined && hex.length !== length * 3 - 1) return false;
    this.fingerprints.push({ algorithm, value: hex.toUpperCase() });
    return true;
  }

  /** RFC 4145 §4. */
  #takeSetup(value: string): boolean {
    if (value !== 'actpass' && value !== 'active' && value !== 'passive' && value !== 'holdconn')
      return false;
    this.setup ??= value;
    return true;
  }

  /** RFC 9143 §4; other groupings of RFC 5888 are kept as they are. */
  #takeGroup(value: string): boolean | undefined {
    const words = value.split(/\s+/);
    if (words[0] !== 'BUNDLE') return undefined;
    this.bundles.push(words.slice(1));
    return true;
  }
}

/** RFC 8841 §5.2: up to 65535. 0 is left to whoever wants to connect: refused sections have been seen with it. */
function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  return port <= 65_535 ? port : undefined;
}
