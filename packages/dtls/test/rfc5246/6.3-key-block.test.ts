import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DtlsCrypto } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { type Connections, connected, connections, deliver } from '../fixtures/connections.ts';
import { hex, record } from '../fixtures/records.ts';

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

  test('RFC 5246 §8.1 no secret outlasts a handshake that fails, nor one that is given up', () => {
    const ends = [
      (all: Connections) => all.client.close(0),
      (all: Connections) => all.pair.run(60_000),
      (all: Connections) => deliver(all.client, all.fromClient, record(21, hex('0228'))),
    ];
    for (const end of ends) {
      const secrets = new Set<Uint8Array>();
      const crypto: DtlsCrypto = {
        ...nodeDtlsCrypto,
        hmac(algorithm, key, bytes) {
          secrets.add(key);
          return nodeDtlsCrypto.hmac(algorithm, key, bytes);
        },
      };
      // The last flight of the server does not arrive.
      const all = connections({ client: { crypto } });
      all.pair.ba.lose = () => all.server.state === 'connected';
      all.pair.run(1000, () => all.server.state === 'connected');
      assert.equal(all.client.state, 'connecting');
      assert.equal(secrets.size, 2, 'premaster and master secret');
      end(all);
      assert.notEqual(all.client.state, 'connecting');
      for (const secret of secrets) assert(secret.every((byte) => byte === 0));
    }
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
