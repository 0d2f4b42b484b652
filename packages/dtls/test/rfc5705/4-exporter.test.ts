import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportKeyingMaterial } from '../../src/exporter.ts';
import { CIPHER_SUITES, GROUPS, SRTP_PROFILES } from '../../src/index.ts';
import { prf } from '../../src/key-schedule/prf.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import type { Session12 } from '../../src/session.ts';
import { connected } from '../fixtures/connections.ts';
import { hex } from '../fixtures/records.ts';

const session: Session12 = {
  version: '1.2',
  suite: CIPHER_SUITES.get(0xc02b)!,
  group: GROUPS.get(29)!,
  randoms: { client: new Uint8Array(32).fill(1), server: new Uint8Array(32).fill(2) },
  masterSecret: new Uint8Array(48).fill(3),
  extendedMasterSecret: true,
  srtpProfile: undefined,
  remoteCertificate: new Uint8Array(0),
  ownCertificate: new Uint8Array(0),
};

describe('RFC 5705 §4 exporter', () => {
  test('without a context the seed is both randoms, with one its length and bytes follow', () => {
    const { client, server } = session.randoms;
    const bare = prf(
      nodeDtlsCrypto,
      'sha-256',
      session.masterSecret,
      'EXPERIMENTAL',
      new Uint8Array([...client, ...server]),
      40,
    );
    assert.deepEqual(exportKeyingMaterial(nodeDtlsCrypto, session, 'EXPERIMENTAL', undefined, 40), bare);
    const seed = new Uint8Array([...client, ...server, 0, 2, 8, 9]);
    const full = prf(nodeDtlsCrypto, 'sha-256', session.masterSecret, 'EXPERIMENTAL', seed, 40);
    assert.deepEqual(exportKeyingMaterial(nodeDtlsCrypto, session, 'EXPERIMENTAL', hex('0809'), 40), full);
  });

  test('both sides export the same, and other labels, contexts or connections give something else', () => {
    const all = connected();
    const one = all.client.exportKeyingMaterial('EXPERIMENTAL', undefined, 32);
    assert.deepEqual(all.server.exportKeyingMaterial('EXPERIMENTAL', undefined, 32), one);
    const others = [
      all.client.exportKeyingMaterial('EXPERIMENTAL 2', undefined, 32),
      all.client.exportKeyingMaterial('EXPERIMENTAL', hex(''), 32),
      all.client.exportKeyingMaterial('EXPERIMENTAL', hex('00'), 32),
      connected({ seed: 2 }).client.exportKeyingMaterial('EXPERIMENTAL', undefined, 32),
    ];
    assert.equal(new Set([one, ...others].map((bytes) => Buffer.from(bytes).toString('hex'))).size, 5);
  });

  test('the labels of the protocol itself and contexts over 65535 bytes are refused', () => {
    const all = connected();
    for (const label of [
      'client finished',
      'server finished',
      'master secret',
      'extended master secret',
      'key expansion',
    ]) {
      assert.throws(() => all.client.exportKeyingMaterial(label, undefined, 32), { code: 'RESERVED_LABEL' });
    }
    assert.throws(() => all.client.exportKeyingMaterial('x', new Uint8Array(65_536), 32), {
      code: 'INVALID_OPTION',
    });
    assert.equal(all.client.exportKeyingMaterial('x', new Uint8Array(65_535), 32).length, 32);
  });
});

describe('RFC 5764 §4 SRTP', () => {
  test('§4.1 the first profile of the server that the client has is agreed on', () => {
    const all = connected({ client: { srtpProfiles: [1, 2, 7] }, server: { srtpProfiles: [8, 7, 1] } });
    assert.deepEqual([all.client.srtpProfile, all.server.srtpProfile], [7, 7]);
  });

  test('§4.1 nothing in common, or one side without, is no profile and no error', () => {
    for (const [client, server] of [
      [[1], [7]],
      [[1], []],
      [[], [1]],
    ]) {
      const all = connected({ client: { srtpProfiles: client }, server: { srtpProfiles: server } });
      assert.deepEqual([all.client.srtpProfile, all.server.srtpProfile], [undefined, undefined]);
      assert.equal(all.client.exportSrtpKeys(), undefined);
    }
  });

  test('§4.2 keys and salts are cut from the exported material in the order of the RFC', () => {
    const lengths = [
      [SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_80, 16, 14],
      [SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_32, 16, 14],
      [SRTP_PROFILES.SRTP_AEAD_AES_128_GCM, 16, 12],
      [SRTP_PROFILES.SRTP_AEAD_AES_256_GCM, 32, 12],
    ] as const;
    for (const [profile, keyBytes, saltBytes] of lengths) {
      const all = connected({ client: { srtpProfiles: [profile] }, server: { srtpProfiles: [profile] } });
      const keys = all.client.exportSrtpKeys()!;
      assert.deepEqual(all.server.exportSrtpKeys(), keys);
      const material = all.client.exportKeyingMaterial(
        'EXTRACTOR-dtls_srtp',
        undefined,
        2 * (keyBytes + saltBytes),
      );
      const { clientKey, serverKey, clientSalt, serverSalt } = keys;
      assert.deepEqual(new Uint8Array([...clientKey, ...serverKey, ...clientSalt, ...serverSalt]), material);
      assert.deepEqual([clientKey.length, clientSalt.length], [keyBytes, saltBytes]);
    }
  });

  test('profiles that are not known are refused by the constructor', () => {
    assert.throws(() => connected({ client: { srtpProfiles: [5] } }), { code: 'INVALID_OPTION' });
  });
});

describe('key log', () => {
  test('is silent unless asked for', () => {
    const all = connected();
    assert.deepEqual([all.fromClient.lines, all.fromServer.lines], [[], []]);
  });

  test('is one line in the format of NSS, the same on both sides', () => {
    const all = connected({ client: { keyLog: true }, server: { keyLog: true } });
    assert.match(all.fromClient.lines[0]!, /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
    assert.deepEqual(all.fromClient.lines, all.fromServer.lines);
    assert.equal(all.fromClient.lines.length, 1);
  });
});
