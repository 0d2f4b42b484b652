import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DtlsCrypto, KeyShare } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { spareKeys } from '../../src/transport/spare-keys.ts';

/** A crypto that counts what is asked of it, and what is to be done later. */
function counted(withKem = true) {
  const made = { curve: 0, kem: 0 };
  const later: Array<() => void> = [];
  const share = (): KeyShare => ({ publicKey: Uint8Array.of(made.curve), agree: () => undefined });
  const crypto: DtlsCrypto = {
    ...nodeDtlsCrypto,
    createKeyShare: () => {
      made.curve++;
      return share();
    },
    mlKem768: withKem
      ? {
          generate: () => ({
            encapsulationKey: Uint8Array.of(++made.kem),
            decapsulate: () => undefined,
          }),
          encapsulate: () => undefined,
        }
      : undefined,
  };
  return { made, later, ...spareKeys(crypto, (refill) => later.push(refill)) };
}

describe('key pairs made ahead', () => {
  test('what has been made ahead is taken, each once, and made anew later', () => {
    const { crypto, made, later, refill } = counted();
    refill();
    assert.deepEqual(made, { curve: 2, kem: 1 });
    const taken = [crypto.mlKem768!.generate().encapsulationKey[0]];
    for (let i = 0; i < 2; i++) crypto.createKeyShare('x25519');
    assert.deepEqual(made, { curve: 2, kem: 1 });
    assert.equal(later.length, 1, 'asked for once');
    taken.push(crypto.mlKem768!.generate().encapsulationKey[0]);
    assert.deepEqual([taken, made.kem], [[1, 2], 2], 'with none left it is made at once');
    later[0]!();
    assert.deepEqual(made, { curve: 4, kem: 3 });
    const shares = Array.from({ length: 4 }, () => crypto.createKeyShare('x25519').publicKey[0]);
    assert.equal(new Set(shares).size, 4, 'never the same');
  });

  test('nothing is made before the first is asked for, and of other kinds nothing ahead', () => {
    const { crypto, made, later } = counted();
    assert.deepEqual([made, later], [{ curve: 0, kem: 0 }, []]);
    crypto.createKeyShare('secp256r1');
    assert.deepEqual([made, later.length], [{ curve: 1, kem: 0 }, 0]);
  });

  test('a pair from a given seed is that pair', () => {
    const { crypto } = spareKeys(nodeDtlsCrypto, () => {});
    if (nodeDtlsCrypto.mlKem768 === undefined) return;
    const seed = new Uint8Array(64).fill(7);
    const [one, other] = [crypto.mlKem768!.generate(seed), crypto.mlKem768!.generate(seed)];
    assert.deepEqual(one.encapsulationKey, other.encapsulationKey);
  });

  test('without ML-KEM there is none', () => {
    assert.equal(counted(false).crypto.mlKem768, undefined);
  });
});
