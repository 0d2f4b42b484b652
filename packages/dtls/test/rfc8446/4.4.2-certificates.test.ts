// Which certificate is shown, with keys of every kind on both sides, in both versions.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseCredential12, chooseCredential13, isSchemeOf13 } from '../../src/credential.ts';
import type { DtlsCertificate } from '../../src/crypto.ts';
import { fingerprintOf } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { SIGNATURE_SCHEMES } from '../../src/signature-schemes.ts';
import { ECDSA_P256, ECDSA_P384, ED25519, identityOf, RSA_2048 } from '../fixtures/certificates.ts';
import { connected } from '../fixtures/connections.ts';

const IDENTITIES: Readonly<Record<string, DtlsCertificate>> = {
  'ECDSA on P-256': identityOf(ECDSA_P256),
  'ECDSA on P-384': identityOf(ECDSA_P384),
  'RSA of 2048 bits': identityOf(RSA_2048),
  Ed25519: identityOf(ED25519),
};
const ALL = Object.values(IDENTITIES);
const [p256, p384, rsa, ed25519] = ALL as [
  DtlsCertificate,
  DtlsCertificate,
  DtlsCertificate,
  DtlsCertificate,
];
const EVERY_SCHEME = [...SIGNATURE_SCHEMES.keys()];
const fingerprints = (...identities: DtlsCertificate[]) =>
  identities.map(({ certificate }) => fingerprintOf(certificate, nodeDtlsCrypto));

for (const version of ['1.2', '1.3'] as const) {
  describe(`RFC 8446 §4.4.2 certificates in DTLS ${version}`, () => {
    for (const [clientKind, ofClient] of Object.entries(IDENTITIES)) {
      for (const [serverKind, ofServer] of Object.entries(IDENTITIES)) {
        test(`a client with ${clientKind} and a server with ${serverKind} connect`, () => {
          const { client, server } = connected({
            client: {
              certificate: ofClient,
              remoteFingerprints: fingerprints(ofServer),
              minVersion: version,
              maxVersion: version,
            },
            server: {
              certificate: ofServer,
              remoteFingerprints: fingerprints(ofClient),
              minVersion: version,
              maxVersion: version,
            },
          });
          assert.deepEqual(client.remoteCertificate, ofServer.certificate);
          assert.deepEqual(server.remoteCertificate, ofClient.certificate);
        });
      }
    }

    test('of several certificates the first is shown, and either of them is known by its fingerprint', () => {
      for (const [first, second] of [
        [p256, rsa],
        [rsa, p256],
        [ed25519, p256],
      ] as const) {
        const { client, server } = connected({
          client: {
            certificate: p256,
            remoteFingerprints: fingerprints(second, first),
            minVersion: version,
            maxVersion: version,
          },
          server: {
            certificate: first,
            otherCertificates: [second],
            remoteFingerprints: fingerprints(p256),
            minVersion: version,
            maxVersion: version,
          },
        });
        assert.equal(server.state, 'connected');
        assert.deepEqual(client.remoteCertificate, first.certificate);
      }
    });
  });
}

describe('RFC 5246 §7.4.2 the certificate of the server fits a suite of the client', () => {
  test('a second certificate is shown to a client that has no suite for the first', () => {
    const ecdsaOnly = [0xc02b];
    const rsaOnly = [0xc02f];
    for (const [suites, shown] of [
      [ecdsaOnly, p256],
      [rsaOnly, rsa],
    ] as const) {
      const { client } = connected({
        client: { cipherSuites: suites, remoteFingerprints: fingerprints(p256, rsa) },
        server: { certificate: p256, otherCertificates: [rsa] },
      });
      assert.deepEqual(client.remoteCertificate, shown.certificate);
    }
  });
});

describe('RFC 8446 §4.2.3 the signature scheme fits the key', () => {
  const nameOf = (chosen: { scheme: { name: string } } | undefined) => chosen?.scheme.name;

  test('each key has its schemes; in 1.3 the curve is part of it and PKCS #1 v1.5 is not spoken', () => {
    assert.equal(nameOf(chooseCredential13([p256], EVERY_SCHEME)), 'ecdsa_secp256r1_sha256');
    assert.equal(nameOf(chooseCredential13([p384], EVERY_SCHEME)), 'ecdsa_secp384r1_sha384');
    assert.equal(nameOf(chooseCredential13([ed25519], EVERY_SCHEME)), 'ed25519');
    assert.equal(nameOf(chooseCredential13([rsa], EVERY_SCHEME)), 'rsa_pss_rsae_sha256');
    assert.equal(chooseCredential13([rsa], [0x0401, 0x0501, 0x0601]), undefined);
    assert.equal(chooseCredential13([p384], [0x0403]), undefined);
    const anything = () => true;
    assert.equal(nameOf(chooseCredential12([rsa], [0x0401], anything)), 'rsa_pkcs1_sha256');
    assert.equal(nameOf(chooseCredential12([p384], [0x0403], anything)), 'ecdsa_secp256r1_sha256');
  });

  test('the first certificate that the peer can check is taken', () => {
    assert.equal(chooseCredential13([ed25519, rsa, p256], [0x0403, 0x0804])?.certificate, rsa);
    assert.equal(chooseCredential13([ed25519, rsa, p256], [0x0403])?.certificate, p256);
    assert.equal(chooseCredential13([ed25519], [0x0403]), undefined);
    assert.equal(chooseCredential12([p256, rsa], EVERY_SCHEME, (key) => key === 'rsa')?.certificate, rsa);
  });

  test('a signature with another scheme than the key has is no good', () => {
    for (const scheme of SIGNATURE_SCHEMES.values()) {
      const fitting = ALL.filter(({ keyAlgorithm, keyCurve }) =>
        isSchemeOf13(scheme, { algorithm: keyAlgorithm, curve: keyCurve }),
      );
      const isSpoken = !scheme.name.startsWith('rsa_pkcs1') && scheme.name !== 'ecdsa_secp521r1_sha512';
      assert.equal(fitting.length, isSpoken ? 1 : 0, scheme.name);
    }
  });
});
