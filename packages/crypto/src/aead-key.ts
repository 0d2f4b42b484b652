// The portable choice: WebAssembly where the engine has it, node:crypto where not.
import { ChaChaKey } from './chacha-key.ts';
import { GcmKey } from './gcm-key.ts';
import type { AeadAlgorithm, AeadKey } from './keys.ts';
import { checkKey, checkNonce, nodeAeadKey } from './node-aead-key.ts';
import { gcmModule } from './wasm/aes-gcm.ts';
import { chachaModule } from './wasm/chacha20-poly1305.ts';

/**
 * The fastest key that needs no native code. The key bytes are copied. `salt` is 12 bytes that successive nonces have
 * been XORed with, as in SRTP and TLS 1.3: a hint by which key stream can be prepared ahead.
 */
export function createAeadKey(algorithm: AeadAlgorithm, key: Uint8Array, salt?: Uint8Array): AeadKey {
  checkKey(algorithm, key);
  if (salt !== undefined) checkNonce(salt);
  if (algorithm === 'chacha20-poly1305') {
    const module = chachaModule();
    if (module !== undefined) return new ChaChaKey(module, key);
  } else {
    const module = gcmModule();
    if (module !== undefined) return new GcmKey(module, algorithm, key, salt);
  }
  return nodeAeadKey(algorithm, key);
}

/** What `createAeadKey` is made of in this process, for diagnostics. */
export function describeAead(): string {
  const gcm = gcmModule() === undefined ? 'node:crypto' : 'WebAssembly GHASH';
  const chacha = chachaModule() === undefined ? 'node:crypto' : 'WebAssembly';
  return `AES-GCM by ${gcm}, ChaCha20-Poly1305 by ${chacha}`;
}
