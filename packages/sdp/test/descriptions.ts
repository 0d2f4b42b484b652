// Descriptions that real peers have written, and what tests build on them.
import assert from 'node:assert/strict';
import {
  type Fingerprint,
  type LocalDescriptionInit,
  type MediaSection,
  parseSessionDescription,
  SdpError,
  type SdpErrorCode,
  type SessionDescription,
} from '@millrace/sdp';

/** Chromium 156, nothing gathered yet. */
export const CHROMIUM_OFFER = `v=0
o=- 7793827999179462461 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:9cOZ
a=ice-pwd:LGQEDIJAmE0A93igS1khUVCu
a=ice-options:trickle
a=fingerprint:sha-256 3C:00:AD:8B:BA:B8:37:11:B4:5A:DD:A8:3E:66:02:2F:7D:C4:AA:AE:2D:48:BE:F5:F9:DF:A2:E7:96:C0:A8:76
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
`;

/** Firefox 153 ESR, nothing gathered yet: the fingerprint stands at session level. */
export const FIREFOX_OFFER = `v=0
o=mozilla...THIS_IS_SDPARTA-99.0 9141826204571385881 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 FC:CD:46:53:9A:7F:A0:48:C6:26:78:EA:09:11:5B:5D:BC:32:79:76:6D:F2:D4:DA:11:B6:97:D8:07:91:ED:18
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=sendrecv
a=ice-pwd:e3c7674477b4588d01ee0c87eb9b4a14
a=ice-ufrag:d1b9a527
a=mid:0
a=setup:actpass
a=sctp-port:5000
a=max-message-size:1073741823
`;

/** werift 0.24 answering, with its candidate. */
export const WERIFT_ANSWER = `v=0
o=- 33326155 0 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:32b1715da3b0ef8ba684454eb 1 udp 2116026367 192.0.2.2 51600 typ host generation 0 ufrag 5213
a=end-of-candidates
a=ice-ufrag:5213
a=ice-pwd:f6641e7ca0293b2018703f
a=ice-options:trickle
a=fingerprint:sha-256 59:39:B1:D2:8A:07:06:CD:DA:4B:EC:A9:CA:72:E7:32:84:19:3A:D2:0C:34:0D:F4:7D:D1:FA:E7:91:59:E5:B6
a=setup:active
a=mid:0
a=sctp-port:5000
a=max-message-size:65536
`;

/** node-datachannel 0.33 offering, gathered: ICE options with a comma, at session level. */
export const NODE_DATACHANNEL_OFFER = `v=0
o=rtc 1593350924 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 CE:4D:35:2F:C0:1D:6F:A8:28:2B:46:69:22:E5:36:FC:BD:5D:0B:46:86:71:3E:40:3B:77:CD:84:E8:46:BF:94
m=application 34044 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:262144
a=setup:actpass
a=ice-ufrag:pqhq
a=ice-pwd:C8wyMzVahv7XuWvy2cvFZZ
a=candidate:2 1 UDP 2116026111 fd00::2 34044 typ host
a=candidate:1 1 UDP 2114977791 192.0.2.2 34044 typ host
a=end-of-candidates
`;

/** @roamhq/wrtc 0.10 (libwebrtc) offering audio, video and data; codec lines left out. */
export const WRTC_AUDIO_VIDEO_DATA_OFFER = `v=0
o=- 5005565531128578251 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 103 104 9 102 0 8 106 105 13 110 112 113 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:ws6M
a=ice-pwd:DBFuKcRPhIjFmuUm8F3HLHqP
a=ice-options:trickle
a=fingerprint:sha-256 83:9A:BD:7C:9F:D1:4A:5B:AF:E9:50:5E:66:42:EB:EA:CC:8E:A8:DE:A1:F7:61:16:6B:F2:B8:46:6A:7F:74:31
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:- cda34657-23f6-4fba-9f50-ba1529c091b2
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=ssrc:2224535776 cname:m3u2MBKXbeZnJfBo
m=video 9 UDP/TLS/RTP/SAVPF 96 97 39 40 98 99 100 101 125 124 127
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:ws6M
a=ice-pwd:DBFuKcRPhIjFmuUm8F3HLHqP
a=ice-options:trickle
a=fingerprint:sha-256 83:9A:BD:7C:9F:D1:4A:5B:AF:E9:50:5E:66:42:EB:EA:CC:8E:A8:DE:A1:F7:61:16:6B:F2:B8:46:6A:7F:74:31
a=setup:actpass
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtcp-rsize
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:ws6M
a=ice-pwd:DBFuKcRPhIjFmuUm8F3HLHqP
a=ice-options:trickle
a=fingerprint:sha-256 83:9A:BD:7C:9F:D1:4A:5B:AF:E9:50:5E:66:42:EB:EA:CC:8E:A8:DE:A1:F7:61:16:6B:F2:B8:46:6A:7F:74:31
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
`;

/** Every whole description above. */
export const SAMPLES: ReadonlyArray<readonly [name: string, sdp: string]> = [
  ['Chromium', CHROMIUM_OFFER],
  ['Firefox', FIREFOX_OFFER],
  ['werift', WERIFT_ANSWER],
  ['node-datachannel', NODE_DATACHANNEL_OFFER],
  ['wrtc with audio and video', WRTC_AUDIO_VIDEO_DATA_OFFER],
];

export const FINGERPRINT: Fingerprint = {
  algorithm: 'sha-256',
  value: Array.from({ length: 32 }, (_, i) => (i + 0xa0).toString(16).toUpperCase()).join(':'),
};

export const LOCAL: LocalDescriptionInit = {
  origin: { username: '-', sessionId: '4611731400430051336', sessionVersion: '2', address: '127.0.0.1' },
  ice: { usernameFragment: 'EsAw', password: 'bP+XJMM09aR8AiX1jdukzR6Y' },
  fingerprints: [FINGERPRINT],
  maxMessageSize: 262_144,
};

/** The description, which must be well-formed. */
export function parsed(sdp: string): SessionDescription {
  return good(parseSessionDescription(sdp));
}

/** The only section, or the one at `index`. */
export function section(sdp: string, index = 0): MediaSection {
  const found = parsed(sdp).media[index];
  assert.ok(found);
  return found;
}

/** What is not an error. */
export function good<T>(result: T | SdpError): T {
  if (result instanceof SdpError) throw result;
  return result;
}

/** The code of an error, or `undefined` if `result` is none. */
export function codeOf(result: unknown): SdpErrorCode | undefined {
  return result instanceof SdpError ? result.code : undefined;
}

/** `sdp` with the first line that starts with `start` replaced; with nothing, it is left out. */
export function edit(sdp: string, start: string, ...lines: string[]): string {
  const all = sdp.split('\n');
  const at = all.findIndex((line) => line.startsWith(start));
  assert.ok(at >= 0, `no line starts with ${start}`);
  all.splice(at, 1, ...lines);
  return all.join('\n');
}
