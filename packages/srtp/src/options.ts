// Every tunable with its default, unit and section.
import type { SrtpCryptos } from './cryptos.ts';
import { SrtpError } from './errors.ts';
import { infoOf, type SrtpProfile } from './profiles.ts';

/** What both directions take. Sender and receiver have to agree on all but `maxStreams` and `replayWindow`. */
export interface SrtpOptions {
  readonly profile: SrtpProfile;
  /** Copied. */
  readonly masterKey: Uint8Array;
  /** Copied. */
  readonly masterSalt: Uint8Array;
  readonly cryptos: SrtpCryptos;
  /** Packets after which session keys are derived anew: 0 (never) or a power of two up to 2^24 (RFC 3711 §4.3.1). Default 0. */
  readonly keyDerivationRate?: number;
  /** Most sources (SSRCs) there is state for. Default 1024, which hold 400 KiB. */
  readonly maxStreams?: number;
  /**
   * Packets that the replay window reaches back, 64 to 32768 (RFC 3711 §3.3.2). Default 1024: retransmissions without a
   * stream of their own come hundreds of packets late.
   */
  readonly replayWindow?: number;
  /** False: RTP is authenticated only (RFC 4568 §6.3.2, UNENCRYPTED_SRTP). Default true. */
  readonly encryptRtp?: boolean;
  /** False: RTCP is authenticated only (RFC 4568 §6.3.2, UNENCRYPTED_SRTCP). Default true. */
  readonly encryptRtcp?: boolean;
}

export interface SrtpSenderOptions extends SrtpOptions {
  /**
   * Protects a packet again whose sequence number has been used. Only for retransmissions of the same payload: another
   * one would tell both. Not with AEAD profiles, where a changed header would give the key away. Default false.
   */
  readonly allowRepeats?: boolean;
}

export interface SrtpReceiverOptions extends SrtpOptions {
  /** Bytes of a master key identifier in each packet, which is skipped: 0 to 128 (RFC 3711 §3.1, RFC 4568 §6.1). Default 0. */
  readonly mkiBytes?: number;
}

export const MAX_STREAMS = 1_024;
const REPLAY_WINDOW = 1_024;
const LEAST_REPLAY_WINDOW = 64;
const LARGEST_REPLAY_WINDOW = 32_768;
const LARGEST_KEY_DERIVATION_RATE = 2 ** 24;
const MOST_MKI_BYTES = 128;
/** Periods of a key derivation rate whose keys are kept. A sender's packets may come late, its sources differ. */
export const MAX_KEPT_PERIODS = 16;

export type ResolvedOptions = Required<
  Omit<SrtpSenderOptions & SrtpReceiverOptions, 'masterKey' | 'masterSalt' | 'cryptos'>
>;

/** @throws {SrtpError} `BAD_PROFILE`, `BAD_KEY`, `BAD_OPTION` */
export function resolveOptions(options: SrtpSenderOptions & SrtpReceiverOptions): ResolvedOptions {
  const { profile, masterKey, masterSalt } = options;
  const { keyBytes, saltBytes, aead } = infoOf(profile);
  if (masterKey.length !== keyBytes || masterSalt.length !== saltBytes)
    throw new SrtpError(
      'BAD_KEY',
      `${profile} takes ${keyBytes} and ${saltBytes} bytes, got ${masterKey.length} and ${masterSalt.length}`,
    );
  const { keyDerivationRate = 0, maxStreams = MAX_STREAMS, replayWindow = REPLAY_WINDOW } = options;
  const { encryptRtp = true, encryptRtcp = true, allowRepeats = false, mkiBytes = 0 } = options;
  const isRate = keyDerivationRate === 0 || Number.isInteger(Math.log2(keyDerivationRate));
  checkOption('keyDerivationRate', keyDerivationRate, 0, LARGEST_KEY_DERIVATION_RATE, isRate);
  checkOption('maxStreams', maxStreams, 1, 2 ** 32);
  checkOption('replayWindow', replayWindow, LEAST_REPLAY_WINDOW, LARGEST_REPLAY_WINDOW);
  checkOption('mkiBytes', mkiBytes, 0, MOST_MKI_BYTES);
  if (allowRepeats && aead !== undefined)
    throw new SrtpError('BAD_OPTION', `allowRepeats is not for ${profile}`);
  return {
    profile,
    keyDerivationRate,
    maxStreams,
    replayWindow,
    encryptRtp,
    encryptRtcp,
    allowRepeats,
    mkiBytes,
  };
}

/** @throws {SrtpError} `BAD_OPTION` */
export function checkOption(
  name: string,
  value: number,
  least: number,
  most: number,
  isGood: boolean = true,
): void {
  if (!(Number.isInteger(value) && value >= least && value <= most && isGood))
    throw new SrtpError('BAD_OPTION', `${name} is ${value}`);
}
