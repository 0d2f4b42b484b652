import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EVENT_MAX_LENGTH, EventStreamParser, type StreamEvent } from '../src/client/event-stream.ts';

function parse(...pieces: string[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event));
  for (const piece of pieces) parser.push(piece);
  return events;
}

describe('WHATWG HTML §9.2.6 interpreting an event stream', () => {
  const cases: Array<[name: string, stream: string, seen: StreamEvent[]]> = [
    ['one line of data is a message', 'data: a\n\n', [{ event: 'message', data: 'a', id: '' }]],
    ['lines of data are joined', 'data: a\ndata:b\ndata\n\n', [{ event: 'message', data: 'a\nb\n', id: '' }]],
    ['only the first space is taken away', 'data:  a\n\n', [{ event: 'message', data: ' a', id: '' }]],
    [
      'the event has a name of its own, the id stays',
      'event: x\nid: 7\ndata: 1\n\ndata: 2\n\n',
      [
        { event: 'x', data: '1', id: '7' },
        { event: 'message', data: '2', id: '7' },
      ],
    ],
    ['comments are nothing', ': ping\n\n: pong\ndata: a\n\n', [{ event: 'message', data: 'a', id: '' }]],
    ['an event without data is none', 'event: x\nid: 3\n\n', []],
    ['an event that is not ended is none', 'data: a\n', []],
    [
      'unknown fields are nothing',
      'retry: 9\nfoo: bar\ndata: a\n\n',
      [{ event: 'message', data: 'a', id: '' }],
    ],
    ['an id with a NUL is nothing', 'id: a\0\ndata: a\n\n', [{ event: 'message', data: 'a', id: '' }]],
    ['lines may end with CR LF', 'data: a\r\n\r\n', [{ event: 'message', data: 'a', id: '' }]],
    ['lines may end with CR', 'data: a\r\r', [{ event: 'message', data: 'a', id: '' }]],
  ];
  for (const [name, stream, seen] of cases)
    test(name, () => {
      assert.deepEqual(parse(stream), seen);
      assert.deepEqual(parse(...stream), seen, 'a character at a time');
    });

  test('it does not matter where the stream is cut', () => {
    const line = fc.oneof(
      fc.constantFrom('', 'data: x', 'data', 'id: 4', 'event: e', ': c', 'data:y'),
      fc.string({ maxLength: 5 }),
    );
    const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200)), (lines, cuts) => {
        const text = lines.flat().join('');
        const places = [...new Set(cuts.filter((cut) => cut < text.length)), text.length].sort(
          (a, b) => a - b,
        );
        const pieces = places.map((place, i) => text.slice(i === 0 ? 0 : places[i - 1]!, place));
        assert.deepEqual(parse(...pieces), parse(text));
      }),
    );
  });

  test('an event longer than the cap is refused, one as long is not', () => {
    const line = `data:${'x'.repeat(EVENT_MAX_LENGTH - 5)}`;
    assert.deepEqual(parse(line, '\n\n').length, 1);
    assert.throws(() => parse(line, 'x'), RangeError);
    const half = `data:${'x'.repeat(EVENT_MAX_LENGTH / 2)}\n`;
    assert.throws(() => parse(half, half), RangeError);
  });
});
