import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RTP_HEADER_BYTES, RtpPacket, rtpHeaderEnd, writeRtpHeader } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';

/** Two CSRCs, a one-byte extension of two words, five bytes of payload, three of padding. */
const FULL = hex(`
  b2e0 1234 89abcdef 0a0b0c0d 11111111 22222222
  bede 0002 10aa 22010203 0000
  0102030405 000003`);

describe('RFC 3550 §5.1 the fixed header', () => {
  test('every field is read where it stands, at any offset', () => {
    const bytes = new Uint8Array(FULL.length + 9).fill(0xee);
    bytes.set(FULL, 5);
    const packet = new RtpPacket();
    assert(packet.read(bytes, 5, 5 + FULL.length));
    assert.equal(packet.marker, true);
    assert.equal(packet.payloadType, 0x60);
    assert.equal(packet.sequenceNumber, 0x1234);
    assert.equal(packet.timestamp, 0x89abcdef);
    assert.equal(packet.ssrc, 0x0a0b0c0d);
    assert.equal(packet.csrcCount, 2);
    assert.deepEqual([packet.csrc(0), packet.csrc(1)], [0x11111111, 0x22222222]);
    assert.equal(packet.hasExtensions, true);
    assert.equal(packet.extensionProfile, 0xbede);
    assert.deepEqual([packet.headerEnd, packet.payloadEnd, packet.end], [5 + 32, 5 + 37, 5 + 40]);
    assert.deepEqual(
      [packet.payloadAt, packet.payloadBytes, packet.paddingBytes, packet.length],
      [37, 5, 3, 40],
    );
  });

  test('every field is written where it stands and leaves its neighbours alone', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.nat(0x7f),
        fc.nat(0xffff),
        fc.nat(0xffffffff),
        fc.nat(0xffffffff),
        (marker, payloadType, sequenceNumber, timestamp, ssrc) => {
          const bytes = FULL.slice();
          const packet = new RtpPacket();
          assert(packet.read(bytes, 0, bytes.length));
          Object.assign(packet, { ssrc, timestamp, sequenceNumber, payloadType, marker });
          assert(packet.read(bytes, 0, bytes.length));
          const { marker: m, payloadType: p, sequenceNumber: n, timestamp: t, ssrc: s } = packet;
          assert.deepEqual([m, p, n, t, s], [marker, payloadType, sequenceNumber, timestamp, ssrc]);
          assert.equal(bytes[0], FULL[0]);
          assert.deepEqual(bytes.subarray(RTP_HEADER_BYTES), FULL.subarray(RTP_HEADER_BYTES));
        },
      ),
    );
  });

  test('a header is written straight into a slot, and into none that is too small', () => {
    const out = new Uint8Array(20).fill(0xee);
    assert.equal(writeRtpHeader(out, 4, 15, true, 96, 1, 2, 3), 0);
    assert.equal(writeRtpHeader(out, 10, 22, true, 96, 1, 2, 3), 0);
    assert(out.every((byte) => byte === 0xee));
    assert.equal(writeRtpHeader(out, 4, 16, true, 96, 0xfffe, 0xfffffffe, 0x80000001), 12);
    assert.deepEqual(out.subarray(3, 17), hex('ee 80e0fffe fffffffe 80000001 ee'));
  });

  test('only version 2 is RTP', () => {
    const packet = new RtpPacket();
    for (const version of [0, 1, 3]) {
      const bytes = FULL.slice();
      bytes[0] = (bytes[0]! & 0x3f) | (version << 6);
      assert.equal(packet.read(bytes, 0, bytes.length), false);
      assert.equal(rtpHeaderEnd(bytes, 0, bytes.length), 0);
    }
  });

  test('a packet cut short anywhere in its header is refused; elsewhere the last byte is taken as padding', () => {
    const packet = new RtpPacket();
    for (let end = 0; end < FULL.length; end++) {
      const isWhole = packet.read(FULL, 0, end);
      if (end < 32) assert.equal(isWhole, false, `${end} bytes`);
      else assert.equal(isWhole, FULL[end - 1]! > 0 && FULL[end - 1]! <= end - 32, `${end} bytes`);
    }
  });

  test('an end behind the array is refused', () => {
    assert.equal(new RtpPacket().read(FULL, 0, FULL.length + 1), false);
  });

  test('padding is between one byte and all that is behind the header', () => {
    const packet = new RtpPacket();
    for (let padding = 0; padding < 256; padding++) {
      const bytes = FULL.slice();
      bytes[bytes.length - 1] = padding;
      assert.equal(packet.read(bytes, 0, bytes.length), padding >= 1 && padding <= 8, `${padding}`);
      if (padding >= 1 && padding <= 8) assert.equal(packet.paddingBytes, padding);
    }
  });

  test('every count of CSRCs and every length of the extension lies inside the packet or is refused', () => {
    const packet = new RtpPacket();
    for (let csrcs = 0; csrcs < 16; csrcs++)
      for (let words = 0; words < 20; words++) {
        const bytes = new Uint8Array(60);
        bytes[0] = 0x90 | csrcs;
        const lengthAt = 12 + csrcs * 4 + 3;
        if (lengthAt < 60) bytes[lengthAt] = words;
        const headerEnd = 16 + csrcs * 4 + words * 4;
        assert.equal(packet.read(bytes, 0, 60), headerEnd <= 60, `${csrcs} ${words}`);
        if (headerEnd <= 60) assert.equal(packet.headerEnd, headerEnd);
      }
  });
});
