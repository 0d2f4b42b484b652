import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  absSendTimeDelta,
  dependencyTemplateId,
  frameNumber,
  isBackCamera,
  isEndOfFrame,
  isFlipped,
  isStartOfFrame,
  MAX_PLAYOUT_DELAY,
  maxPlayoutDelay,
  minPlayoutDelay,
  readAbsCaptureTime,
  readAbsSendTime,
  readCaptureClockOffset,
  readDependencyDescriptor,
  readPlayoutDelay,
  readTransportSequenceNumber,
  readVideoOrientation,
  rotation,
  writeAbsCaptureTime,
  writeAbsSendTime,
  writePlayoutDelay,
  writeTransportSequenceNumber,
  writeVideoOrientation,
} from '@millrace/rtp';
import { hex } from '../hex.ts';
import { extensionHex, newPacket, packetWith } from '../packets.ts';

test('absolute send time: 18 bits behind the point, wrapping after 64 s', () => {
  const packet = newPacket();
  for (const [now, data] of [
    [0, '000000'],
    [1_000, '040000'],
    [63_999.99, 'fffffd'],
    [64_000, '000000'],
    [1e12 + 500, '020000'],
  ] as const) {
    assert(writeAbsSendTime(packet, 3, now));
    assert.equal(extensionHex(packet, 3), data);
    assert.equal(readAbsSendTime(packet, 3), Number.parseInt(data, 16));
  }
  assert.equal(absSendTimeDelta(0x040000, 0), 1_000);
  assert.equal(absSendTimeDelta(0x020000, 0xfe0000), 1_000);
  assert.equal(absSendTimeDelta(0xfe0000, 0x020000), -1_000);
});

test('transport-wide sequence number: 16 bits', () => {
  const packet = newPacket();
  for (const sequenceNumber of [0, 1, 0x1234, 0xffff]) {
    assert(writeTransportSequenceNumber(packet, 5, sequenceNumber));
    assert.equal(extensionHex(packet, 5), sequenceNumber.toString(16).padStart(4, '0'));
    assert.equal(readTransportSequenceNumber(packet, 5), sequenceNumber);
  }
});

test('video orientation: quarter turns, mirrored, which camera', () => {
  const packet = newPacket();
  for (const degrees of [0, 90, 180, 270])
    for (const flipped of [false, true])
      for (const back of [false, true]) {
        assert(writeVideoOrientation(packet, 6, degrees, flipped, back));
        const value = readVideoOrientation(packet, 6);
        assert.deepEqual([rotation(value), isFlipped(value), isBackCamera(value)], [degrees, flipped, back]);
        assert.equal(value, degrees / 90 + (flipped ? 4 : 0) + (back ? 8 : 0));
      }
});

test('playout delay: two times 12 bits of 10 ms', () => {
  const packet = newPacket();
  assert(writePlayoutDelay(packet, 7, 40, 1_239));
  assert.equal(extensionHex(packet, 7), '00407b');
  const value = readPlayoutDelay(packet, 7);
  assert.deepEqual([minPlayoutDelay(value), maxPlayoutDelay(value)], [40, 1_230]);
  assert(writePlayoutDelay(packet, 7, -5, 1e9));
  assert.equal(extensionHex(packet, 7), '000fff');
  assert.equal(maxPlayoutDelay(readPlayoutDelay(packet, 7)), MAX_PLAYOUT_DELAY);
});

test('dependency descriptor: which frame, and whether it begins or ends here', () => {
  const value = readDependencyDescriptor(packetWith(8, hex('85 1234 ff00ff')), 8);
  assert.deepEqual(
    [isStartOfFrame(value), isEndOfFrame(value), dependencyTemplateId(value), frameNumber(value)],
    [true, false, 5, 0x1234],
  );
  assert(isEndOfFrame(readDependencyDescriptor(packetWith(8, hex('40 0000')), 8)));
});

describe('absolute capture time', () => {
  test('an NTP time, to the microsecond', () => {
    const packet = newPacket();
    assert(writeAbsCaptureTime(packet, 9, 3_900_000_000_250));
    assert.equal(extensionHex(packet, 9), 'e875470040000000');
    assert.equal(readAbsCaptureTime(packet, 9), 3_900_000_000_250);
    assert(Number.isNaN(readCaptureClockOffset(packet, 9)));
  });

  test('a clock ahead and a clock behind', () => {
    const packet = newPacket();
    for (const offset of [0, 1_500, -1_500, -0.25]) {
      assert(writeAbsCaptureTime(packet, 9, 1_000, offset));
      assert.equal(extensionHex(packet, 9).length, 32);
      assert(Math.abs(readCaptureClockOffset(packet, 9) - offset) < 1e-6);
      assert.equal(readAbsCaptureTime(packet, 9), 1_000);
    }
    assert(writeAbsCaptureTime(packet, 9, 1_000, -1_500));
    assert.equal(extensionHex(packet, 9), '0000000100000000fffffffe80000000');
  });
});

describe('every value', () => {
  const readers = {
    readAbsSendTime,
    readTransportSequenceNumber,
    readVideoOrientation,
    readPlayoutDelay,
    readDependencyDescriptor,
    readAbsCaptureTime,
  };
  const shortest = [3, 2, 1, 3, 3, 8];
  for (const [i, [name, read]] of Object.entries(readers).entries())
    test(`${name} tells a missing or too short element from every other`, () => {
      assert.equal(read(newPacket(), 2), -1);
      for (let length = 0; length <= 17; length++) {
        const value = read(packetWith(2, new Uint8Array(length)), 2);
        assert.equal(value, length < shortest[i]! ? -1 : 0, `${length} bytes`);
      }
    });

  test('is not written without room', () => {
    const packet = newPacket(0);
    assert(!writeAbsSendTime(packet, 1, 1));
    assert(!writeTransportSequenceNumber(packet, 1, 1));
    assert(!writeVideoOrientation(packet, 1, 90));
    assert(!writePlayoutDelay(packet, 1, 1, 1));
    assert(!writeAbsCaptureTime(packet, 1, 1));
    assert(!packet.hasExtensions);
  });
});
