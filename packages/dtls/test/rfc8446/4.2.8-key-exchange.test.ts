import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portableMlKem768 } from '@millrace/crypto';
import type { DtlsCrypto } from '../../src/crypto.ts';
import { KEY_EXCHANGES } from '../../src/key-exchange.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';

const portable: DtlsCrypto = { ...nodeDtlsCrypto, mlKem768: portableMlKem768() };
const cryptos: readonly DtlsCrypto[] =
  nodeDtlsCrypto.mlKem768 === undefined ? [portable] : [nodeDtlsCrypto, portable];

describe('RFC 8446 §4.2.8 key shares', () => {
  for (const exchange of KEY_EXCHANGES.values()) {
    describe(exchange.name, () => {
      test('both sides come to one secret, whichever back end they have', () => {
        for (const client of cryptos) {
          for (const server of cryptos) {
            const offer = exchange.offer(client);
            const answer = exchange.answer(server, offer.share)!;
            assert.equal(offer.share.length, exchange.clientShareBytes);
            assert.equal(answer.share.length, exchange.serverShareBytes);
            assert.deepEqual(Uint8Array.from(offer.finish(answer.share)!), Uint8Array.from(answer.secret));
          }
        }
      });

      test('no two offers are alike, nor two secrets', () => {
        const [first, second] = [exchange.offer(portable), exchange.offer(portable)];
        assert.notDeepEqual(first.share, second.share);
        const [one, two] = [exchange.answer(portable, first.share)!, exchange.answer(portable, first.share)!];
        assert.notDeepEqual(one.secret, two.secret);
      });

      test('shares of another length are refused', () => {
        const offer = exchange.offer(portable);
        const answer = exchange.answer(portable, offer.share)!;
        for (const share of neighbours(offer.share))
          assert.equal(exchange.answer(portable, share), undefined);
        for (const share of neighbours(answer.share)) assert.equal(offer.finish(share), undefined);
      });
    });
  }

  test('points off the curve and compressed points are refused (§4.2.8.2)', () => {
    for (const id of [23, 24]) {
      const exchange = KEY_EXCHANGES.get(id)!;
      const offer = exchange.offer(portable);
      const off = Uint8Array.from(offer.share);
      off[off.length - 1]! ^= 1;
      const compressed = Uint8Array.from(offer.share);
      compressed[0] = 2;
      const infinity = new Uint8Array(exchange.clientShareBytes);
      for (const share of [off, compressed, infinity]) {
        assert.equal(exchange.answer(portable, share), undefined);
        assert.equal(offer.finish(share), undefined);
      }
    }
  });

  test('points of low order, whose secret is all zeros, are refused (§7.4.2)', () => {
    // RFC 7748 §6.1; the points are those of its security considerations, in u coordinates.
    const lowOrder = [
      new Uint8Array(32),
      Uint8Array.of(1, ...new Uint8Array(31)),
      hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
      hex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
      hex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
    ];
    for (const point of lowOrder) {
      const x25519 = KEY_EXCHANGES.get(29)!;
      assert.equal(x25519.answer(portable, point), undefined);
      assert.equal(x25519.offer(portable).finish(point), undefined);
      for (const crypto of cryptos) {
        const hybrid = KEY_EXCHANGES.get(0x11ec)!;
        const offer = hybrid.offer(crypto);
        const answer = hybrid.answer(crypto, offer.share)!;
        assert.equal(hybrid.answer(crypto, withEnd(offer.share, point)), undefined);
        assert.equal(offer.finish(withEnd(answer.share, point)), undefined);
      }
    }
  });
});

describe('draft-ietf-tls-ecdhe-mlkem X25519MLKEM768', () => {
  const hybrid = KEY_EXCHANGES.get(0x11ec)!;

  test('shares and secret are put together with ML-KEM in front', () => {
    const kem = portable.mlKem768!.generate();
    const curve = portable.createKeyShare('x25519');
    const answer = hybrid.answer(portable, Buffer.concat([kem.encapsulationKey, curve.publicKey]))!;
    const ofKem = kem.decapsulate(answer.share.subarray(0, 1088))!;
    const ofCurve = curve.agree(answer.share.subarray(1088))!;
    assert.deepEqual(Uint8Array.from(answer.secret), new Uint8Array(Buffer.concat([ofKem, ofCurve])));
  });

  test('an encapsulation key beyond the modulus is refused (§4)', () => {
    for (const crypto of cryptos) {
      const { share } = hybrid.offer(crypto);
      share[0] = 0xff;
      share[1]! |= 0x0f;
      assert.equal(hybrid.answer(crypto, share), undefined);
    }
  });

  test('a changed ciphertext gives another secret, not an error (FIPS 203 §6.3)', () => {
    for (const crypto of cryptos) {
      const offer = hybrid.offer(crypto);
      const answer = hybrid.answer(crypto, offer.share)!;
      answer.share[100]! ^= 1;
      const secret = offer.finish(answer.share)!;
      assert.notDeepEqual(Uint8Array.from(secret), Uint8Array.from(answer.secret));
      assert.deepEqual(Uint8Array.from(secret.subarray(32)), Uint8Array.from(answer.secret.subarray(32)));
    }
  });

  test('it is left out where the back end has no ML-KEM', () => {
    assert.equal(hybrid.isSupportedBy({ ...nodeDtlsCrypto, mlKem768: undefined }), false);
    assert.equal(hybrid.isSupportedBy(portable), true);
  });
});

function neighbours(share: Uint8Array): Uint8Array[] {
  const longer = new Uint8Array(share.length + 1);
  longer.set(share);
  return [new Uint8Array(0), share.subarray(1), share.subarray(0, -1), longer];
}

function withEnd(share: Uint8Array, end: Uint8Array): Uint8Array {
  const out = Uint8Array.from(share);
  out.set(end, out.length - end.length);
  return out;
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
