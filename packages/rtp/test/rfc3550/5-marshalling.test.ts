import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RtpError, RtpPacket } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';

describe('RFC 3550 §5.1 a packet written into a slot', () => {
  test('header, CSRCs, extension, payload and padding, byte for byte', () => {
    const out = new Uint8Array(80).fill(0xee);
    const packet = new RtpPacket();
    assert(packet.begin(out, 8, 80, 0x60, 0x1234, 0x89abcdef, 0x0a0b0c0d));
    packet.marker = true;
    assert(packet.addCsrc(0x11111111));
    assert(packet.addCsrc(0x22222222));
    assert(packet.setExtension(1, hex('aa'), 0, 1));
    assert(packet.setExtension(2, hex('ff010203'), 1, 4));
    assert(packet.setPayload(hex('000102030405ff'), 1, 6));
    assert(packet.setPadding(3));
    assert.deepEqual(
      out.slice(packet.at, packet.end),
      hex('b2e0123489abcdef0a0b0c0d1111111122222222 bede0002 10aa 22010203 0000 0102030405 000003'),
    );
    assert.equal(packet.at, 8);
    assert(
      out.subarray(0, 8).every((byte) => byte === 0xee) && out.subarray(packet.end).every((b) => b === 0xee),
    );
  });

  test('each part says when there is no room, and changes nothing', () => {
    const out = new Uint8Array(20).fill(0xee);
    const packet = new RtpPacket();
    assert.equal(packet.begin(out, 0, 11, 96, 1, 2, 3), false);
    assert.equal(packet.begin(out, 9, 21, 96, 1, 2, 3), false);
    assert(packet.begin(out, 0, 15, 96, 1, 2, 3));
    assert.equal(packet.addCsrc(1), false);
    assert.equal(packet.reserveExtension(1, 1), 0);
    assert.equal(packet.setPayload(hex('01020304'), 0, 4), false);
    assert.equal(packet.setPadding(4), false);
    assert.equal(packet.length, 12);
    assert(packet.setPadding(3));
    assert(packet.read(out, 0, 15));
    assert.equal(packet.paddingBytes, 3);
  });

  test('a sixteenth CSRC is refused', () => {
    const packet = new RtpPacket();
    assert(packet.begin(new Uint8Array(200), 100, 200, 96, 1, 2, 3, 0));
    for (let i = 0; i < 15; i++) assert(packet.addCsrc(i));
    assert.equal(packet.addCsrc(15), false);
    assert.equal(packet.at, 40);
    assert.deepEqual(
      Array.from({ length: packet.csrcCount }, (_, i) => packet.csrc(i)),
      Array.from({ length: 15 }, (_, i) => i),
    );
  });

  test('a payload written in place takes the padding away, and padding can be set anew', () => {
    const out = new Uint8Array(40);
    const packet = new RtpPacket();
    assert(packet.begin(out, 0, 40, 96, 1, 2, 3));
    assert(packet.setPadding(20));
    assert(packet.resizePayload(4));
    assert.deepEqual([packet.payloadAt, packet.payloadEnd, packet.end, packet.paddingBytes], [12, 16, 16, 0]);
    assert(packet.setPadding(2));
    assert(packet.setPadding(0));
    assert(packet.read(out, packet.at, packet.end));
    assert.equal(packet.paddingBytes, 0);
    for (const bytes of [-1, 256, Number.NaN])
      assert.throws(
        () => packet.setPadding(bytes),
        (error) => error instanceof RtpError && error.code === 'BAD_PADDING',
      );
  });

  test('whatever is written reads the same again, in any order of writing', () => {
    fc.assert(
      fc.property(
        fc.record({
          csrcs: fc.array(fc.nat(0xffffffff), { maxLength: 15 }),
          extensions: fc.dictionary(
            fc.integer({ min: 1, max: 20 }).map(String),
            fc.uint8Array({ maxLength: 20 }),
          ),
          payload: fc.uint8Array({ maxLength: 300 }),
          padding: fc.nat(255),
          payloadFirst: fc.boolean(),
          headroom: fc.nat(400),
        }),
        ({ csrcs, extensions, payload, padding, payloadFirst, headroom }) => {
          const out = new Uint8Array(2000);
          const packet = new RtpPacket();
          assert(packet.begin(out, headroom, 2000, 100, 5, 6, 7, 0));
          if (payloadFirst)
            assert(packet.setPayload(payload, 0, payload.length) && packet.setPadding(padding));
          for (const [id, data] of Object.entries(extensions))
            assert(packet.setExtension(Number(id), data, 0, data.length));
          for (const csrc of csrcs) assert(packet.addCsrc(csrc));
          if (!payloadFirst)
            assert(packet.setPayload(payload, 0, payload.length) && packet.setPadding(padding));
          const { at, end } = packet;
          const read = new RtpPacket();
          assert(read.read(out.slice(), at, end));
          assert.deepEqual(
            [read.payloadType, read.sequenceNumber, read.timestamp, read.ssrc],
            [100, 5, 6, 7],
          );
          assert.deepEqual(
            Array.from({ length: read.csrcCount }, (_, i) => read.csrc(i)),
            csrcs,
          );
          assert.deepEqual(read.bytes.slice(read.headerEnd, read.payloadEnd), payload);
          assert.equal(read.paddingBytes, padding);
          for (const [id, data] of Object.entries(extensions)) {
            const dataAt = read.findExtension(Number(id));
            assert.deepEqual(read.bytes.slice(dataAt, dataAt + read.extensionLength), data);
          }
        },
      ),
    );
  });
});
