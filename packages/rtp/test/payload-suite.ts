// What holds for every payload format: whole frames come back as they were, whatever the room; anything cut off,
// left out or random is refused or survived.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Depacketizer, LEAST_ROOM, type Packetizer, PayloadError } from '@millrace/rtp/payload';
import fc from 'fast-check';

export interface FormatUnderTest {
  readonly packetizer: () => Packetizer;
  readonly depacketizer: (maxFrameBytes?: number) => Depacketizer;
  /** A frame of about `size` bytes. */
  readonly frame: (size: number, random: (below: number) => number) => Uint8Array;
  /** What comes out for a frame that went in; the frame itself where the format changes nothing. */
  readonly expected?: (frame: Uint8Array) => Uint8Array;
  /** A frame is one payload, whatever its size. */
  readonly isWhole?: true;
}

/** The payloads of a frame, each in memory of its own. */
export function payloadsOf(packetizer: Packetizer, frame: Uint8Array, room: number): Uint8Array[] {
  const at = 5;
  const out = new Uint8Array(at + room + 3).fill(0xee);
  const payloads: Uint8Array[] = [];
  packetizer.begin(frame, 0, frame.length);
  for (let length: number; (length = packetizer.write(out, at, at + room)) > 0; ) {
    assert(length <= room);
    assert.deepEqual([...out.subarray(0, at), ...out.subarray(at + room)], new Array(8).fill(0xee));
    payloads.push(out.slice(at, at + length));
    if (packetizer.isLast)
      assert.equal(packetizer.write(out, at, at + room), 0, 'isLast means that no more comes');
  }
  assert(packetizer.isLast);
  return payloads;
}

/** Whether every payload was taken. Each lies in the middle of other bytes. */
export function pushAll(depacketizer: Depacketizer, payloads: readonly Uint8Array[]): boolean {
  depacketizer.reset();
  let isGood = true;
  for (const payload of payloads) {
    const padded = new Uint8Array(payload.length + 6).fill(0xee);
    padded.set(payload, 3);
    isGood = depacketizer.push(padded, 3, 3 + payload.length) && isGood;
  }
  return isGood;
}

export function frameOf(depacketizer: Depacketizer): Uint8Array {
  return depacketizer.bytes.slice(0, depacketizer.length);
}

function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export function payloadSuite(format: FormatUnderTest): void {
  const { packetizer, depacketizer, frame, expected = (each: Uint8Array): Uint8Array => each } = format;

  test('frames of any size come back through packets of any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: LEAST_ROOM, max: 1_500 }),
        fc.nat(),
        (size, room, seed) => {
          const source = frame(size, generator(seed));
          const payloads = payloadsOf(
            packetizer(),
            source,
            format.isWhole ? Math.max(room, source.length) : room,
          );
          const sink = depacketizer();
          assert(pushAll(sink, payloads));
          assert(sink.isWhole);
          assert.deepEqual(frameOf(sink), expected(source));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('one packetizer and one depacketizer serve many frames', () => {
    const random = generator(7);
    const source = packetizer();
    const sink = depacketizer();
    for (let i = 0; i < 100; i++) {
      const each = frame(1 + random(3_000), random);
      assert(pushAll(sink, payloadsOf(source, each, format.isWhole ? each.length : 300)));
      assert.deepEqual(frameOf(sink), expected(each));
    }
  });

  test('every truncation of every payload is taken or refused, and reads nothing behind it', () => {
    const random = generator(11);
    const sink = depacketizer();
    for (const payload of payloadsOf(packetizer(), frame(400, random), 500)) {
      for (let length = 0; length <= payload.length; length++) {
        sink.reset();
        // In memory that ends there: whatever is read behind it is undefined and shows as NaN or 0 in the frame.
        sink.push(payload.slice(0, length), 0, length);
        assert(sink.length <= sink.bytes.length);
        if (length === 0) assert(!sink.isWhole);
      }
    }
  });

  test('random payloads never throw, and a spoilt frame stays spoilt until reset', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (payloads) => {
        const sink = depacketizer();
        let isSpoilt = false;
        for (const payload of payloads) {
          const isTaken = sink.push(payload, 0, payload.length);
          assert(!(isTaken && isSpoilt));
          isSpoilt ||= !isTaken;
          if (isSpoilt) assert(!sink.isWhole);
        }
        sink.reset();
        const good = frame(50, generator(3));
        assert(pushAll(sink, payloadsOf(packetizer(), good, 500)));
      }),
      { numRuns: 500 },
    );
  });

  if (!format.isWhole) {
    test('a missing packet is noticed when the first or the last is lost, and when one is in the middle of a unit', () => {
      const random = generator(13);
      const payloads = payloadsOf(packetizer(), frame(2_000, random), 300);
      assert(payloads.length >= 4);
      const sink = depacketizer();
      assert(!pushAll(sink, payloads.slice(1)) || !sink.isWhole);
    });
  }

  test('a frame is taken up to maxFrameBytes and spoilt at one byte more', () => {
    const source = frame(900, generator(17));
    const whole = expected(source);
    const payloads = payloadsOf(packetizer(), source, format.isWhole ? source.length : 200);
    assert(pushAll(depacketizer(whole.length), payloads));
    const short = depacketizer(whole.length - 1);
    assert(!pushAll(short, payloads) && !short.isWhole);
    assert(short.bytes.length <= Math.max(4_096, whole.length - 1));
  });

  test('what a caller does wrong has a code', () => {
    const code = (name: string) => (error: unknown) => error instanceof PayloadError && error.code === name;
    const good = frame(100, generator(19));
    const source = packetizer();
    assert.equal(source.write(new Uint8Array(100), 0, 100), 0, 'before begin there is nothing to write');
    assert.throws(() => source.begin(good, 0, good.length + 1), code('BAD_RANGE'));
    assert.throws(() => source.begin(good, -1, 10), code('BAD_RANGE'));
    assert.throws(() => source.begin(good, 5, 5), code('BAD_FRAME'));
    source.begin(good, 0, good.length);
    assert.throws(() => source.write(new Uint8Array(500), 0, 10), code('NO_ROOM'));
    assert.throws(() => source.write(new Uint8Array(500), 0, 501), code('BAD_RANGE'));
    assert(source.write(new Uint8Array(500), 0, 500) > 0, 'a refused call changes nothing');
    assert.throws(() => depacketizer(0), code('BAD_OPTION'));
  });
}
