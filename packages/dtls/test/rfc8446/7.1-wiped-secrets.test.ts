import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DtlsCrypto, SessionCache } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P384, identityOf } from '../fixtures/certificates.ts';
import type { Connections, Overrides } from '../fixtures/connections.ts';
import { connected13, connections13 } from '../fixtures/connections-13.ts';

/** A back end that remembers each array it was ever given, or has given, as a key. */
function watched(): { readonly crypto: DtlsCrypto; readonly keys: Set<Uint8Array> } {
  const keys = new Set<Uint8Array>();
  const crypto: DtlsCrypto = {
    ...nodeDtlsCrypto,
    hmac(hash, key, bytes) {
      keys.add(key);
      return nodeDtlsCrypto.hmac(hash, key, bytes);
    },
    createAeadKey(algorithm, key) {
      keys.add(key);
      return nodeDtlsCrypto.createAeadKey(algorithm, key);
    },
    createSequenceMask(algorithm, key) {
      keys.add(key);
      return nodeDtlsCrypto.createSequenceMask(algorithm, key);
    },
    createKeyShare(group) {
      const share = nodeDtlsCrypto.createKeyShare(group);
      return {
        publicKey: share.publicKey,
        agree(peer) {
          const secret = share.agree(peer);
          if (secret !== undefined) keys.add(secret);
          return secret;
        },
      };
    },
  };
  return { crypto, keys };
}

function end(all: Connections): void {
  all.client.close(0);
  all.pair.run(100);
  for (const side of [all.client, all.server]) side.release(0);
}

/** What happens to a connection before it ends. */
const FATES: ReadonlyArray<readonly [what: string, live: (setup: Setup) => Connections]> = [
  ['one that was used', (setup) => exported(connected13(setup))],
  ['one whose keys were changed', (setup) => changed(connected13(setup))],
  ['one whose client is never heard of again', (setup) => halfway(setup)],
  ['one whose client is somebody else', (setup) => stranger(setup, 'client')],
  ['one whose server is somebody else', (setup) => stranger(setup, 'server')],
  ['one that resumes another', (setup) => resumed(setup)],
];

interface Setup {
  readonly client: Overrides;
  readonly server: Overrides;
}

function exported(all: Connections): Connections {
  all.client.exportKeyingMaterial('EXPERIMENTAL x', undefined, 40);
  return all;
}

function changed(all: Connections): Connections {
  assert.equal(all.client.updateKeys(true), true);
  all.pair.run(1000);
  assert.equal(all.client.keyUpdates.received, 1);
  return all;
}

function halfway(setup: Setup): Connections {
  const all = connections13(setup);
  all.pair.ab.lose = () => all.server.isHalfConnected;
  all.pair.run(60_000);
  assert.equal(all.server.closeReason?.code, 'timeout');
  return all;
}

function stranger(setup: Setup, side: 'client' | 'server'): Connections {
  const certificate = identityOf(ECDSA_P384);
  const all = connections13({ ...setup, [side]: { ...setup[side], certificate } });
  all.pair.run(1000);
  assert.equal((side === 'client' ? all.server : all.client).closeReason?.code, 'fingerprint-mismatch');
  return all;
}

function resumed(setup: Setup): Connections {
  const caches = [new SessionCache(), new SessionCache()] as const;
  const both = {
    client: { ...setup.client, sessions: caches[0] },
    server: { ...setup.server, sessions: caches[1] },
  };
  end(connected13(both));
  const all = connected13(both);
  assert.equal(all.client.isResumed, true);
  for (const cache of caches) cache.clear();
  return all;
}

describe('RFC 8446 §7.1 no secret outlasts a connection', () => {
  for (const [what, live] of FATES) {
    test(`of 1.3: ${what}`, () => {
      const [client, server] = [watched(), watched()];
      end(
        live({
          client: { crypto: client.crypto, keyLog: false },
          server: { crypto: server.crypto, keyLog: false },
        }),
      );
      for (const { keys } of [client, server]) {
        assert.ok(keys.size >= 8, `${keys.size} keys`);
        for (const key of keys) assert.ok(key.every((byte) => byte === 0));
      }
    });
  }
});
