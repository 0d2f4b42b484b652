// The key exchange of DTLS 1.3, in the shape of a key encapsulation: the client offers a share, the server answers it
// with one of its own. RFC 8446 §4.2.8 and §7.4 (Diffie-Hellman), draft-ietf-tls-ecdhe-mlkem (the hybrid with ML-KEM).
import type { DtlsCrypto, GroupName } from './crypto.ts';

export type KeyExchangeName = GroupName | 'X25519MLKEM768';

/** What a client has offered. */
export interface KeyOffer {
  readonly share: Uint8Array;
  /** The shared secret; `undefined` if the share of the server is not a valid one (illegal_parameter). */
  finish(serverShare: Uint8Array): Uint8Array | undefined;
}

/** What a server answers. */
export interface KeyAnswer {
  readonly share: Uint8Array;
  readonly secret: Uint8Array;
}

export interface KeyExchange {
  readonly id: number;
  readonly name: KeyExchangeName;
  readonly clientShareBytes: number;
  readonly serverShareBytes: number;
  /** Whether the back end has what it takes. */
  isSupportedBy(crypto: DtlsCrypto): boolean;
  /** Each offer is for one handshake. */
  offer(crypto: DtlsCrypto): KeyOffer;
  /** `undefined` if the share of the client is not a valid one (illegal_parameter). */
  answer(crypto: DtlsCrypto, clientShare: Uint8Array): KeyAnswer | undefined;
}

/** FIPS 203 §8: the encapsulation key and the ciphertext of ML-KEM-768. */
const ENCAPSULATION_KEY_BYTES = 1184;
const CIPHERTEXT_BYTES = 1088;
const X25519_BYTES = 32;

function diffieHellman(id: number, name: GroupName, shareBytes: number): KeyExchange {
  return {
    id,
    name,
    clientShareBytes: shareBytes,
    serverShareBytes: shareBytes,
    isSupportedBy: () => true,
    offer(crypto) {
      const keyShare = crypto.createKeyShare(name);
      return { share: keyShare.publicKey, finish: (serverShare) => keyShare.agree(serverShare) };
    },
    answer(crypto, clientShare) {
      if (clientShare.length !== shareBytes) return undefined;
      const keyShare = crypto.createKeyShare(name);
      const secret = keyShare.agree(clientShare);
      return secret === undefined ? undefined : { share: keyShare.publicKey, secret };
    },
  };
}

// draft-ietf-tls-ecdhe-mlkem §3: ML-KEM comes first, in the shares as in the secret.
const X25519_ML_KEM_768: KeyExchange = {
  id: 0x11ec,
  name: 'X25519MLKEM768',
  clientShareBytes: ENCAPSULATION_KEY_BYTES + X25519_BYTES,
  serverShareBytes: CIPHERTEXT_BYTES + X25519_BYTES,
  isSupportedBy: (crypto) => crypto.mlKem768 !== undefined,
  offer(crypto) {
    const kem = crypto.mlKem768!.generate();
    const curve = crypto.createKeyShare('x25519');
    return {
      share: concatenated(kem.encapsulationKey, curve.publicKey),
      finish(serverShare) {
        if (serverShare.length !== CIPHERTEXT_BYTES + X25519_BYTES) return undefined;
        const ofCurve = curve.agree(serverShare.subarray(CIPHERTEXT_BYTES));
        const ofKem = kem.decapsulate(serverShare.subarray(0, CIPHERTEXT_BYTES));
        return combined(ofKem, ofCurve);
      },
    };
  },
  answer(crypto, clientShare) {
    if (clientShare.length !== ENCAPSULATION_KEY_BYTES + X25519_BYTES) return undefined;
    // draft-ietf-tls-ecdhe-mlkem §4: the server MUST check the encapsulation key (FIPS 203 §7.2); `encapsulate` does.
    const kem = crypto.mlKem768!.encapsulate(clientShare.subarray(0, ENCAPSULATION_KEY_BYTES));
    if (kem === undefined) return undefined;
    const curve = crypto.createKeyShare('x25519');
    const ofCurve = curve.agree(clientShare.subarray(ENCAPSULATION_KEY_BYTES));
    const secret = combined(kem.sharedSecret, ofCurve);
    return secret === undefined
      ? undefined
      : { share: concatenated(kem.ciphertext, curve.publicKey), secret };
  },
};

/** By their numbers in `supported_groups` and `key_share`. */
export const KEY_EXCHANGES: ReadonlyMap<number, KeyExchange> = new Map(
  [
    X25519_ML_KEM_768,
    diffieHellman(29, 'x25519', X25519_BYTES),
    diffieHellman(23, 'secp256r1', 65),
    diffieHellman(24, 'secp384r1', 97),
  ].map((exchange) => [exchange.id, exchange]),
);

/** Both parts are overwritten. */
function combined(ofKem: Uint8Array | undefined, ofCurve: Uint8Array | undefined): Uint8Array | undefined {
  const secret = ofKem && ofCurve && concatenated(ofKem, ofCurve);
  ofKem?.fill(0);
  ofCurve?.fill(0);
  return secret;
}

function concatenated(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
