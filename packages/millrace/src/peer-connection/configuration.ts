// RTCConfiguration (W3C webrtc-pc §4.2.1), with what millrace adds under a name of its own, and its validation.

import type { IceParameters } from '@millrace/ice';
import type { Interceptor } from '@millrace/rtp/interceptors';
import type { CongestionControlName } from '@millrace/sctp';
import { type FingerprintHash, RTCCertificate } from '../certificate.ts';
import { exception } from '../errors.ts';
import { UdpMux } from '../mux/udp-mux.ts';
import { type IceServer, parseServerUrl } from '../servers/ice-server.ts';
import { type CandidateOptions, checkCandidateOptions } from './candidate-options.ts';
import { checkDtls, type DtlsConfiguration } from './dtls-configuration.ts';

export interface RTCIceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

export type RTCIceTransportPolicy = 'all' | 'relay';
export type RTCBundlePolicy = 'balanced' | 'max-bundle' | 'max-compat';
export type RTCRtcpMuxPolicy = 'require';

/** What millrace offers beyond the standard. */
export interface MillraceConfiguration extends CandidateOptions {
  /** Largest message accepted from the peer, in bytes, announced as `a=max-message-size`. Default 262144. */
  readonly maxMessageSize?: number;
  /** Bytes that may wait to be sent, over all channels, before `send` throws. Default 16 MiB. */
  readonly sendBuffer?: number;
  /** What decides how fast data channels send: `'bbr'`, `'cubic'` or `'new-reno'`. Default `'bbr'`. */
  readonly congestionControl?: CongestionControlName;
  /**
   * Put the SCTP INIT into descriptions (draft-hancke-tsvwg-snap): with a peer that does so too, data goes out two round
   * trips earlier. Default true: others pass over it.
   */
  readonly sctpSnap?: boolean;
  /** Versions of DTLS, ciphers, groups and the life of keys. Default 1.3, and 1.2 with peers that know no other. */
  readonly dtls?: DtlsConfiguration;
  /**
   * Offer the ice-option `renomination`: with a peer that has it too, some pairs of candidates are kept in reserve, and
   * data moves to one of them within about three seconds if the path in use falls silent, or if another has turned out to
   * be much faster. Costs some checks a second. Default false.
   */
  readonly renomination?: boolean;
  /**
   * Have the DTLS handshake ride with ICE's connectivity checks (draft-hancke-webrtc-sped), which saves a round trip with
   * a peer that does so too. Default true: others pass over it.
   */
  readonly sped?: boolean;
  /**
   * Use the crypto library inside Node and batched UDP where they can be reached (`diagnostics()` tells). Default
   * true; the environment variable `MILLRACE_NATIVE=off` says no for the whole process.
   */
  readonly native?: boolean;
  /**
   * Makes the interceptors that this connection's audio and video pass through next to the application, beside those of
   * `@millrace/rtp/interceptors` that are always there. Called once, with the first audio or video. Default none.
   */
  readonly interceptors?: () => readonly Interceptor[];
  /**
   * Milliseconds that a connection whose `connectionState` is `failed` keeps its sockets, channels and what is to be
   * sent, so that `restartIce()` can bring it back (W3C webrtc-pc §4.4.2); then it ends. Default 60000. 0: it ends at
   * once; Infinity: when `close()` is called, as W3C has it. A restart that has been offered is waited for anyway.
   */
  readonly restartPatience?: number;
  /**
   * Milliseconds without an answer from the peer, or for an ICE-lite side without a check from it, until the connection has
   * `failed`. Default 30000, and no more: RFC 7675 §5.1 has consent last that long. Peers check every 4 to 6 s.
   */
  readonly consentTimeout?: number;
  /**
   * With which hash functions descriptions tell our certificates, by preference (RFC 8122 §5). Default `['sha-256']`,
   * which every peer knows.
   */
  readonly fingerprintHashes?: readonly FingerprintHash[];
  /** Shares one UDP port with other connections: see `UdpMux`. Default: sockets of its own. */
  readonly udpMux?: UdpMux;
  /**
   * RFC 8445 §2.5: answers the peer's checks and sends none. For hosts that everybody can reach; has host candidates
   * alone. Default false.
   */
  readonly iceLite?: boolean;
  /**
   * Username fragment (4 to 256 ice-chars) and password (22 to 256) to begin with, for peers that know them beforehand.
   * Both must be as hard to guess as what they protect. Default: drawn at random.
   */
  readonly iceParameters?: IceParameters;
  /**
   * Takes whatever certificate the peer has, whatever fingerprint its description names. Nobody knows then who the peer
   * is, and anybody on the way can read and change everything: only for protocols that prove identities themselves, over
   * the data channels and bound to `RTCDtlsTransport.getRemoteCertificates()`, as libp2p's WebRTC-Direct does with
   * Noise. Default false.
   */
  readonly disableFingerprintVerification?: boolean;
  /**
   * As DTLS server, has the peer prove that it is at its address before anything longer than its own message is sent
   * there (RFC 6347 §4.2.1), for one round trip more. For peers whose ICE password is no secret. Default false.
   */
  readonly verifyAddress?: boolean;
  /** Called with the secrets of each DTLS session, a line each in NSS key log format, for Wireshark. Default: nobody is. */
  readonly onKeyLog?: (line: string) => void;
}

/** W3C webrtc-pc §4.2.1. */
export interface RTCConfiguration {
  /** STUN and TURN servers. Default none. */
  iceServers?: RTCIceServer[];
  /** `'relay'`: relayed candidates alone. Default `'all'`. */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /** One transport carries everything whatever it says; `'max-bundle'` also offers it that way. Default `'balanced'`. */
  bundlePolicy?: RTCBundlePolicy;
  rtcpMuxPolicy?: RTCRtcpMuxPolicy;
  /** By preference, for peers that cannot check every kind. Default: one made for this connection, ECDSA on P-256. */
  certificates?: RTCCertificate[];
  /** From 1 to 255: candidates are gathered before there is a description. Default 0. */
  iceCandidatePoolSize?: number;
  /** What the standard does not have. */
  millrace?: MillraceConfiguration;
}

const NAMES: Readonly<Record<keyof MillraceConfiguration, true>> = {
  maxMessageSize: true,
  sendBuffer: true,
  congestionControl: true,
  sctpSnap: true,
  dtls: true,
  renomination: true,
  sped: true,
  native: true,
  interceptors: true,
  restartPatience: true,
  consentTimeout: true,
  fingerprintHashes: true,
  udpMux: true,
  iceLite: true,
  iceParameters: true,
  disableFingerprintVerification: true,
  verifyAddress: true,
  onKeyLog: true,
  loopback: true,
  interfaces: true,
  addressFilter: true,
  portRange: true,
  iceTcp: true,
  hideHostAddresses: true,
  candidateTypes: true,
  candidateFilter: true,
  addressRewriting: true,
  continualGathering: true,
};
const MAX_MESSAGE_SIZE = 0x3fff_ffff; // what Firefox announces: a message must fit one buffer
/** RFC 7675 §5.1 */
const MAX_CONSENT_TIMEOUT = 30_000;
const SWITCHES = [
  'native',
  'sctpSnap',
  'sped',
  'renomination',
  'loopback',
  'continualGathering',
  'hideHostAddresses',
  'iceLite',
  'disableFingerprintVerification',
  'verifyAddress',
] as const;
const FINGERPRINT_HASHES: readonly FingerprintHash[] = ['sha-256', 'sha-384', 'sha-512'];
const CONGESTION_CONTROLS: readonly CongestionControlName[] = ['new-reno', 'cubic', 'bbr'];

/**
 * The configuration with its defaults filled in, its own arrays, and nothing in it that is wrong.
 *
 * @throws {TypeError | DOMException} what W3C webrtc-pc §4.4.1.6 asks for
 */
export function checkedConfiguration(given: RTCConfiguration | undefined): RTCConfiguration {
  dictionary('configuration', given);
  dictionary('millrace', given?.millrace);
  sequence('iceServers', given?.iceServers);
  sequence('certificates', given?.certificates);
  const configuration: RTCConfiguration = {
    iceTransportPolicy: 'all',
    bundlePolicy: 'balanced',
    rtcpMuxPolicy: 'require',
    iceCandidatePoolSize: 0,
    ...given,
    iceServers: [...(given?.iceServers ?? [])],
    certificates: [...(given?.certificates ?? [])],
    millrace: { ...given?.millrace },
  };
  oneOf('iceTransportPolicy', configuration.iceTransportPolicy, ['all', 'relay']);
  oneOf('bundlePolicy', configuration.bundlePolicy, ['balanced', 'max-bundle', 'max-compat']);
  oneOf('rtcpMuxPolicy', configuration.rtcpMuxPolicy, ['require']);
  // W3C webrtc-pc §4.2.1: [EnforceRange] octet.
  const { iceCandidatePoolSize: size = 0 } = configuration;
  if (!(size >= 0 && size <= 255))
    throw new TypeError(`iceCandidatePoolSize must be from 0 to 255; got ${size}`);
  configuration.iceCandidatePoolSize = Math.trunc(size);
  for (const server of configuration.iceServers ?? []) checkServer(server);
  for (const certificate of configuration.certificates ?? []) checkCertificate(certificate);
  checkExtras(configuration.millrace ?? {});
  return configuration;
}

/** Whether `given` asks for nothing else than what the connection was made with. */
export function isSameMillrace(
  given: MillraceConfiguration | undefined,
  fixed: MillraceConfiguration,
): boolean {
  const names = Object.keys(given ?? {}) as Array<keyof MillraceConfiguration>;
  return names.every((name) => given?.[name] === fixed[name]);
}

/** Web IDL §3.2.17: what has members is an object; null and undefined stand for one without. */
function dictionary(name: string, value: unknown): void {
  if (value !== undefined && value !== null && typeof value !== 'object')
    throw new TypeError(`${name} must be an object; got ${String(value)}`);
}

function sequence(name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || !(Symbol.iterator in value))
    throw new TypeError(`${name} must be an array`);
}

function oneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) {
    throw new TypeError(`${name} must be one of ${choices.join(', ')}; got ${String(value)}`);
  }
}

/** RFC 8489 §14.3: shorter than 509 bytes. */
const MAX_USERNAME = 508;

function checkServer(server: RTCIceServer): void {
  const urls = typeof server?.urls === 'string' ? [server.urls] : server?.urls;
  if (!Array.isArray(urls)) throw new TypeError('iceServers[].urls must be a string or an array of strings');
  if (urls.length === 0) throw exception('SyntaxError', 'iceServers[].urls is empty');
  for (const url of urls) {
    const { kind } = parseServerUrl(url);
    if (kind === 'turn' && (server.username === undefined || server.credential === undefined)) {
      throw exception('InvalidAccessError', 'a TURN server needs username and credential');
    }
    if (kind === 'turn' && Buffer.byteLength(String(server.username)) > MAX_USERNAME)
      throw exception('InvalidAccessError', `username is longer than ${MAX_USERNAME} bytes`);
  }
}

/** One entry for each URL, as they are asked. */
export function serversOf({ iceServers = [] }: RTCConfiguration): IceServer[] {
  return iceServers.flatMap(({ urls, username, credential }) =>
    (typeof urls === 'string' ? [urls] : urls).map((url) => parseServerUrl(url, username, credential)),
  );
}

function checkCertificate(certificate: RTCCertificate): void {
  if (!(certificate instanceof RTCCertificate))
    throw new TypeError('certificates must hold RTCCertificate objects');
  if (certificate.expires <= Date.now()) throw exception('InvalidAccessError', 'a certificate has expired');
}

function checkExtras(extras: MillraceConfiguration): void {
  // What is misspelt would go unheard, and some of these are for safety.
  for (const name of Object.keys(extras))
    if (!Object.hasOwn(NAMES, name)) throw new TypeError(`millrace.${name} is not an option`);
  const { maxMessageSize, sendBuffer, congestionControl, restartPatience, consentTimeout } = extras;
  for (const name of SWITCHES) {
    const value = extras[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw new TypeError(`millrace.${name} must be true or false; got ${value}`);
  }
  checkCandidateOptions(extras);
  checkDtls(extras.dtls, extras.native ?? true);
  for (const name of ['onKeyLog', 'interceptors'] as const) {
    if (extras[name] !== undefined && typeof extras[name] !== 'function')
      throw new TypeError(`millrace.${name} must be a function`);
  }
  if (restartPatience !== undefined && !(typeof restartPatience === 'number' && restartPatience >= 0))
    throw new TypeError(
      `millrace.restartPatience must be a number of milliseconds, 0 or more; got ${restartPatience}`,
    );
  whole('millrace.consentTimeout', consentTimeout, 1, MAX_CONSENT_TIMEOUT);
  const { fingerprintHashes } = extras;
  if (
    fingerprintHashes !== undefined &&
    (!Array.isArray(fingerprintHashes) || fingerprintHashes.length === 0)
  )
    throw new TypeError(
      `millrace.fingerprintHashes must be an array of some of ${FINGERPRINT_HASHES.join(', ')}`,
    );
  for (const hash of fingerprintHashes ?? []) oneOf('millrace.fingerprintHashes', hash, FINGERPRINT_HASHES);
  whole('millrace.maxMessageSize', maxMessageSize, 1, MAX_MESSAGE_SIZE);
  whole('millrace.sendBuffer', sendBuffer, 65_536, Number.MAX_SAFE_INTEGER);
  checkIce(extras);
  if (congestionControl !== undefined)
    oneOf('millrace.congestionControl', congestionControl, CONGESTION_CONTROLS);
}

function checkIce({ udpMux, iceParameters }: MillraceConfiguration): void {
  if (udpMux !== undefined && !(udpMux instanceof UdpMux))
    throw new TypeError('millrace.udpMux must be a UdpMux');
  if (iceParameters === undefined) return;
  const { usernameFragment, password } = iceParameters ?? {};
  if (!/^[A-Za-z0-9+/]{4,256}$/.test(usernameFragment) || !/^[A-Za-z0-9+/]{22,256}$/.test(password))
    throw new TypeError(
      'millrace.iceParameters: a username fragment has 4 to 256 and a password 22 to 256 ice-chars (RFC 8839 §5.4)',
    );
}

function whole(name: string, value: number | undefined, least: number, most: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
    throw new TypeError(`${name} must be a whole number from ${least} to ${most}; got ${value}`);
  }
}
