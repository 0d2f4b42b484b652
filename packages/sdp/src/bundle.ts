// Which sections share the one transport that a connection has (RFC 9143 §7, RFC 8829 §4.1.1).
import { isRtpSection } from './rtp/description.ts';
import { dataSection, isDataSection, type MediaSection, type SessionDescription } from './session.ts';

/** Whether the section is in use and of a kind that is spoken here; of several data sections the first alone. */
export function isUsable(section: MediaSection, description: SessionDescription): boolean {
  if (section.rejected) return false;
  if (isDataSection(section)) return section === dataSection(description);
  return isRtpSection(section) && section.mid !== undefined;
}

/**
 * The usable sections on one transport, in their order: the BUNDLE group with the data section in it, or else that of
 * the first usable section; a section that is in no group is alone.
 */
export function transportSections(description: SessionDescription): readonly MediaSection[] {
  const { media, bundles } = description;
  const first = dataSection(description) ?? media.find((section) => isUsable(section, description));
  if (first === undefined) return [];
  if (media.length === 1) return media;
  const { mid } = first;
  const group = mid === undefined ? undefined : bundles.find((mids) => mids.includes(mid));
  return media.filter(
    (section) =>
      section === first ||
      (section.mid !== undefined && group?.includes(section.mid) && isUsable(section, description)),
  );
}

/** The section that speaks for the transport: the first of those on it. */
export function transportSection(description: SessionDescription): MediaSection | undefined {
  return transportSections(description)[0];
}
