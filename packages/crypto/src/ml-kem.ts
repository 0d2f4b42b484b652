// ML-KEM-768 (FIPS 203) for Nodes that have none of their own (before 24.7): that of @noble/post-quantum, which is
// loaded when it is asked for and not before.
import { createRequire } from 'node:module';
import type { MLKEM } from '@noble/post-quantum/ml-kem.js';
import { CryptoError } from './errors.ts';

export interface KemKeyPair {
  readonly encapsulationKey: Uint8Array;
  /**
   * The shared secret. A ciphertext of the right length that was made for another key gives a secret that nobody knows
   * (FIPS 203 §6.3); `undefined` is one of a wrong length.
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array | undefined;
}

/** A key encapsulation mechanism. */
export interface Kem {
  /** `seed`, 64 bytes, is for known answers only. */
  generate(seed?: Uint8Array): KemKeyPair;
  /** `undefined` if the key has a wrong length or coefficients beyond the modulus (FIPS 203 §7.2). */
  encapsulate(
    encapsulationKey: Uint8Array,
    /** 32 bytes, for known answers only. */
    message?: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array } | undefined;
}

const SEED_BYTES = 64;

/** `undefined` if the package is not installed or this Node cannot load it. */
export function portableMlKem768(): Kem | undefined {
  let kem: MLKEM;
  try {
    const require = createRequire(import.meta.url);
    kem = (require('@noble/post-quantum/ml-kem.js') as { readonly ml_kem768: MLKEM }).ml_kem768;
  } catch {
    return undefined;
  }
  return {
    generate(seed) {
      if (seed !== undefined && seed.length !== SEED_BYTES)
        throw new CryptoError('BAD_KEY', `a seed has ${SEED_BYTES} bytes, got ${seed.length}`);
      const { publicKey, secretKey } = kem.keygen(seed);
      return {
        encapsulationKey: publicKey,
        decapsulate(ciphertext) {
          try {
            return kem.decapsulate(ciphertext, secretKey);
          } catch {
            return undefined;
          }
        },
      };
    },
    encapsulate(encapsulationKey, message) {
      try {
        const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey, message);
        return { ciphertext: cipherText, sharedSecret };
      } catch {
        return undefined;
      }
    },
  };
}
