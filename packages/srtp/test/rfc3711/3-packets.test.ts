import assert from 'node:assert/strict';
import { createCipheriv, createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { PROFILES, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import fc from 'fast-check';
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

const SHAPES = [
  {},
  { csrcs: 1 },
  { csrcs: 15 },
  { extension: 0 },
  { extension: 1 },
  { csrcs: 3, extension: 40 },
  { extension: 200, padding: true },
];

for (const backEnd of BACK_ENDS) {
  for (const profile of PROFILE_NAMES) {
    const { rtpOverhead, rtcpOverhead } = PROFILES[profile];
    describe(`${backEnd.name}, ${profile}`, () => {
      test('RFC 3711 §3.1: RTP goes through, in ordinary memory and in a slab, and only payload and tag change', () => {
        const sender = new SrtpSender(optionsOf(profile, backEnd));
        const receiver = new SrtpReceiver(optionsOf(profile, backEnd));
        const slab = backEnd.slab(4_000);
        let sequence = 1;
        for (const memory of [undefined, slab])
          for (const shape of SHAPES)
            for (const length of [0, 1, 4, 15, 16, 17, 64, 160, 1_187, 1_200]) {
              const plain = rtp(sequence++, length, shape);
              const room = new Room(plain, memory);
              const end = sender.protectRtp(room.bytes, room.at, room.end);
              assert.equal(end, room.end + rtpOverhead);
              assert.equal(room.bytes[room.at - 1], 0xa5);
              assert(room.bytes.subarray(end).every((byte) => byte === 0xa5));
              const header = plain.length - length;
              assert.deepEqual(room.packet.subarray(0, header), plain.subarray(0, header));
              if (length > 15) assert.notDeepEqual(room.packet, plain);
              assert.equal(receiver.unprotectRtp(room.bytes, room.at, end), room.end);
              assert.deepEqual(room.packet, plain);
              assert.equal(room.bytes[room.at - 1], 0xa5);
            }
        sender.close();
        receiver.close();
      });

      test('RFC 3711 §3.4: RTCP goes through, with E flag and a rising index', () => {
        const sender = new SrtpSender(optionsOf(profile, backEnd));
        const receiver = new SrtpReceiver(optionsOf(profile, backEnd));
        const indexAt = PROFILES[profile].aead === undefined ? 14 : 4;
        for (let index = 0; index < 20; index++) {
          const plain = rtcp(8 + 4 * (index % 7) * index);
          const room = new Room(plain, index % 2 === 0 ? undefined : backEnd.slab(2_000));
          const end = sender.protectRtcp(room.bytes, room.at, room.end);
          assert.equal(end, room.end + rtcpOverhead);
          assert.deepEqual([...room.bytes.subarray(end - indexAt, end - indexAt + 4)], [0x80, 0, 0, index]);
          assert(room.bytes.subarray(end).every((byte) => byte === 0xa5));
          assert.equal(receiver.unprotectRtcp(room.bytes, room.at, end), room.end);
          assert.deepEqual(room.packet, plain);
        }
        sender.close();
        receiver.close();
      });

      test('random packets go through, both kinds of many sources on one key', () => {
        const sender = new SrtpSender(optionsOf(profile, backEnd));
        const receiver = new SrtpReceiver(optionsOf(profile, backEnd));
        const next = new Map<number, number>();
        fc.assert(
          fc.property(
            fc.integer({ min: 0, max: 9 }),
            fc.uint8Array({ maxLength: 300 }),
            fc.integer({ min: 0, max: 15 }),
            fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
            (source, payload, csrcs, extension) => {
              const ssrc = (source * 0x2000_0001) >>> 0;
              const sequence = next.get(ssrc) ?? 0;
              next.set(ssrc, sequence + 1);
              const plain = rtp(sequence, payload.length, { ssrc, csrcs, ...(extension && { extension }) });
              plain.set(payload, plain.length - payload.length);
              assert.deepEqual(openedRtp(receiver, protectedRtp(sender, plain)), plain);
              const report = rtcp(8 + payload.length, ssrc);
              report.set(payload, 8);
              assert.deepEqual(openedRtcp(receiver, protectedRtcp(sender, report)), report);
            },
          ),
          { numRuns: 200 },
        );
        assert.equal(receiver.streamCount, next.size);
        sender.close();
        receiver.close();
      });
    });
  }

  test(`${backEnd.name}: RFC 3711 §4.1, §4.2: AES_CM_128_HMAC_SHA1_80 as node:crypto has it`, () => {
    const options = optionsOf('aes128-cm-hmac-sha1-80', backEnd);
    const sender = new SrtpSender(options);
    const derive = (label: number, length: number): Buffer => {
      const block = Buffer.alloc(16);
      block.set(options.masterSalt);
      block[7]! ^= label;
      return createCipheriv('aes-128-ctr', options.masterKey, block).update(Buffer.alloc(length));
    };
    const [key, authentication, salt] = [derive(0, 16), derive(1, 20), derive(2, 14)];
    for (const [roc, sequence] of [
      [0, 65_535],
      [1, 0],
      [1, 30_000],
      [1, 60_000],
      [2, 7],
    ] as const) {
      const plain = rtp(sequence, 333);
      const counter = Buffer.alloc(16);
      counter.set(salt);
      counter.writeUInt32BE((counter.readUInt32BE(4) ^ SSRC) >>> 0, 4);
      counter.writeUInt32BE((counter.readUInt32BE(8) ^ roc) >>> 0, 8);
      counter.writeUInt16BE(counter.readUInt16BE(12) ^ sequence, 12);
      const ciphertext = createCipheriv('aes-128-ctr', key, counter).update(plain.subarray(12));
      const packet = Buffer.concat([plain.subarray(0, 12), ciphertext]);
      const tag = createHmac('sha1', authentication)
        .update(packet)
        .update(Uint8Array.of(0, 0, 0, roc))
        .digest();
      assert.deepEqual(
        Buffer.from(protectedRtp(sender, plain)),
        Buffer.concat([packet, tag.subarray(0, 10)]),
      );
      assert.equal(sender.rollOverCounter(SSRC), roc);
    }
    sender.close();
  });
}
