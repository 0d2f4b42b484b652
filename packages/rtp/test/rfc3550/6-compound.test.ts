import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RTCP_KIND, RtcpReader } from '@millrace/rtp';
import fc from 'fast-check';
import { hex } from '../hex.ts';

const RR = '80c90001 00000001';
const SDES = '81ca0003 00000001 01036162 63000000';
const PLI = '81ce0002 00000001 00000002';
const UNKNOWN = '85d20001 deadbeef';

function kinds(text: string): number[] | undefined {
  const bytes = hex(text);
  const reader = new RtcpReader();
  if (!reader.begin(bytes, 0, bytes.length)) return undefined;
  const seen: number[] = [];
  while (reader.next()) seen.push(reader.kind);
  assert.equal(reader.next(), false);
  return seen;
}

describe('RFC 3550 §6.1 compound packets', () => {
  test('are walked packet by packet; types that nobody knows as well', () => {
    assert.deepEqual(kinds(RR + SDES + UNKNOWN + PLI), [
      RTCP_KIND.receiverReport,
      RTCP_KIND.sourceDescription,
      0xd200,
      RTCP_KIND.pli,
    ]);
  });

  test('each packet has its place, type, count and SSRCs', () => {
    const bytes = hex(`eeee ${RR}${UNKNOWN}${PLI}`);
    const reader = new RtcpReader();
    assert(reader.begin(bytes, 2, bytes.length));
    assert.equal(reader.isReducedSize, false);
    assert(reader.next() && reader.next());
    assert.deepEqual([reader.at, reader.end, reader.length], [10, 18, 8]);
    assert.deepEqual(
      [reader.type, reader.count, reader.senderSsrc, reader.mediaSsrc],
      [210, 5, 0xdeadbeef, 0],
    );
    assert(reader.next());
    assert.deepEqual([reader.type, reader.count, reader.senderSsrc, reader.mediaSsrc], [206, 1, 1, 2]);
    assert(reader.begin(hex('80cb0000'), 0, 4) && reader.next());
    assert.equal(reader.senderSsrc, 0);
  });

  test('a packet of any type can be passed on', () => {
    const bytes = hex(`${RR}a5d20002 deadbeef 00000004`);
    const reader = new RtcpReader();
    assert(reader.begin(bytes, 0, bytes.length) && reader.next() && reader.next());
    const out = new Uint8Array(12).fill(0xee);
    assert.equal(reader.copyTo(out, 2, 9), 0);
    assert.equal(reader.copyTo(out, 5, 13), 0);
    assert.equal(reader.copyTo(out, 2, 12), 8);
    assert.deepEqual(out, hex('eeee 85d20001 deadbeef eeee'));
  });

  test('all of it is RTCP or nothing is believed', () => {
    assert.deepEqual(kinds(''), undefined);
    const whole = hex(RR + SDES + PLI);
    const reader = new RtcpReader();
    for (let end = 0; end < whole.length; end++) {
      assert.equal(reader.begin(whole, 0, end), end === 8 || end === 24, `${end} bytes`);
      if (end !== 8 && end !== 24) assert.equal(reader.next(), false);
    }
    assert.equal(reader.begin(whole, 0, whole.length + 1), false);
    for (const version of ['0', '4', 'c']) assert.equal(kinds(`${RR}${version}1${PLI.slice(2)}`), undefined);
    for (const words of ['0001', '0003', 'ffff'])
      assert.equal(kinds(`81ce${words} 00000001 00000002`), undefined);
  });
});

describe('RFC 3550 §6.4.1 padding', () => {
  test('is not part of what the packet says', () => {
    const bytes = hex(`${RR}a1ce0003 00000001 00000002 00000004`);
    const reader = new RtcpReader();
    assert(reader.begin(bytes, 0, bytes.length) && reader.next() && reader.next());
    assert.deepEqual([reader.at, reader.end], [8, 20]);
  });

  test('is at least one byte, and not longer than what is behind the header', () => {
    for (let padding = 0; padding < 256; padding++) {
      const text = `a0c90002 00000001 000000${padding.toString(16).padStart(2, '0')}`;
      assert.equal(kinds(text) !== undefined, padding >= 1 && padding <= 8, `${padding}`);
    }
    // A feedback packet keeps its SSRCs.
    assert.equal(kinds('a1ce0002 00000001 00000004'), undefined);
  });

  test('that is no multiple of four, as libwebrtc sends it, becomes zeros where the packet is passed on', () => {
    const bytes = hex('afcd0005 fa17fa17 43032fa0 00990001 3de80217 20019401');
    const reader = new RtcpReader();
    assert(reader.begin(bytes, 0, bytes.length) && reader.next());
    assert.equal(reader.end, 23);
    const out = new Uint8Array(24);
    assert.equal(reader.copyTo(out, 0, 24), 24);
    assert.deepEqual(out, hex('8fcd0005 fa17fa17 43032fa0 00990001 3de80217 20019400'));
  });
});

test('RFC 5506 §3.4.2 a compound that begins with no report is of reduced size', () => {
  const reader = new RtcpReader();
  for (const [text, isReduced] of [
    [RR + PLI, false],
    [`80c80006${'00'.repeat(24)}`, false],
    [PLI, true],
    [SDES + RR, true],
  ] as const) {
    const bytes = hex(text);
    assert(reader.begin(bytes, 0, bytes.length));
    assert.equal(reader.isReducedSize, isReduced);
  }
});

test('RFC 3550 §A.2 noise is refused or walked within its bounds, and the walk ends', () => {
  const reader = new RtcpReader();
  const header = fc.tuple(
    fc.constantFrom(0x80, 0x81, 0xa0, 0x8f, 0x9f),
    fc.integer({ min: 198, max: 210 }),
    fc.constant(0),
    fc.nat(4),
  );
  const noise = fc.array(fc.oneof(header, fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))));
  fc.assert(
    fc.property(noise, (words) => {
      const bytes = Uint8Array.from(words.flat());
      if (!reader.begin(bytes, 0, bytes.length)) return;
      let last = 0;
      while (reader.next()) {
        assert(reader.at >= last && reader.end > reader.at && reader.end <= bytes.length);
        last = reader.end;
      }
    }),
    { numRuns: 2_000 },
  );
});
