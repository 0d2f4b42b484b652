import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isVp8KeyFrame,
  Vp8Depacketizer,
  Vp8Descriptor,
  Vp8Packetizer,
  vp8Height,
  vp8Width,
} from '@millrace/rtp/payload';
import { hex } from '../hex.ts';
import { payloadSuite, payloadsOf, pushAll } from '../payload-suite.ts';

/** A key frame of 640 x 360 by its header (RFC 6386 §9.1). */
const KEY_HEADER = hex('10 02 00 9d 01 2a 80 02 68 01');

function frame(size: number, random: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from({ length: Math.max(size, KEY_HEADER.length) }, () => random(256));
  if (random(2) === 0) bytes.set(KEY_HEADER);
  return bytes;
}

function read(text: string): Vp8Descriptor | undefined {
  const descriptor = new Vp8Descriptor();
  const bytes = hex(text);
  const end = descriptor.read(bytes, 0, bytes.length);
  return end > 0 && end === bytes.length ? descriptor : undefined;
}

describe('RFC 7741 §4.2: the VP8 payload descriptor', () => {
  test('the shortest: one byte', () => {
    const descriptor = read('10')!;
    assert(descriptor.isFrameStart);
    assert.equal(descriptor.pictureId, -1);
    assert(!read('00')!.isFrameStart);
    assert(!read('13')!.isFrameStart && read('13')!.isPartitionStart);
    assert(read('30')!.isNonReference);
  });

  test('picture ids of 7 and of 15 bits', () => {
    assert.equal(read('90 80 11')!.pictureId, 17);
    assert.equal(read('90 80 92 34')!.pictureId, 0x1234);
    assert(read('90 80 92 34')!.isPictureIdLong);
  });

  test('TL0PICIDX, TID, Y and KEYIDX', () => {
    const descriptor = read('90 f0 11 2a b5')!;
    assert.equal(descriptor.tl0PicIdx, 42);
    assert.equal(descriptor.temporalLayer, 2);
    assert(descriptor.isLayerSync);
    assert.equal(descriptor.keyIndex, 0x15);
    assert.equal(read('90 20 40')!.keyIndex, -1);
    assert.equal(read('90 10 05')!.temporalLayer, -1);
  });

  test('every one that is cut off is refused', () => {
    for (const text of ['', '90', '90 80', '90 80 92', '90 f0 11', '90 f0 11 2a', '90 20'])
      assert.equal(read(text), undefined);
  });
});

describe('RFC 7741 §4.4: VP8 frames in packets', () => {
  payloadSuite({
    packetizer: () => new Vp8Packetizer(),
    depacketizer: (maxFrameBytes) =>
      new Vp8Depacketizer(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    frame,
  });
  payloadSuite({
    packetizer: () => new Vp8Packetizer({ pictureId: false }),
    depacketizer: (maxFrameBytes) =>
      new Vp8Depacketizer(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    frame,
  });

  test('the picture id counts frames and wraps at 15 bits', () => {
    const packetizer = new Vp8Packetizer({ pictureId: 0x7fff });
    const depacketizer = new Vp8Depacketizer();
    const ids = [1, 2].map(() => {
      pushAll(depacketizer, payloadsOf(packetizer, KEY_HEADER, 100));
      return depacketizer.descriptor.pictureId;
    });
    assert.deepEqual(ids, [0x7fff, 0]);
    assert.throws(() => new Vp8Packetizer({ pictureId: 0x8000 }), { code: 'BAD_OPTION' });
  });

  test('RFC 6386 §9.1: key frames and their size', () => {
    const depacketizer = new Vp8Depacketizer();
    pushAll(depacketizer, payloadsOf(new Vp8Packetizer(), KEY_HEADER, 100));
    assert(depacketizer.isKeyFrame);
    assert.deepEqual([vp8Width(KEY_HEADER, 0), vp8Height(KEY_HEADER, 0)], [640, 360]);
    assert(!isVp8KeyFrame(hex('11 02 00 9d 01 2a 80 02 68 01'), 0, 10));
  });

  test('a packet of another picture, and a payload without a frame, spoil the frame', () => {
    const depacketizer = new Vp8Depacketizer();
    assert(depacketizer.push(hex('90 80 11 aa'), 0, 4));
    assert(!depacketizer.push(hex('80 80 12 aa'), 0, 4));
    depacketizer.reset();
    assert(!depacketizer.push(hex('90 80 11'), 0, 3));
  });
});
