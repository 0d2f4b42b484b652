// Session keys out of the master key. RFC 3711 §4.3; RFC 6188 §3 for 256-bit keys; RFC 7714 §11 for the shorter salt.
import type { SrtpCryptos, SrtpCtrKey } from './cryptos.ts';
import type { ProfileInfo } from './profiles.ts';

/** RFC 3711 §4.3.1 and §4.3.2: the first of the three labels of each protocol. */
export const RTP_LABELS = 0x00;
export const RTCP_LABELS = 0x03;

const HMAC_KEY_BYTES = 20;
const BLOCK_BYTES = 16;

export interface SessionKeys {
  readonly encryption: Uint8Array;
  /** Empty for the AEAD profiles. */
  readonly authentication: Uint8Array;
  readonly salt: Uint8Array;
}

/** The pseudo-random function of a master key. */
export class KeyDerivation {
  readonly #profile: ProfileInfo;
  readonly #prf: SrtpCtrKey;
  readonly #block = new Uint8Array(BLOCK_BYTES);

  /** Copies the key and the salt, whose lengths have been checked. */
  constructor(profile: ProfileInfo, masterKey: Uint8Array, masterSalt: Uint8Array, cryptos: SrtpCryptos) {
    this.#profile = profile;
    this.#prf = cryptos.createCtrKey(masterKey);
    // RFC 7714 §11: a salt of 96 bits has 16 zero bits behind it.
    this.#block.set(masterSalt);
  }

  /** `period`: the packet index divided by the key derivation rate, below 2^48; 0 without a rate. */
  sessionKeys(labels: typeof RTP_LABELS | typeof RTCP_LABELS, period: number): SessionKeys {
    const { keyBytes, saltBytes, aead } = this.#profile;
    return {
      encryption: this.derive(labels, period, keyBytes),
      authentication: this.derive(labels + 1, period, aead === undefined ? HMAC_KEY_BYTES : 0),
      salt: this.derive(labels + 2, period, saltBytes),
    };
  }

  derive(label: number, period: number, length: number): Uint8Array {
    // RFC 3711 §4.3.1: the label and 48 bits of `period` lie at the right end of the 112 bits of the salt.
    const block = this.#block.slice();
    block[7] = block[7]! ^ label;
    for (let at = 13, rest = period; at > 7; at--, rest = Math.floor(rest / 256))
      block[at] = block[at]! ^ (rest % 256);
    const key = new Uint8Array(length);
    // RFC 3711 §4.3.3: the key stream of AES in counter mode.
    this.#prf.apply(key, 0, length, block);
    return key;
  }

  close(): void {
    this.#prf.close();
    this.#block.fill(0);
  }
}

/** Once they have been handed to the ciphers. */
export function wipe(keys: SessionKeys): void {
  keys.encryption.fill(0);
  keys.authentication.fill(0);
}
