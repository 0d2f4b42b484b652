import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameReader } from '@millrace/ice';
import fc from 'fast-check';

const MOST = 65_535;

function framed(datagrams: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(datagrams.flatMap((each) => [each.length >> 8, each.length & 0xff, ...each]));
}

function read(reader: FrameReader, bytes: Uint8Array, most: number = MOST): Uint8Array[] | undefined {
  const frames: Uint8Array[] = [];
  const isRight = reader.push(bytes, 0, bytes.length, most, (from, at, end) =>
    frames.push(from.slice(at, end)),
  );
  return isRight ? frames : undefined;
}

describe('RFC 4571 §2: datagrams in a stream', () => {
  test('come out whole, however the stream is cut', () => {
    const datagram = fc.uint8Array({ minLength: 1, maxLength: 5_000 });
    fc.assert(
      fc.property(fc.array(datagram, { maxLength: 6 }), fc.array(fc.nat(9_000)), (datagrams, cuts) => {
        const stream = framed(datagrams);
        const reader = new FrameReader();
        const frames: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          const next = Math.min(stream.length, at + cut);
          frames.push(...(read(reader, stream.subarray(at, next)) ?? []));
          at = next;
        }
        assert.deepEqual(frames, datagrams);
      }),
    );
  });

  test('byte by byte, with 65,535 bytes in one', () => {
    const datagrams = [Uint8Array.of(1), new Uint8Array(65_535).fill(7), Uint8Array.of(2, 3)];
    const reader = new FrameReader();
    const frames: Uint8Array[] = [];
    for (const byte of framed(datagrams)) frames.push(...(read(reader, Uint8Array.of(byte)) ?? []));
    assert.deepEqual(frames, datagrams);
  });

  test('an empty one is nothing', () => {
    assert.deepEqual(read(new FrameReader(), Uint8Array.of(0, 0, 0, 1, 9, 0, 0)), [Uint8Array.of(9)]);
  });

  test('one byte longer than allowed ends it, whether its header comes whole or in halves', () => {
    assert.deepEqual(read(new FrameReader(), framed([new Uint8Array(100)]), 100), [new Uint8Array(100)]);
    assert.equal(read(new FrameReader(), framed([new Uint8Array(101)]), 100), undefined);
    const reader = new FrameReader();
    assert.deepEqual(read(reader, Uint8Array.of(0), 100), []);
    assert.equal(read(reader, Uint8Array.of(101), 100), undefined);
  });
});
