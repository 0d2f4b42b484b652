// What every back end of `DtlsCrypto` must do, here run on node:crypto.
import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { AEAD_TAG_BYTES, type AeadAlgorithm, type SignatureSchemeName } from '../src/crypto.ts';
import { DtlsError } from '../src/errors.ts';
import { GROUPS } from '../src/groups.ts';
import { nodeDtlsCrypto as crypto, nodeDtlsCertificate } from '../src/node-crypto.ts';
import { SIGNATURE_SCHEMES } from '../src/signature-schemes.ts';
import {
  ECDSA_P256,
  ECDSA_P384,
  ED25519,
  identityOf,
  OTHER_ECDSA_P256,
  RSA_1024,
  RSA_2048,
} from './fixtures/certificates.ts';
import { hex } from './fixtures/records.ts';

const GCM_TEXT = `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525
  b16aedf5aa0de657ba637b39`;
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
const GCM_NONCE = 'cafebabefacedbaddecaf888';

interface Vector {
  readonly name: string;
  readonly algorithm: AeadAlgorithm;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly sealed: string;
}

const VECTORS: readonly Vector[] = [
  {
    name: 'AES-128-GCM, test case 4 of the GCM specification',
    algorithm: 'aes-128-gcm',
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: GCM_NONCE,
    aad: GCM_AAD,
    plaintext: GCM_TEXT,
    sealed: `42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05
      1ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47`,
  },
  {
    name: 'AES-256-GCM, test case 16 of the GCM specification',
    algorithm: 'aes-256-gcm',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: GCM_NONCE,
    aad: GCM_AAD,
    plaintext: GCM_TEXT,
    sealed: `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838
      c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b`,
  },
  {
    name: 'ChaCha20-Poly1305, RFC 8439 §2.8.2',
    algorithm: 'chacha20-poly1305',
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
    nonce: '070000004041424344454647',
    aad: '50515253c0c1c2c3c4c5c6c7',
    plaintext: Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ).toString('hex'),
    sealed: `d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b
      1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def0
      8e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691`,
  },
];

describe('DtlsCrypto: AEAD in place', () => {
  for (const vector of VECTORS) {
    test(`${vector.name}: seals and opens in the middle of a longer buffer`, () => {
      const aead = crypto.createAeadKey(vector.algorithm, hex(vector.key));
      const plaintext = hex(vector.plaintext);
      const sealed = hex(vector.sealed);
      const buffer = new Uint8Array(5 + sealed.length + 5).fill(0xee);
      buffer.set(plaintext, 5);
      const end = 5 + plaintext.length;
      aead.seal(buffer, 5, end, hex(vector.nonce), hex(vector.aad));
      assert.deepEqual(buffer.slice(5, end + AEAD_TAG_BYTES), sealed);
      assert.deepEqual(buffer.slice(0, 5), new Uint8Array(5).fill(0xee));
      assert.deepEqual(buffer.slice(-5), new Uint8Array(5).fill(0xee));
      assert.equal(aead.open(buffer, 5, end + AEAD_TAG_BYTES, hex(vector.nonce), hex(vector.aad)), true);
      assert.deepEqual(buffer.slice(5, end), plaintext);
    });

    test(`${vector.name}: refuses a change of any byte of text, tag, nonce or additional data`, () => {
      const aead = crypto.createAeadKey(vector.algorithm, hex(vector.key));
      const parts = [hex(vector.sealed), hex(vector.nonce), hex(vector.aad)] as const;
      for (const part of parts) {
        for (let i = 0; i < part.length; i++) {
          part[i] = part[i]! ^ 0x10;
          assert.equal(aead.open(parts[0].slice(), 0, parts[0].length, parts[1], parts[2]), false);
          part[i] = part[i]! ^ 0x10;
        }
      }
    });
  }
});

describe('DtlsCrypto: key exchange', () => {
  for (const group of GROUPS.values()) {
    test(`${group.name}: both sides come to the same secret`, () => {
      const a = crypto.createKeyShare(group.name);
      const b = crypto.createKeyShare(group.name);
      assert.equal(a.publicKey.length, group.publicKeyBytes);
      const secret = a.agree(b.publicKey);
      assert.notEqual(secret, undefined);
      assert.deepEqual(secret, b.agree(a.publicKey));
    });

    test(`${group.name}: refuses keys of a wrong length, form or value`, () => {
      const share = crypto.createKeyShare(group.name);
      const good = crypto.createKeyShare(group.name).publicKey;
      for (let length = 0; length < good.length; length++) {
        assert.equal(share.agree(good.subarray(0, length)), undefined);
      }
      assert.equal(share.agree(new Uint8Array([...good, 0])), undefined);
      assert.equal(share.agree(new Uint8Array(good.length)), undefined); // x25519: the secret would be all zero
      if (group.name === 'x25519') return;
      const offCurve = good.slice();
      offCurve[offCurve.length - 1] = offCurve.at(-1)! ^ 1;
      assert.equal(share.agree(offCurve), undefined);
      const compressed = new Uint8Array([
        2 + (good.at(-1)! & 1),
        ...good.subarray(1, 1 + (good.length - 1) / 2),
      ]);
      assert.equal(share.agree(compressed), undefined);
    });
  }
});

describe('DtlsCrypto: signatures', () => {
  const keys = [
    ['ECDSA P-256', ECDSA_P256, 'ecdsa'],
    ['ECDSA P-384', ECDSA_P384, 'ecdsa'],
    ['RSA 2048', RSA_2048, 'rsa'],
  ] as const;
  for (const [name, fixture, algorithm] of keys) {
    for (const scheme of SIGNATURE_SCHEMES.values()) {
      if (scheme.keyAlgorithm !== algorithm) continue;
      test(`${name}, ${scheme.name}: verifies what it has signed and nothing else`, () => {
        const identity = identityOf(fixture);
        const publicKey = crypto.readPublicKey(fixture.certificate)!;
        assert.equal(publicKey.algorithm, algorithm);
        const text = hex('00010203');
        const signature = crypto.sign(identity.privateKey, scheme.name, text);
        assert.equal(crypto.verify(publicKey, scheme.name, text, signature), true);
        assert.equal(crypto.verify(publicKey, scheme.name, hex('00010204'), signature), false);
        for (let i = 0; i < signature.length; i += 7) {
          assert.equal(crypto.verify(publicKey, scheme.name, text, signature.subarray(0, i)), false);
        }
      });
    }
  }

  test('the PSS salt is as long as the digest (RFC 8446 §4.2.3)', () => {
    const publicKey = crypto.readPublicKey(RSA_2048.certificate)!;
    const key = createPrivateKey({ key: Buffer.from(RSA_2048.privateKey), format: 'der', type: 'pkcs8' });
    const text = hex('0102');
    const scheme: SignatureSchemeName = 'rsa_pss_rsae_sha256';
    const pss = (saltLength: number): Uint8Array => sign('sha256', text, { key, padding: 6, saltLength });
    assert.equal(crypto.verify(publicKey, scheme, text, pss(32)), true);
    assert.equal(crypto.verify(publicKey, scheme, text, pss(20)), false);
  });
});

describe('DtlsCrypto: certificates', () => {
  test('reads no key from garbage, from any truncation, or of a kind not accepted', () => {
    for (let length = 0; length < ECDSA_P256.certificate.length; length += 3) {
      assert.equal(crypto.readPublicKey(ECDSA_P256.certificate.subarray(0, length)), undefined);
    }
    assert.equal(crypto.readPublicKey(hex('deadbeef')), undefined);
    assert.equal(crypto.readPublicKey(RSA_1024.certificate), undefined); // RFC 8827 §6.5: 2048 bits at least
  });

  test('tells the kind of key, and the curve', () => {
    assert.equal(crypto.readPublicKey(ED25519.certificate)?.algorithm, 'ed25519');
    assert.equal(crypto.readPublicKey(RSA_2048.certificate)?.algorithm, 'rsa');
    assert.equal(crypto.readPublicKey(ECDSA_P256.certificate)?.curve, 'secp256r1');
  });

  test('an identity is built from DER or a key object, and only from a pair', () => {
    const key = createPrivateKey({ key: Buffer.from(ECDSA_P256.privateKey), format: 'der', type: 'pkcs8' });
    assert.equal(nodeDtlsCertificate(ECDSA_P256.certificate, key).keyAlgorithm, 'ecdsa');
    assert.equal(nodeDtlsCertificate(RSA_2048.certificate, RSA_2048.privateKey).keyAlgorithm, 'rsa');
    const code = (make: () => unknown): string => {
      try {
        make();
      } catch (error) {
        return error instanceof DtlsError ? error.code : String(error);
      }
      return 'none';
    };
    assert.equal(
      code(() => nodeDtlsCertificate(ECDSA_P256.certificate, OTHER_ECDSA_P256.privateKey)),
      'KEY_MISMATCH',
    );
    assert.equal(
      code(() => nodeDtlsCertificate(RSA_1024.certificate, RSA_1024.privateKey)),
      'CERTIFICATE_UNUSABLE',
    );
    assert.equal(
      code(() => nodeDtlsCertificate(ECDSA_P256.certificate, hex('00'))),
      'CERTIFICATE_UNUSABLE',
    );
  });
});
