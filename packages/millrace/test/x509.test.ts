// Certificates as Node, which is OpenSSL, reads them.
import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { selfSignedCertificate } from '../src/x509.ts';

const KEYS = {
  ecdsa: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ed25519: generateKeyPairSync('ed25519'),
};
const serialNumber = new Uint8Array([0x7f, ...new Array(15).fill(0xff)]);

describe('RFC 5280 §4.1 a self-signed certificate', () => {
  for (const [kind, keys] of Object.entries(KEYS)) {
    test(`over an ${kind} key is read back as it was meant`, () => {
      const notBefore = Date.UTC(2049, 11, 31, 23, 59, 59);
      const notAfter = Date.UTC(2050, 0, 1, 0, 0, 0);
      const der = selfSignedCertificate(keys, { serialNumber, commonName: 'WebRTC', notBefore, notAfter });
      const certificate = new X509Certificate(der);
      assert.equal(certificate.subject, 'CN=WebRTC');
      assert.equal(certificate.issuer, 'CN=WebRTC');
      assert.equal(certificate.serialNumber, Buffer.from(serialNumber).toString('hex').toUpperCase());
      // §4.1.2.5: the two dates lie on the two sides of the change from UTCTime to GeneralizedTime.
      assert.equal(new Date(certificate.validFrom).getTime(), notBefore);
      assert.equal(new Date(certificate.validTo).getTime(), notAfter);
      assert.ok(certificate.verify(keys.publicKey));
      assert.ok(certificate.publicKey.equals(keys.publicKey));
      assert.equal(certificate.raw.length, der.length, 'nothing stands behind it');
    });
  }

  test('lengths of one, two and three bytes are written as X.690 §8.1.3 wants them', () => {
    for (const length of [1, 64, 127, 128, 200, 255, 256, 1000]) {
      const commonName = 'x'.repeat(length);
      const fields = { serialNumber, commonName, notBefore: Date.now(), notAfter: Date.now() + 1000 };
      const certificate = new X509Certificate(selfSignedCertificate(KEYS.ecdsa, fields));
      assert.equal(certificate.subject, `CN=${commonName}`);
    }
  });
});
