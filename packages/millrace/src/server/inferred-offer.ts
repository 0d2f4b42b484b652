// The offer that a client would have sent, had there been a way to: of a client that has made up our answer itself and
// sends checks at once, as libp2p's WebRTC-Direct does. What only its certificate could tell is left blank.
import type { RTCSessionDescriptionInit } from '../peer-connection/session-description.ts';

/** RFC 8839 §5.4: the fewest characters of a password; a lite agent never uses the client's. */
const MIN_PASSWORD = 22;
const BLANK_FINGERPRINT = Array.from({ length: 32 }, () => '00').join(':');

export function inferredOffer(usernameFragment: string, password: string): RTCSessionDescriptionInit {
  const lines = [
    'v=0',
    'o=- 0 0 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    `a=ice-ufrag:${usernameFragment}`,
    `a=ice-pwd:${password.padEnd(MIN_PASSWORD, '0')}`,
    `a=fingerprint:sha-256 ${BLANK_FINGERPRINT}`,
    // The client says hello: so it can be asked for its address, and nothing longer than a check goes there before.
    'a=setup:active',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    '',
  ];
  return { type: 'offer', sdp: lines.join('\r\n') };
}
