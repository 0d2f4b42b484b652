import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ONE_BYTE_PROFILE, RtpError, RtpPacket, TWO_BYTE_PROFILE } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';

const PAYLOAD = hex('c0ffee0001');

/** A packet with one CSRC, this block and `PAYLOAD`, with room in front and behind. */
function packetWith(block: string, headroom = 0, tailroom = 0): RtpPacket {
  const raw = hex(`${block === '' ? '81' : '91'}e00001 00000002 00000003 0000000c ${block} c0ffee0001`);
  const bytes = new Uint8Array(headroom + raw.length + tailroom).fill(0xee);
  bytes.set(raw, headroom);
  const packet = new RtpPacket();
  assert(packet.read(bytes, headroom, headroom + raw.length, 0, bytes.length));
  return packet;
}

/** Id to data in hex, after the packet's bytes have been read anew; the rest of the packet must be as it was. */
function reread(packet: RtpPacket): Record<number, string> {
  const fresh = new RtpPacket();
  assert(fresh.read(packet.bytes, packet.at, packet.end));
  for (const key of ['at', 'end', 'headerEnd', 'payloadEnd', 'extensionsAt'] as const)
    assert.equal(packet[key], fresh[key], key);
  assert.deepEqual(
    [fresh.marker, fresh.payloadType, fresh.sequenceNumber, fresh.timestamp, fresh.ssrc],
    [true, 96, 1, 2, 3],
  );
  assert.deepEqual([fresh.csrcCount, fresh.csrc(0)], [1, 12]);
  assert.deepEqual(packet.bytes.slice(fresh.headerEnd, fresh.payloadEnd), PAYLOAD);
  const seen: Record<number, string> = {};
  for (let at = fresh.nextExtension(0); at !== 0; at = fresh.nextExtension(at + fresh.extensionLength))
    seen[fresh.extensionId] = Buffer.from(packet.bytes.slice(at, at + fresh.extensionLength)).toString('hex');
  return seen;
}

const set = (packet: RtpPacket, id: number, data: string): boolean =>
  packet.setExtension(id, hex(data), 0, data.length / 2);

describe('RFC 8285 §4 header extensions changed in place', () => {
  test('an element as long as before is written over, without any room', () => {
    const packet = packetWith('bede0002 10aa 21bbcc 000000');
    assert(set(packet, 2, 'd1d2'));
    assert.deepEqual(reread(packet), { 1: 'aa', 2: 'd1d2' });
  });

  test('padding is room, wherever it stands', () => {
    const packet = packetWith('bede0002 10aa 000000 20bb 00');
    assert(set(packet, 3, '010203'));
    assert.deepEqual(reread(packet), { 1: 'aa', 2: 'bb', 3: '010203' });
    assert.equal(set(packet, 4, '01'), false);
    assert.deepEqual(reread(packet), { 1: 'aa', 2: 'bb', 3: '010203' });
  });

  test('without padding the header moves into the headroom and the payload stays', () => {
    const packet = packetWith('bede0001 12aabbcc', 8, 8);
    const { headerEnd } = packet;
    assert(set(packet, 2, '0102030405'));
    assert.deepEqual(reread(packet), { 1: 'aabbcc', 2: '0102030405' });
    assert.deepEqual([packet.at, packet.headerEnd], [0, headerEnd]);
  });

  test('without headroom the payload moves into the tailroom', () => {
    const packet = packetWith('bede0001 12aabbcc', 3, 8);
    assert(set(packet, 2, '0102030405'));
    assert.deepEqual(reread(packet), { 1: 'aabbcc', 2: '0102030405' });
    assert.equal(packet.at, 3);
    assert.equal(set(packet, 4, '01020304'), false);
  });

  test('a packet without an extension gets one', () => {
    for (const [headroom, tailroom] of [
      [8, 0],
      [0, 8],
    ] as const) {
      const packet = packetWith('', headroom, tailroom);
      assert(set(packet, 3, '0a0b0c'));
      assert.deepEqual(reread(packet), { 3: '0a0b0c' });
      assert.equal(packet.extensionProfile, ONE_BYTE_PROFILE);
      assert.equal(set(packet, 4, '0a'), false);
    }
  });

  test('what does not fit the one-byte form makes the block two-byte', () => {
    for (const [id, data] of [
      [15, 'aa'],
      [255, 'aa'],
      [1, 'ab'.repeat(17)],
      [1, ''],
    ] as const) {
      const fresh = packetWith('', 64);
      assert(set(fresh, id, data));
      assert.deepEqual(reread(fresh), { [id]: data });
      assert.equal(fresh.extensionProfile, TWO_BYTE_PROFILE);
      const converted = packetWith('bede0003 20aa 31bbcc 40dd 0000000000', 64);
      assert(set(converted, id, data));
      assert.deepEqual(reread(converted), { 2: 'aa', 3: 'bbcc', 4: 'dd', [id]: data });
      assert.equal(converted.extensionProfile, TWO_BYTE_PROFILE);
    }
  });

  test('an element of another length is replaced, and gives its room to others', () => {
    const packet = packetWith('bede0003 12aabbcc 21ddee 30ff 000000');
    assert(set(packet, 1, '0102030405'));
    assert.deepEqual(reread(packet), { 1: '0102030405', 2: 'ddee', 3: 'ff' });
    assert(set(packet, 1, '09'));
    assert.deepEqual(reread(packet), { 1: '09', 2: 'ddee', 3: 'ff' });
    assert(set(packet, 4, '01020304'.slice(0, 6)));
    assert.deepEqual(reread(packet), { 1: '09', 2: 'ddee', 3: 'ff', 4: '010203' });
  });

  test('what cannot be read behind a malformed element gives way', () => {
    const packet = packetWith('bede0002 10aa f0 bbbbbbbbbb');
    assert(set(packet, 2, '0102'));
    assert.deepEqual(reread(packet), { 1: 'aa', 2: '0102' });
  });

  test("a header extension of another profile is nobody's to change", () => {
    const packet = packetWith('abcd0001 00000000', 64, 64);
    const before = packet.bytes.slice();
    assert.equal(set(packet, 1, '01'), false);
    assert.equal(packet.removeExtension(1), false);
    packet.mapExtensionIds(new Uint8Array(256));
    assert.deepEqual(packet.bytes, before);
  });

  test('a removed element becomes padding', () => {
    const packet = packetWith('bede0002 10aa 21bbcc 10dd 00');
    assert(packet.removeExtension(1));
    assert.deepEqual(reread(packet), { 2: 'bbcc' });
    assert.equal(packet.removeExtension(1), false);
    const two = packetWith('10000002 01 01 aa 02 00 03 01 cc');
    assert(two.removeExtension(2));
    assert.deepEqual(reread(two), { 1: 'aa', 3: 'cc' });
  });

  test('the whole block is removed, and the packet begins later', () => {
    const packet = packetWith('bede0002 10aa 21bbcc 000000');
    packet.removeExtensions();
    assert.deepEqual(reread(packet), {});
    assert.deepEqual([packet.at, packet.hasExtensions], [12, false]);
    packet.removeExtensions();
    assert(set(packet, 5, '0102030405'));
    assert.deepEqual(reread(packet), { 5: '0102030405' });
  });

  test('ids are mapped to those of another session; 0 removes', () => {
    const ids = new Uint8Array(256);
    ids.set([0, 3, 0, 1, 15]);
    const packet = packetWith('bede0002 10aa 20bb 30cc 40dd');
    packet.mapExtensionIds(ids);
    assert.deepEqual(reread(packet), { 3: 'aa', 1: 'cc' });
    const two = packetWith('10000003 0101aa 0201bb 0301cc 0401dd');
    two.mapExtensionIds(ids);
    assert.deepEqual(reread(two), { 3: 'aa', 1: 'cc', 15: 'dd' });
  });

  test('ids and lengths that no form has are refused before anything changes', () => {
    const packet = packetWith('', 64);
    for (const [id, length] of [
      [0, 1],
      [256, 1],
      [1, 256],
      [1, -1],
      [Number.NaN, 1],
    ] as const)
      assert.throws(
        () => packet.reserveExtension(id, length),
        (error) => error instanceof RtpError && error.code === 'BAD_EXTENSION',
      );
    assert.deepEqual(reread(packet), {});
  });

  test('any sequence of changes leaves what was set last, and nothing else of the packet changed', () => {
    const change = fc.record({
      kind: fc.constantFrom('set', 'set', 'set', 'remove', 'clear', 'map'),
      id: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 14 }) },
        fc.integer({ min: 15, max: 255 }),
      ),
      length: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.nat(40)),
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 30 }),
        fc.nat(100),
        fc.nat(100),
        (changes, headroom, tailroom) => {
          const packet = packetWith('', headroom, tailroom);
          let model: Record<number, string> = {};
          let filler = 0;
          for (const { kind, id, length } of changes) {
            if (kind === 'set') {
              const data = (++filler & 0xff).toString(16).padStart(2, '0').repeat(length);
              if (set(packet, id, data)) model[id] = data;
            } else if (kind === 'remove') {
              assert.equal(packet.removeExtension(id), id in model);
              delete model[id];
            } else if (kind === 'clear') {
              packet.removeExtensions();
              model = {};
            } else {
              const ids = Uint8Array.from({ length: 256 }, (_, i) => i);
              ids[id] = 0;
              packet.mapExtensionIds(ids);
              delete model[id];
            }
            assert.deepEqual(reread(packet), model);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
