import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamFramer } from '@millrace/turn';
import fc from 'fast-check';

function stun(length: number): number[] {
  return [0x01, 0x01, length >> 8, length & 0xff, ...new Array<number>(16 + length).fill(length & 0x3f)];
}

function channelData(length: number): number[] {
  const padding = (4 - (length % 4)) % 4;
  return [0x40, 0x01, length >> 8, length & 0xff, ...new Array<number>(length + padding).fill(7)];
}

describe('RFC 8656 §12.5 and RFC 8489 §6.2.2: messages in a stream', () => {
  test('come out whole, however the stream is cut', () => {
    const message = fc.oneof(
      fc.nat({ max: 400 }).map((words) => stun(words * 4)),
      fc.nat({ max: 1_500 }).map(channelData),
    );
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 60 }),
        (messages, cuts) => {
          const stream = Uint8Array.from(messages.flat());
          const framer = new StreamFramer();
          const seen: number[][] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const end = Math.min(stream.length, at + (cuts[i] ?? 9_999));
            const padded = new Uint8Array(end - at + 4).fill(0xee);
            padded.set(stream.subarray(at, end), 2);
            assert(
              framer.push(
                padded,
                2,
                padded.length - 2,
                (bytes, from, to) => void seen.push([...bytes.subarray(from, to)]),
              ),
            );
            at = end;
          }
          assert.deepEqual(seen, messages);
        },
      ),
    );
  });

  test('the longest of both kinds fit', () => {
    const framer = new StreamFramer();
    const lengths: number[] = [];
    for (const each of [stun(0xfffc), channelData(0xffff)]) {
      for (const byte of [each.slice(0, 3), each.slice(3)]) {
        assert(
          framer.push(
            Uint8Array.from(byte),
            0,
            byte.length,
            (_bytes, at, end) => void lengths.push(end - at),
          ),
        );
      }
    }
    assert.deepEqual(lengths, [0xfffc + 20, 0x10004]);
  });

  test('a stream of something else is broken for good', () => {
    for (const bytes of [
      [0x80, 0, 0, 0],
      [0xff, 1, 2, 3],
      [0x01, 0x01, 0x00, 0x03],
    ]) {
      const framer = new StreamFramer();
      assert(!framer.push(Uint8Array.from(bytes), 0, 4, () => assert.fail('no message')));
      assert(!framer.push(Uint8Array.from(stun(0)), 0, 20, () => assert.fail('no message')));
    }
  });
});
