import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { PROFILES, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { KeyDerivation, RTCP_LABELS, RTP_LABELS } from '../../src/key-derivation.ts';
import { MAX_KEPT_PERIODS } from '../../src/options.ts';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import { counting } from '../fixtures/counting.ts';
import {
  keysOf,
  openedRtcp,
  openedRtp,
  optionsOf,
  PROFILE_NAMES,
  protectedRtcp,
  protectedRtp,
  rtcp,
  rtp,
  SSRC,
} from '../fixtures/packets.ts';

for (const backEnd of BACK_ENDS)
  describe(`${backEnd.name}: RFC 3711 §4.3.1: key derivation rate`, () => {
    test('the keys of a period are those that node:crypto derives', () => {
      for (const profile of PROFILE_NAMES) {
        const { masterKey, masterSalt } = keysOf(profile);
        const derivation = new KeyDerivation(PROFILES[profile], masterKey, masterSalt, backEnd.cryptos);
        for (const period of [0, 1, 255, 256, 0x1234_5678, 0xffff_ffff_ffff])
          for (const labels of [RTP_LABELS, RTCP_LABELS] as const) {
            const { encryption, salt } = derivation.sessionKeys(labels, period);
            const block = (label: number): Buffer => {
              const x = Buffer.alloc(16);
              x.set(masterSalt);
              const keyId = Buffer.alloc(7);
              keyId[0] = label;
              keyId.writeUIntBE(period, 1, 6);
              for (let i = 0; i < 7; i++) x[7 + i]! ^= keyId[i]!;
              return x;
            };
            const name = `aes-${masterKey.length * 8}-ctr`;
            const stream = (label: number, length: number): Buffer =>
              createCipheriv(name, masterKey, block(label)).update(Buffer.alloc(length));
            assert.deepEqual(Buffer.from(encryption), stream(labels, encryption.length));
            assert.deepEqual(Buffer.from(salt), stream(labels + 2, salt.length));
          }
        derivation.close();
      }
    });

    for (const profile of PROFILE_NAMES)
      test(`${profile}: packets go through at every rate, also late ones of the period before`, () => {
        for (const keyDerivationRate of [1, 2, 16, 1_024, 2 ** 16, 2 ** 24]) {
          const options = { ...optionsOf(profile, backEnd), keyDerivationRate };
          const [sender, receiver] = [new SrtpSender(options), new SrtpReceiver(options)];
          const packets = Array.from({ length: 40 }, (_, i) => protectedRtp(sender, rtp(65_520 + i, 30)));
          for (let i = 0; i < packets.length; i += 4)
            for (const j of [i + 1, i, i + 3, i + 2])
              assert.equal(
                openedRtp(receiver, packets[j]!)?.length,
                42,
                `rate ${keyDerivationRate}, packet ${j}`,
              );
          for (let i = 0; i < 20; i++) assert(openedRtcp(receiver, protectedRtcp(sender, rtcp(20))));
          sender.close();
          receiver.close();
        }
      });

    test('keys of a bounded number of periods are held, whatever is forged, and all are closed in the end', () => {
      for (const profile of PROFILE_NAMES) {
        const counts = counting(backEnd.cryptos);
        const perPeriod = PROFILES[profile].aead === undefined ? 2 : 1;
        const options = { ...optionsOf(profile, backEnd), cryptos: counts.cryptos, keyDerivationRate: 1 };
        const receiver = new SrtpReceiver(options);
        for (let sequence = 0; sequence < 100; sequence++)
          assert.equal(openedRtp(receiver, rtp(sequence * 300, 60)), undefined);
        assert.equal(counts.open, 1 + MAX_KEPT_PERIODS * perPeriod);
        receiver.close();
        assert.equal(counts.open, 0);
        const without = new SrtpSender({ ...optionsOf(profile, backEnd), cryptos: counts.cryptos });
        assert.equal(counts.open, 2 * perPeriod, 'the master key is not kept');
        without.close();
        without.close();
        assert.equal(counts.open, 0);
        assert.throws(() => without.protectRtp(rtp(1, 50), 0, 62), { code: 'CLOSED' });
        assert.equal(without.rollOverCounter(SSRC), undefined);
      }
    });
  });
