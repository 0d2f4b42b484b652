import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Av1Depacketizer, Av1Packetizer } from '@millrace/rtp/payload';
import { hex, hexOf } from '../hex.ts';
import { frameOf, payloadSuite, payloadsOf, pushAll } from '../payload-suite.ts';

const DELIMITER = [0x12, 0x00];

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}

/** An OBU with its size, as in files. */
function obu(type: number, payload: readonly number[], extension?: number): number[] {
  const header = (type << 3) | 0x02 | (extension === undefined ? 0 : 0x04);
  return [header, ...(extension === undefined ? [] : [extension]), ...leb128(payload.length), ...payload];
}

function frame(size: number, random: (below: number) => number): Uint8Array {
  const bytes = [...DELIMITER];
  if (random(2) === 0) bytes.push(...obu(1, [1, 2, 3, 4]));
  for (let left = size; left > 0; ) {
    const length = Math.min(left, 1 + random(Math.max(1, left >> random(3))));
    const payload = Array.from({ length }, () => random(256));
    bytes.push(...obu(6, payload, random(2) === 0 ? undefined : 0x20));
    left -= length;
  }
  return Uint8Array.from(bytes);
}

function texts(payloads: readonly Uint8Array[]): string[] {
  return payloads.map((payload) => hexOf(payload));
}

describe('AV1 RTP §4.4: temporal units in packets', () => {
  payloadSuite({
    packetizer: () => new Av1Packetizer(),
    depacketizer: (maxFrameBytes) =>
      new Av1Depacketizer(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    frame,
  });

  test('one OBU: no length, no size field, no temporal delimiter', () => {
    const unit = Uint8Array.from([...DELIMITER, ...obu(6, [0xaa, 0xbb])]);
    assert.deepEqual(texts(payloadsOf(new Av1Packetizer(), unit, 100)), ['1030aabb']);
  });

  test('several OBUs share a packet; N marks a new coded video sequence', () => {
    const unit = Uint8Array.from([...DELIMITER, ...obu(1, [0x01]), ...obu(6, [0xaa])]);
    assert.deepEqual(texts(payloadsOf(new Av1Packetizer(), unit, 100)), ['08' + '020801' + '0230aa']);
  });

  test('Y and Z tie the pieces of a long OBU together', () => {
    const unit = Uint8Array.from(obu(6, new Array<number>(150).fill(0xaa)));
    const payloads = payloadsOf(new Av1Packetizer(), unit, 64);
    assert.deepEqual(
      payloads.map((payload) => payload[0]!.toString(16)),
      ['50', 'd0', '90'],
    );
  });

  test('the last OBU may come without a size', () => {
    assert.deepEqual(texts(payloadsOf(new Av1Packetizer(), hex('30 aa bb'), 100)), ['1030aabb']);
  });

  test('tile lists are not sent; a unit with nothing else is none', () => {
    assert.throws(() => new Av1Packetizer().begin(Uint8Array.from(obu(8, [1])), 0, 3), { code: 'BAD_FRAME' });
    assert.throws(() => new Av1Packetizer().begin(Uint8Array.from(DELIMITER), 0, 2), { code: 'BAD_FRAME' });
  });

  for (const [what, text] of [
    ['the forbidden bit', 'b2 00'],
    ['a size beyond the end', '32 03 aa'],
    ['a size that is cut off', '32 80'],
    ['an extension that is cut off', '34'],
  ] as const) {
    test(`no frame: ${what}`, () => {
      const bytes = hex(text);
      assert.throws(() => new Av1Packetizer().begin(bytes, 0, bytes.length), { code: 'BAD_FRAME' });
    });
  }

  test('W counts elements: all but the last have a length', () => {
    const sink = new Av1Depacketizer({ temporalDelimiter: false });
    assert(pushAll(sink, [hex('20 02 30 aa 30 bb')]));
    assert.deepEqual(frameOf(sink), Uint8Array.from([...obu(6, [0xaa]), ...obu(6, [0xbb])]));
  });

  test('OBUs that keep their size field are taken if it is right', () => {
    const sink = new Av1Depacketizer({ temporalDelimiter: false });
    assert(pushAll(sink, [hex('10 32 01 aa')]));
    assert.deepEqual(frameOf(sink), hex('32 01 aa'));
    assert(!pushAll(sink, [hex('10 32 02 aa')]));
  });

  test('a temporal delimiter from a careless sender is left out', () => {
    const sink = new Av1Depacketizer();
    assert(pushAll(sink, [hex('20 01 10 30 aa')]));
    assert.deepEqual(frameOf(sink), Uint8Array.from([...DELIMITER, ...obu(6, [0xaa])]));
  });

  test('a sequence header makes a key frame', () => {
    const sink = new Av1Depacketizer();
    assert(pushAll(sink, [hex('18 08 01')]) && sink.isKeyFrame);
    assert(pushAll(sink, [hex('10 30 01')]) && !sink.isKeyFrame);
  });

  for (const [what, payloads] of [
    ['only an aggregation header', ['10']],
    ['Z without anything open', ['90 30 aa']],
    ['no Z while something is open', ['50 30 aa', '10 30 aa']],
    ['N on a continuation', ['50 30 aa', '98 aa']],
    ['an element longer than the packet', ['00 05 30 aa']],
    ['a length that is cut off', ['00 80']],
    ['a length above 32 bits', ['00 ff ff ff ff 7f 30']],
    ['fewer elements than W says', ['20 02 30 aa']],
    ['an OBU with the forbidden bit', ['10 b0 aa']],
    ['an OBU whose extension is missing', ['10 34']],
  ] as Array<[string, string[]]>) {
    test(`refused: ${what}`, () => {
      const sink = new Av1Depacketizer();
      assert(!pushAll(sink, payloads.map(hex)));
      assert(!sink.isWhole);
    });
  }
});
