import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkAnswer,
  checkOffer,
  createAnswer,
  createOffer,
  type Direction,
  formatSessionDescription,
  isSameCodec,
  type MediaSection,
  type RtpCodec,
  type RtpDescription,
  type RtpSectionInit,
  readRtp,
  type SessionDescription,
  transportSection,
  transportSections,
  writeRtp,
} from '@millrace/sdp';
import fc from 'fast-check';
import {
  CHROMIUM_OFFER,
  codeOf,
  edit,
  good,
  LOCAL,
  parsed,
  WRTC_AUDIO_VIDEO_DATA_OFFER,
} from '../descriptions.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

/** What Chromium 156 offers of a camera, most codecs left out, with simulcast. */
const CHROMIUM_CAMERA = `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:9cOZ
a=ice-pwd:LGQEDIJAmE0A93igS1khUVCu
a=ice-options:trickle
a=fingerprint:sha-256 3C:00:AD:8B:BA:B8:37:11:B4:5A:DD:A8:3E:66:02:2F:7D:C4:AA:AE:2D:48:BE:F5:F9:DF:A2:E7:96:C0:A8:76
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream microphone
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:126 telephone-event/8000
a=ssrc:2224535776 cname:m3u2MBKXbeZnJfBo
a=ssrc:2224535776 msid:stream microphone
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 109 114
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:9cOZ
a=ice-pwd:LGQEDIJAmE0A93igS1khUVCu
a=ice-options:trickle
a=fingerprint:sha-256 3C:00:AD:8B:BA:B8:37:11:B4:5A:DD:A8:3E:66:02:2F:7D:C4:AA:AE:2D:48:BE:F5:F9:DF:A2:E7:96:C0:A8:76
a=setup:actpass
a=mid:1
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:13 urn:3gpp:video-orientation
a=sendonly
a=msid:stream camera
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:109 H264/90000
a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f
a=rtpmap:114 ulpfec/90000
a=rid:h send
a=rid:m send
a=rid:l send
a=simulcast:send h;m;~l
`;

const OPUS: RtpCodec = {
  payloadType: 111,
  name: 'opus',
  clockRate: 48_000,
  channels: 2,
  parameters: 'minptime=10;useinbandfec=1',
  feedback: ['transport-cc'],
};
const VP8: RtpCodec = {
  payloadType: 120,
  name: 'VP8',
  clockRate: 90_000,
  channels: undefined,
  parameters: '',
  feedback: ['nack', 'nack pli', 'ccm fir'],
};
const RTX: RtpCodec = { ...VP8, payloadType: 121, name: 'rtx', parameters: 'apt=120', feedback: [] };
const H264: RtpCodec = {
  ...VP8,
  payloadType: 122,
  name: 'H264',
  parameters: 'packetization-mode=1;profile-level-id=42c015',
};
const MID = { id: 1, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid' };
const RID = { id: 2, uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id' };

const PLAIN: RtpDescription = {
  codecs: [OPUS],
  extensions: [MID, RID],
  allowMixedExtensions: true,
  rtcpMux: true,
  rtcpReducedSize: true,
  msids: [],
  sources: [],
  sourceGroups: [],
  rids: [],
  simulcastSend: [],
  simulcastReceive: [],
};

function audio(mid: string | undefined, direction: Direction = 'sendrecv', more = {}): RtpSectionInit {
  return { kind: 'audio', mid, direction, rtp: { ...PLAIN, ...more } };
}

function video(mid: string | undefined, direction: Direction = 'sendrecv', more = {}): RtpSectionInit {
  return { kind: 'video', mid, direction, rtp: { ...PLAIN, codecs: [VP8, RTX, H264], ...more } };
}

const rtpOf = (section: MediaSection | undefined): RtpDescription => good(readRtp(section!));
const shape = ({ media }: SessionDescription): unknown =>
  media.map(
    ({ kind, mid, port, direction, bundleOnly }) =>
      `${kind} ${mid} ${port} ${direction}${bundleOnly ? ' bundle-only' : ''}`,
  );
/** Through text and back, as it reaches a peer. */
const sent = (description: SessionDescription): SessionDescription =>
  parsed(formatSessionDescription(description));

describe('RFC 8829 §5.8 RTP attributes of a section', () => {
  test('everything that a browser says of a camera is understood', () => {
    const [microphone, camera] = parsed(CHROMIUM_CAMERA).media.map(rtpOf);
    assert.deepEqual(
      microphone!.codecs.map(({ payloadType, name, clockRate, channels }) => [
        payloadType,
        name,
        clockRate,
        channels,
      ]),
      [
        [111, 'opus', 48_000, 2],
        [63, 'red', 48_000, 2],
        [9, 'G722', 8000, undefined],
        [0, 'PCMU', 8000, undefined],
        [126, 'telephone-event', 8000, undefined],
      ],
    );
    assert.deepEqual(microphone!.msids, [{ stream: 'stream', track: 'microphone' }]);
    assert.deepEqual(microphone!.sources, [{ ssrc: 2_224_535_776, cname: 'm3u2MBKXbeZnJfBo' }]);
    assert.deepEqual(camera!.codecs[0]?.feedback, ['nack', 'nack pli']);
    assert.deepEqual(
      camera!.extensions.map(({ id }) => id),
      [4, 10, 13],
    );
    assert.deepEqual(
      camera!.rids.map(({ id, direction }) => [id, direction]),
      [
        ['h', 'send'],
        ['m', 'send'],
        ['l', 'send'],
      ],
    );
    assert.deepEqual(camera!.simulcastSend, [['h'], ['m'], ['~l']]);
  });

  test('mixed extension headers may be allowed for the whole session', () => {
    const offer = parsed(CHROMIUM_CAMERA);
    assert.equal(rtpOf(offer.media[0]).allowMixedExtensions, false);
    assert.equal(good(readRtp(offer.media[0]!, offer.attributes)).allowMixedExtensions, true);
  });

  test('feedback for * is feedback for every codec', () => {
    const text = edit(CHROMIUM_CAMERA, 'a=rtcp-fb:96 nack', 'a=rtcp-fb:* ccm fir');
    assert.deepEqual(rtpOf(parsed(text).media[1]).codecs[2]?.feedback, ['nack pli', 'ccm fir']);
  });

  test('what is written is read as the same', () => {
    for (const section of parsed(CHROMIUM_CAMERA).media) {
      const rtp = rtpOf(section);
      const formats = rtp.codecs.map(({ payloadType }) => String(payloadType));
      assert.deepEqual(good(readRtp({ ...section, formats, attributes: writeRtp(rtp) })), rtp);
    }
  });

  const malformed: ReadonlyArray<readonly [line: string, instead: string]> = [
    ['a=rtpmap:96', 'a=rtpmap:96 VP8'],
    ['a=rtpmap:96', 'a=rtpmap:x VP8/90000'],
    ['a=rtcp-fb:96', 'a=rtcp-fb:96'],
    ['a=extmap:10', 'a=extmap:10/both urn:x'],
    ['a=extmap:10', 'a=extmap:10'],
    ['a=msid', 'a=msid:'],
    ['a=ssrc', 'a=ssrc:-1 cname:x'],
    ['a=ssrc', 'a=ssrc-group:FID 1 x'],
    ['a=rid', 'a=rid:h both'],
    ['a=rid', 'a=rid:h! send'],
    ['a=simulcast', 'a=simulcast:h;m;l'],
    ['a=fmtp:97', 'a=fmtp:apt=96'],
  ];
  for (const [start, instead] of malformed) {
    test(`${instead} is malformed, and the line is named`, () => {
      const text = edit(CHROMIUM_CAMERA, start, instead);
      assert.throws(() => parsed(text), {
        code: 'MALFORMED_ATTRIBUTE',
        line: text.split('\n').indexOf(instead) + 1,
      });
    });
  }

  test('numbers out of range and contradictions are errors of the offer', () => {
    const cases: ReadonlyArray<readonly [start: string, ...lines: string[]]> = [
      ['a=rtpmap:96', 'a=rtpmap:128 VP8/90000'],
      ['a=rtpmap:96', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:96 VP9/90000'],
      ['a=extmap:10', 'a=extmap:4 urn:x'],
      ['a=ssrc', 'a=ssrc:4294967296 cname:x'],
      ['a=ssrc', 'a=ssrc-group:FID 1 4294967296'],
      ['m=video', 'm=video 9 UDP/TLS/RTP/SAVPF 96 200'],
      ['m=video', 'm=video 9 UDP/TLS/RTP/SAVPF 96 *'],
    ];
    for (const [start, ...lines] of cases)
      assert.equal(
        codeOf(checkOffer(parsed(edit(CHROMIUM_CAMERA, start, ...lines)))),
        'MALFORMED_RTP',
        lines.join(),
      );
  });

  test('a section has at most 64 sources, 64 header extensions and 16 layers', () => {
    const lines = (count: number, line: (i: number) => string): string[] =>
      Array.from({ length: count }, (_, i) => line(i));
    const cases: ReadonlyArray<readonly [start: string, most: number, line: (i: number) => string]> = [
      ['a=ssrc', 63, (i) => `a=ssrc:${i} cname:x`],
      ['a=ssrc', 64, (i) => `a=ssrc-group:FID ${i}`],
      ['a=extmap:13', 62, (i) => `a=extmap:${i + 100} urn:x`],
      ['a=rid:h', 14, (i) => `a=rid:x${i} send`],
    ];
    for (const [start, most, line] of cases) {
      const offer = (count: number): SessionDescription =>
        parsed(edit(CHROMIUM_CAMERA, start, ...lines(count, line)));
      assert.equal(checkOffer(offer(most)), undefined, start);
      assert.equal(codeOf(checkOffer(offer(most + 1))), 'TOO_MANY_RTP_ATTRIBUTES', start);
    }
  });

  test(`no lines make it throw (SEED=${seed})`, () => {
    const all = CHROMIUM_CAMERA.split('\n');
    const piece = fc.constantFrom(...all.flatMap((line) => line.split(/(?<=[ :;/=])/)));
    const garbled = fc.array(fc.tuple(fc.nat(all.length - 1), fc.array(piece, { maxLength: 6 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(garbled, (changes) => {
        const lines = [...all];
        for (const [at, pieces] of changes) lines[at] = pieces.join('');
        try {
          const offer = parsed(lines.join('\n'));
          if (!checkOffer(offer)) createAnswer({ ...LOCAL, media: [audio('0'), video('1')] }, offer);
        } catch (error) {
          assert.ok(codeOf(error) !== undefined, String(error));
        }
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('RFC 8829 §5.2 offers with audio and video', () => {
  test('§5.2.1 sections stand in the order of their making, data last, in one BUNDLE group', () => {
    const offer = createOffer({
      ...LOCAL,
      candidates: ['candidate:1'],
      media: [audio(undefined), video(undefined, 'sendonly')],
    });
    assert.deepEqual(shape(offer), ['audio 0 9 sendrecv', 'video 1 9 sendonly', 'application 2 9 sendrecv']);
    assert.deepEqual(offer.bundles, [['0', '1', '2']]);
    assert.equal(checkOffer(sent(offer)), undefined);
    // RFC 9143 §7.1.3: the first of the group has the candidates.
    assert.deepEqual(
      offer.media.map(({ candidates }) => candidates.length),
      [1, 0, 0],
    );
  });

  test('§4.1.1 max-bundle offers all but the first as bundle-only', () => {
    const offer = createOffer({ ...LOCAL, media: [audio(undefined), video(undefined)], maxBundle: true });
    assert.deepEqual(shape(offer), [
      'audio 0 9 sendrecv',
      'video 1 0 sendrecv bundle-only',
      'application 2 0 sendrecv bundle-only',
    ]);
    assert.deepEqual(
      transportSections(sent(offer)).map(({ mid }) => mid),
      ['0', '1', '2'],
    );
  });

  test('§5.2.2 sections keep their places, what has gone is refused, and its place is used again with a new mid', () => {
    const first = createOffer({ ...LOCAL, media: [audio(undefined), video(undefined)] });
    const without = createOffer({ ...LOCAL, media: [video('1')] }, first);
    assert.deepEqual(shape(without), [
      'audio 0 0 inactive',
      'video 1 9 sendrecv',
      'application 2 9 sendrecv',
    ]);
    assert.deepEqual(without.bundles, [['1', '2']]);
    const again = createOffer({ ...LOCAL, media: [video('1'), video(undefined, 'recvonly')] }, without);
    assert.deepEqual(shape(again), ['video 3 9 recvonly', 'video 1 9 sendrecv', 'application 2 9 sendrecv']);
    assert.equal(checkOffer(sent(again), without), undefined);
  });

  test('one that has been offered in vain keeps its mid', () => {
    const offer = createOffer({ ...LOCAL, media: [audio('a'), video(undefined)] });
    assert.deepEqual(shape(offer), ['audio a 9 sendrecv', 'video 0 9 sendrecv', 'application 1 9 sendrecv']);
  });

  test('without data there is no data section', () => {
    const offer = createOffer({ ...LOCAL, media: [audio(undefined)], wantsData: false });
    assert.deepEqual(shape(offer), ['audio 0 9 sendrecv']);
    assert.equal(transportSection(offer)?.mid, '0');
  });
});

describe('RFC 8829 §5.3 answers to audio and video', () => {
  const answered = (offer: SessionDescription, ...media: RtpSectionInit[]): SessionDescription =>
    good(createAnswer({ ...LOCAL, media }, offer));

  test('§5.3.1 codecs and extensions in common are taken with the numbers of the offer', () => {
    const offer = parsed(CHROMIUM_CAMERA);
    const answer = answered(offer, audio('0', 'recvonly'), video('1', 'recvonly'));
    assert.deepEqual(shape(answer), ['audio 0 9 recvonly', 'video 1 9 recvonly']);
    assert.deepEqual(answer.bundles, [['0', '1']]);
    const [microphone, camera] = answer.media.map(rtpOf);
    assert.deepEqual(
      microphone!.codecs.map(({ payloadType }) => payloadType),
      [111],
    );
    assert.deepEqual(microphone!.extensions, [{ ...MID, id: 4 }]);
    assert.deepEqual(
      camera!.codecs.map(({ payloadType, feedback }) => [payloadType, feedback]),
      [
        [96, ['nack', 'nack pli']],
        [103, ['nack pli']],
        [97, []],
        [104, []],
      ],
    );
    assert.equal(checkAnswer(sent(answer), offer), undefined);
  });

  test('the order of codecs is that of the answerer', () => {
    const answer = answered(parsed(CHROMIUM_CAMERA), video('1', 'recvonly', { codecs: [H264, VP8] }));
    assert.deepEqual(answer.media[1]?.formats, ['103', '96']);
  });

  test('RFC 8853 §5.3: layers that are offered are taken', () => {
    const camera = rtpOf(answered(parsed(CHROMIUM_CAMERA), video('1', 'recvonly')).media[1]);
    assert.deepEqual(camera.simulcastReceive, [['h'], ['m'], ['l']]);
    assert.deepEqual(
      camera.rids.map(({ id, direction }) => `${id} ${direction}`),
      ['h recv', 'm recv', 'l recv'],
    );
  });

  test('RFC 3264 §6.1: the direction is what both allow', () => {
    const offer = parsed(CHROMIUM_CAMERA);
    const directions = (['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const).map((direction) => {
      const answer = answered(offer, audio('0', direction), video('1', direction));
      return answer.media.map((section) => section.direction);
    });
    assert.deepEqual(directions, [
      ['sendrecv', 'recvonly'],
      ['sendonly', 'inactive'],
      ['recvonly', 'recvonly'],
      ['inactive', 'inactive'],
    ]);
  });

  test('what has no taker, no codec in common or no rtcp-mux is refused', () => {
    const offer = parsed(CHROMIUM_CAMERA);
    assert.deepEqual(shape(answered(offer, video('1', 'recvonly'))), [
      'audio 0 0 inactive',
      'video 1 9 recvonly',
    ]);
    const other = { ...VP8, name: 'VP7' };
    const without = answered(offer, audio('0'), video('1', 'recvonly', { codecs: [other] }));
    assert.deepEqual(shape(without), ['audio 0 9 sendrecv', 'video 1 0 inactive']);
    const noMux = parsed(edit(CHROMIUM_CAMERA, 'a=rtcp-mux'));
    assert.deepEqual(shape(answered(noMux, audio('0'))), ['audio 0 0 inactive', 'video 1 0 inactive']);
  });

  test('RFC 9143 §7.3: sections outside the group of the data section are refused', () => {
    const offer = parsed(WRTC_AUDIO_VIDEO_DATA_OFFER.replace('BUNDLE 0 1 2', 'BUNDLE 0 2'));
    const answer = answered(offer, audio('0'), video('1'));
    assert.deepEqual(shape(answer), ['audio 0 9 sendrecv', 'video 1 0 inactive', 'application 2 9 sendrecv']);
    assert.deepEqual(answer.bundles, [['0', '2']]);
  });

  test('an offer of data alone is answered as ever', () => {
    const offer = parsed(CHROMIUM_OFFER);
    assert.deepEqual(answered(offer, audio('0')), good(createAnswer(LOCAL, offer)));
  });

  test('§5.10 an answer must bundle what it accepts, and share its ports with RTCP', () => {
    const offer = createOffer({
      ...LOCAL,
      media: [audio(undefined), video(undefined, 'sendrecv', { codecs: [VP8] })],
    });
    const text = formatSessionDescription(answered(sent(offer), audio('0'), video('1')));
    assert.equal(checkAnswer(parsed(text), offer), undefined);
    const apart = parsed(text.replace('BUNDLE 0 1 2', 'BUNDLE 0 2'));
    assert.equal(codeOf(checkAnswer(apart, offer)), 'NOT_BUNDLED');
    const noMux = parsed(text.replace('a=rtcp-mux\r\n', ''));
    assert.equal(codeOf(checkAnswer(noMux, offer)), 'MISSING_RTCP_MUX');
    const other = parsed(text.replace('m=audio 9 UDP/TLS/RTP/SAVPF', 'm=audio 9 TCP/MRCPv2'));
    assert.equal(codeOf(checkAnswer(other, offer)), 'UNSUPPORTED_SECTION');
  });

  test('§5.3.1 H.264 profiles and packetization modes tell codecs apart, levels do not', () => {
    const h264 = (parameters: string): RtpCodec => ({ ...H264, parameters });
    const constrained = h264('packetization-mode=1;profile-level-id=42e01f');
    assert.ok(isSameCodec(constrained, h264('profile-level-id=42C033; packetization-mode=1')));
    assert.ok(isSameCodec(constrained, h264('packetization-mode=1;profile-level-id=4d8015')));
    assert.ok(!isSameCodec(constrained, h264('packetization-mode=0;profile-level-id=42e01f')));
    assert.ok(!isSameCodec(constrained, h264('packetization-mode=1;profile-level-id=640c1f')));
    assert.ok(!isSameCodec(constrained, h264('packetization-mode=1;profile-level-id=42001f')));
    assert.ok(!isSameCodec(constrained, VP8));
  });
});
