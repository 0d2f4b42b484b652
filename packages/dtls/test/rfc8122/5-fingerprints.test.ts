import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { DtlsConnection, type Fingerprint, fingerprintOf, type HashAlgorithm } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P256, OTHER_ECDSA_P256 } from '../fixtures/certificates.ts';
import {
  clientOptions,
  connected,
  connections,
  type Overrides,
  transmitted,
} from '../fixtures/connections.ts';

const of = (algorithm: HashAlgorithm): Fingerprint =>
  fingerprintOf(OTHER_ECDSA_P256.certificate, nodeDtlsCrypto, algorithm);
const wrong = (algorithm: HashAlgorithm): Fingerprint =>
  fingerprintOf(ECDSA_P256.certificate, nodeDtlsCrypto, algorithm);

function connects(remoteFingerprints: readonly Fingerprint[] | 'any', more: Overrides = {}): boolean {
  const all = connections({ client: { remoteFingerprints, ...more } });
  all.pair.run(1000);
  if (all.client.state === 'failed') assert.equal(all.fromClient.closed?.code, 'fingerprint-mismatch');
  return all.client.state === 'connected';
}

describe('RFC 8122 §5 fingerprint attribute', () => {
  test('is the hash of the DER certificate in upper-case pairs', () => {
    const digest = createHash('sha256').update(OTHER_ECDSA_P256.certificate).digest('hex').toUpperCase();
    assert.deepEqual(of('sha-256'), { algorithm: 'sha-256', value: digest.match(/../g)?.join(':') });
  });

  test('SHA-256, SHA-384 and SHA-512 are taken, names and digits in either case', () => {
    for (const algorithm of ['sha-256', 'sha-384', 'sha-512'] as const) {
      const { value } = of(algorithm);
      assert.equal(connects([{ algorithm, value }]), true);
      assert.equal(connects([{ algorithm: algorithm.toUpperCase(), value: value.toLowerCase() }]), true);
      assert.equal(connects([wrong(algorithm)]), false);
    }
  });

  test('an application that verifies certificates itself can take any, and sees which it was', () => {
    assert.equal(connects([wrong('sha-256')]), false);
    assert.equal(connects('any'), true);
    const { client } = connected({ client: { remoteFingerprints: 'any' } });
    assert.deepEqual(client.remoteCertificate, OTHER_ECDSA_P256.certificate);
  });

  test('one match among several values of a hash suffices', () => {
    assert.equal(connects([wrong('sha-256'), of('sha-256')]), true);
  });

  test('of several hashes the strongest counts, whatever the others say', () => {
    assert.equal(connects([of('sha-256'), wrong('sha-512')]), false);
    assert.equal(connects([wrong('sha-256'), of('sha-512')]), true);
  });

  test('SHA-1 counts only on request, and then only alone', () => {
    assert.throws(() => new DtlsConnection(clientOptions({ remoteFingerprints: [of('sha-1')] })), {
      code: 'NO_USABLE_FINGERPRINT',
    });
    assert.equal(connects([of('sha-1')], { acceptSha1Fingerprint: true }), true);
    assert.equal(connects([of('sha-1'), wrong('sha-256')], { acceptSha1Fingerprint: true }), false);
    assert.equal(connects([wrong('sha-1'), of('sha-256')]), true);
  });

  test('none at all, unknown hashes and malformed values are refused before anything happens', () => {
    const good = of('sha-256');
    for (const fingerprints of [
      [],
      [{ algorithm: 'md5', value: good.value.slice(0, 47) }],
      [{ algorithm: 'sha-256', value: '' }],
      [{ algorithm: 'sha-256', value: good.value.slice(0, -3) }],
      [{ algorithm: 'sha-256', value: `${good.value}:00` }],
      [{ algorithm: 'sha-256', value: good.value.replaceAll(':', '') }],
      [{ algorithm: 'sha-256', value: good.value.replace(/^../, 'zz') }],
    ]) {
      assert.throws(() => new DtlsConnection(clientOptions({ remoteFingerprints: fingerprints })), {
        code: 'NO_USABLE_FINGERPRINT',
      });
    }
  });
});

describe('RFC 8827 §6.5 both certificates are checked before any application data', () => {
  const strangers = { remoteFingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('00').join(':') }] };

  test('a server whose certificate is not the expected one is refused by the client', () => {
    const all = connections({ client: strangers });
    all.pair.run(1000);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'fingerprint-mismatch', alert: 42 });
    assert.deepEqual(all.fromServer.closed, { by: 'remote', code: 'alert', alert: 42 });
    assert.equal(all.fromClient.connected + all.fromServer.connected, 0);
  });

  test('a client whose certificate is not the expected one is refused by the server', () => {
    const all = connections({ server: strangers });
    all.pair.run(1000);
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'fingerprint-mismatch', alert: 42 });
    assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'alert', alert: 42 });
    assert.equal(all.fromClient.connected + all.fromServer.connected, 0);
  });

  test('nothing can be sealed or exported before that', () => {
    const all = connections({ client: strangers });
    const out = new Uint8Array(100);
    for (const side of [all.client, all.server]) {
      assert.throws(() => side.seal(out, 0, 1), { code: 'NOT_CONNECTED' });
      assert.throws(() => side.exportKeyingMaterial('x', undefined, 8), { code: 'NOT_CONNECTED' });
    }
    all.pair.run(1000);
    for (const side of [all.client, all.server]) {
      assert.throws(() => side.seal(out, 0, 1), { code: 'NOT_CONNECTED' });
      assert.equal(side.remoteCertificate, undefined);
      assert.deepEqual(transmitted(side), []);
    }
  });

  test('afterwards each side can show the certificate of the other', () => {
    const all = connected();
    assert.deepEqual(all.client.remoteCertificate, OTHER_ECDSA_P256.certificate);
    assert.deepEqual(all.server.remoteCertificate, ECDSA_P256.certificate);
  });
});
