// What can be wrong with a session description. Remote text is never a reason to throw: functions that judge it
// return an `SdpError` in place of their result, and the caller decides what to make of it.

const MESSAGES = {
  TOO_LONG: 'the description is longer than MAX_SDP_CHARACTERS',
  TOO_MANY_LINES: 'the description has more lines than MAX_SDP_LINES',
  TOO_MANY_MEDIA_SECTIONS: 'the description has more m= sections than MAX_MEDIA_SECTIONS',
  MALFORMED_LINE: 'a line is not of the form type=value',
  MALFORMED_VERSION: 'the description does not begin with v=0',
  MALFORMED_ORIGIN: 'the o= line is missing or malformed',
  MALFORMED_MEDIA: 'an m= line is malformed',
  MALFORMED_ATTRIBUTE: 'an attribute that millrace reads has a malformed value',
  MISSING_MID: 'a media section in use has no a=mid',
  DUPLICATE_MID: 'two media sections have the same a=mid',
  UNKNOWN_MID: 'no media section has this mid or index',
  UNKNOWN_USERNAME_FRAGMENT: 'the candidate is for another ice-ufrag than that of its section',
  TOO_MANY_RTP_ATTRIBUTES: 'a section has more sources, layers or header extensions than millrace reads',
  MALFORMED_RTP:
    'the attributes of an audio or video section contradict each other, or a number is out of range',
  MISSING_RTCP_MUX: 'the answer accepts audio or video without a=rtcp-mux',
  NOT_BUNDLED: 'the answer accepts sections that do not share one transport in a BUNDLE group',
  TOO_MANY_CANDIDATES: 'the section has MAX_CANDIDATES candidates already',
  BUNDLE_MISMATCH: 'a BUNDLE group names a mid that is not there or names it twice',
  MISSING_FINGERPRINT: 'the section that describes the transport has no a=fingerprint',
  UNSUPPORTED_FINGERPRINT: 'no a=fingerprint uses SHA-256, SHA-384 or SHA-512',
  MISSING_ICE_CREDENTIALS: 'the section that describes the transport has no a=ice-ufrag or no a=ice-pwd',
  MALFORMED_ICE_CREDENTIALS: 'a=ice-ufrag or a=ice-pwd has a length or character that ICE forbids',
  UNSUPPORTED_SECTION:
    'the answer accepts a section that is neither WebRTC data over SCTP nor audio or video over SRTP',
  MALFORMED_SETUP: 'a=setup does not fit here: an answer is active or passive, and nobody holds connections',
  SAME_DTLS_ROLE: 'both sides want the same DTLS role',
  DTLS_ROLE_CHANGED: 'the description reverses the DTLS role of a live session',
  ANSWER_MISMATCH: 'the sections of the answer are not those of the offer',
  SECTIONS_CHANGED: 'a later description drops, swaps or renames sections of an earlier one',
} as const;

export type SdpErrorCode = keyof typeof MESSAGES;

/** What is wrong with a description: returned, not thrown. `code` is stable. */
export class SdpError extends Error {
  override readonly name = 'SdpError';
  readonly code: SdpErrorCode;
  /** The line at fault, counted from 1; `undefined` when it is not a matter of one line. */
  readonly line: number | undefined;

  constructor(code: SdpErrorCode, line?: number) {
    super(line === undefined ? MESSAGES[code] : `${MESSAGES[code]} (line ${line})`);
    this.code = code;
    this.line = line;
  }

  /** Whether the text itself is wrong, as opposed to what it says. */
  get isSyntax(): boolean {
    return this.line !== undefined || this.code.startsWith('TOO_');
  }
}
