// The back ends that records can be sealed with, by the name of the subject.
import type { AeadAlgorithm, AeadKey, DtlsCrypto } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { loadNative } from '@millrace/native';
import { importIfThere, notThereYet } from './not-there-yet.ts';

export type CryptoName = 'millrace' | 'millrace-portable' | 'node:crypto';

/** What millrace would choose on this machine: the native layer, if it can be used. */
export async function dtlsCrypto(name: CryptoName): Promise<DtlsCrypto> {
  if (name === 'node:crypto') return nodeDtlsCrypto;
  if (name === 'millrace-portable') {
    const createAeadKey = await portableAeadKey();
    return { ...nodeDtlsCrypto, createAeadKey };
  }
  const aead = loadNative()?.aead;
  if (aead === undefined) notThereYet('the native layer on this machine');
  return {
    ...nodeDtlsCrypto,
    createRecordKey: (algorithm, key, fixedNonce, direction) =>
      aead.createRecordKey(algorithm, key, fixedNonce, direction),
    createAeadKey: (algorithm, key) => aead.createAeadKey(algorithm, key),
  };
}

/** Memory that the back end can work in without copying. */
export function slabOf(name: CryptoName, bytes: number): Uint8Array {
  const native = name === 'millrace' ? loadNative() : undefined;
  return native === undefined ? new Uint8Array(bytes) : native.slab(bytes);
}

async function portableAeadKey(): Promise<(algorithm: AeadAlgorithm, key: Uint8Array) => AeadKey> {
  const { createAeadKey } = await importIfThere('@millrace/crypto');
  if (typeof createAeadKey !== 'function') notThereYet('the portable AEAD');
  return createAeadKey as (algorithm: AeadAlgorithm, key: Uint8Array) => AeadKey;
}
