// What of DTLS a connection speaks: options by the names that getStats() tells them with, and their validation.
import {
  CIPHER_SUITES,
  CIPHER_SUITES_13,
  type DtlsOptions,
  type DtlsVersion,
  GROUPS,
  KEY_EXCHANGES,
  SessionCache,
} from '@millrace/dtls';
import { type Backend, chooseBackend } from '../transport/backend.ts';

export type { DtlsVersion };

/** As registered with IANA, and as `dtlsCipher` of getStats() has them: of 1.3, then of 1.2. */
export type DtlsCipherSuite =
  | 'TLS_AES_128_GCM_SHA256'
  | 'TLS_AES_256_GCM_SHA384'
  | 'TLS_CHACHA20_POLY1305_SHA256'
  | 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'
  | 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'
  | 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'
  | 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'
  | 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'
  | 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256';

/** As `millraceKeyExchangeGroup` of getStats() has them; the first one is of 1.3 alone. */
export type DtlsGroup = 'X25519MLKEM768' | 'x25519' | 'secp256r1' | 'secp384r1';

export interface DtlsConfiguration {
  /** The oldest version spoken. Default `1.2`. */
  readonly minVersion?: DtlsVersion;
  /** The latest version spoken, which is the one preferred. Default `1.3`: the peer takes 1.2 where it knows no other. */
  readonly maxVersion?: DtlsVersion;
  /**
   * The ciphers spoken, by preference: for those whose rules name some. A version without one is not spoken. Default all,
   * AES-128-GCM first, which is quickest.
   */
  readonly cipherSuites?: readonly DtlsCipherSuite[];
  /**
   * The groups of the key exchange, by preference. With 1.2 they hold for the curves of the peer's certificate as well,
   * which is of P-256 as a rule. Default X25519MLKEM768, x25519, secp256r1, secp384r1.
   */
  readonly groups?: readonly DtlsGroup[];
  /**
   * As DTLS client: for how many groups, the first ones, the hello carries a share. Fewer make it shorter (that of
   * X25519MLKEM768 has 1216 bytes); a server that wants another asks for it, which costs a round trip. Default 2.
   */
  readonly keyShares?: number;
  /**
   * 1.3: records (packets, by and large) sent before new keys are agreed on for both directions, so that whoever gets hold
   * of one key reads no more than that. Default: close to what the cipher allows (RFC 9147 §4.5.3), and each side its own.
   */
  readonly keyUpdateAfter?: number;
  /**
   * 1.3: where sessions are kept, so that a later connection with the same peer can resume one in place of certificates and
   * signatures: for those that connect again and again and have lasting `certificates`, on both sides. The fingerprint of the
   * peer's description has to match the certificate of the session all the same. One for many connections. Default none.
   */
  readonly sessions?: SessionCache;
}

const DEFAULT_VERSIONS: Required<Pick<DtlsConfiguration, 'minVersion' | 'maxVersion'>> = {
  minVersion: '1.2',
  maxVersion: '1.3',
};

const NAMES: Readonly<Record<keyof DtlsConfiguration, true>> = {
  minVersion: true,
  maxVersion: true,
  cipherSuites: true,
  groups: true,
  keyShares: true,
  keyUpdateAfter: true,
  sessions: true,
};
const SUITE_NUMBERS = numbersByName([...CIPHER_SUITES_13.values(), ...CIPHER_SUITES.values()]);
const GROUP_NUMBERS = numbersByName([...KEY_EXCHANGES.values()]);
const MOST_RECORDS = 2 ** 48 - 1; // RFC 9147 §4.2.1

/** @throws {TypeError} for what is wrong, or leaves nothing to speak */
export function checkDtls(given: DtlsConfiguration | undefined, wantsNative: boolean): void {
  if (given === undefined) return;
  if (typeof given !== 'object' || given === null)
    throw new TypeError(
      `millrace.dtls must be an object such as { minVersion: '1.3' }; got ${String(given)}`,
    );
  // A misspelt bound would be none.
  for (const name of Object.keys(given))
    if (!Object.hasOwn(NAMES, name))
      throw new TypeError(`millrace.dtls has ${Object.keys(NAMES).join(', ')}, not ${name}`);
  const { minVersion, maxVersion, keyShares, keyUpdateAfter } = { ...DEFAULT_VERSIONS, ...given };
  for (const [name, version] of Object.entries({ minVersion, maxVersion })) {
    if (version !== '1.2' && version !== '1.3')
      throw new TypeError(`millrace.dtls.${name} must be '1.2' or '1.3'; got ${String(version)}`);
  }
  if (minVersion > maxVersion) throw new TypeError('millrace.dtls: minVersion is later than maxVersion');
  const suites = numbers('cipherSuites', given.cipherSuites, SUITE_NUMBERS);
  const groups = numbers('groups', given.groups, GROUP_NUMBERS);
  const speaks12 =
    minVersion === '1.2' && suites.some((id) => CIPHER_SUITES.has(id)) && groups.some((id) => GROUPS.has(id));
  const { crypto } = chooseBackend(wantsNative);
  const speaks13 =
    maxVersion === '1.3' &&
    suites.some((id) => CIPHER_SUITES_13.has(id)) &&
    groups.some((id) => KEY_EXCHANGES.get(id)?.isSupportedBy(crypto));
  if (!speaks12 && !speaks13)
    throw new TypeError('millrace.dtls: versions, cipherSuites and groups leave nothing to speak');
  if (given.sessions !== undefined && !(given.sessions instanceof SessionCache))
    throw new TypeError('millrace.dtls.sessions must be a DtlsSessionCache');
  whole('keyShares', keyShares, 0, KEY_EXCHANGES.size);
  whole('keyUpdateAfter', keyUpdateAfter, 1, MOST_RECORDS);
}

/** For a connection of @millrace/dtls; of what has been checked. */
export function dtlsOptions(
  { cipherSuites, groups, ...others }: DtlsConfiguration,
  backend: Backend,
): Pick<
  DtlsOptions,
  'minVersion' | 'maxVersion' | 'cipherSuites' | 'groups' | 'keyShares' | 'keyUpdateAfter' | 'sessions'
> {
  return {
    ...DEFAULT_VERSIONS,
    ...others,
    cipherSuites: cipherSuites?.map((name) => SUITE_NUMBERS.get(name)!) ?? backend.cipherSuites,
    groups: groups?.map((name) => GROUP_NUMBERS.get(name)!),
  };
}

function numbersByName(
  all: ReadonlyArray<{ readonly id: number; readonly name: string }>,
): ReadonlyMap<string, number> {
  return new Map(all.map(({ id, name }) => [name, id]));
}

/** Of the names given; without any those of all. */
function numbers(name: string, given: unknown, known: ReadonlyMap<string, number>): number[] {
  if (given === undefined) return [...known.values()];
  const isRight = Array.isArray(given) && given.length > 0 && given.every((each) => known.has(each));
  if (!isRight)
    throw new TypeError(`millrace.dtls.${name} must hold some of ${[...known.keys()].join(', ')}`);
  return given.map((each) => known.get(each)!);
}

function whole(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || Number(value) < least || Number(value) > most)
    throw new TypeError(
      `millrace.dtls.${name} must be a whole number from ${least} to ${most}; got ${String(value)}`,
    );
}
