// What `@millrace/srtp` has handed in.
import { createAeadKey } from './aead-key.ts';
import { createCtrKey } from './ctr-key.ts';
import { createHmacSha1Key } from './hmac-key.ts';
import type { AeadAlgorithm, AeadKey, CtrKey, HmacKey } from './keys.ts';

export interface SrtpCryptos {
  createCtrKey(key: Uint8Array, salt?: Uint8Array): CtrKey;
  createHmacSha1Key(key: Uint8Array): HmacKey;
  createAeadKey(algorithm: AeadAlgorithm, key: Uint8Array, salt?: Uint8Array): AeadKey;
}

export const srtpCryptos: SrtpCryptos = { createCtrKey, createHmacSha1Key, createAeadKey };
