import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkAnswer, checkOffer, createAnswer, createOffer, dataSection } from '@millrace/sdp';
import {
  CHROMIUM_OFFER,
  codeOf,
  edit,
  good,
  LOCAL,
  parsed,
  WRTC_AUDIO_VIDEO_DATA_OFFER,
} from '../descriptions.ts';

/** A later offer of libwebrtc's kind: only the first section of the bundle has a transport. */
const ONE_TRANSPORT = parsed(`v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE a d
a=group:LS a v
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=mid:a
a=ice-ufrag:tagg
a=ice-pwd:${'t'.repeat(24)}
a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => '11').join(':')}
a=setup:actpass
a=candidate:1 1 udp 1 192.0.2.1 1 typ host
a=end-of-candidates
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
a=mid:d
a=bundle-only
`);

describe('RFC 9143 §7 BUNDLE', () => {
  test('§7.1.3 a section takes the transport of the one its group names first', () => {
    const data = dataSection(ONE_TRANSPORT);
    assert.ok(data);
    assert.equal(data.ice?.usernameFragment, 'tagg');
    assert.equal(data.setup, 'actpass');
    assert.equal(data.fingerprints.length, 1);
    assert.deepEqual(data.candidates, ['candidate:1 1 udp 1 192.0.2.1 1 typ host']);
    assert.equal(data.endOfCandidates, true);
    assert.equal(checkOffer(ONE_TRANSPORT), undefined);
  });

  test('§6 port 0 is no refusal where bundle-only stands beside it', () => {
    const data = dataSection(ONE_TRANSPORT);
    assert.equal(data?.port, 0);
    assert.equal(data?.rejected, false);
    assert.equal(data?.bundleOnly, true);
    assert.equal(good(createAnswer(LOCAL, ONE_TRANSPORT)).media[1]?.port, 9);
  });

  test('groups of other kinds are kept as attributes', () => {
    assert.deepEqual(ONE_TRANSPORT.bundles, [['a', 'd']]);
    assert.deepEqual(ONE_TRANSPORT.attributes, [{ name: 'group', value: 'LS a v' }]);
  });

  test('§7.2 an offer bundles its data section', () => {
    assert.deepEqual(createOffer(LOCAL).bundles, [['0']]);
  });

  test('§7.3.3 an answer bundles only what it accepts', () => {
    const answer = good(createAnswer(LOCAL, parsed(WRTC_AUDIO_VIDEO_DATA_OFFER)));
    assert.deepEqual(answer.bundles, [['2']]);
  });

  test('§7.3 an answer to an offer without a group has none', () => {
    const answer = good(createAnswer(LOCAL, parsed(edit(CHROMIUM_OFFER, 'a=group'))));
    assert.deepEqual(answer.bundles, []);
  });

  test('a mid that two sections in use have is DUPLICATE_MID', () => {
    const sdp = edit(WRTC_AUDIO_VIDEO_DATA_OFFER, 'a=mid:1', 'a=mid:2');
    assert.equal(codeOf(checkOffer(parsed(sdp))), 'DUPLICATE_MID');
  });

  test('a group that names a mid nobody has, or one twice, is BUNDLE_MISMATCH', () => {
    for (const group of ['0 1', '0 0'])
      assert.equal(
        codeOf(checkOffer(parsed(edit(CHROMIUM_OFFER, 'a=group', `a=group:BUNDLE ${group}`)))),
        'BUNDLE_MISMATCH',
      );
    const twoGroups = edit(CHROMIUM_OFFER, 'a=group', 'a=group:BUNDLE 0', 'a=group:BUNDLE 0');
    assert.equal(codeOf(checkAnswer(parsed(twoGroups), createOffer(LOCAL))), 'BUNDLE_MISMATCH');
  });

  test('a data section without a mid is MISSING_MID', () => {
    const sdp = edit(edit(CHROMIUM_OFFER, 'a=mid'), 'a=group');
    assert.equal(codeOf(checkOffer(parsed(sdp))), 'MISSING_MID');
  });
});
