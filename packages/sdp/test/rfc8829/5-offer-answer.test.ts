import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkAnswer,
  checkOffer,
  createAnswer,
  createOffer,
  dataSection,
  dtlsRole,
  formatSessionDescription,
  type LocalDescriptionInit,
  nextOrigin,
  parseSessionDescription,
  type SessionDescription,
} from '@millrace/sdp';
import fc from 'fast-check';
import { parse as transformParse } from 'sdp-transform';
import {
  CHROMIUM_OFFER,
  codeOf,
  edit,
  FINGERPRINT,
  FIREFOX_OFFER,
  good,
  LOCAL,
  parsed,
  SAMPLES,
  WERIFT_ANSWER,
  WRTC_AUDIO_VIDEO_DATA_OFFER,
} from '../descriptions.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

describe('RFC 8829 §5.2 offers', () => {
  test('§5.2.1 a first offer is written line by line as browsers write theirs', () => {
    assert.equal(
      formatSessionDescription(createOffer(LOCAL)),
      `v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
a=ice-options:ice2 trickle
a=fingerprint:sha-256 ${FINGERPRINT.value}
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
`.replaceAll('\n', '\r\n'),
    );
  });

  test('§5.2.2 the version of the origin counts up, also beyond what a number holds', () => {
    assert.equal(nextOrigin(LOCAL.origin).sessionVersion, '3');
    const large = { ...LOCAL.origin, sessionVersion: '9007199254740993' };
    assert.equal(nextOrigin(large).sessionVersion, '9007199254740994');
  });

  test('§5.2.2 a later offer keeps its section, mid and place', () => {
    const answer = good(createAnswer(LOCAL, parsed(WRTC_AUDIO_VIDEO_DATA_OFFER)));
    const later = createOffer({ ...LOCAL, heldRole: 'client' }, answer);
    assert.deepEqual(
      later.media.map(({ kind, port, mid, setup }) => ({ kind, port, mid, setup })),
      [
        { kind: 'audio', port: 0, mid: '0', setup: undefined },
        { kind: 'video', port: 0, mid: '1', setup: undefined },
        { kind: 'application', port: 9, mid: '2', setup: 'active' },
      ],
    );
    assert.equal(checkOffer(later, answer), undefined);
  });

  test('§5.2.2 an offer after one without data adds a section with a mid of its own', () => {
    const audioOnly = parsed(`v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=mid:0
`);
    const answer = good(createAnswer(LOCAL, audioOnly));
    assert.deepEqual(
      answer.media.map(({ kind, rejected }) => ({ kind, rejected })),
      [{ kind: 'audio', rejected: true }],
    );
    const offer = createOffer(LOCAL, answer);
    assert.equal(offer.media.length, 2);
    assert.equal(dataSection(offer)?.mid, '1');
    assert.equal(checkOffer(offer, answer), undefined);
  });

  test('§5.2.2 a data section that was refused is used again', () => {
    const refused = createAnswer(
      LOCAL,
      parsed(edit(CHROMIUM_OFFER, 'm=', 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel')),
    );
    const offer = createOffer(LOCAL, good(refused));
    assert.equal(offer.media.length, 1);
    assert.equal(offer.media[0]?.port, 9);
  });
});

describe('RFC 8829 §5.3 answers', () => {
  test('§5.3.1 audio and video are refused in their places, with port 0', () => {
    const answer = formatSessionDescription(good(createAnswer(LOCAL, parsed(WRTC_AUDIO_VIDEO_DATA_OFFER))));
    assert.deepEqual(
      answer.split('\r\n').filter((line) => /^(m=|a=mid|a=group|a=inactive)/.test(line)),
      [
        'a=group:BUNDLE 2',
        'm=audio 0 UDP/TLS/RTP/SAVPF 111 63 103 104 9 102 0 8 106 105 13 110 112 113 126',
        'a=mid:0',
        'a=inactive',
        'm=video 0 UDP/TLS/RTP/SAVPF 96 97 39 40 98 99 100 101 125 124 127',
        'a=mid:1',
        'a=inactive',
        'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
        'a=mid:2',
      ],
    );
  });

  test('§5.3.1 of two data sections the first is taken', () => {
    const second = CHROMIUM_OFFER.slice(CHROMIUM_OFFER.indexOf('m=')).replace('mid:0', 'mid:1');
    const answer = good(createAnswer(LOCAL, parsed(CHROMIUM_OFFER + second)));
    assert.deepEqual(
      answer.media.map(({ rejected }) => rejected),
      [false, true],
    );
  });

  for (const [name, sdp] of SAMPLES.filter(([, text]) => text !== WERIFT_ANSWER)) {
    test(`what is answered to ${name} passes the checks of an answer`, () => {
      const offer = parsed(sdp);
      assert.equal(checkOffer(offer), undefined);
      const answer = good(createAnswer(LOCAL, offer));
      assert.equal(checkAnswer(parsed(formatSessionDescription(answer)), offer), undefined);
      assert.equal(dataSection(answer)?.setup, 'active');
    });
  }

  test('what werift answers to our offer is taken', () => {
    assert.equal(checkAnswer(parsed(WERIFT_ANSWER), createOffer(LOCAL)), undefined);
  });
});

describe('RFC 8829 §5.8 applying a remote description', () => {
  const offer = createOffer(LOCAL);
  const answer = good(createAnswer(LOCAL, offer));

  test('§5.3.1 an answer with fewer, more or other sections is ANSWER_MISMATCH', () => {
    const two = parsed(WRTC_AUDIO_VIDEO_DATA_OFFER);
    assert.equal(codeOf(checkAnswer({ ...answer, media: [], bundles: [] }, offer)), 'ANSWER_MISMATCH');
    assert.equal(codeOf(checkAnswer(two, offer)), 'ANSWER_MISMATCH');
    const renamed = { ...answer, bundles: [], media: answer.media.map((m) => ({ ...m, mid: 'x' })) };
    assert.equal(codeOf(checkAnswer(renamed, offer)), 'ANSWER_MISMATCH');
    const video = { ...answer, media: answer.media.map((m) => ({ ...m, kind: 'video' })) };
    assert.equal(codeOf(checkAnswer(video, offer)), 'ANSWER_MISMATCH');
  });

  test('RFC 3264 §6: an answer that accepts what was refused is ANSWER_MISMATCH', () => {
    const later = createOffer(LOCAL, good(createAnswer(LOCAL, parsed(WRTC_AUDIO_VIDEO_DATA_OFFER))));
    const bold = good(createAnswer(LOCAL, later));
    const media = bold.media.with(0, { ...bold.media[0]!, port: 9, rejected: false });
    assert.equal(codeOf(checkAnswer({ ...bold, media }, later)), 'ANSWER_MISMATCH');
  });

  test('an answer that makes something else of the data section is UNSUPPORTED_SECTION', () => {
    const other = parsed(edit(WERIFT_ANSWER, 'm=', 'm=application 9 UDP/DTLS/SCTP bfcp'));
    assert.equal(codeOf(checkAnswer(other, offer)), 'UNSUPPORTED_SECTION');
  });

  test('an answer that refuses the data section is one', () => {
    const refusal = parsed(edit(WERIFT_ANSWER, 'm=', 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel'));
    assert.equal(checkAnswer({ ...refusal, bundles: [] }, offer), undefined);
  });

  test('§5.2.2 a later offer that drops, renames or swaps sections is SECTIONS_CHANGED', () => {
    const first = parsed(WRTC_AUDIO_VIDEO_DATA_OFFER);
    const changed: SessionDescription[] = [
      { ...first, bundles: [], media: first.media.slice(0, 2) },
      { ...first, bundles: [], media: first.media.toReversed() },
      { ...first, bundles: [], media: first.media.map((m, i) => (i === 2 ? { ...m, mid: 'x' } : m)) },
    ];
    for (const next of changed) assert.equal(codeOf(checkOffer(next, first)), 'SECTIONS_CHANGED');
    assert.equal(checkOffer(first, first), undefined);
  });

  test('a later offer may make something new of a section that was refused', () => {
    const refused = good(createAnswer(LOCAL, parsed(WRTC_AUDIO_VIDEO_DATA_OFFER)));
    const media = refused.media.with(0, { ...refused.media[2]!, mid: 'new' });
    assert.equal(checkOffer({ ...refused, media }, refused), undefined);
  });

  test('an error tells syntax from content', () => {
    const syntax = parseSessionDescription('v=0\r\nhello');
    const content = checkOffer(parsed(edit(CHROMIUM_OFFER, 'a=fingerprint')));
    assert.equal((syntax as { isSyntax?: boolean }).isSyntax, true);
    assert.equal(content?.isSyntax, false);
    assert.match(String(content), /SdpError: the section that describes the transport has no a=fingerprint/);
  });
});

describe('RFC 8829 §5 both sides of a negotiation', () => {
  const iceText = (minLength: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...'abcXYZ059+/'), minLength, maxLength: 40 });
  const local: fc.Arbitrary<LocalDescriptionInit> = fc.record({
    origin: fc.constant(LOCAL.origin),
    ice: fc.record({ usernameFragment: iceText(4), password: iceText(22) }),
    fingerprints: fc.constant([FINGERPRINT]),
    maxMessageSize: fc.nat(),
    preferredRole: fc.constantFrom('client' as const, 'server' as const),
    candidates: fc.array(
      fc.nat().map((n) => `candidate:${n} 1 udp 1 192.0.2.1 9 typ host`),
      { maxLength: 3 },
    ),
    endOfCandidates: fc.boolean(),
  });

  test(`any offer and answer, written and read, agree on opposite roles and pass the checks (seed ${seed})`, () => {
    fc.assert(
      fc.property(local, local, (a, b) => {
        const offer = parsed(formatSessionDescription(createOffer(a)));
        assert.equal(checkOffer(offer), undefined);
        const answer = parsed(formatSessionDescription(good(createAnswer(b, offer))));
        assert.equal(checkAnswer(answer, offer), undefined);
        const [offered, answered] = [dataSection(offer)?.setup, dataSection(answer)?.setup];
        const role = good(dtlsRole('offerer', offered, answered));
        assert.notEqual(role, dtlsRole('answerer', offered, answered));
        assert.deepEqual(dataSection(answer)?.ice, { ...b.ice });
        assert.deepEqual(dataSection(answer)?.candidates, b.candidates);
        // The answerer offers next: roles stay, sections stay.
        const other = role === 'client' ? 'server' : 'client';
        const next = createOffer({ ...b, heldRole: other }, answer);
        assert.equal(checkOffer(next, offer), undefined);
        const last = good(createAnswer({ ...a, heldRole: role }, next));
        assert.equal(dtlsRole('offerer', dataSection(next)?.setup, dataSection(last)?.setup, other), other);
      }),
      { seed, numRuns: 300 },
    );
  });

  test('what is written reads the same in sdp-transform', () => {
    const answer = formatSessionDescription(good(createAnswer(LOCAL, parsed(FIREFOX_OFFER))));
    const [media] = transformParse(answer).media;
    assert.equal(media?.type, 'application');
    assert.equal(media?.iceUfrag, LOCAL.ice.usernameFragment);
    assert.equal(media?.icePwd, LOCAL.ice.password);
    assert.equal(media?.setup, 'active');
    assert.equal(media?.sctpPort, 5000);
    assert.equal(media?.maxMessageSize, 262_144);
    assert.deepEqual(media?.fingerprint, { type: 'sha-256', hash: FINGERPRINT.value });
  });
});
