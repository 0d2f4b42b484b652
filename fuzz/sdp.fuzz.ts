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
import { CHROMIUM_OFFER, FIREFOX_OFFER } from '../packages/sdp/test/descriptions.ts';
import { type FuzzTarget, invariant } from './target.ts';

const INIT = {
  origin: { username: '-', sessionId: '1', sessionVersion: '1', address: '127.0.0.1' },
  ice: { usernameFragment: 'abcd', password: 'abcdefghijklmnopqrstuv' },
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
  maxMessageSize: 262144,
};

const CANDIDATE =
  'a=candidate:3693269418 1 udp 2113937151 198.51.100.1 51196 typ host generation 0 network-cost 999\n';
const CHROMIUM = CHROMIUM_OFFER.replace('a=ice-ufrag', `${CANDIDATE}a=ice-ufrag`);

const FIREFOX = `${FIREFOX_OFFER}m=audio 0 UDP/TLS/RTP/SAVPF 0
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
