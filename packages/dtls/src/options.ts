// Every tunable of a connection with its default and unit, and the checks a caller's values must pass.
import type { Millis, RandomSource } from '@millrace/sans-io';
import { CIPHER_SUITES } from './cipher-suites.ts';
import { CIPHER_SUITES_13 } from './cipher-suites-13.ts';
import type { DtlsCertificate, DtlsCrypto } from './crypto.ts';
import { DtlsError } from './errors.ts';
import { GROUPS } from './groups.ts';
import { type Fingerprint, FingerprintSet } from './identity.ts';
import { KEY_EXCHANGES } from './key-exchange.ts';
import { DTLS_1_2, DTLS_1_3 } from './record/header.ts';
import type { SessionCache } from './session-cache.ts';
import { isKnownSrtpProfile } from './srtp.ts';

export type DtlsVersion = '1.2' | '1.3';

export interface HelloVerifyOptions {
  /** Key of the stateless cookies, 16 bytes or more; may be shared by all servers of one process. */
  readonly secret: Uint8Array;
  /** The transport address of the client, in any form that is the same for the same address. */
  readonly clientAddress: Uint8Array;
}

export interface DtlsOptions {
  readonly role: 'client' | 'server';
  readonly certificate: DtlsCertificate;
  /** Others by preference, for peers that cannot check `certificate`. All are named in signalling. Default: none. */
  readonly otherCertificates?: readonly DtlsCertificate[] | undefined;
  readonly crypto: DtlsCrypto;
  readonly random: RandomSource;
  /**
   * `a=fingerprint` of the peer; RFC 8122 §5. At least one must be of an accepted hash. `any` takes every certificate:
   * for applications that verify it themselves, before they trust a byte of what comes.
   */
  readonly remoteFingerprints: readonly Fingerprint[] | 'any';

  /** The oldest version spoken. Default: 1.2. */
  readonly minVersion?: DtlsVersion | undefined;
  /** The latest version spoken, and the one preferred. Default: 1.3. RFC 9147 §5.3. */
  readonly maxVersion?: DtlsVersion | undefined;
  /**
   * Cipher suites of both versions by preference; without one of a version that version is not spoken.
   * Default: 1301 1302 1303 c02b c02f cca9 cca8 c02c c030.
   */
  readonly cipherSuites?: readonly number[] | undefined;
  /**
   * Key exchange groups by preference; a group that only one version has is used there. Peers of 1.2 take them for the
   * curves of certificates as well. Default: X25519MLKEM768 (4588) where the back end has it, x25519 (29),
   * secp256r1 (23), secp384r1 (24). RFC 8422 §5.1.1, RFC 8446 §4.2.7.
   */
  readonly groups?: readonly number[] | undefined;
  /**
   * Client, 1.3: of how many groups, the first ones, the hello carries a share; a server that wants another asks for it,
   * which costs a round trip. Default: 2. RFC 8446 §4.2.8.
   */
  readonly keyShares?: number | undefined;
  /** SRTP protection profiles by preference; empty leaves `use_srtp` out. Default: empty. RFC 5764 §4.1.2. */
  readonly srtpProfiles?: readonly number[] | undefined;
  /**
   * RFC 7627 §5.2, §5.3: `required` refuses a peer without the extended master secret; `preferred` falls back to
   * the old derivation. Every current WebRTC stack has it. Default: `required`.
   */
  readonly extendedMasterSecret?: 'required' | 'preferred' | undefined;
  /** Whether SHA-1 fingerprints count. RFC 8122 §5 allows them for old peers only. Default: false. */
  readonly acceptSha1Fingerprint?: boolean | undefined;
  /** Server: demand a cookie first (RFC 6347 §4.2.1, RFC 9147 §5.1). Default: off, since ICE has proven the address. */
  readonly helloVerify?: HelloVerifyOptions | undefined;
  /**
   * Server: bytes sent for each byte received until the client's address is proven by its answer. RFC 9000 §8.1 has 3,
   * and so should a server without ICE and without `helloVerify`. Default: no limit, since ICE has proven the address.
   */
  readonly amplificationLimit?: number | undefined;
  /** Raise `onKeyLog` with the lines that let Wireshark decrypt the connection. Default: false. */
  readonly keyLog?: boolean | undefined;

  /** Longest datagram sent in the handshake, in bytes of UDP payload. Default: 1200. */
  readonly mtu?: number | undefined;
  /** Round-trip time of the path in milliseconds, as ICE has measured it. Default: unknown. */
  readonly roundTripTime?: Millis | undefined;
  /**
   * Client, until the first reply: milliseconds before each retransmission of the hello, the last one repeated.
   * Short because Firefox drops a hello that comes before its answer. Default: 50, 100, 100, 200.
   */
  readonly helloRetransmitDelays?: readonly Millis[] | undefined;
  /** First retransmission timeout while no round-trip time is known, in milliseconds. Default: 100. RFC 6347 §4.2.4.1. */
  readonly retransmitInitial?: Millis | undefined;
  /** Retransmission timeouts double up to this, in milliseconds. Default: 2000. RFC 6347 §4.2.4.1. */
  readonly retransmitMax?: Millis | undefined;
  /** From `start` to giving up, in milliseconds. Default: 30000. */
  readonly handshakeTimeout?: Millis | undefined;

  /** Longest handshake message accepted, in bytes. Default: 32768. */
  readonly maxMessageBytes?: number | undefined;
  /** Memory for messages not yet complete or not yet due, in bytes; two for each byte of a message. Default: 98304. */
  readonly maxReassemblyBytes?: number | undefined;
  /** Handshake messages kept at once ahead of or at the one expected. Default: 8. */
  readonly maxMessagesAhead?: number | undefined;
  /** Records kept that came before their keys or before the handshake was verified. Default: 16. */
  readonly maxEarlyRecords?: number | undefined;
  /** The same in bytes. Default: 16384. */
  readonly maxEarlyBytes?: number | undefined;
  /**
   * Records sent under one key before the connection closes itself; in 1.3 the keys are changed before that.
   * Default (and most): 2^48 - 1 (RFC 6347 §4.1), in 1.3 what the cipher allows (RFC 9147 §4.5.3).
   */
  readonly recordLimit?: number | undefined;
  /**
   * 1.3: records sent under one key before new ones are agreed on, for both directions. Default: seven tenths of what
   * `recordLimit` and the cipher allow, and for our own direction alone. RFC 9147 §4.5.3, §8.
   */
  readonly keyUpdateAfter?: number | undefined;
  /** 1.3: records that fail to open under one key before the connection closes itself. Default: 2^36. RFC 9147 §4.5.3. */
  readonly forgeryLimit?: number | undefined;
  /**
   * 1.3: where sessions are kept that can be resumed by a ticket, without certificates but with the fingerprints checked
   * all the same. One for many connections. Default: none; nothing is resumed. RFC 8446 §2.2.
   */
  readonly sessions?: SessionCache | undefined;
  /**
   * 1.3: how long old keys are kept for late records once something has come under the new ones, in milliseconds; those of
   * the handshake twice as long. Default: 120000. RFC 9147 §4.2.1, §5.8.1, §8.
   */
  readonly epochRetention?: Millis | undefined;
}

/** The options with their defaults filled in and checked. */
export interface Settings {
  readonly role: 'client' | 'server';
  /** By preference, at least one. */
  readonly certificates: readonly DtlsCertificate[];
  readonly crypto: DtlsCrypto;
  readonly random: RandomSource;
  readonly remoteFingerprints: FingerprintSet;
  /** By their numbers on the wire, latest first. */
  readonly versions: readonly number[];
  readonly speaks12: boolean;
  readonly speaks13: boolean;
  /** Of the versions spoken. */
  readonly cipherSuites: readonly number[];
  /** Those of DTLS 1.2. */
  readonly groups: readonly number[];
  readonly groups13: readonly number[];
  /** All of them. */
  readonly offeredGroups: readonly number[];
  readonly keyShares: number;
  readonly srtpProfiles: readonly number[];
  readonly requireExtendedMasterSecret: boolean;
  readonly helloVerify: HelloVerifyOptions | undefined;
  readonly amplificationLimit: number | undefined;
  readonly keyLog: boolean;
  readonly mtu: number;
  readonly roundTripTime: Millis | undefined;
  readonly helloRetransmitDelays: readonly Millis[];
  readonly retransmitInitial: Millis;
  readonly retransmitMax: Millis;
  readonly handshakeTimeout: Millis;
  readonly maxMessageBytes: number;
  readonly maxReassemblyBytes: number;
  readonly maxMessagesAhead: number;
  readonly maxEarlyRecords: number;
  readonly maxEarlyBytes: number;
  readonly recordLimit: number;
  readonly keyUpdateAfter: number | undefined;
  readonly forgeryLimit: number;
  readonly epochRetention: Millis;
  readonly sessions: SessionCache | undefined;
}

const DEFAULT_CIPHER_SUITES: readonly number[] = [
  ...[0x1301, 0x1302, 0x1303],
  ...[0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030],
];
const DEFAULT_GROUPS: readonly number[] = [0x11ec, 29, 23, 24];
const DEFAULT_KEY_SHARES = 2;
const DEFAULT_HELLO_DELAYS: readonly Millis[] = [50, 100, 100, 200];
/** Room for a record header, a fragment header, the sealing of a record and at least some bytes of a message. */
const LEAST_MTU = 128;
const MOST_SEQUENCE_NUMBER = 2 ** 48 - 1;

export function resolveOptions(options: DtlsOptions): Settings {
  const offered = resolveOffered(options);
  const helloRetransmitDelays = options.helloRetransmitDelays ?? DEFAULT_HELLO_DELAYS;
  if (helloRetransmitDelays.length === 0 || helloRetransmitDelays.some((delay) => !(delay > 0))) {
    throw new DtlsError('INVALID_OPTION', 'helloRetransmitDelays must be positive numbers');
  }
  const srtpProfiles = options.srtpProfiles ?? [];
  if (srtpProfiles.some((profile) => !isKnownSrtpProfile(profile))) {
    throw new DtlsError('INVALID_OPTION', 'srtpProfiles has an unknown profile');
  }
  if (options.helloVerify !== undefined && options.helloVerify.secret.length < 16) {
    throw new DtlsError('INVALID_OPTION', 'helloVerify.secret is shorter than 16 bytes');
  }
  const within = (name: keyof DtlsOptions, least: number, most: number, standard: number): number => {
    const value = (options[name] as number | undefined) ?? standard;
    if (value >= least && value <= most) return value;
    throw new DtlsError('INVALID_OPTION', `${name} is ${value}, not within ${least} and ${most}`);
  };
  return {
    role: options.role,
    certificates: [options.certificate, ...(options.otherCertificates ?? [])],
    crypto: options.crypto,
    random: options.random,
    remoteFingerprints: new FingerprintSet(
      options.remoteFingerprints,
      options.acceptSha1Fingerprint ?? false,
    ),
    ...offered,
    srtpProfiles,
    requireExtendedMasterSecret: (options.extendedMasterSecret ?? 'required') === 'required',
    helloVerify: options.helloVerify,
    amplificationLimit:
      options.amplificationLimit === undefined ? undefined : within('amplificationLimit', 1, 1000, 3),
    keyLog: options.keyLog ?? false,
    mtu: within('mtu', LEAST_MTU, 65_507, 1200),
    roundTripTime: options.roundTripTime === undefined ? undefined : within('roundTripTime', 0, 60_000, 0),
    helloRetransmitDelays,
    retransmitInitial: within('retransmitInitial', 1, 60_000, 100),
    retransmitMax: within('retransmitMax', 1, 60_000, 2000),
    handshakeTimeout: within('handshakeTimeout', 1, Number.POSITIVE_INFINITY, 30_000),
    maxMessageBytes: within('maxMessageBytes', 1024, 2 ** 24 - 1, 32_768),
    maxReassemblyBytes: within('maxReassemblyBytes', 1024, 2 ** 30, 98_304),
    maxMessagesAhead: within('maxMessagesAhead', 1, 256, 8),
    maxEarlyRecords: within('maxEarlyRecords', 0, 65_536, 16),
    maxEarlyBytes: within('maxEarlyBytes', 0, 2 ** 30, 16_384),
    recordLimit: within('recordLimit', 2, MOST_SEQUENCE_NUMBER, MOST_SEQUENCE_NUMBER),
    keyUpdateAfter:
      options.keyUpdateAfter === undefined ? undefined : within('keyUpdateAfter', 1, MOST_SEQUENCE_NUMBER, 1),
    forgeryLimit: within('forgeryLimit', 1, 2 ** 36, 2 ** 36),
    sessions: options.sessions,
    epochRetention: within('epochRetention', 0, Number.POSITIVE_INFINITY, 120_000),
  };
}

type Offered = Pick<
  Settings,
  | 'versions'
  | 'speaks12'
  | 'speaks13'
  | 'cipherSuites'
  | 'groups'
  | 'groups13'
  | 'offeredGroups'
  | 'keyShares'
>;

/** What `offered` was made of, of the connection before: those of one program are mostly alike, and share it. */
interface Resolved {
  readonly crypto: DtlsCrypto;
  /** All else, as text. */
  readonly key: string;
  readonly offered: Offered;
}

let resolved: Resolved | undefined;

/** What is spoken of each version. */
function resolveOffered(options: DtlsOptions): Offered {
  const cipherSuites = options.cipherSuites ?? DEFAULT_CIPHER_SUITES;
  const groups = options.groups ?? DEFAULT_GROUPS;
  const { minVersion = '1.2', maxVersion = '1.3', keyShares = DEFAULT_KEY_SHARES, crypto } = options;
  const key = `${minVersion} ${maxVersion} ${keyShares} ${cipherSuites.join()} ${groups.join()}`;
  if (resolved?.crypto !== crypto || resolved.key !== key) {
    const wanted = { crypto, cipherSuites, groups, minVersion, maxVersion, keyShares };
    resolved = { crypto, key, offered: newOffered(wanted) };
  }
  return resolved.offered;
}

interface Wanted {
  readonly crypto: DtlsCrypto;
  readonly cipherSuites: readonly number[];
  readonly groups: readonly number[];
  readonly minVersion: DtlsVersion;
  readonly maxVersion: DtlsVersion;
  readonly keyShares: number;
}

function newOffered(wanted: Wanted): Offered {
  const { crypto, cipherSuites, groups, minVersion, maxVersion, keyShares } = wanted;
  if (
    cipherSuites.length === 0 ||
    cipherSuites.some((id) => !CIPHER_SUITES.has(id) && !CIPHER_SUITES_13.has(id))
  ) {
    throw new DtlsError('INVALID_OPTION', 'cipherSuites has an unknown suite or none');
  }
  if (groups.length === 0 || groups.some((id) => !GROUPS.has(id) && !KEY_EXCHANGES.has(id))) {
    throw new DtlsError('INVALID_OPTION', 'groups has an unknown group or none');
  }
  if (!Number.isInteger(keyShares) || keyShares < 0 || keyShares > KEY_EXCHANGES.size) {
    throw new DtlsError('INVALID_OPTION', `keyShares is ${keyShares}`);
  }
  const groups12 = groups.filter((id) => GROUPS.has(id));
  const groups13 = groups.filter((id) => KEY_EXCHANGES.get(id)?.isSupportedBy(crypto));
  const speaks12 =
    minVersion === '1.2' && groups12.length > 0 && cipherSuites.some((id) => CIPHER_SUITES.has(id));
  const speaks13 =
    maxVersion === '1.3' && groups13.length > 0 && cipherSuites.some((id) => CIPHER_SUITES_13.has(id));
  if (!speaks12 && !speaks13) {
    throw new DtlsError('INVALID_OPTION', 'versions, cipherSuites and groups leave nothing to speak');
  }
  return {
    versions: [...(speaks13 ? [DTLS_1_3] : []), ...(speaks12 ? [DTLS_1_2] : [])],
    speaks12,
    speaks13,
    cipherSuites: cipherSuites.filter(
      (id) => (speaks12 && CIPHER_SUITES.has(id)) || (speaks13 && CIPHER_SUITES_13.has(id)),
    ),
    groups: groups12,
    groups13,
    offeredGroups: groups.filter(
      (id) => (speaks12 && groups12.includes(id)) || (speaks13 && groups13.includes(id)),
    ),
    keyShares,
  };
}
