// Candidates that come after the description they belong to (RFC 8840 §4.2). A description is a value: what is
// added gives a new one. Nothing here reads a candidate.
import { SdpError } from './errors.ts';
import { MAX_CANDIDATES } from './options.ts';
import type { MediaSection, SessionDescription } from './session.ts';

/** Which section a candidate is for: by mid, or else by its place. */
export interface CandidateTarget {
  readonly mid?: string | null | undefined;
  readonly index?: number | null | undefined;
  /** If given, the section must have this ice-ufrag: candidates of an earlier ICE session are refused. */
  readonly usernameFragment?: string | null | undefined;
}

/** The place of the section that `target` names. */
export function findSection(description: SessionDescription, target: CandidateTarget): number | SdpError {
  const { mid, index, usernameFragment } = target;
  const place = mid == null ? (index ?? -1) : description.media.findIndex((section) => section.mid === mid);
  const section = description.media[place];
  if (section === undefined) return new SdpError('UNKNOWN_MID');
  if (usernameFragment != null && section.ice?.usernameFragment !== usernameFragment)
    return new SdpError('UNKNOWN_USERNAME_FRAGMENT');
  return place;
}

/** `description` with one more candidate (`candidate:...`, or the same with `a=`); one that is there stays alone. */
export function addCandidate(
  description: SessionDescription,
  target: CandidateTarget,
  candidate: string,
): SessionDescription | SdpError {
  const place = findSection(description, target);
  if (typeof place !== 'number') return place;
  const line = candidate.startsWith('a=') ? candidate.slice(2) : candidate;
  if (!line.startsWith('candidate:') || /[\r\n\0]/.test(line)) return new SdpError('MALFORMED_ATTRIBUTE');
  const section = description.media[place] as MediaSection;
  if (section.candidates.includes(line)) return description;
  if (section.candidates.length >= MAX_CANDIDATES) return new SdpError('TOO_MANY_CANDIDATES');
  return replaceSection(description, place, { ...section, candidates: section.candidates.concat(line) });
}

/** `description` with `a=end-of-candidates` in the section of `target`, or in all that are in use. */
export function endCandidates(
  description: SessionDescription,
  target?: CandidateTarget,
): SessionDescription | SdpError {
  if (target === undefined) {
    const media = description.media.map((section) =>
      section.rejected ? section : { ...section, endOfCandidates: true },
    );
    return { ...description, media };
  }
  const place = findSection(description, target);
  if (typeof place !== 'number') return place;
  const section = description.media[place] as MediaSection;
  return replaceSection(description, place, { ...section, endOfCandidates: true });
}

function replaceSection(
  description: SessionDescription,
  place: number,
  section: MediaSection,
): SessionDescription {
  return { ...description, media: description.media.with(place, section) };
}
