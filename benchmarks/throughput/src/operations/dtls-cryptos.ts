// The back ends that records can be sealed with, by the name of the subject.
import { createAeadKey, createSequenceMask, slab } from '@millrace/crypto';
import type { DtlsCrypto } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { loadNative } from '@millrace/native';

export type CryptoName = 'millrace' | 'millrace-portable' | 'node:crypto';

/** `millrace` is what it would choose on this machine: the native layer, if it can be used. */
export function dtlsCrypto(name: CryptoName): DtlsCrypto {
  if (name === 'node:crypto') return nodeDtlsCrypto;
  const { aead, ciphers } = (name === 'millrace' ? loadNative() : undefined) ?? {};
  const portable: DtlsCrypto = { ...nodeDtlsCrypto, createAeadKey, createSequenceMask };
  if (aead === undefined) return portable;
  return {
    ...portable,
    createRecordKey: (algorithm, key, fixedNonce, direction) =>
      aead.createRecordKey(algorithm, key, fixedNonce, direction),
    createRecordKey13: (algorithm, key, iv, direction) =>
      aead.createRecordKey13(algorithm, key, iv, direction),
    createSequenceMask: (algorithm, key) =>
      ciphers === undefined || algorithm === 'chacha20-poly1305'
        ? createSequenceMask(algorithm, key)
        : ciphers.createMask(key),
    createAeadKey: (algorithm, key) => aead.createAeadKey(algorithm, key),
  };
}

/** Memory that the back end can work in without copying. */
export function slabOf(name: CryptoName, bytes: number): Uint8Array {
  if (name === 'node:crypto') return new Uint8Array(bytes);
  return (name === 'millrace' ? loadNative() : undefined)?.slab(bytes) ?? slab(bytes);
}
