// RFC 5280 §4.1: the key of a certificate, found without reading the rest.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { subjectPublicKeyInfo } from '../src/subject-public-key.ts';
import * as fixtures from './fixtures/certificates.ts';

const CERTIFICATES = Object.entries(fixtures).flatMap(([name, fixture]) =>
  typeof fixture === 'object' && 'certificate' in fixture ? [[name, fixture.certificate] as const] : [],
);

describe('RFC 5280 §4.1 SubjectPublicKeyInfo', () => {
  for (const [name, certificate] of CERTIFICATES) {
    test(`of ${name} is what Node finds`, () => {
      const expected = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
      assert.deepEqual(Buffer.from(subjectPublicKeyInfo(certificate)!), expected);
    });

    test(`of ${name}, cut short or made longer: there is none`, () => {
      for (let length = 0; length < certificate.length; length++)
        assert.equal(subjectPublicKeyInfo(certificate.subarray(0, length)), undefined);
      assert.equal(subjectPublicKeyInfo(Buffer.concat([certificate, Buffer.alloc(1)])), undefined);
    });
  }

  test('whatever the bytes are, nothing throws and nothing is read beyond them', () => {
    const [, certificate] = CERTIFICATES[0]!;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(certificate.length - 1), fc.nat(255)), { maxLength: 8 }),
        (changes) => {
          const changed = certificate.slice();
          for (const [at, byte] of changes) changed[at] = byte;
          const found = subjectPublicKeyInfo(changed);
          assert.ok(found === undefined || found.length <= changed.length);
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void subjectPublicKeyInfo(bytes)));
  });
});
