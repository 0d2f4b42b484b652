import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROFILES } from '@millrace/srtp';
import { KeyDerivation, RTP_LABELS } from '../../src/key-derivation.ts';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import { hex, toHex } from '../fixtures/packets.ts';

for (const { name, cryptos } of BACK_ENDS) {
  describe(`${name}: RFC 3711 appendix B`, () => {
    test('RFC 3711 §B.2: the key stream of AES in counter mode, its first and last blocks', () => {
      const salt = hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD');
      const key = cryptos.createCtrKey(hex('2B7E151628AED2A6ABF7158809CF4F3C'), salt);
      const stream = (counter: string, blocks: number): string => {
        const bytes = new Uint8Array(blocks * 16);
        key.apply(bytes, 0, bytes.length, hex(counter));
        return toHex(bytes);
      };
      assert.equal(
        stream('F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000', 3),
        'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0',
      );
      assert.equal(
        stream('F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF', 3),
        'ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae6a2cc3787889374fbeb4c81b17ba6c44',
      );
    });

    test('RFC 3711 §B.3: cipher key, cipher salt and authentication key out of the master key', () => {
      const derivation = new KeyDerivation(
        PROFILES['aes128-cm-hmac-sha1-80'],
        hex('E1F97A0D3E018BE0D64FA32C06DE4139'),
        hex('0EC675AD498AFEEBB6960B3AABE6'),
        cryptos,
      );
      const { encryption, authentication, salt } = derivation.sessionKeys(RTP_LABELS, 0);
      assert.equal(toHex(encryption), 'c61e7a93744f39ee10734afe3ff7a087');
      assert.equal(toHex(salt), '30cbbc08863d8c85d49db34a9ae1');
      const long =
        'cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef7227098' +
        '6371c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2';
      assert.equal(toHex(authentication), long.slice(0, 40));
      assert.equal(toHex(derivation.derive(0x01, 0, 94)), long);
      derivation.close();
    });

    test('RFC 6188 §7.2: the same out of a master key of 256 bits', () => {
      const derivation = new KeyDerivation(
        PROFILES['aead-aes-256-gcm'],
        hex('f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6'),
        hex('3b04803de51ee7c96423ab5b78d2'),
        cryptos,
      );
      assert.equal(
        toHex(derivation.derive(0x00, 0, 32)),
        '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
      );
      assert.equal(toHex(derivation.derive(0x02, 0, 14)), 'fa31791685ca444a9e07c6c64e93');
      assert.equal(toHex(derivation.derive(0x01, 0, 20)), 'fd9c32d39ed5fbb5a9dc96b30818454d1313dc05');
      derivation.close();
    });
  });
}
