import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RtpPacket } from '@millrace/rtp';
import { hex } from '../hex.ts';

/** [id, data in hex] of each element that is seen in a header extension. */
function elements(block: string): Array<[number, string]> {
  const bytes = hex(`90600001 00000002 00000003 ${block} c0ffee`);
  const packet = new RtpPacket();
  assert(packet.read(bytes, 0, bytes.length));
  return elementsOf(packet);
}

function elementsOf(packet: RtpPacket): Array<[number, string]> {
  const seen: Array<[number, string]> = [];
  for (let at = packet.nextExtension(0); at !== 0; at = packet.nextExtension(at + packet.extensionLength)) {
    const data = Buffer.from(packet.bytes.slice(at, at + packet.extensionLength)).toString('hex');
    seen.push([packet.extensionId, data]);
  }
  return seen;
}

describe('RFC 8285 §4.2 the one-byte form', () => {
  test('one element of each length, from 1 to 16 bytes', () => {
    for (let length = 1; length <= 16; length++) {
      const words = (length + 1 + 3) >> 2;
      const data = 'ab'.repeat(length);
      const padding = '00'.repeat(words * 4 - 1 - length);
      const block = `bede000${words} e${(length - 1).toString(16)} ${data} ${padding}`;
      assert.deepEqual(elements(block), [[14, data]]);
    }
  });

  test('padding stands between elements, before the first and behind the last', () => {
    assert.deepEqual(elements('bede0003 00 10 aa 00 00 00 21 bb cc 00 00 00'), [
      [1, 'aa'],
      [2, 'bbcc'],
    ]);
  });

  test("the RFC's example of three elements", () => {
    assert.deepEqual(elements('bede0003 10 d1 21 d2d3 00 00 33 d4d5d6d7'), [
      [1, 'd1'],
      [2, 'd2d3'],
      [3, 'd4d5d6d7'],
    ]);
  });

  test('id 15 ends the walk, whatever its length says', () => {
    assert.deepEqual(elements('bede0002 10 aa f0 bb 20 cc 00 00'), [[1, 'aa']]);
  });

  test('id 0 with a length ends the walk', () => {
    assert.deepEqual(elements('bede0002 10 aa 01 bb 20 cc 00 00'), [[1, 'aa']]);
  });

  test('an element longer than the block ends the walk', () => {
    assert.deepEqual(elements('bede0001 10 aa 22 bb'), [[1, 'aa']]);
    assert.deepEqual(elements('bede0001 10 aa 00 20'), [[1, 'aa']]);
  });

  test('a block of no words has no elements', () => {
    assert.deepEqual(elements('bede0000'), []);
  });
});

describe('RFC 8285 §4.3 the two-byte form', () => {
  test("the RFC's example: an empty element, one byte, padding, four bytes", () => {
    assert.deepEqual(elements('10000003 01 00 02 01 d1 00 03 04 d2d3d4d5 00'), [
      [1, ''],
      [2, 'd1'],
      [3, 'd2d3d4d5'],
    ]);
  });

  test('the four application bits of the profile mean nothing here', () => {
    assert.deepEqual(elements('100f0001 ff 02 abcd'), [[255, 'abcd']]);
  });

  test('an element longer than the block ends the walk', () => {
    assert.deepEqual(elements('10000001 01 03 aabb'), []);
    assert.deepEqual(elements('10000001 01 01 aa 02'), [[1, 'aa']]);
  });
});

describe('RFC 8285 §4.1 header extensions in general', () => {
  test('those of another profile have no elements that can be seen', () => {
    assert.deepEqual(elements('bedf0001 10 aa 20 bb'), []);
    assert.deepEqual(elements('11000001 10 aa 20 bb'), []);
  });

  test('an element is found by its id, of several the first', () => {
    const bytes = hex('90600001 00000002 00000003 bede0002 10aa 21bbcc 10dd 00');
    const packet = new RtpPacket();
    assert(packet.read(bytes, 0, bytes.length));
    assert.equal(packet.findExtension(2), 19);
    assert.equal(packet.extensionLength, 2);
    assert.equal(packet.findExtension(1), 17);
    assert.equal(packet.findExtension(3), 0);
    const plain = hex('80600001 00000002 00000003');
    assert(packet.read(plain, 0, 12));
    assert.equal(packet.findExtension(1), 0);
    assert.equal(packet.extensionProfile, 0);
  });

  test('every length at every place either lies in the block or ends the walk', () => {
    const packet = new RtpPacket();
    for (const profile of ['bede', '1000'])
      for (let value = 0; value < 256; value++)
        for (let place = 0; place < 12; place++) {
          const bytes = hex(`90600001 00000002 00000003 ${profile}0003 10aa 21bbcc 3301020304 0000`);
          bytes[16 + place] = value;
          assert(packet.read(bytes, 0, bytes.length));
          let last = packet.extensionsAt;
          for (let at = packet.nextExtension(0); at !== 0; at = packet.nextExtension(last)) {
            assert(at > last && at + packet.extensionLength <= packet.headerEnd);
            assert(packet.extensionId > 0);
            last = at + packet.extensionLength;
          }
        }
  });
});
