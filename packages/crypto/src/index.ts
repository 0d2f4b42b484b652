export { createAeadKey, describeAead } from './aead-key.ts';
export { type Crc32c, createCrc32c } from './crc32c.ts';
export { createCtrKey } from './ctr-key.ts';
export { CryptoError, type CryptoErrorCode } from './errors.ts';
export { createHmacSha1Key } from './hmac-key.ts';
export {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadAlgorithm,
  type AeadKey,
  type CtrKey,
  type HmacKey,
  type SequenceMask,
} from './keys.ts';
export { type Kem, type KemKeyPair, portableMlKem768 } from './ml-kem.ts';
export { nodeAeadKey } from './node-aead-key.ts';
export { createSequenceMask } from './sequence-mask.ts';
export { type SrtpCryptos, srtpCryptos } from './srtp-cryptos.ts';
export { slab } from './wasm/memory.ts';
