// From the shared secret of the key exchange to the keys of the records. RFC 5246 §8.1, §6.3 and §7.4.9; RFC 7627 §4.
import type { CipherSuite } from '../cipher-suites.ts';
import type { DtlsCrypto } from '../crypto.ts';
import type { TrafficProtection } from '../record/layer.ts';
import { createRecordProtection, type RecordProtection } from '../record/protection.ts';
import { joined, prf } from './prf.ts';

const MASTER_SECRET_BYTES = 48;
export const VERIFY_DATA_BYTES = 12; // RFC 5246 §7.4.9

export interface Randoms {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** RFC 7627 §4: bound to everything said so far, up to and including the ClientKeyExchange. */
export function extendedMasterSecret(
  crypto: DtlsCrypto,
  suite: CipherSuite,
  preMasterSecret: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array {
  return prf(
    crypto,
    suite.prfHash,
    preMasterSecret,
    'extended master secret',
    sessionHash,
    MASTER_SECRET_BYTES,
  );
}

/** RFC 5246 §8.1: the old derivation, for a peer without the extension. */
export function plainMasterSecret(
  crypto: DtlsCrypto,
  suite: CipherSuite,
  preMasterSecret: Uint8Array,
  randoms: Randoms,
): Uint8Array {
  const seed = joined(randoms.client, randoms.server);
  return prf(crypto, suite.prfHash, preMasterSecret, 'master secret', seed, MASTER_SECRET_BYTES);
}

/** RFC 5246 §6.3: the key block is cut into keys and fixed nonces; AEAD suites have no MAC keys. */
export function trafficProtection(
  crypto: DtlsCrypto,
  suite: CipherSuite,
  masterSecret: Uint8Array,
  randoms: Randoms,
  role: 'client' | 'server',
): TrafficProtection {
  const { keyBytes, fixedNonceBytes } = suite;
  const seed = joined(randoms.server, randoms.client); // the other way round than for the master secret
  const length = 2 * (keyBytes + fixedNonceBytes);
  const block = prf(crypto, suite.prfHash, masterSecret, 'key expansion', seed, length);
  const nonces = 2 * keyBytes;
  const protection = (index: number, writer: 'client' | 'server'): RecordProtection => {
    const key = block.subarray(index * keyBytes, (index + 1) * keyBytes);
    const nonceAt = nonces + index * fixedNonceBytes;
    const fixedNonce = block.slice(nonceAt, nonceAt + fixedNonceBytes);
    return createRecordProtection(crypto, suite, key, fixedNonce, writer === role ? 'seal' : 'open');
  };
  const client = protection(0, 'client');
  const server = protection(1, 'server');
  block.fill(0);
  return role === 'client' ? { sealing: client, opening: server } : { sealing: server, opening: client };
}

/** RFC 5246 §7.4.9: what the Finished message of `role` must contain. */
export function verifyData(
  crypto: DtlsCrypto,
  suite: CipherSuite,
  masterSecret: Uint8Array,
  role: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return prf(crypto, suite.prfHash, masterSecret, `${role} finished`, transcriptHash, VERIFY_DATA_BYTES);
}
