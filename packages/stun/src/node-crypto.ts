// StunCrypto and LongTermCrypto over node:crypto: the one file here that knows Node.
import { createHash, createHmac } from 'node:crypto';
import type { LongTermCrypto, StunCrypto } from './crypto.ts';

export const nodeStunCrypto: StunCrypto & LongTermCrypto = {
  hmacSha1(key, bytes, at, end, out, outAt) {
    out.set(createHmac('sha1', key).update(bytes.subarray(at, end)).digest(), outAt);
  },
  hmacSha256(key, bytes, at, end, out, outAt) {
    out.set(createHmac('sha256', key).update(bytes.subarray(at, end)).digest(), outAt);
  },
  md5(bytes) {
    return new Uint8Array(createHash('md5').update(bytes).digest());
  },
  sha256(bytes) {
    return new Uint8Array(createHash('sha256').update(bytes).digest());
  },
};
