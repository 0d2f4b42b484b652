import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PassThrough } from '../src/pass-through/pass-through.ts';

/** What comes out when `bytes` go in cut at `cuts`. */
function passed(bytes: Uint8Array, cuts: readonly number[], framing: 'detect' | 'lines' = 'detect'): string {
  const stream = new PassThrough(framing);
  const out: Uint8Array[] = [];
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    out.push(stream.push(bytes.subarray(from, to)));
    from = to;
  }
  out.push(stream.end());
  return Buffer.concat(out).toString('latin1');
}
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const CUTS = fc.array(fc.nat());

describe('event streams on their way', () => {
  test('an event stream passes byte for byte, wherever it is cut', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((tail) => Buffer.concat([utf8('\r\n: x\n'), tail]));
    fc.assert(
      fc.property(bytes, CUTS, (stream, cuts) => {
        assert.equal(passed(stream, cuts), Buffer.from(stream).toString('latin1'));
      }),
    );
  });

  test('a chunk goes on as the very object that came', () => {
    const stream = new PassThrough('detect');
    for (const text of ['data: 1\n\n', 'data: {"', '2":3}\n\nda', '{"no": "line"}\n']) {
      const chunk = utf8(text);
      assert.equal(stream.push(chunk), chunk);
    }
  });

  test('JSON lines become events, wherever they are cut', () => {
    const line = fc
      .oneof(fc.json(), fc.constantFrom('', 'data: {}', 'dat', 'd', '[DONE]', 'data:x'))
      .map(inOneLine);
    const ends = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(line), ends, fc.boolean(), CUTS, (tail, end, hasEnd, cuts) => {
        const lines = ['{"id":"first"}', ...tail];
        const stream = utf8(lines.join(end) + (hasEnd ? end : ''));
        const events = lines
          .filter((text) => text !== '')
          .map((text) => (text.startsWith('data:') ? `${text}\n\n` : `data: ${text}\n\n`));
        assert.equal(passed(stream, cuts), Buffer.from(events.join('')).toString('latin1'));
      }),
    );
  });

  test('what calls itself JSON lines is framed whatever it begins with; a byte order mark goes', () => {
    assert.equal(passed(utf8('[1]\n2\n'), [1], 'lines'), 'data: [1]\n\ndata: 2\n\n');
    assert.equal(passed(utf8('\uFEFF\n{}'), [1, 2]), 'data: {}\n\n');
  });

  test('the id is that of the first event: its field, or that of its JSON', () => {
    const cases: Array<[stream: string, id: string | undefined]> = [
      ['data: {"id":"a"}\n\ndata: {"id":"b"}\n\n', 'a'],
      [': hello\n\n: again\r\n\r\nid: 7\r\ndata: {"id":"a"}\r\n\r\n', '7'],
      ['data: {"id":\ndata: "split"}\n\n', 'split'],
      ['data: no json\n\ndata: {"id":"b"}\n\n', undefined],
      ['data: {"id":"\\u001b[2J"}\n\n', undefined],
      ['{"id":"line"}\n{"id":"b"}\n', 'line'],
      [`data: ${'x'.repeat(70_000)}\n\ndata: {"id":"late"}\n\n`, undefined],
    ];
    for (const [text, id] of cases) {
      const stream = new PassThrough('detect');
      for (const byte of utf8(text)) stream.push(Uint8Array.of(byte));
      assert.equal(stream.eventId, id, text.slice(0, 50));
    }
  });
});

const inOneLine = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');
