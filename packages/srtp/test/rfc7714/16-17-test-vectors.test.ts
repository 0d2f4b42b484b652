import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GaloisCounterMode } from '../../src/galois-counter-mode.ts';
import { ENCRYPTED } from '../../src/transform.ts';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import { hex, toHex } from '../fixtures/packets.ts';

const SALT = '517569642070726f2071756f';
const KEYS = {
  128: '000102030405060708090a0b0c0d0e0f',
  256: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
} as const;

const RTP_HEADER = '8040f17b8041f8d35501a0b2';
const RTP_PAYLOAD = '47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573';
const SSRC = 0x5501a0b2;
const SEQUENCE = 0xf17b;

const RTCP_HEADER = '81c8000d4d617273';
const RTCP_REPORTS =
  '4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef';
const RTCP_SSRC = 0x4d617273;
const INDEX = 0x5d4;

/** What lies behind the header: ciphertext and tag, or the clear and the tag. */
const RTP = [
  [
    '16.1.1 and 16.1.2',
    128,
    true,
    'f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833',
    '899d7f27beb16a9152cf765ee4390cce',
  ],
  ['16.1.3 and 16.1.4', 128, false, RTP_PAYLOAD, '22493f82d2bce397e9d79e3b19aa4216'],
  [
    '16.2.1 and 16.2.2',
    256,
    true,
    '32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b',
    '7aa3db36dfffd6b0f9bb7878d7a76c13',
  ],
  ['16.2.3 and 16.2.4', 256, false, RTP_PAYLOAD, 'a866d5910f887463067ceefec45215d4'],
] as const;

const RTCP = [
  [
    '17.1',
    128,
    true,
    '63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b',
    'c84aa45896cf4d2fc5abf87245d9eade',
  ],
  [
    '17.2',
    256,
    true,
    'd50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad',
    '1d1eb30c4446839f57ff6f6cb26ac3be',
  ],
  ['17.3', 128, false, RTCP_REPORTS, '841dd9683dd78ec92ae58790125f62b3'],
  ['17.4', 256, false, RTCP_REPORTS, '91db4afbfeee5a978fab4393ed2615fe'],
] as const;

for (const { name, cryptos } of BACK_ENDS) {
  describe(`${name}: RFC 7714 test vectors`, () => {
    const transformOf = (bits: 128 | 256): GaloisCounterMode =>
      new GaloisCounterMode(
        { encryption: hex(KEYS[bits]), authentication: new Uint8Array(), salt: hex(SALT) },
        `aes-${bits}-gcm`,
        0,
        cryptos,
      );

    for (const [section, bits, encrypts, behind, tag] of RTP) {
      const how = encrypts ? 'encrypted' : 'authenticated only';
      test(`RFC 7714 §${section}: an RTP packet, ${how}, with ${bits} bits`, () => {
        const transform = transformOf(bits);
        const plain = hex(RTP_HEADER + RTP_PAYLOAD);
        const sealed = hex(RTP_HEADER + behind + tag);
        const bytes = new Uint8Array(sealed.length);
        bytes.set(plain);
        const from = encrypts ? 12 : plain.length;
        transform.protectRtp(bytes, 0, from, plain.length, SSRC | 0, 0, SEQUENCE);
        assert.equal(toHex(bytes), toHex(sealed));
        assert(transform.unprotectRtp(bytes, 0, from, bytes.length, SSRC | 0, 0, SEQUENCE));
        assert.equal(toHex(bytes.subarray(0, plain.length)), toHex(plain));
        sealed[20]! ^= 1;
        assert(!transform.unprotectRtp(sealed, 0, from, sealed.length, SSRC | 0, 0, SEQUENCE));
        transform.close();
      });
    }

    for (const [section, bits, encrypts, behind, tag] of RTCP) {
      const how = encrypts ? 'encrypted' : 'authenticated only';
      test(`RFC 7714 §${section}: an RTCP packet, ${how}, with ${bits} bits`, () => {
        const transform = transformOf(bits);
        const plain = hex(RTCP_HEADER + RTCP_REPORTS);
        const word = encrypts ? INDEX | ENCRYPTED : INDEX;
        const sealed = hex(`${RTCP_HEADER}${behind}${tag}${encrypts ? '800005d4' : '000005d4'}`);
        const bytes = new Uint8Array(sealed.length);
        bytes.set(plain);
        transform.protectRtcp(bytes, 0, plain.length, RTCP_SSRC, word);
        assert.equal(toHex(bytes), toHex(sealed));
        assert(transform.unprotectRtcp(bytes, 0, bytes.length, RTCP_SSRC, word));
        assert.equal(toHex(bytes.subarray(0, plain.length)), toHex(plain));
        sealed[20]! ^= 1;
        assert(!transform.unprotectRtcp(sealed, 0, sealed.length, RTCP_SSRC, word));
        transform.close();
      });
    }
  });
}
