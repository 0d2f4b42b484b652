import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RedReceiver, RtpStream, writeRedundantBlockHeader } from '../../src/interceptors/index.ts';
import { AUDIO, rtp, VIDEO, view } from '../interceptors/chain-end.ts';

const info = {
  ...AUDIO,
  payloads: [...AUDIO.payloads, { payloadType: 63, clockRate: 48_000 }],
  redPayloadType: 63,
  ulpfecPayloadType: 64,
};
const stream = new RtpStream(info, false, 0);

/** A RED packet: redundant blocks as [type, offset, bytes], and the primary. */
function red(blocks: ReadonlyArray<[number, number, number[]]>, primary: number, data: number[]): Uint8Array {
  const header = rtp({ ...info, payloads: [{ payloadType: 63, clockRate: 48_000 }] }, 9, 100_000, 0);
  const payload: number[] = [];
  for (const [type, offset, bytes] of blocks) {
    const four = new Uint8Array(4);
    writeRedundantBlockHeader(four, 0, type, offset, bytes.length);
    payload.push(...four);
  }
  payload.push(primary, ...blocks.flatMap(([, , bytes]) => bytes), ...data);
  return Uint8Array.from([...header.bytes.subarray(0, header.end), ...payload]);
}

describe('RFC 2198 §3 payload format specification', () => {
  test('the primary block becomes the packet, and redundant blocks are told with their times', () => {
    const receiver = new RedReceiver();
    const told: unknown[] = [];
    receiver.onRedundancy = (type, timestamp, bytes, at, end) =>
      void told.push([type, timestamp, [...bytes.subarray(at, end)]]);
    const packet = view(
      red(
        [
          [111, 1_920, [1, 2]],
          [111, 960, [3]],
        ],
        111,
        [7, 8, 9],
      ),
    );
    assert.ok(receiver.receiveRtp(packet, stream, 0));
    assert.deepEqual(told, [
      [111, 98_080, [1, 2]],
      [111, 99_040, [3]],
    ]);
    assert.deepEqual(
      [packet.payloadType, packet.sequenceNumber, packet.timestamp, packet.ssrc],
      [111, 9, 100_000, AUDIO.ssrc],
    );
    assert.deepEqual([...packet.bytes.subarray(packet.headerEnd, packet.payloadEnd)], [7, 8, 9]);
    assert.equal(packet.findExtension(5) > 0, true);
    assert.equal(receiver.redundantBlocks, 2);
  });

  test('a packet with its primary block alone, and plain packets, pass', () => {
    const receiver = new RedReceiver();
    const packet = view(red([], 111, [5]));
    assert.ok(receiver.receiveRtp(packet, stream, 0));
    assert.deepEqual([...packet.bytes.subarray(packet.headerEnd, packet.payloadEnd)], [5]);
    assert.ok(receiver.receiveRtp(rtp(AUDIO, 1, 0), stream, 0));
    assert.equal(receiver.unwrapped, 1);
  });

  test('every truncation and every length that lies is dropped and counted', () => {
    const bytes = red([[111, 960, [1, 2, 3]]], 111, [7]);
    for (let length = 20; length < bytes.length - 1; length++) {
      const receiver = new RedReceiver();
      assert.equal(receiver.receiveRtp(view(bytes.slice(0, length)), stream, 0), false);
      assert.equal(receiver.drops.total, 1);
    }
    for (const [wrong, isFine] of [
      [0, true],
      [3, true],
      [4, true],
      [5, false],
      [255, false],
    ] as const) {
      const receiver = new RedReceiver();
      const changed = bytes.slice();
      changed[23] = wrong;
      assert.equal(receiver.receiveRtp(view(changed), stream, 0), isFine, `${wrong}`);
    }
    const bomb = red([], 111, []);
    const many = Uint8Array.from([...bomb.subarray(0, 20), ...new Array<number>(400).fill(0x80)]);
    assert.equal(new RedReceiver().receiveRtp(view(many), stream, 0), false);
  });

  test('repair packets end there and are told', () => {
    const receiver = new RedReceiver();
    const told: unknown[] = [];
    receiver.onRepair = (kind, bytes, at, end) => void told.push([kind, [...bytes.subarray(at, end)]]);
    assert.equal(receiver.receiveRtp(view(red([], 64, [1, 2])), stream, 0), false);
    const flexfec = new RtpStream({ ...VIDEO, flexfecSsrc: 5, flexfecPayloadType: 49 }, false, 0);
    assert.equal(receiver.receiveRtp(rtp({ ...VIDEO, ssrc: 5 }, 1, 0, 3), flexfec, 0), false);
    assert.deepEqual(told, [
      ['ulpfec', [1, 2]],
      ['flexfec', [1, 1, 1]],
    ]);
  });
});
