// Session descriptions (RFC 8866): any text gives a description or an error, never a throw; what is understood
// survives printing; and an offer that passes the checks can be answered.
import {
  checkOffer,
  createAnswer,
  createOffer,
  formatSessionDescription,
  parseSessionDescription,
  SdpError,
} from '@millrace/sdp';
import { type FuzzTarget, invariant } from './target.ts';

const INIT = {
  origin: { username: '-', sessionId: '1', sessionVersion: '1', address: '127.0.0.1' },
  ice: { usernameFragment: 'abcd', password: 'abcdefghijklmnopqrstuv' },
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
  maxMessageSize: 262144,
};

const CHROMIUM = `v=0
o=- 7793827999179462461 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:3693269418 1 udp 2113937151 198.51.100.1 51196 typ host generation 0 network-cost 999
a=ice-ufrag:9cOZ
a=ice-pwd:LGQEDIJAmE0A93igS1khUVCu
a=ice-options:trickle
a=fingerprint:sha-256 3C:00:AD:8B:BA:B8:37:11:B4:5A:DD:A8:3E:66:02:2F:7D:C4:AA:AE:2D:48:BE:F5:F9:DF:A2:E7:96:C0:A8:76
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
`;

const FIREFOX = `v=0
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
m=audio 0 UDP/TLS/RTP/SAVPF 0
a=mid:1
`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const target: FuzzTarget = {
  name: 'sdp',
  seeds: [CHROMIUM, FIREFOX, formatSessionDescription(createOffer(INIT))].map((text) => encoder.encode(text)),
  run(bytes) {
    const parsed = parseSessionDescription(decoder.decode(bytes));
    if (parsed instanceof SdpError) return;
    const printed = formatSessionDescription(parsed);
    const again = parseSessionDescription(printed);
    invariant(!(again instanceof SdpError), `what was printed does not parse: ${String(again)}\n${printed}`);
    if (checkOffer(parsed) !== undefined) return;
    const answer = createAnswer(INIT, parsed);
    if (answer instanceof SdpError) return;
    invariant(answer.media.length === parsed.media.length, 'an answer has as many sections as its offer');
    const read = parseSessionDescription(formatSessionDescription(answer));
    invariant(!(read instanceof SdpError), `the answer does not parse: ${String(read)}`);
  },
};
