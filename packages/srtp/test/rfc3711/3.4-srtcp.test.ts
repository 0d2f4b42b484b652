import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { putU32, u32 } from '@millrace/sans-io';
import { PROFILES, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import {
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

const LAST = 0x7fff_ffff;

for (const backEnd of BACK_ENDS)
  for (const profile of PROFILE_NAMES)
    describe(`${backEnd.name}, ${profile}: RFC 3711 §3.4: SRTCP`, () => {
      const options = optionsOf(profile, backEnd);
      const indexAt = PROFILES[profile].aead === undefined ? 14 : 4;

      test('RFC 3711 §3.2.1, §9.2: the index ends with 2^31 - 1, and the sender with it', () => {
        const [sender, receiver] = [new SrtpSender(options), new SrtpReceiver(options)];
        sender.resumeStream(SSRC, 0, LAST - 1);
        for (const index of [LAST - 1, LAST]) {
          const packet = protectedRtcp(sender, rtcp());
          assert.equal(u32(packet, packet.length - indexAt) & LAST, index);
          assert.deepEqual(openedRtcp(receiver, packet), rtcp());
        }
        assert.equal(protectedRtcp(sender, rtcp()).length, 0);
        assert.equal(sender.drops['key-exhausted'], 1);
        // A sender that wraps all the same is one that repeats itself.
        const wrapped = new SrtpSender(options);
        assert.equal(openedRtcp(receiver, protectedRtcp(wrapped, rtcp())), undefined);
        assert.equal(receiver.drops['too-old'], 1);
        // RTP of the source goes on.
        assert(openedRtp(receiver, protectedRtp(sender, rtp(1, 20))));
        for (const each of [sender, receiver, wrapped]) each.close();
      });

      test('the index may jump, and packets may come late', () => {
        const [sender, receiver] = [new SrtpSender(options), new SrtpReceiver(options)];
        const packets = [0, 1, 500, 501, 1_400_000, 1_400_900].map((index) => {
          sender.resumeStream(SSRC, 0, index);
          return protectedRtcp(sender, rtcp(16));
        });
        for (const at of [0, 3, 2, 5, 4]) assert(openedRtcp(receiver, packets[at]!), `packet ${at}`);
        assert.equal(openedRtcp(receiver, packets[1]!), undefined);
        assert.equal(receiver.drops['too-old'], 1);
        sender.close();
        receiver.close();
      });

      test('the E flag is authenticated, and has to be as agreed', () => {
        const sender = new SrtpSender(options);
        const clear = new SrtpSender({ ...options, encryptRtcp: false });
        const receiver = new SrtpReceiver(options);
        const flipped = protectedRtcp(sender, rtcp());
        putU32(flipped, flipped.length - indexAt, 0);
        assert.equal(openedRtcp(receiver, flipped), undefined);
        assert.equal(receiver.drops.forged, 1);
        const open = protectedRtcp(clear, rtcp());
        assert.deepEqual(open.subarray(0, 32), rtcp());
        assert.equal(openedRtcp(receiver, open), undefined);
        assert.deepEqual([receiver.drops['not-encrypted'], receiver.streamCount], [1, 0]);
        const taker = new SrtpReceiver({ ...options, encryptRtcp: false });
        assert.deepEqual(openedRtcp(taker, open), rtcp());
        for (const each of [sender, clear, receiver, taker]) each.close();
      });

      test('RFC 4568 §6.3.2: RTP in the clear is authenticated all the same', () => {
        const sender = new SrtpSender({ ...options, encryptRtp: false });
        const receiver = new SrtpReceiver({ ...options, encryptRtp: false });
        const plain = rtp(7, 100, { extension: 2 });
        const packet = protectedRtp(sender, plain);
        assert.deepEqual(packet.subarray(0, plain.length), plain);
        const forged = packet.slice();
        forged[60]! ^= 4;
        assert.equal(openedRtp(receiver, forged), undefined);
        assert.deepEqual(openedRtp(receiver, packet), plain);
        sender.close();
        receiver.close();
      });
    });
