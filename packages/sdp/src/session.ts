// A session description as plain data: what RFC 8866 text says about transports and data channels, with the fallbacks
// of session level (RFC 8839, 8122) and of BUNDLE (RFC 9143) already applied. Codecs and RTP are kept as attributes;
// rtp/read.ts understands them.

export type Setup = 'actpass' | 'active' | 'passive' | 'holdconn';
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type DtlsRole = 'client' | 'server';

/** The o= line. Both numbers may need 64 bits, so they stay text. */
export interface Origin {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
  readonly address: string;
}

export interface IceCredentials {
  readonly usernameFragment: string;
  readonly password: string;
}

export interface Fingerprint {
  /** Lower case, such as `sha-256`. */
  readonly algorithm: string;
  /** Upper-case hexadecimal pairs with colons. */
  readonly value: string;
}

/** An `a=` line; `value` is `undefined` for a flag such as `a=rtcp-mux`. */
export interface Attribute {
  readonly name: string;
  readonly value: string | undefined;
}

export interface MediaSection {
  /** `application`, `audio`, `video` or whatever else stands behind `m=`. */
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** The address of the c= line, of the section or else of the session. */
  readonly address: string;
  readonly mid: string | undefined;
  /** Port 0 without a=bundle-only: the section is not in use. */
  readonly rejected: boolean;
  readonly bundleOnly: boolean;
  readonly direction: Direction;
  readonly ice: IceCredentials | undefined;
  readonly iceOptions: readonly string[];
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: Setup | undefined;
  /** 5000 when no line says so. */
  readonly sctpPort: number;
  /** Bytes; 0 is "any size"; 65536 when no line says so. */
  readonly maxMessageSize: number;
  /**
   * The SCTP INIT chunk of the section's side (draft-hancke-tsvwg-snap), as SCTP writes it; whether it is one is for SCTP
   * to tell. `undefined` when no line has one, or when its text is no base64.
   */
  readonly sctpInit: Uint8Array | undefined;
  /** Each without `a=`: `candidate:...`. */
  readonly candidates: readonly string[];
  readonly endOfCandidates: boolean;
  /** What else was said about the section, in order. */
  readonly attributes: readonly Attribute[];
}

export interface SessionDescription {
  readonly origin: Origin;
  readonly iceLite: boolean;
  /** The mids of each BUNDLE group; the first of a group is its tag. */
  readonly bundles: ReadonlyArray<readonly string[]>;
  readonly media: readonly MediaSection[];
  /** Session-level attributes that nothing above stands for, in order. */
  readonly attributes: readonly Attribute[];
}

/** RFC 8841 §5: whether the section is one of WebRTC data channels over SCTP over DTLS. */
export function isDataSection(section: MediaSection): boolean {
  if (section.kind !== 'application' || !section.protocol.endsWith('DTLS/SCTP')) return false;
  if (section.formats.includes('webrtc-datachannel')) return true;
  return section.attributes.some((a) => a.name === 'sctpmap' && a.value?.includes('webrtc-datachannel'));
}

/** The section that carries the data channels: the first of its kind that is not rejected. */
export function dataSection(description: SessionDescription): MediaSection | undefined {
  return description.media.find((section) => !section.rejected && isDataSection(section));
}
