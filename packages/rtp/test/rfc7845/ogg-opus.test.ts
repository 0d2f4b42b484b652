import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OggOpusReader, OggOpusWriter } from '@millrace/rtp/recording';
import fc from 'fast-check';

function join(parts: ReadonlyArray<Uint8Array | undefined>): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...(part ?? [])]));
}

/** 20 ms of CELT, `length` bytes long. */
function packet(length: number, fill = 1): Uint8Array {
  return new Uint8Array(length).fill(fill).with(0, 31 << 3);
}

function record(packets: readonly Uint8Array[], timestamps?: readonly number[]): Uint8Array {
  const writer = new OggOpusWriter();
  const parts: Array<Uint8Array | undefined> = [writer.header()];
  for (const [i, each] of packets.entries()) parts.push(writer.push(each, 0, each.length, timestamps?.[i]));
  parts.push(writer.finish());
  return join(parts);
}

function packetsOf(file: Uint8Array): Uint8Array[] {
  const reader = new OggOpusReader(file);
  const packets: Uint8Array[] = [];
  while (reader.next()) packets.push(reader.bytes.slice(reader.at, reader.end));
  return packets;
}

/** Where pages begin, with flags, granule position and number of segments. */
function pagesOf(file: Uint8Array): Array<{ at: number; flags: number; granule: number; segments: number }> {
  const view = new DataView(file.buffer);
  const pages = [];
  for (let at = 0; at < file.length; ) {
    assert.equal(String.fromCharCode(...file.subarray(at, at + 4)), 'OggS');
    const segments = file[at + 26]!;
    pages.push({ at, flags: file[at + 5]!, granule: Number(view.getBigUint64(at + 6, true)), segments });
    const lacing = file.subarray(at + 27, at + 27 + segments);
    at += 27 + segments + lacing.reduce((sum, byte) => sum + byte, 0);
  }
  return pages;
}

describe('RFC 7845: Opus in Ogg', () => {
  test('§5: OpusHead and OpusTags on pages of their own, the first with the BOS flag', () => {
    const pages = pagesOf(record([packet(10)]));
    assert.deepEqual(
      pages.map(({ flags, segments }) => [flags, segments]),
      [
        [2, 1],
        [0, 1],
        [4, 1],
      ],
    );
  });

  test('§4: the granule position counts samples to the end of the page, which is at most about a second', () => {
    const pages = pagesOf(record(Array.from({ length: 120 }, () => packet(10))));
    assert.deepEqual(
      pages.map(({ granule }) => granule),
      [0, 0, 48_000, 96_000, 115_200],
    );
  });

  test('§4: a gap in the time stamps shows in the granule position', () => {
    const pages = pagesOf(record([packet(10), packet(10)], [1_000_000, 1_000_000 + 960 * 5]));
    assert.equal(pages.at(-1)!.granule, 960 * 6);
  });

  test('§4.4: the end may cut off a part of the last packet', () => {
    const writer = new OggOpusWriter();
    const file = join([writer.header(), writer.push(packet(10), 0, 10), writer.finish(500)]);
    const reader = new OggOpusReader(file);
    assert(reader.next());
    assert.equal(reader.granule, 500);
    const longer = new OggOpusWriter();
    longer.push(packet(10), 0, 10);
    assert.throws(() => longer.finish(961), { code: 'BAD_RANGE' });
  });

  test('what is written is read again, with lengths around multiples of 255', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 1_300 }), fc.constantFrom(254, 255, 256, 510, 4_000)), {
          maxLength: 200,
        }),
        (lengths) => {
          const packets = lengths.map((length, i) => packet(length, i));
          const file = record(packets);
          assert.deepEqual(packetsOf(file), packets);
          const reader = new OggOpusReader(file);
          assert.deepEqual([reader.channels, reader.preSkip], [2, 3_840]);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('time stamps of what is read follow the durations', () => {
    const reader = new OggOpusReader(record([packet(3), packet(3)]));
    assert(reader.next());
    assert.equal(reader.timestamp, 0);
    assert(reader.next());
    assert.equal(reader.timestamp, 960);
  });

  test('options out of range and packets that are not Opus have a code', () => {
    assert.throws(() => new OggOpusWriter({ channels: 3 as 2 }), { code: 'BAD_RANGE' });
    assert.throws(() => new OggOpusWriter({ preSkip: 65_536 }), { code: 'BAD_RANGE' });
    assert.throws(() => new OggOpusWriter().push(new Uint8Array(0), 0, 0), { code: 'BAD_PACKET' });
    assert.throws(() => new OggOpusWriter().push(packet(65_100), 0, 65_100), { code: 'BAD_PACKET' });
    assert.throws(() => new OggOpusReader(new Uint8Array(100)), { code: 'BAD_FILE' });
  });
});

describe('RFC 3533 §6: pages', () => {
  const packets = Array.from({ length: 120 }, (_, i) => packet(20, i));

  test('a page with a wrong byte is left out, the others are read', () => {
    const file = record(packets);
    const [, , second] = pagesOf(file);
    file[second!.at + 100] = file[second!.at + 100]! ^ 1;
    assert.deepEqual(packetsOf(file), packets.slice(50));
  });

  test('a file that is cut off ends with its last whole page', () => {
    const file = record(packets);
    const pages = pagesOf(file);
    assert.deepEqual(packetsOf(file.slice(0, pages.at(-1)!.at + 50)), packets.slice(0, 100));
  });

  test('random damage never throws behind the headers and never stalls', () => {
    const file = record(packets);
    const audioAt = pagesOf(file)[2]!.at;
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: audioAt, max: file.length - 1 }), fc.integer({ min: 0, max: 255 })),
        ),
        (damage) => {
          const bytes = file.slice();
          for (const [at, byte] of damage) bytes[at] = byte;
          assert(packetsOf(bytes).length <= packets.length);
        },
      ),
    );
  });

  test('a packet that goes over two pages is put together; one without its beginning is left out', () => {
    const file = record([packet(255 * 3 + 10, 7)]);
    const pages = pagesOf(file);
    const { at } = pages[2]!;
    const body = file.slice(at + 27 + 4);
    const first = page(0, 2, [255, 255], body.subarray(0, 510));
    const second = page(1, 3, [255, 10], body.subarray(510));
    const head = file.slice(0, at);
    assert.deepEqual(packetsOf(join([head, first, second])), [packet(255 * 3 + 10, 7)]);
    assert.deepEqual(packetsOf(join([head, second])), []);
    assert.deepEqual(packetsOf(join([head, page(0, 2, [], new Uint8Array(0)), second])), []);
  });

  function page(flags: number, sequence: number, lacing: number[], body: Uint8Array): Uint8Array {
    const bytes = join([new Uint8Array(27), Uint8Array.from(lacing), body]);
    bytes.set(new TextEncoder().encode('OggS'));
    bytes[5] = flags;
    bytes[14] = 1;
    bytes[18] = sequence;
    bytes[26] = lacing.length;
    let crc = 0;
    for (const byte of bytes) {
      crc ^= byte << 24;
      for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
    }
    new DataView(bytes.buffer).setUint32(22, crc >>> 0, true);
    return bytes;
  }
});
