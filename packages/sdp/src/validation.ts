// Whether a remote description can be taken, beyond its grammar (RFC 8829 §5.8, RFC 9143 §7, RFC 8842 §5).
// Each check answers with the first fault, or `undefined`.
import { isUsable, transportSection, transportSections } from './bundle.ts';
import { SdpError } from './errors.ts';
import { MAX_ICE_CREDENTIAL, MIN_PASSWORD, MIN_USERNAME_FRAGMENT, STRONG_HASHES } from './options.ts';
import { isRtpSection } from './rtp/description.ts';
import { readRtp } from './rtp/read.ts';
import { dataSection, type Fingerprint, type MediaSection, type SessionDescription } from './session.ts';

const ICE_CHARACTERS = /^[A-Za-z0-9+/]+$/; // RFC 8839 §5.1

/** @param previous the description, of either side, that this offer follows in the same session */
export function checkOffer(offer: SessionDescription, previous?: SessionDescription): SdpError | undefined {
  const transport = transportSection(offer);
  return (
    checkMids(offer) ??
    (previous && checkSuccession(offer, previous)) ??
    checkRtp(offer) ??
    (transport && (checkTransport(transport, offer) ?? checkOfferedSetup(transport)))
  );
}

/** @param offer what is answered */
export function checkAnswer(answer: SessionDescription, offer: SessionDescription): SdpError | undefined {
  const transport = transportSection(answer);
  return (
    checkMids(answer) ??
    checkAnswerSections(answer, offer) ??
    checkRtp(answer) ??
    (transport && (checkTransport(transport, answer) ?? checkAnsweredSetup(transport)))
  );
}

/** The fingerprints that count as identity. */
export function strongFingerprints(section: MediaSection): readonly Fingerprint[] {
  // RFC 8122 §5: weak hashes must not be trusted.
  const isStrong = ({ algorithm }: Fingerprint): boolean => Object.hasOwn(STRONG_HASHES, algorithm);
  return section.fingerprints.every(isStrong) ? section.fingerprints : section.fingerprints.filter(isStrong);
}

/** RFC 8839 §4.4.1.1.1: new credentials restart ICE. */
export function isIceRestart(before: MediaSection, after: MediaSection): boolean {
  return (
    before.ice?.usernameFragment !== after.ice?.usernameFragment ||
    before.ice?.password !== after.ice?.password
  );
}

/**
 * The longest message that may be sent, in bytes (RFC 8841 §6.1; W3C "update the data max message size").
 * 0 means no limit in both arguments; the result has `Infinity` for that.
 */
export function maxSendSize(remoteMaxMessageSize: number, localLimit = 0): number {
  return Math.min(
    remoteMaxMessageSize === 0 ? Number.POSITIVE_INFINITY : remoteMaxMessageSize,
    localLimit === 0 ? Number.POSITIVE_INFINITY : localLimit,
  );
}

function checkMids(description: SessionDescription): SdpError | undefined {
  const mids = new Set<string>();
  for (const { mid, rejected } of description.media) {
    // A rejected section may be the ghost of one whose mid has moved on.
    if (mid === undefined || rejected) continue;
    if (mids.has(mid)) return new SdpError('DUPLICATE_MID');
    mids.add(mid);
  }
  const data = dataSection(description);
  if (data !== undefined && data.mid === undefined) return new SdpError('MISSING_MID');
  // RFC 9143 §7: each mid of a group names one section, and no mid is in two groups.
  const known = new Set(description.media.map(({ mid }) => mid));
  const bundled = description.bundles.flat();
  if (new Set(bundled).size < bundled.length) return new SdpError('BUNDLE_MISMATCH');
  if (bundled.some((mid) => !known.has(mid))) return new SdpError('BUNDLE_MISMATCH');
  return undefined;
}

function checkRtp(description: SessionDescription): SdpError | undefined {
  for (const section of transportSections(description)) {
    const rtp = isRtpSection(section) ? readRtp(section, description.attributes) : undefined;
    if (rtp instanceof SdpError) return rtp;
  }
  return undefined;
}

function checkTransport(section: MediaSection, description: SessionDescription): SdpError | undefined {
  if (dataSection(description)?.sctpPort === 0) return new SdpError('MALFORMED_ATTRIBUTE');
  if (section.ice === undefined) return new SdpError('MISSING_ICE_CREDENTIALS');
  const { usernameFragment, password } = section.ice;
  // RFC 8839 §5.4: 4 to 256 and 22 to 256 characters of a small alphabet.
  if (!isIceText(usernameFragment, MIN_USERNAME_FRAGMENT) || !isIceText(password, MIN_PASSWORD))
    return new SdpError('MALFORMED_ICE_CREDENTIALS');
  if (section.fingerprints.length === 0) return new SdpError('MISSING_FINGERPRINT');
  if (strongFingerprints(section).length === 0) return new SdpError('UNSUPPORTED_FINGERPRINT');
  return undefined;
}

function isIceText(text: string, shortest: number): boolean {
  return text.length >= shortest && text.length <= MAX_ICE_CREDENTIAL && ICE_CHARACTERS.test(text);
}

function checkOfferedSetup({ setup }: MediaSection): SdpError | undefined {
  return setup === 'holdconn' ? new SdpError('MALFORMED_SETUP') : undefined;
}

function checkAnsweredSetup({ setup }: MediaSection): SdpError | undefined {
  return setup === 'actpass' || setup === 'holdconn' ? new SdpError('MALFORMED_SETUP') : undefined;
}

/** RFC 8829 §5.2.2: sections stay where they are; only a rejected one may become something else. */
function checkSuccession(next: SessionDescription, previous: SessionDescription): SdpError | undefined {
  if (next.media.length < previous.media.length) return new SdpError('SECTIONS_CHANGED');
  for (const [place, before] of previous.media.entries()) {
    const after = next.media[place];
    if (before.rejected || after === undefined) continue;
    if (after.kind !== before.kind || (!after.rejected && after.mid !== before.mid))
      return new SdpError('SECTIONS_CHANGED');
  }
  return undefined;
}

/** RFC 8829 §5.3.1: as many sections as offered, in the same order; RFC 3264 §6: nothing accepted that was refused. */
function checkAnswerSections(answer: SessionDescription, offer: SessionDescription): SdpError | undefined {
  if (answer.media.length !== offer.media.length) return new SdpError('ANSWER_MISMATCH');
  const bundled = transportSections(answer);
  for (const [place, section] of answer.media.entries()) {
    const asked = offer.media[place];
    if (section.kind !== asked?.kind) return new SdpError('ANSWER_MISMATCH');
    if (section.rejected) continue;
    if (!isUsable(asked, offer) || section.mid !== asked.mid) return new SdpError('ANSWER_MISMATCH');
    if (!isUsable(section, answer)) return new SdpError('UNSUPPORTED_SECTION');
    if (!bundled.includes(section)) return new SdpError('NOT_BUNDLED');
    const hasMux = section.attributes.some(({ name }) => name === 'rtcp-mux');
    if (isRtpSection(section) && !hasMux) return new SdpError('MISSING_RTCP_MUX');
  }
  return undefined;
}
