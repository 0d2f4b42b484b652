// ML-KEM-768 of both back ends. Known answers: the accumulated vectors of Go's crypto/mlkem (src/crypto/mlkem/
// mlkem_test.go, TestAccumulated, the hash for 100 rounds), and from C2SP's Wycheproof (testvectors_v1/
// mlkem_768_encaps_test.json) the kind of keys that overflow the modulus.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type KemKeyPair, portableMlKem768 } from '@millrace/crypto';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';

const portable = portableMlKem768()!;
const KEMS = [
  ['node:crypto', nodeDtlsCrypto.mlKem768],
  ['portable', portable],
] as const;

const ENCAPSULATION_KEY_BYTES = 1184;
const CIPHERTEXT_BYTES = 1088;
const MODULUS = 3329;

// A Node before 24.7 has none of its own, and then nothing is said of it.
for (const [name, kem] of KEMS) {
  if (kem === undefined) continue;

  describe(`FIPS 203 ML-KEM-768, ${name}`, () => {
    test('key generation, encapsulation, decapsulation and implicit rejection give the known answers', () => {
      const rounds = 100;
      // One stream gives each round the seed of a key, a message, and a ciphertext that is for nobody.
      const stream = shake128(rounds * (64 + 32 + CIPHERTEXT_BYTES));
      const answers: Uint8Array[] = [];
      let at = 0;
      const next = (length: number): Uint8Array => {
        at += length;
        return stream.subarray(at - length, at);
      };
      for (let round = 0; round < rounds; round++) {
        const pair: KemKeyPair = kem.generate(next(64));
        // node:crypto takes no message, so here the other one seals.
        const sent = portable.encapsulate(pair.encapsulationKey, next(32))!;
        assert.deepEqual(bytes(pair.decapsulate(sent.ciphertext)), bytes(sent.sharedSecret));
        const rejected = pair.decapsulate(next(CIPHERTEXT_BYTES))!;
        answers.push(pair.encapsulationKey, sent.ciphertext, sent.sharedSecret, rejected);
      }
      assert.equal(
        createHash('shake128', { outputLength: 32 }).update(Buffer.concat(answers)).digest('hex'),
        '1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415',
      );
    });

    test('keys with coefficients beyond the modulus are refused (§7.2)', () => {
      const { encapsulationKey } = kem.generate();
      for (const coefficient of [0, 1, 255, 256, 767]) {
        for (const value of [MODULUS, MODULUS + 1, 4095]) {
          assert.equal(kem.encapsulate(withCoefficient(encapsulationKey, coefficient, value)), undefined);
        }
        const highest = withCoefficient(encapsulationKey, coefficient, MODULUS - 1);
        assert.notEqual(kem.encapsulate(highest), undefined);
      }
    });

    test('keys and ciphertexts of every other length are refused (§7.2, §7.3)', () => {
      const pair = kem.generate();
      const { ciphertext } = kem.encapsulate(pair.encapsulationKey)!;
      for (const length of [0, 1, 1183, 1185, 1216, 1568]) {
        assert.equal(kem.encapsulate(resized(pair.encapsulationKey, length)), undefined, `${length}`);
      }
      for (const length of [0, 1, 1087, 1089, 1120]) {
        assert.equal(pair.decapsulate(resized(ciphertext, length)), undefined, `${length}`);
      }
      assert.equal(pair.encapsulationKey.length, ENCAPSULATION_KEY_BYTES);
      assert.equal(ciphertext.length, CIPHERTEXT_BYTES);
    });
  });
}

describe('FIPS 203 ML-KEM-768, one back end with the other', () => {
  test('what one seals the other opens', () => {
    for (const [, ours] of KEMS) {
      for (const [, theirs] of KEMS) {
        if (ours === undefined || theirs === undefined) continue;
        const pair = ours.generate();
        const sent = theirs.encapsulate(pair.encapsulationKey)!;
        assert.deepEqual(bytes(pair.decapsulate(sent.ciphertext)), bytes(sent.sharedSecret));
      }
    }
  });
});

function shake128(outputLength: number): Uint8Array {
  return createHash('shake128', { outputLength }).digest();
}

/** FIPS 203 §4.2.1: two coefficients of 12 bits in three bytes, the low bits first. */
function withCoefficient(key: Uint8Array, index: number, value: number): Uint8Array {
  const changed = Uint8Array.from(key);
  const at = (index >> 1) * 3;
  if (index % 2 === 0) {
    changed[at] = value & 0xff;
    changed[at + 1] = (changed[at + 1]! & 0xf0) | (value >> 8);
  } else {
    changed[at + 1] = (changed[at + 1]! & 0x0f) | ((value & 0x0f) << 4);
    changed[at + 2] = value >> 4;
  }
  return changed;
}

function resized(from: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(from.subarray(0, length));
  return out;
}

function bytes(from: Uint8Array | undefined): Uint8Array {
  return Uint8Array.from(from!);
}
