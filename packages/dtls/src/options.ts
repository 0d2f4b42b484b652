// Every tunable of a connection with its default and unit, and the checks a caller's values must pass.
import type { Millis, RandomSource } from '@millrace/sans-io';
import { CIPHER_SUITES } from './cipher-suites.ts';
import type { DtlsCertificate, DtlsCrypto } from './crypto.ts';
import { DtlsError } from './errors.ts';
import { GROUPS } from './groups.ts';
import { type Fingerprint, FingerprintSet } from './identity.ts';
import { isKnownSrtpProfile } from './srtp.ts';

export interface HelloVerifyOptions {
  /** Key of the stateless cookies, 16 bytes or more; may be shared by all servers of one process. */
  readonly secret: Uint8Array;
  /** The transport address of the client, in any form that is the same for the same address. */
  readonly clientAddress: Uint8Array;
}

export interface DtlsOptions {
  readonly role: 'client' | 'server';
  readonly certificate: DtlsCertificate;
  readonly crypto: DtlsCrypto;
  readonly random: RandomSource;
  /** `a=fingerprint` of the peer; RFC 8122 §5. At least one must be of an accepted hash. */
  readonly remoteFingerprints: readonly Fingerprint[];

  /** Cipher suites by preference. Default: c02b c02f cca9 cca8 c02c c030. */
  readonly cipherSuites?: readonly number[] | undefined;
  /**
   * Key exchange groups by preference. Peers take them for the curves of certificates as well.
   * Default: x25519 (29), secp256r1 (23), secp384r1 (24). RFC 8422 §5.1.1.
   */
  readonly groups?: readonly number[] | undefined;
  /** SRTP protection profiles by preference; empty leaves `use_srtp` out. Default: empty. RFC 5764 §4.1.2. */
  readonly srtpProfiles?: readonly number[] | undefined;
  /**
   * RFC 7627 §5.2, §5.3: `required` refuses a peer without the extended master secret; `preferred` falls back to
   * the old derivation. Every current WebRTC stack has it. Default: `required`.
   */
  readonly extendedMasterSecret?: 'required' | 'preferred' | undefined;
  /** Whether SHA-1 fingerprints count. RFC 8122 §5 allows them for old peers only. Default: false. */
  readonly acceptSha1Fingerprint?: boolean | undefined;
  /** Server: demand a cookie first (RFC 6347 §4.2.1). Default: off, since ICE has proven the address. */
  readonly helloVerify?: HelloVerifyOptions | undefined;
  /** Raise `onKeyLog` with the line that lets Wireshark decrypt the connection. Default: false. */
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
  /** Records sent under one key before the connection closes itself. Default (and most): 2^48 - 1. RFC 6347 §4.1. */
  readonly recordLimit?: number | undefined;
}

/** The options with their defaults filled in and checked. */
export interface Settings {
  readonly role: 'client' | 'server';
  readonly certificate: DtlsCertificate;
  readonly crypto: DtlsCrypto;
  readonly random: RandomSource;
  readonly remoteFingerprints: FingerprintSet;
  readonly cipherSuites: readonly number[];
  readonly groups: readonly number[];
  readonly srtpProfiles: readonly number[];
  readonly requireExtendedMasterSecret: boolean;
  readonly helloVerify: HelloVerifyOptions | undefined;
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
}

const DEFAULT_CIPHER_SUITES: readonly number[] = [0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030];
const DEFAULT_GROUPS: readonly number[] = [29, 23, 24];
const DEFAULT_HELLO_DELAYS: readonly Millis[] = [50, 100, 100, 200];
/** Room for a record header, a fragment header, the sealing of a record and at least some bytes of a message. */
const LEAST_MTU = 128;
const MOST_SEQUENCE_NUMBER = 2 ** 48 - 1;

export function resolveOptions(options: DtlsOptions): Settings {
  const cipherSuites = options.cipherSuites ?? DEFAULT_CIPHER_SUITES;
  const groups = options.groups ?? DEFAULT_GROUPS;
  if (cipherSuites.length === 0 || cipherSuites.some((id) => !CIPHER_SUITES.has(id))) {
    throw new DtlsError('INVALID_OPTION', 'cipherSuites has an unknown suite or none');
  }
  if (groups.length === 0 || groups.some((id) => !GROUPS.has(id))) {
    throw new DtlsError('INVALID_OPTION', 'groups has an unknown group or none');
  }
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
    certificate: options.certificate,
    crypto: options.crypto,
    random: options.random,
    remoteFingerprints: new FingerprintSet(
      options.remoteFingerprints,
      options.acceptSha1Fingerprint ?? false,
    ),
    cipherSuites,
    groups,
    srtpProfiles,
    requireExtendedMasterSecret: (options.extendedMasterSecret ?? 'required') === 'required',
    helloVerify: options.helloVerify,
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
  };
}
