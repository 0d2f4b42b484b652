import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseVp9FrameHeader, Vp9Depacketizer, Vp9Descriptor, Vp9Packetizer } from '@millrace/rtp/payload';
import { hex } from '../hex.ts';
import { frameOf, payloadSuite, payloadsOf, pushAll } from '../payload-suite.ts';

/** Profile 0, key frame, shown, 8 bit 4:2:0, 640 x 360 (VP9 bitstream specification §6.2). */
const KEY_HEADER = hex('82 49 83 42 00 27 f0 16 70');
const INTER_HEADER = hex('86 00');

function frame(size: number, random: (below: number) => number): Uint8Array {
  const header = random(2) === 0 ? KEY_HEADER : INTER_HEADER;
  const bytes = Uint8Array.from({ length: Math.max(size, KEY_HEADER.length) }, () => random(256));
  bytes.set(header);
  return bytes;
}

function read(text: string): Vp9Descriptor | undefined {
  const descriptor = new Vp9Descriptor();
  const bytes = hex(text);
  const end = descriptor.read(bytes, 0, bytes.length);
  return end > 0 && end === bytes.length ? descriptor : undefined;
}

describe('RFC 9628 §4.2: the VP9 payload descriptor', () => {
  test('flags and picture ids', () => {
    const descriptor = read('8d 92 34')!;
    assert.equal(descriptor.pictureId, 0x1234);
    assert(descriptor.isFrameStart && descriptor.isFrameEnd && descriptor.isNotUpwardReference);
    assert(!descriptor.isInterPicturePredicted);
    assert.equal(read('c8 11')!.pictureId, 17);
    assert(read('c8 11')!.isInterPicturePredicted);
  });

  test('layer indices, with TL0PICIDX in non-flexible mode only', () => {
    const descriptor = read('a8 11 57 2a')!;
    assert.deepEqual(
      [
        descriptor.temporalLayer,
        descriptor.isSwitchingUpPoint,
        descriptor.spatialLayer,
        descriptor.isInterLayerPredicted,
      ],
      [2, true, 3, true],
    );
    assert.equal(descriptor.tl0PicIdx, 42);
    assert.equal(read('b8 11 57')!.tl0PicIdx, -1);
  });

  test('reference indices of flexible mode, three at most', () => {
    const descriptor = read('d8 11 03 05 06')!;
    assert.equal(descriptor.referenceCount, 3);
    assert.deepEqual([...descriptor.references], [1, 2, 3]);
    assert.equal(read('d8 11 03 05 07 08'), undefined);
    assert.equal(read('58'), undefined, 'flexible mode needs a picture id');
  });

  test('§4.2.1: the scalability structure', () => {
    const descriptor = read('8a 11 38 01 40 00 b4 02 80 01 68 02 04 01 14 02')!;
    assert.equal(descriptor.spatialLayers, 2);
    assert.deepEqual([descriptor.width, descriptor.height], [640, 360]);
    assert.equal(read('8a 11 00')!.width, 0);
  });

  test('every one that is cut off is refused', () => {
    const whole = '8a 11 38 01 40 00 b4 02 80 01 68 02 04 01 14 02';
    for (let length = 0; length < whole.length; length += 3)
      assert.equal(read(whole.slice(0, length)), undefined);
  });
});

describe('VP9 bitstream specification §6.2: the uncompressed header', () => {
  test('key frames tell their size', () => {
    assert.deepEqual(parseVp9FrameHeader(KEY_HEADER, 0, KEY_HEADER.length), {
      isKeyFrame: true,
      width: 640,
      height: 360,
    });
  });

  test('other frames, other bytes and short ones', () => {
    assert.equal(parseVp9FrameHeader(INTER_HEADER, 0, 2)?.isKeyFrame, false);
    assert.equal(parseVp9FrameHeader(hex('00 00'), 0, 2), undefined);
    for (let end = 0; end < KEY_HEADER.length - 1; end++)
      assert.equal(parseVp9FrameHeader(KEY_HEADER, 0, end), undefined);
  });
});

describe('RFC 9628 §4: VP9 frames in packets', () => {
  payloadSuite({
    packetizer: () => new Vp9Packetizer(),
    depacketizer: (maxFrameBytes) =>
      new Vp9Depacketizer(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    frame,
  });

  test('a key frame carries its size in the first packet, and only there', () => {
    const [first, second] = payloadsOf(
      new Vp9Packetizer(),
      frame(300, () => 0),
      100,
    );
    const descriptor = new Vp9Descriptor();
    descriptor.read(first!, 0, first!.length);
    assert.deepEqual(
      [descriptor.width, descriptor.height, descriptor.isInterPicturePredicted],
      [640, 360, false],
    );
    descriptor.read(second!, 0, second!.length);
    assert(!descriptor.hasScalabilityStructure);
  });

  test('the layers of one picture come out one after the other', () => {
    const depacketizer = new Vp9Depacketizer();
    assert(pushAll(depacketizer, [hex('ac 11 00 2a 01'), hex('ac 11 03 2a 02')]));
    assert(depacketizer.isWhole && depacketizer.isKeyFrame);
    assert.deepEqual([...frameOf(depacketizer)], [1, 2]);
  });

  test('no end, no beginning and another picture are noticed', () => {
    const depacketizer = new Vp9Depacketizer();
    assert(pushAll(depacketizer, [hex('88 11 01')]) && !depacketizer.isWhole);
    assert(!pushAll(depacketizer, [hex('84 11 01')]));
    assert(!pushAll(depacketizer, [hex('88 11 01'), hex('84 12 01')]));
    assert(!pushAll(depacketizer, [hex('88 11 01'), hex('8c 11 01')]));
  });

  test('options out of range, and bytes that are no VP9 frame', () => {
    assert.throws(() => new Vp9Packetizer({ pictureId: -1 }), { code: 'BAD_OPTION' });
    assert.throws(() => new Vp9Packetizer().begin(hex('00 00 00'), 0, 3), { code: 'BAD_FRAME' });
  });
});
