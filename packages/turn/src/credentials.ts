// Long-term credentials: what the server has told, and what each request proves with it. RFC 8489 §9.2.
import {
  ERROR_CODE,
  longTermKey,
  type MessageWriter,
  NONCE,
  PASSWORD_ALGORITHM,
  PASSWORD_ALGORITHMS,
  type PasswordAlgorithm,
  REALM,
  type StunMessage,
  USERNAME,
  verifyIntegrity,
  verifyIntegritySha256,
} from '@millrace/stun';
import type { TurnOptions } from './options.ts';

/** RFC 8489 §9.2: what a nonce begins with whose next four characters hold the server's security features. */
const NONCE_COOKIE = 'obMatJos2';
/** RFC 8489 §18.1: bit 0, password algorithms; the bits are sent in base64. */
const PASSWORD_ALGORITHMS_BIT = 0x80_0000;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

// RFC 8489 §18.5.
const MD5 = 1;
const SHA256 = 2;

/** The longest list of algorithms that is sent back, in bytes of its parameters and four for each. There are two to name. */
const MAX_ALGORITHMS_BYTES = 256;

interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly key: Uint8Array;
  /** What the server offers, to be sent back; `undefined` where it offers nothing: MD5 then. */
  readonly algorithms: readonly PasswordAlgorithm[] | undefined;
  readonly algorithm: PasswordAlgorithm | undefined;
}

export class Credentials {
  readonly #options: TurnOptions;
  #challenge: Challenge | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Whether the server has told its realm: before, requests prove nothing. */
  get isChallenged(): boolean {
    return this.#challenge !== undefined;
  }

  /** Takes realm and nonce of a 401 or 438. False if they are missing or can't be followed. */
  onChallenge(response: StunMessage): boolean {
    const nonce = response.get(NONCE);
    const realm = response.get(REALM) ?? this.#challenge?.realm;
    if (nonce === undefined || realm === undefined || response.get(ERROR_CODE) === undefined) return false;
    const { username, password, crypto } = this.#options;
    const algorithms = response.get(PASSWORD_ALGORITHMS);
    const isOffered = offersAlgorithms(nonce);
    // RFC 8489 §9.2.5: the bit without the attribute is a bidding-down attack.
    if (isOffered && algorithms === undefined) return false;
    if (isOffered && bytesOf(algorithms) > MAX_ALGORITHMS_BYTES) return false;
    const known = isOffered
      ? algorithms?.find(({ algorithm }) => algorithm === SHA256 || algorithm === MD5)
      : undefined;
    if (isOffered && known === undefined) return false;
    const hash = known?.algorithm === SHA256 ? 'sha256' : 'md5';
    this.#challenge = {
      realm,
      nonce,
      key: longTermKey(username, realm, password, crypto, hash),
      algorithms: isOffered ? algorithms : undefined,
      algorithm: known,
    };
    return true;
  }

  /** Adds user name, realm, nonce and integrity. Before a challenge, nothing. */
  prove(writer: MessageWriter): void {
    const challenge = this.#challenge;
    if (challenge === undefined) return;
    const { username, crypto } = this.#options;
    writer.add(USERNAME, username).add(REALM, challenge.realm).add(NONCE, challenge.nonce);
    if (challenge.algorithms !== undefined && challenge.algorithm !== undefined) {
      writer.add(PASSWORD_ALGORITHMS, challenge.algorithms).add(PASSWORD_ALGORITHM, challenge.algorithm);
      writer.addIntegritySha256(challenge.key, crypto);
    } else {
      writer.addIntegrity(challenge.key, crypto);
    }
  }

  /** Whether a response comes from somebody who knows the password. */
  verify(response: StunMessage): boolean {
    const challenge = this.#challenge;
    if (challenge === undefined) return false;
    const { crypto } = this.#options;
    return challenge.algorithm === undefined
      ? verifyIntegrity(response, challenge.key, crypto)
      : verifyIntegritySha256(response, challenge.key, crypto);
  }
}

function bytesOf(algorithms: readonly PasswordAlgorithm[] = []): number {
  return algorithms.reduce((sum, { parameters }) => sum + 4 + parameters.length, 0);
}

function offersAlgorithms(nonce: string): boolean {
  if (!nonce.startsWith(NONCE_COOKIE) || nonce.length < NONCE_COOKIE.length + 4) return false;
  let bits = 0;
  for (let i = 0; i < 4; i++) {
    const digit = BASE64.indexOf(nonce[NONCE_COOKIE.length + i]!);
    if (digit < 0) return false;
    bits = (bits << 6) | digit;
  }
  return (bits & PASSWORD_ALGORITHMS_BIT) !== 0;
}
