import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DtlsCrypto } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { connected } from '../fixtures/connections.ts';

describe('RFC 5246 §6.3 keys', () => {
  test('the back end alone has the traffic keys: the bytes they were cut from are wiped', () => {
    const handed: Uint8Array[] = [];
    const keys: string[] = [];
    const crypto: DtlsCrypto = {
      ...nodeDtlsCrypto,
      createAeadKey(algorithm, key) {
        handed.push(key);
        keys.push(Buffer.from(key).toString('hex'));
        return nodeDtlsCrypto.createAeadKey(algorithm, key);
      },
    };
    connected({ client: { crypto } });
    assert.equal(new Set(keys).size, 2, 'one for each direction');
    for (const key of handed) assert.deepEqual(Uint8Array.from(key), new Uint8Array(16));
  });

  test('RFC 5246 §8.1 the premaster secret is wiped once the master secret is derived', () => {
    const secrets: Uint8Array[] = [];
    const crypto: DtlsCrypto = {
      ...nodeDtlsCrypto,
      createKeyShare(group) {
        const share = nodeDtlsCrypto.createKeyShare(group);
        return {
          publicKey: share.publicKey,
          agree(peer) {
            const secret = share.agree(peer);
            if (secret !== undefined) secrets.push(secret);
            return secret;
          },
        };
      },
    };
    connected({ client: { crypto }, server: { crypto } });
    assert.equal(secrets.length, 2);
    for (const secret of secrets) assert.deepEqual(Uint8Array.from(secret), new Uint8Array(32));
  });
});
