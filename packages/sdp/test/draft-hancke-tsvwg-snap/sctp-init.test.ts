import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAnswer, createOffer, dataSection, formatSessionDescription } from '@millrace/sdp';
import fc from 'fast-check';
import { formatBase64, parseBase64 } from '../../src/base64.ts';
import { MAX_SCTP_INIT_CHARACTERS } from '../../src/options.ts';
import {
  CHROMIUM_OFFER,
  edit,
  good,
  LOCAL,
  parsed,
  section,
  WRTC_AUDIO_VIDEO_DATA_OFFER,
} from '../descriptions.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** From an offer of Chromium 156 under its trial. */
const LINE = 'a=sctp-init:AQAAHshkPiIAUAAA/////3INnmfAAAAEgAgABoLA';
const CHUNK = Uint8Array.from(Buffer.from(LINE.slice(12), 'base64'));
const OURS = Uint8Array.from({ length: 47 }, (_, i) => i * 5);

/** Chromium's offer with these lines behind its last. */
const offered = (...lines: string[]): string =>
  edit(CHROMIUM_OFFER, 'a=max-', 'a=max-message-size:262144', ...lines);

describe('draft-hancke-tsvwg-snap §3 the sctp-init attribute', () => {
  test('what Chromium writes is read, byte for byte', () => {
    const { sctpInit } = section(offered(LINE));
    assert.equal(sctpInit?.length, 30);
    assert.deepEqual(sctpInit, CHUNK);
  });

  test('a description without one has none', () => {
    assert.equal(section(CHROMIUM_OFFER).sctpInit, undefined);
  });

  for (const value of [
    '',
    '=',
    'AQAA HshkPiI=',
    'AQA',
    'AQAAHshkPiI',
    'AQAA\u00ff===',
    'AR==',
    'AQ=A',
    '-_-_',
  ])
    test(`'${value}' is no base64: the line is as if it were not there`, () => {
      assert.equal(section(offered(`a=sctp-init:${value}`)).sctpInit, undefined);
    });

  test('one that is longer than the cap is passed over, one that is not is read', () => {
    const text = 'A'.repeat(MAX_SCTP_INIT_CHARACTERS);
    assert.equal(section(offered(`a=sctp-init:${text}`)).sctpInit?.length, 1_026);
    assert.equal(section(offered(`a=sctp-init:${text}AAAA`)).sctpInit, undefined);
  });

  test(`base64 is that of Node, both ways (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        assert.equal(formatBase64(bytes), text);
        assert.deepEqual(parseBase64(text), bytes.length === 0 ? undefined : bytes);
      }),
      { seed },
    );
  });
});

describe('draft-hancke-tsvwg-snap §4 offer and answer', () => {
  test('an offer has our chunk, behind what else it says of SCTP', () => {
    const text = formatSessionDescription(createOffer({ ...LOCAL, sctpInit: OURS }));
    assert.match(text, /^a=max-message-size:262144\r\na=sctp-init:\S+\r$/m);
    assert.deepEqual(section(text).sctpInit, OURS);
  });

  test('§4.4 an answer has one only if the offer has', () => {
    const answerTo = (sdp: string, sctpInit?: Uint8Array): Uint8Array | undefined =>
      dataSection(good(createAnswer({ ...LOCAL, sctpInit }, parsed(sdp))))?.sctpInit;
    assert.deepEqual(answerTo(offered(LINE), OURS), OURS);
    assert.equal(answerTo(CHROMIUM_OFFER, OURS), undefined);
    assert.equal(answerTo(offered('a=sctp-init:?'), OURS), undefined);
    assert.equal(answerTo(offered(LINE)), undefined);
  });

  test('sections of audio and video have none, nor has one that is refused', () => {
    const offer = parsed(edit(WRTC_AUDIO_VIDEO_DATA_OFFER, 'a=max-', 'a=max-message-size:262144', LINE));
    const answer = good(createAnswer({ ...LOCAL, sctpInit: OURS }, offer));
    assert.deepEqual(
      answer.media.map(({ sctpInit }) => sctpInit),
      [undefined, undefined, OURS],
    );
    const next = createOffer({ ...LOCAL, wantsData: false, sctpInit: OURS }, answer);
    assert.doesNotMatch(formatSessionDescription(next), /sctp-init/);
  });
});
