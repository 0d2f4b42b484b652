// Every limit and default of the package.

/** Longest description read, in UTF-16 units. Offers with hundreds of candidates stay far below. */
export const MAX_SDP_CHARACTERS = 262_144;
/** Most lines read. */
export const MAX_SDP_LINES = 8_192;
/** Most m= sections read. */
export const MAX_MEDIA_SECTIONS = 256;

export const DEFAULT_SCTP_PORT = 5000; // RFC 8841 names no default; every WebRTC peer uses this one
export const DEFAULT_MAX_MESSAGE_SIZE = 65_536; // RFC 8841 §6.1

/** Longest `a=sctp-init` read, in characters: a chunk of 1,024 bytes. Browsers write 40. */
export const MAX_SCTP_INIT_CHARACTERS = 1_368;

/** RFC 8445 §10: an agent of that specification says ice2. RFC 8838 §4: trickle. */
export const ICE_OPTIONS: readonly string[] = ['ice2', 'trickle'];

export const MIN_USERNAME_FRAGMENT = 4; // RFC 8839 §5.4
export const MIN_PASSWORD = 22;
export const MAX_ICE_CREDENTIAL = 256;

/** RFC 8122 §5 hash functions taken as identity, with the length of a value in bytes. */
export const STRONG_HASHES: Readonly<Record<string, number>> = {
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
};
/** Most candidates that a section takes by `addCandidate`. */
export const MAX_CANDIDATES = 1_024;

/** RFC 3550 §5.1: 7 bits. */
export const MAX_PAYLOAD_TYPE = 127;
/** RFC 8285 §4.3. */
export const MAX_HEADER_EXTENSION_ID = 255;
/** Most header extensions read of a section. Browsers offer about fifteen. */
export const MAX_HEADER_EXTENSIONS = 64;
/** Most sources, and groups of sources, read of a section. */
export const MAX_SOURCES = 64;
/** Most `a=rid` lines read of a section, and layers of its simulcast. */
export const MAX_RIDS = 16;
