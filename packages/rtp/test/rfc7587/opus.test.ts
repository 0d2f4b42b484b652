import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOpusStereo, OpusDepacketizer, OpusPacketizer, opusSamples } from '@millrace/rtp/payload';
import { payloadSuite } from '../payload-suite.ts';

function samples(...bytes: number[]): number {
  return opusSamples(Uint8Array.from(bytes), 0, bytes.length);
}

describe('RFC 6716 §3.1: the duration of an Opus packet', () => {
  test('by configuration: SILK, hybrid and CELT', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((config) => samples(config << 3)),
      [480, 960, 1920, 2880],
    );
    assert.deepEqual(
      [12, 13, 14, 15].map((config) => samples(config << 3)),
      [480, 960, 480, 960],
    );
    assert.deepEqual(
      [28, 29, 30, 31].map((config) => samples(config << 3)),
      [120, 240, 480, 960],
    );
  });

  test('by code: one frame, two frames, or as many as the second byte says', () => {
    assert.equal(samples(31 << 3), 960);
    assert.equal(samples((31 << 3) | 1), 1920);
    assert.equal(samples((31 << 3) | 2), 1920);
    assert.equal(samples((31 << 3) | 3, 6), 5760);
  });

  test('§3.2.5: none for a packet above 120 ms, without frames or without its second byte', () => {
    assert.equal(samples((31 << 3) | 3, 7), 0);
    assert.equal(samples((31 << 3) | 3, 0), 0);
    assert.equal(samples((31 << 3) | 3), 0);
    assert.equal(samples(), 0);
  });

  test('§3.1: the s bit', () => {
    assert(isOpusStereo(Uint8Array.of(0xfc), 0));
    assert(!isOpusStereo(Uint8Array.of(0xf8), 0));
  });
});

describe('RFC 7587 §4.2: one Opus packet in each RTP packet', () => {
  payloadSuite({
    packetizer: () => new OpusPacketizer(),
    depacketizer: (maxFrameBytes) =>
      new OpusDepacketizer(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    frame: (size, random) =>
      Uint8Array.from({ length: Math.min(size, 1_275) }, (_, i) => (i === 0 ? 31 << 3 : random(256))),
    isWhole: true,
  });

  test('a second packet in the same frame is refused', () => {
    const sink = new OpusDepacketizer();
    assert(sink.push(Uint8Array.of(0xf8, 1), 0, 2));
    assert(!sink.push(Uint8Array.of(0xf8, 1), 0, 2));
  });
});
