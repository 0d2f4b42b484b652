// The pseudorandom function. RFC 5246 §5: P_hash expands a secret, a label and a seed to any length.
import { copyBytes } from '@millrace/sans-io';
import type { DtlsCrypto, PrfHash } from '../crypto.ts';

/** The label is ASCII. */
export function prf(
  crypto: DtlsCrypto,
  hash: PrfHash,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelAndSeed = new Uint8Array(label.length + seed.length);
  for (let i = 0; i < label.length; i++) labelAndSeed[i] = label.charCodeAt(i);
  labelAndSeed.set(seed, label.length);
  const out = new Uint8Array(length);
  // RFC 5246 §5: A(0) = seed, A(i) = HMAC(secret, A(i-1)); the output is HMAC(secret, A(i) + seed) for i = 1, 2, ...
  let a = labelAndSeed;
  for (let at = 0; at < length; ) {
    a = crypto.hmac(hash, secret, a) as Uint8Array<ArrayBuffer>;
    const block = crypto.hmac(hash, secret, joined(a, labelAndSeed));
    at = copyBytes(out, at, block, 0, Math.min(block.length, length - at));
  }
  return out;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) at = copyBytes(out, at, part, 0, part.length);
  return out;
}
