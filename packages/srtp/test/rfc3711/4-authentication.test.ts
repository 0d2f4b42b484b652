import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { putU16, putU32 } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { DROP_REASONS, PROFILES, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import {
  openedRtcp,
  openedRtp,
  optionsOf,
  PROFILE_NAMES,
  protectedRtcp,
  protectedRtp,
  Room,
  rtcp,
  rtp,
  SSRC,
} from '../fixtures/packets.ts';

const SEED = 7_714;
const total = (receiver: SrtpReceiver): number =>
  DROP_REASONS.reduce((sum, reason) => sum + receiver.drops[reason], 0);

for (const backEnd of BACK_ENDS)
  for (const profile of PROFILE_NAMES) {
    const options = optionsOf(profile, backEnd);
    const { rtpOverhead, rtcpOverhead, aead } = PROFILES[profile];
    describe(`${backEnd.name}, ${profile}`, () => {
      const sender = new SrtpSender(options);
      const sealedRtp = protectedRtp(sender, rtp(1_000, 37, { csrcs: 2, extension: 3 }));
      const sealedRtcp = protectedRtcp(sender, rtcp(40));

      test('RFC 3711 §4.2: no packet opens with one bit changed, and none leaves a trace', () => {
        const receiver = new SrtpReceiver(options);
        let tries = 0;
        for (const [sealed, opened] of [
          [sealedRtp, openedRtp],
          [sealedRtcp, openedRtcp],
        ] as const)
          for (let bit = 0; bit < sealed.length * 8; bit++, tries++) {
            const forged = sealed.slice();
            forged[bit >> 3]! ^= 1 << (bit & 7);
            assert.equal(opened(receiver, forged), undefined, `bit ${bit}`);
          }
        assert.equal(total(receiver), tries);
        assert.equal(receiver.streamCount, 0);
        assert(openedRtp(receiver, sealedRtp));
        assert(openedRtcp(receiver, sealedRtcp));
        receiver.close();
      });

      test('RFC 3711 §4.2: no packet opens cut short or with bytes behind it, nothing outside of it is touched', () => {
        const receiver = new SrtpReceiver(options);
        for (const [sealed, verb] of [
          [sealedRtp, 'unprotectRtp'],
          [sealedRtcp, 'unprotectRtcp'],
        ] as const)
          for (let length = 0; length <= sealed.length + 20; length++) {
            if (length === sealed.length) continue;
            const packet = new Uint8Array(length);
            packet.set(sealed.subarray(0, length));
            const room = new Room(packet);
            assert.equal(receiver[verb](room.bytes, room.at, room.end), 0, `length ${length}`);
            assert(room.bytes.subarray(0, room.at).every((byte) => byte === 0xa5));
            assert(room.bytes.subarray(room.end).every((byte) => byte === 0xa5));
            // What AES-CM refuses is as it came.
            if (aead === undefined) assert.deepEqual(room.packet, packet);
          }
        assert.equal(receiver.streamCount, 0);
        receiver.close();
      });

      test('every value of the length fields and flags in the header, and noise: dropped, counted', () => {
        const receiver = new SrtpReceiver(options);
        const random = new SeededRandom(SEED);
        let tries = 0;
        for (let first = 0; first < 256; first++)
          for (const words of [0, 1, 3, 4, 12, 0x7fff, 0xffff]) {
            const forged = sealedRtp.slice();
            if (first === forged[0] && words === 3) continue;
            forged[0] = first;
            putU16(forged, 12 + 4 * 2 + 2, words);
            assert.equal(openedRtp(receiver, forged), undefined, `first byte ${first}, ${words} words`);
            tries++;
          }
        for (let length = 0; length < 120; length++)
          for (let i = 0; i < 4; i++) {
            const noise = new Uint8Array(length);
            random.fill(noise);
            if (i > 0 && length > 0) noise[0] = 0x80 | (i > 1 ? noise[0]! & 0x1f : 0);
            assert.equal(openedRtp(receiver, noise), undefined, `SEED=${SEED}`);
            assert.equal(openedRtcp(receiver, noise), undefined, `SEED=${SEED}`);
            tries += 2;
          }
        assert.equal(total(receiver), tries);
        assert.equal(receiver.streamCount, 0);
        receiver.close();
      });

      test('a header extension of up to 4096 bytes goes through, a longer one is dropped', () => {
        const long = 4_096 - 12 - 4;
        const sent = protectedRtp(sender, rtp(2_000, 10, { extension: long / 4 }));
        const receiver = new SrtpReceiver(options);
        assert(openedRtp(receiver, sent));
        const bomb = new Uint8Array(65_000).fill(0x90);
        putU16(bomb, 14, 4_096 / 4);
        assert.equal(openedRtp(receiver, bomb), undefined);
        assert.equal(receiver.drops.malformed, 1);
        assert.throws(() => protectedRtp(sender, rtp(2_001, 10, { extension: long / 4 + 1 })), {
          code: 'BAD_PACKET',
        });
        const huge = new Uint8Array(65_535).fill(0x81);
        assert.equal(openedRtp(receiver, huge), undefined);
        assert.equal(openedRtcp(receiver, huge), undefined);
        receiver.close();
      });

      test('a flood of sources that are forged makes no state; authentic ones up to the cap', () => {
        const cap = 8;
        const receiver = new SrtpReceiver({ ...options, maxStreams: cap });
        const sources = new SrtpSender(options);
        for (let ssrc = 0; ssrc < 2_000; ssrc++) {
          const forged = sealedRtp.slice();
          putU32(forged, 8, ssrc);
          assert.equal(openedRtp(receiver, forged), undefined);
          const report = sealedRtcp.slice();
          putU32(report, 4, ssrc);
          assert.equal(openedRtcp(receiver, report), undefined);
        }
        assert.deepEqual([receiver.streamCount, receiver.drops.forged], [0, 4_000]);
        for (let ssrc = 0; ssrc < cap; ssrc++) {
          const packet =
            ssrc % 2 === 0
              ? openedRtp(receiver, protectedRtp(sources, rtp(1, 10, { ssrc })))
              : openedRtcp(receiver, protectedRtcp(sources, rtcp(8, ssrc)));
          assert(packet);
        }
        assert.equal(openedRtp(receiver, protectedRtp(sources, rtp(1, 10, { ssrc: cap }))), undefined);
        assert.equal(openedRtcp(receiver, protectedRtcp(sources, rtcp(8, cap))), undefined);
        assert.deepEqual([receiver.streamCount, receiver.drops['too-many-streams']], [cap, 2]);
        assert.throws(() => receiver.setRollOverCounter(cap, 1), { code: 'TOO_MANY_STREAMS' });
        // The known ones go on, and room can be made.
        assert(openedRtp(receiver, protectedRtp(sources, rtp(2, 10, { ssrc: 0 }))));
        receiver.removeStream(0);
        assert(openedRtp(receiver, protectedRtp(sources, rtp(2, 10, { ssrc: cap }))));
        sources.close();
        receiver.close();
      });

      test('a sender has a cap as well', () => {
        const capped = new SrtpSender({ ...options, maxStreams: 2 });
        for (const ssrc of [1, 2]) assert(protectedRtp(capped, rtp(1, 10, { ssrc })).length > 0);
        assert.equal(protectedRtp(capped, rtp(1, 10, { ssrc: 3 })).length, 0);
        assert.equal(protectedRtcp(capped, rtcp(8, 3)).length, 0);
        assert.deepEqual([capped.streamCount, capped.drops['too-many-streams']], [2, 2]);
        assert.throws(() => capped.resumeStream(3, 0, 0), { code: 'TOO_MANY_STREAMS' });
        capped.close();
      });

      test('RFC 3711 §3.1: a master key identifier of the agreed length is skipped', () => {
        for (const mkiBytes of [1, 2, 4, 128]) {
          const receiver = new SrtpReceiver({ ...options, mkiBytes });
          const mki = new Uint8Array(mkiBytes).fill(0x77);
          const withMki = (sealed: Uint8Array, tagBytes: number): Uint8Array =>
            Uint8Array.from([
              ...sealed.subarray(0, sealed.length - tagBytes),
              ...mki,
              ...sealed.subarray(sealed.length - tagBytes),
            ]);
          // Behind the tag with AEAD (RFC 7714 §13), in front of it otherwise.
          const packet = withMki(sealedRtp, aead === undefined ? rtpOverhead : 0);
          const report = withMki(sealedRtcp, aead === undefined ? rtcpOverhead - 4 : 0);
          assert.equal(openedRtp(receiver, sealedRtp), undefined);
          assert.equal(openedRtp(receiver, packet)?.length, sealedRtp.length - rtpOverhead);
          assert.equal(openedRtcp(receiver, report)?.length, sealedRtcp.length - rtcpOverhead);
          receiver.close();
        }
      });

      test('another key, salt, profile or roll-over counter opens nothing', () => {
        const others = [
          { masterKey: options.masterKey.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) },
          { masterSalt: options.masterSalt.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) },
          { keyDerivationRate: 2 },
        ];
        for (const other of others) {
          const receiver = new SrtpReceiver({ ...options, ...other });
          assert.equal(openedRtp(receiver, sealedRtp), undefined);
          receiver.close();
        }
        const ahead = new SrtpReceiver(options);
        ahead.setRollOverCounter(SSRC, 1);
        assert.equal(openedRtp(ahead, sealedRtp), undefined);
        assert.equal(ahead.drops.forged, 1);
        ahead.close();
      });
    });
  }
