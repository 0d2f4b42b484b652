import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addCandidate,
  createOffer,
  endCandidates,
  findSection,
  formatSessionDescription,
  MAX_CANDIDATES,
} from '@millrace/sdp';
import {
  CHROMIUM_OFFER,
  codeOf,
  edit,
  FIREFOX_OFFER,
  good,
  LOCAL,
  NODE_DATACHANNEL_OFFER,
  parsed,
  section,
  WRTC_AUDIO_VIDEO_DATA_OFFER,
} from '../descriptions.ts';

const LINE =
  'candidate:3693269418 1 udp 2113937151 198.51.100.1 51196 typ host generation 0 network-cost 999';

describe('RFC 8840 §4 candidates after their description', () => {
  test('§4.2 a candidate is added to the section of its mid, and the old description stays as it was', () => {
    const before = createOffer(LOCAL);
    const after = good(addCandidate(before, { mid: '0' }, LINE));
    assert.deepEqual(before.media[0]?.candidates, []);
    assert.deepEqual(after.media[0]?.candidates, [LINE]);
    assert.match(formatSessionDescription(after), /^a=candidate:3693269418 1 udp .* network-cost 999\r$/m);
  });

  test('without a mid the place of the section counts; with one it does not', () => {
    const offer = parsed(WRTC_AUDIO_VIDEO_DATA_OFFER);
    assert.equal(findSection(offer, { index: 2 }), 2);
    assert.equal(findSection(offer, { mid: '1', index: 2 }), 1);
    assert.equal(findSection(offer, { mid: null, index: 0 }), 0);
  });

  test('a mid or place that is not there is UNKNOWN_MID', () => {
    const offer = createOffer(LOCAL);
    for (const target of [{ mid: '1' }, { index: 1 }, { index: -1 }, {}, { mid: null, index: null }])
      assert.equal(codeOf(addCandidate(offer, target, LINE)), 'UNKNOWN_MID');
  });

  test('a candidate of another ICE session is UNKNOWN_USERNAME_FRAGMENT', () => {
    const offer = parsed(CHROMIUM_OFFER);
    assert.equal(codeOf(addCandidate(offer, { mid: '0', usernameFragment: '9cOZ' }, LINE)), undefined);
    assert.equal(
      codeOf(addCandidate(offer, { mid: '0', usernameFragment: 'other' }, LINE)),
      'UNKNOWN_USERNAME_FRAGMENT',
    );
  });

  test('a candidate that is there already is not added again, with or without a=', () => {
    const once = good(addCandidate(createOffer(LOCAL), { mid: '0' }, `a=${LINE}`));
    assert.equal(good(addCandidate(once, { mid: '0' }, LINE)), once);
  });

  test('what is no candidate, or more than one line, is MALFORMED_ATTRIBUTE', () => {
    for (const line of ['', 'x', `${LINE}\r\na=setup:active`, `${LINE}\n`])
      assert.equal(codeOf(addCandidate(createOffer(LOCAL), { mid: '0' }, line)), 'MALFORMED_ATTRIBUTE');
  });

  test('MAX_CANDIDATES are taken, one more is TOO_MANY_CANDIDATES', () => {
    let offer = createOffer({
      ...LOCAL,
      candidates: Array.from({ length: MAX_CANDIDATES - 1 }, (_, i) => `candidate:${i}`),
    });
    offer = good(addCandidate(offer, { mid: '0' }, LINE));
    assert.equal(codeOf(addCandidate(offer, { mid: '0' }, 'candidate:more')), 'TOO_MANY_CANDIDATES');
  });

  test('§8.2 end-of-candidates is read at either level and written', () => {
    assert.equal(section(NODE_DATACHANNEL_OFFER).endOfCandidates, true);
    assert.equal(section(CHROMIUM_OFFER).endOfCandidates, false);
    assert.equal(section(edit(FIREFOX_OFFER, 't=0', 't=0 0', 'a=end-of-candidates')).endOfCandidates, true);
    const ended = good(endCandidates(createOffer(LOCAL), { mid: '0' }));
    assert.match(formatSessionDescription(ended), /^a=end-of-candidates\r$/m);
  });

  test('§8.2 the end of all candidates spares sections that are not in use', () => {
    const ended = good(
      endCandidates(parsed(edit(WRTC_AUDIO_VIDEO_DATA_OFFER, 'm=audio', 'm=audio 0 UDP/TLS/RTP/SAVPF 0'))),
    );
    assert.deepEqual(
      ended.media.map(({ endOfCandidates }) => endOfCandidates),
      [false, true, true],
    );
    assert.equal(codeOf(endCandidates(ended, { mid: 'x' })), 'UNKNOWN_MID');
  });
});
