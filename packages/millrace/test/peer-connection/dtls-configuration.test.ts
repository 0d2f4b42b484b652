// What of DTLS two connections end up with, and what the options for it take.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCConfiguration, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, makePair, negotiate } from './pair.ts';

type Dtls = NonNullable<NonNullable<RTCConfiguration['millrace']>['dtls']>;

const speaking = (dtls: Dtls): RTCConfiguration => ({ millrace: { ...LOOPBACK.millrace, dtls } });
const ONLY_1_2 = speaking({ maxVersion: '1.2' });
const ONLY_1_3 = speaking({ minVersion: '1.3' });

async function transportOf(pc: RTCPeerConnection): Promise<Record<string, unknown>> {
  return (await pc.getStats()).get('T') as unknown as Record<string, unknown>;
}

describe('RFC 9147 §5.3 the version of DTLS', () => {
  const cases: ReadonlyArray<[name: string, a: RTCConfiguration, b: RTCConfiguration, version: string]> = [
    ['is 1.3 between two that are left to themselves', LOOPBACK, LOOPBACK, 'FEFC'],
    ['is 1.2 with an offerer that speaks nothing later', ONLY_1_2, LOOPBACK, 'FEFD'],
    ['is 1.2 with an answerer that speaks nothing later', LOOPBACK, ONLY_1_2, 'FEFD'],
    ['is 1.3 with a peer that speaks nothing else', ONLY_1_3, LOOPBACK, 'FEFC'],
  ];
  for (const [name, a, b, version] of cases) {
    test(name, async () => {
      const pair = await connectedPair(a, b);
      for (const pc of [pair.a, pair.b]) {
        const { tlsVersion, dtlsCipher } = await transportOf(pc);
        assert.deepEqual([tlsVersion, typeof dtlsCipher], [version, 'string']);
      }
      pair.channelA.send('hello');
      assert.equal((await once(pair.channelB, 'message'))[0].data, 'hello');
      pair.close();
    });
  }

  test('is none where there is no common one: the connection fails', async () => {
    const pair = makePair(ONLY_1_2, ONLY_1_3);
    pair.a.createDataChannel('never');
    await negotiate(pair.a, pair.b);
    while (pair.a.connectionState !== 'failed') await once(pair.a, 'connectionstatechange');
    pair.close();
  });

  test('a version that does not exist, or none at all, is refused', () => {
    const wrong: unknown[] = [
      { maxVersion: '1.1' },
      { minVersion: 3 },
      { minVersion: '1.3', maxVersion: '1.2' },
    ];
    for (const dtls of wrong) assert.throws(() => makePair(speaking(dtls as Dtls)), TypeError);
  });
});

describe('ciphers, groups and the life of keys', () => {
  const cases: ReadonlyArray<[name: string, dtls: Dtls, told: Record<string, unknown>]> = [
    [
      'AES-256-GCM alone, on P-384',
      { cipherSuites: ['TLS_AES_256_GCM_SHA384'], groups: ['secp384r1'] },
      { tlsVersion: 'FEFC', dtlsCipher: 'TLS_AES_256_GCM_SHA384', millraceKeyExchangeGroup: 'secp384r1' },
    ],
    [
      'a cipher of 1.2 alone, which leaves 1.2 alone',
      { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'] },
      { tlsVersion: 'FEFD', dtlsCipher: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256' },
    ],
    [
      'a hello without a share, so that there is a second one',
      { keyShares: 0 },
      { millraceKeyExchangeGroup: 'X25519MLKEM768', millraceDtls: { helloRetries: 1 } },
    ],
  ];
  for (const [name, dtls, told] of cases) {
    test(name, async () => {
      const pair = await connectedPair(speaking(dtls), speaking(dtls));
      for (const pc of [pair.a, pair.b]) assert.partialDeepStrictEqual(await transportOf(pc), told);
      pair.close();
    });
  }

  test('RFC 9147 §8 keys are changed after so many records, both ways, and every message arrives', async () => {
    const pair = await connectedPair(speaking({ keyUpdateAfter: 10 }), LOOPBACK);
    for (let i = 0; i < 60; i++) {
      pair.channelA.send(`${i}`);
      assert.equal((await once(pair.channelB, 'message'))[0].data, `${i}`);
      pair.channelB.send(`${i} back`);
      assert.equal((await once(pair.channelA, 'message'))[0].data, `${i} back`);
    }
    for (const pc of [pair.a, pair.b]) {
      const { keyUpdates } = (await transportOf(pc)).millraceDtls as {
        keyUpdates: { sent: number; received: number };
      };
      assert.ok(keyUpdates.sent >= 3 && keyUpdates.received >= 3, JSON.stringify(keyUpdates));
    }
    pair.close();
  });

  test('what is unknown, empty or out of range is refused, and so is what leaves nothing to speak', () => {
    const wrong: ReadonlyArray<[dtls: unknown, says: RegExp]> = [
      [{ cipherSuites: [] }, /cipherSuites must hold some of TLS_AES_128_GCM_SHA256/],
      [{ cipherSuites: ['TLS_NULL_WITH_NULL_NULL'] }, /cipherSuites must hold/],
      [{ cipherSuites: 'TLS_AES_128_GCM_SHA256' }, /cipherSuites must hold/],
      [{ groups: ['P-256'] }, /groups must hold some of X25519MLKEM768/],
      [{ groups: [] }, /groups must hold/],
      [{ keyShares: 5 }, /keyShares must be a whole number from 0 to 4; got 5/],
      [{ keyUpdateAfter: 0 }, /keyUpdateAfter must be a whole number from 1/],
      [{ keyUpdateAfter: 1.5 }, /keyUpdateAfter must be/],
      [{ maxVersion: '1.2', groups: ['X25519MLKEM768'] }, /leave nothing to speak/],
      [{ minVersion: '1.3', cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] }, /leave nothing/],
      [{ maxVersion: '1.2', cipherSuites: ['TLS_AES_128_GCM_SHA256'] }, /leave nothing/],
      [{ keyUpdatesAfter: 5 }, /has minVersion, .*, not keyUpdatesAfter/],
      ['1.3', /must be an object/],
    ];
    for (const [dtls, message] of wrong)
      assert.throws(() => makePair(speaking(dtls as Dtls)), { name: 'TypeError', message });
  });
});
