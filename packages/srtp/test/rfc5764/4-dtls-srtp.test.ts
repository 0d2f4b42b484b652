import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EXPORTER_LABEL,
  keyingMaterialBytes,
  PROFILES,
  profileOf,
  SrtpError,
  type SrtpProfile,
  SrtpReceiver,
  SrtpSender,
  splitKeyingMaterial,
} from '@millrace/srtp';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import { openedRtp, PROFILE_NAMES, protectedRtp, rtp } from '../fixtures/packets.ts';

describe('RFC 5764 §4.1.2 and RFC 7714 §14.2: protection profiles', () => {
  test('their numbers, key lengths, and how much longer packets become', () => {
    const table = PROFILE_NAMES.map((name) => {
      const { id, keyBytes, saltBytes, rtpOverhead, rtcpOverhead } = PROFILES[name];
      return [name, id, keyBytes, saltBytes, rtpOverhead, rtcpOverhead];
    });
    assert.deepEqual(table, [
      ['aes128-cm-hmac-sha1-80', 1, 16, 14, 10, 14],
      ['aes128-cm-hmac-sha1-32', 2, 16, 14, 4, 14],
      ['aead-aes-128-gcm', 7, 16, 12, 16, 20],
      ['aead-aes-256-gcm', 8, 32, 12, 16, 20],
    ]);
    for (const name of PROFILE_NAMES) assert.equal(profileOf(PROFILES[name].id), name);
    for (const id of [0, 3, 5, 6, 9, 0xffff]) assert.equal(profileOf(id), undefined);
  });
});

describe('RFC 5764 §4.2: key derivation', () => {
  test('client key, server key, client salt, server salt; each side sends with its own', () => {
    assert.equal(EXPORTER_LABEL, 'EXTRACTOR-dtls_srtp');
    for (const name of PROFILE_NAMES) {
      const { keyBytes, saltBytes } = PROFILES[name];
      const material = Uint8Array.from({ length: keyingMaterialBytes(name) }, (_, i) => i);
      assert.equal(material.length, 2 * (keyBytes + saltBytes));
      const client = splitKeyingMaterial(name, material, 'client');
      const server = splitKeyingMaterial(name, material, 'server');
      assert.deepEqual([client.local, client.remote], [server.remote, server.local]);
      assert.equal(client.local.masterKey[0], 0);
      assert.equal(server.local.masterKey[0], keyBytes);
      assert.equal(client.local.masterSalt[0], 2 * keyBytes);
      assert.equal(server.local.masterSalt[0], 2 * keyBytes + saltBytes);
      assert.deepEqual(
        [client.local.masterKey.length, client.local.masterSalt.length],
        [keyBytes, saltBytes],
      );
      const kept = client.local.masterKey.slice();
      material.fill(0xff);
      assert.deepEqual(client.local.masterKey, kept);
    }
  });

  test('what the client sends the server opens, and the reverse', () => {
    const { cryptos } = BACK_ENDS[0]!;
    for (const profile of PROFILE_NAMES) {
      const material = Uint8Array.from({ length: keyingMaterialBytes(profile) }, (_, i) => i * 11);
      const client = splitKeyingMaterial(profile, material, 'client');
      const server = splitKeyingMaterial(profile, material, 'server');
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const sender = new SrtpSender({ profile, ...from.local, cryptos });
        const receiver = new SrtpReceiver({ profile, ...to.remote, cryptos });
        assert.deepEqual(openedRtp(receiver, protectedRtp(sender, rtp(3, 30))), rtp(3, 30));
        const echo = new SrtpReceiver({ profile, ...to.local, cryptos });
        assert.equal(openedRtp(echo, protectedRtp(sender, rtp(4, 30))), undefined);
      }
    }
  });

  test('material of a wrong length and unknown profiles throw', () => {
    const code = (wanted: string) => (error: unknown) => error instanceof SrtpError && error.code === wanted;
    assert.throws(
      () => splitKeyingMaterial('aead-aes-128-gcm', new Uint8Array(60), 'client'),
      code('BAD_KEY'),
    );
    for (const name of ['null', 'toString', '']) {
      assert.throws(() => keyingMaterialBytes(name as SrtpProfile), code('BAD_PROFILE'));
      assert.throws(
        () => splitKeyingMaterial(name as SrtpProfile, new Uint8Array(60), 'client'),
        code('BAD_PROFILE'),
      );
    }
  });
});
