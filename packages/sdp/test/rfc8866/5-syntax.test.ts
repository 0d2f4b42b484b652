import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  formatSessionDescription,
  MAX_MEDIA_SECTIONS,
  MAX_SDP_CHARACTERS,
  MAX_SDP_LINES,
  parseSessionDescription,
  SdpError,
} from '@millrace/sdp';
import fc from 'fast-check';
import { CHROMIUM_OFFER, codeOf, edit, good, parsed, SAMPLES, section } from '../descriptions.ts';

const HEAD = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);
const property = { seed, numRuns: 2_000 };

describe('RFC 8866 §5 session description', () => {
  for (const [name, sdp] of SAMPLES) {
    test(`what ${name} writes is read and, written and read again, is the same`, () => {
      const once = parsed(sdp);
      assert.deepEqual(parsed(formatSessionDescription(once)), once);
    });
  }

  test('the origin keeps numbers of 64 bits as they are', () => {
    assert.deepEqual(parsed(CHROMIUM_OFFER).origin, {
      username: '-',
      sessionId: '7793827999179462461',
      sessionVersion: '2',
      address: '127.0.0.1',
    });
  });

  test('lines end with CRLF, LF or CR, and blank lines say nothing', () => {
    const crlf = CHROMIUM_OFFER.replaceAll('\n', '\r\n');
    assert.deepEqual(parsed(crlf), parsed(CHROMIUM_OFFER));
    assert.deepEqual(parsed(CHROMIUM_OFFER.replaceAll('\n', '\r')), parsed(CHROMIUM_OFFER));
    assert.deepEqual(parsed(`\n${CHROMIUM_OFFER}\n\n`), parsed(CHROMIUM_OFFER));
  });

  test('types of lines nobody knows are passed over', () => {
    const sdp = edit(CHROMIUM_OFFER, 't=0 0', 't=0 0', 'b=AS:30', 'k=clear:x', 'x=y');
    assert.deepEqual(parsed(sdp), parsed(CHROMIUM_OFFER));
  });

  test('attributes nobody knows are kept in their order, at their level', () => {
    const sdp = edit(CHROMIUM_OFFER, 'a=mid:0', 'a=mid:0', 'a=flag', 'a=some-init:AQ==', 'a=x: y:z ');
    assert.deepEqual(section(sdp).attributes, [
      { name: 'flag', value: undefined },
      { name: 'some-init', value: 'AQ==' },
      { name: 'x', value: ' y:z ' },
    ]);
    assert.deepEqual(parsed(sdp).attributes, [
      { name: 'extmap-allow-mixed', value: undefined },
      { name: 'msid-semantic', value: ' WMS' },
    ]);
  });

  test('a description without media is a description', () => {
    assert.deepEqual(parsed(HEAD).media, []);
  });

  const faults: Array<[what: string, sdp: string, code: string, line: number | undefined]> = [
    ['nothing', '', 'MALFORMED_VERSION', 1],
    ['blank lines only', '\r\n\r\n', 'MALFORMED_VERSION', 1],
    ['another version', HEAD.replace('v=0', 'v=1'), 'MALFORMED_VERSION', 1],
    ['a first line that is no version', HEAD.slice(5), 'MALFORMED_VERSION', 1],
    ['no origin', 'v=0\r\ns=-\r\n', 'MALFORMED_ORIGIN', undefined],
    ['an origin with too few fields', 'v=0\r\no=- 1 1 IN IP4\r\n', 'MALFORMED_ORIGIN', 2],
    ['an origin with a session id that is no number', 'v=0\r\no=- x 1 IN IP4 h\r\n', 'MALFORMED_ORIGIN', 2],
    ['a session version of 21 digits', `v=0\r\no=- 1 ${'1'.repeat(21)} IN IP4 h\r\n`, 'MALFORMED_ORIGIN', 2],
    ['a line without an equals sign', `${HEAD}hello\r\n`, 'MALFORMED_LINE', 5],
    ['a line whose type is not a letter', `${HEAD}1=x\r\n`, 'MALFORMED_LINE', 5],
    ['an m= line with too few fields', `${HEAD}m=application 9 UDP/DTLS/SCTP\r\n`, 'MALFORMED_MEDIA', 5],
    ['a port that is no number', `${HEAD}m=application x a b\r\n`, 'MALFORMED_MEDIA', 5],
    ['a port of 65536', `${HEAD}m=application 65536 a b\r\n`, 'MALFORMED_MEDIA', 5],
    ['a mid of nothing', `${HEAD}m=application 9 a b\r\na=mid:\r\n`, 'MALFORMED_ATTRIBUTE', 6],
  ];
  for (const [what, sdp, code, line] of faults) {
    test(`${what} is ${code}${line === undefined ? '' : `, with its line`}`, () => {
      const error = parseSessionDescription(sdp);
      assert.ok(error instanceof SdpError);
      assert.equal(error.code, code);
      assert.equal(error.line, line);
    });
  }

  test('a port of 65535 and a number of ports are read', () => {
    assert.equal(section(`${HEAD}m=application 65535/2 a b\r\n`).port, 65_535);
  });

  test('no truncation of a description throws', () => {
    for (const [, sdp] of SAMPLES)
      for (let length = 0; length < sdp.length; length++) parseSessionDescription(sdp.slice(0, length));
  });

  test(`random text gives a description or an error, and a description survives writing (seed ${seed})`, () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...SAMPLES.flatMap(([, sdp]) => sdp.split('\n'))),
      fc.constantFrom('a=mid:', 'a=', 'a=:', 'a=group:BUNDLE', 'a=fingerprint:', 'm=', 'c=', 'a=bundle-only'),
      fc
        .tuple(fc.constantFrom('a=', 'm=', 'o=', 'c=', 'a=mid:', 'a=sctpmap:'), fc.string())
        .map((x) => x.join('')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.boolean(), (lines, hasHead) => {
        const sdp = (hasHead ? HEAD : '') + lines.join('\r\n');
        const result = parseSessionDescription(sdp);
        if (result instanceof SdpError) return;
        assert.deepEqual(parsed(formatSessionDescription(result)), result);
      }),
      property,
    );
  });
});

describe('RFC 8866 limits against hostile descriptions', () => {
  test('MAX_SDP_CHARACTERS characters are read, one more is TOO_LONG', () => {
    const filler = (length: number): string => `${HEAD}a=x:${'y'.repeat(length - HEAD.length - 4)}`;
    assert.equal(codeOf(parseSessionDescription(filler(MAX_SDP_CHARACTERS))), undefined);
    assert.equal(codeOf(parseSessionDescription(filler(MAX_SDP_CHARACTERS + 1))), 'TOO_LONG');
  });

  test('MAX_SDP_LINES lines are read, one more is TOO_MANY_LINES', () => {
    const filler = (lines: number): string => HEAD + 'a=x\r\n'.repeat(lines - 5);
    assert.equal(parsed(filler(MAX_SDP_LINES)).attributes.length, MAX_SDP_LINES - 5);
    assert.equal(codeOf(parseSessionDescription(filler(MAX_SDP_LINES + 1))), 'TOO_MANY_LINES');
  });

  test('MAX_MEDIA_SECTIONS sections are read, one more is TOO_MANY_MEDIA_SECTIONS', () => {
    const filler = (sections: number): string => HEAD + 'm=audio 0 a b\r\n'.repeat(sections);
    assert.equal(good(parseSessionDescription(filler(MAX_MEDIA_SECTIONS))).media.length, MAX_MEDIA_SECTIONS);
    assert.equal(codeOf(parseSessionDescription(filler(MAX_MEDIA_SECTIONS + 1))), 'TOO_MANY_MEDIA_SECTIONS');
  });
});
