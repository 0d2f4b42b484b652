import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type IvfHeader,
  IvfReader,
  ivfHeader,
  RecordingError,
  writeIvfFrameHeader,
} from '@millrace/rtp/recording';
import fc from 'fast-check';
import { hex } from '../hex.ts';

const HEADER: IvfHeader = {
  codec: 'VP80',
  width: 640,
  height: 360,
  timeBase: { numerator: 1, denominator: 90_000 },
  frames: 2,
};

function file(
  frames: ReadonlyArray<readonly [timestamp: number, bytes: Uint8Array]>,
  header: IvfHeader = HEADER,
): Uint8Array {
  const parts = [ivfHeader(header)];
  for (const [timestamp, bytes] of frames) {
    const head = new Uint8Array(12);
    writeIvfFrameHeader(head, 0, bytes.length, timestamp);
    parts.push(head, bytes);
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function framesOf(bytes: Uint8Array): Array<[number, Uint8Array]> {
  const reader = new IvfReader(bytes);
  const frames: Array<[number, Uint8Array]> = [];
  while (reader.next()) frames.push([reader.timestamp, bytes.slice(reader.at, reader.end)]);
  return frames;
}

describe('IVF', () => {
  test('the header, byte for byte', () => {
    assert.deepEqual(
      ivfHeader(HEADER),
      hex('444b4946 0000 2000 56503830 8002 6801 905f0100 01000000 02000000 00000000'),
    );
  });

  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.maxSafeNat(), fc.uint8Array({ maxLength: 50 }))), (frames) => {
        const bytes = file(frames);
        assert.deepEqual(new IvfReader(bytes).header, HEADER);
        assert.deepEqual(framesOf(bytes), frames);
      }),
    );
  });

  test('a file that is cut off ends with its last whole frame', () => {
    const frames: Array<[number, Uint8Array]> = [
      [0, hex('01 02')],
      [3000, hex('03')],
    ];
    const bytes = file(frames);
    for (let length = 32; length < bytes.length; length++) {
      const count = length < 46 ? 0 : length < 59 ? 1 : 2;
      assert.deepEqual(framesOf(bytes.slice(0, length)), frames.slice(0, count));
    }
  });

  test('other files are refused with a code', () => {
    const refused = (bytes: Uint8Array): void =>
      assert.throws(
        () => new IvfReader(bytes),
        (error) => error instanceof RecordingError && error.code === 'BAD_FILE',
      );
    for (let length = 0; length < 32; length++) refused(ivfHeader(HEADER).slice(0, length));
    for (const [at, byte] of [
      [0, 0],
      [4, 1],
      [6, 31],
      [7, 1],
    ] as const) {
      const bytes = ivfHeader(HEADER);
      bytes[at] = byte;
      refused(bytes);
    }
  });

  test('numbers out of range are the caller’s mistake', () => {
    for (const wrong of [{ codec: 'VP8' }, { width: 65_536 }, { height: -1 }, { frames: 0.5 }]) {
      assert.throws(() => ivfHeader({ ...HEADER, ...wrong }), { code: 'BAD_RANGE' });
    }
    assert.throws(() => writeIvfFrameHeader(new Uint8Array(12), 1, 0, 0), { code: 'BAD_RANGE' });
    assert.throws(() => writeIvfFrameHeader(new Uint8Array(12), 0, -1, 0), { code: 'BAD_RANGE' });
    assert.throws(() => writeIvfFrameHeader(new Uint8Array(12), 0, 0, 2 ** 53), { code: 'BAD_RANGE' });
  });
});
