import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { H264Depacketizer, H264Packetizer } from '@millrace/rtp/payload';
import { hex, hexOf } from '../hex.ts';
import { frameOf, payloadSuite, payloadsOf, pushAll } from '../payload-suite.ts';

const START_CODE = [0, 0, 0, 1];

/** NAL units without start codes inside, each behind one. */
function frame(size: number, random: (below: number) => number): Uint8Array {
  const bytes: number[] = [];
  for (let left = size; left > 0; ) {
    const length = Math.min(left, 1 + random(left < 40 ? left : Math.max(40, left >> random(4))));
    bytes.push(...START_CODE, 0x61 + 4 * random(2));
    for (let i = 1; i < length; i++) bytes.push(2 + random(254));
    left -= length;
  }
  return Uint8Array.from(bytes);
}

function annexB(...units: string[]): Uint8Array {
  return Uint8Array.from(units.flatMap((unit) => [...START_CODE, ...hex(unit)]));
}

function texts(payloads: readonly Uint8Array[]): string[] {
  return payloads.map((payload) => hexOf(payload));
}

describe('RFC 6184 §5: H.264 access units in packets', () => {
  payloadSuite({
    packetizer: () => new H264Packetizer(),
    depacketizer: (maxFrameBytes) =>
      new H264Depacketizer(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    frame,
  });

  test('§5.6: a NAL unit that fits goes alone', () => {
    assert.deepEqual(texts(payloadsOf(new H264Packetizer(), annexB('65 02 03'), 100)), ['650203']);
  });

  test('§5.7.1: small ones share a STAP-A with the highest NRI', () => {
    const payloads = payloadsOf(new H264Packetizer(), annexB('67 11', '28 22', '45 33'), 100);
    assert.deepEqual(texts(payloads), ['780002671100022822' + '00024533']);
  });

  test('§5.8: a long one goes in FU-A with S on the first and E on the last', () => {
    const payloads = payloadsOf(new H264Packetizer(), annexB(`65 ${'aa '.repeat(150)}`.trim()), 64);
    assert.deepEqual(
      payloads.map((payload) => hexOf(payload.subarray(0, 2))),
      ['7c85', '7c05', '7c45'],
    );
  });

  test('mode 0: nothing is joined, and what does not fit is the caller’s mistake', () => {
    const packetizer = new H264Packetizer({ packetizationMode: 0 });
    assert.deepEqual(texts(payloadsOf(packetizer, annexB('67 11', '68 22'), 100)), ['6711', '6822']);
    packetizer.begin(annexB(`65 ${'aa '.repeat(150)}`.trim()), 0, 155);
    assert.throws(() => packetizer.write(new Uint8Array(100), 0, 100), { code: 'NO_ROOM' });
    assert.throws(() => new H264Packetizer({ packetizationMode: 2 as 1 }), { code: 'BAD_OPTION' });
  });

  test('annex B: three-byte start codes, zeros around them, delimiters left out', () => {
    const bytes = hex('00 00 00 00 01 09 f0 00 00 01 65 02 00 00 00 00 01 41 03 00');
    assert.deepEqual(texts(payloadsOf(new H264Packetizer(), bytes, 100)), ['7800026502' + '00024103']);
    assert.throws(() => new H264Packetizer().begin(hex('65 02 03'), 0, 3), { code: 'BAD_FRAME' });
  });

  test('an IDR picture is a key frame, however it comes', () => {
    const sink = new H264Depacketizer();
    for (const payloads of [['65 01'], ['78 00 02 67 01 00 02 65 01'], ['7c 85 01', '7c 45 02']]) {
      assert(pushAll(sink, payloads.map(hex)));
      assert(sink.isWhole && sink.isKeyFrame);
    }
    assert(pushAll(sink, [hex('41 01')]) && !sink.isKeyFrame);
    assert.deepEqual(frameOf(sink), annexB('41 01'));
  });

  const malformed: Array<[what: string, payloads: string[]]> = [
    ['type 0', ['00 01']],
    ['STAP-B, which is of the interleaved mode', ['79 00 00 00 02 67 01']],
    ['MTAP16', ['7a 00 00']],
    ['FU-B', ['7d 85 00 00 01']],
    ['types 30 and 31', ['7e 00']],
    ['a STAP-A without units', ['78']],
    ['a STAP-A with half a length', ['78 00']],
    ['a STAP-A with an empty unit', ['78 00 00']],
    ['a STAP-A with a unit longer than the packet', ['78 00 03 67 01']],
    ['a STAP-A inside a STAP-A', ['78 00 03 78 00 00']],
    ['an empty fragment', ['7c 85']],
    ['a fragment with S and E', ['7c c5 01']],
    ['a fragment without a beginning', ['7c 05 01']],
    ['a beginning while one is open', ['7c 85 01', '7c 85 01']],
    ['a fragment of another type', ['7c 85 01', '7c 41 01']],
    ['a fragment of a STAP-A', ['7c 98 01']],
    ['a whole unit between fragments', ['7c 85 01', '41 01']],
  ];
  for (const [what, payloads] of malformed) {
    test(`refused: ${what}`, () => {
      const sink = new H264Depacketizer();
      assert(!pushAll(sink, payloads.map(hex)));
      assert(!sink.isWhole);
    });
  }

  test('a frame whose last fragment is missing is not whole', () => {
    const sink = new H264Depacketizer();
    assert(pushAll(sink, [hex('7c 85 01')]));
    assert(!sink.isWhole);
  });
});
