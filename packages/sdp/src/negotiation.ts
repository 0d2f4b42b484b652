// Offers and answers out of plain state (RFC 8829 §5.2, §5.3; RFC 8841 §9; RFC 9143 §7). All sections share one
// transport. Left out: transports of their own for those that are not bundled, which are refused.
//
// Deviation: RFC 9143 §7.2 and RFC 8829 §4.1.1 have an offer under "balanced" or "max-compat" give sections transports
// of their own, for peers without BUNDLE. Here all name the same one, as browsers' later offers do: every WebRTC peer
// bundles, and one that does not gets one section.
import { transportSections } from './bundle.ts';
import { SdpError } from './errors.ts';
import { DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_SCTP_PORT, ICE_OPTIONS } from './options.ts';
import { answerRtp, commonDirection, reversedDirection } from './rtp/answer.ts';
import type { RtpDescription } from './rtp/description.ts';
import { readRtp } from './rtp/read.ts';
import { writeRtp } from './rtp/write.ts';
import {
  type Direction,
  type DtlsRole,
  dataSection,
  type Fingerprint,
  type IceCredentials,
  isDataSection,
  type MediaSection,
  type Origin,
  type SessionDescription,
} from './session.ts';
import { answerSetup, offerSetup } from './setup.ts';

/** What the local side has to say about its data section. */
export interface LocalDescriptionInit {
  readonly origin: Origin;
  readonly ice: IceCredentials;
  readonly fingerprints: readonly Fingerprint[];
  /** Default `ICE_OPTIONS`. */
  readonly iceOptions?: readonly string[];
  /** Whether the ice-option `renomination` (draft-thatcher-ice-renomination) is said beside those. Default false. */
  readonly renomination?: boolean;
  readonly iceLite?: boolean;
  /** The DTLS role of a session that already runs. */
  readonly heldRole?: DtlsRole | undefined;
  /** What to answer when the offer leaves the choice. Default `client`. */
  readonly preferredRole?: DtlsRole;
  /** Default 5000. */
  readonly sctpPort?: number;
  /** Longest message received, in bytes; 0 is "any size". */
  readonly maxMessageSize: number;
  /**
   * Our SCTP INIT chunk (draft-hancke-tsvwg-snap), the same in all descriptions of an association. An answer has it only
   * if the offer has one.
   */
  readonly sctpInit?: Uint8Array | undefined;
  /** Each without `a=`. */
  readonly candidates?: readonly string[];
  readonly endOfCandidates?: boolean;
  /** Audio and video, in the order of their making. Default none. */
  readonly media?: readonly RtpSectionInit[];
  /** Whether an offer has a data section. Default true. */
  readonly wantsData?: boolean;
  /** RFC 8829 §4.1.1 `max-bundle`: an offer gives new sections but the first no transport of their own. */
  readonly maxBundle?: boolean;
}

export const RENOMINATION = 'renomination';
const ANY_ADDRESS = '0.0.0.0';
const DISCARD_PORT = 9; // RFC 8829 §5.2.1: no default candidate is named; every peer takes the candidates

/** An audio or video section as the local side wants it. */
export interface RtpSectionInit {
  readonly kind: 'audio' | 'video';
  /** `undefined` for one that has not been in a description yet: an offer gives it a mid. */
  readonly mid: string | undefined;
  readonly direction: Direction;
  /** What is offered, or what may be taken of an offer, codecs in the order of preference. */
  readonly rtp: RtpDescription;
}

/**
 * An offer. Sections keep their places; `init.media` that have none take those that are free, in their order, or
 * come behind.
 *
 * @param previous the description that was negotiated last, local or remote
 */
export function createOffer(init: LocalDescriptionInit, previous?: SessionDescription): SessionDescription {
  const earlier = previous?.media ?? [];
  const { media: wanted = [], wantsData = true } = init;
  const setup = offerSetup(init.heldRole);
  const known = new Set([...earlier, ...wanted].flatMap(({ mid }) => mid ?? []));
  const isBundleOnly = (section: MediaSection | undefined, isFirst: boolean): boolean =>
    init.maxBundle === true && !isFirst && (section === undefined || section.rejected);
  // One that has been offered in vain so far has a mid but no place.
  const isPlaced = ({ mid }: RtpSectionInit): boolean =>
    mid !== undefined && earlier.some((section) => !section.rejected && section.mid === mid);
  const fresh = wanted.filter((one) => !isPlaced(one));
  const media: MediaSection[] = [];
  const place = (one: RtpSectionInit, before?: MediaSection): void => {
    const mid = one.mid ?? freeMid(known);
    const bundleOnly = isBundleOnly(before, !media.some(({ rejected }) => !rejected));
    media.push(offeredRtpSection(init, { ...one, mid }, setup, bundleOnly));
  };
  // RFC 8829 §5.2.2: a section never moves; one that was rejected may be used again.
  const kept = previous && dataSection(previous);
  const free = kept ?? earlier.find((section) => section.rejected && isDataSection(section));
  for (const section of earlier) {
    const own = section.rejected ? undefined : wanted.find(({ mid }) => mid === section.mid);
    if (own && section.mid !== undefined) place(own, section);
    else if (section === free && wantsData) media.push(localSection(init, section.mid, setup));
    else if (section.rejected && !isDataSection(section) && fresh.length > 0) place(fresh.shift()!);
    else media.push(rejectedSection(section));
  }
  for (const one of fresh) place(one);
  if (free === undefined && wantsData) {
    const bundleOnly = isBundleOnly(undefined, !media.some(({ rejected }) => !rejected));
    const data = localSection(init, freeMid(known), setup);
    media.push(bundleOnly ? { ...data, port: 0, bundleOnly } : data);
  }
  return describe(init, bundleOf(media), withCandidatesOnce(media));
}

/**
 * The answer to an offer that has been checked: its data section is accepted, and those of audio and video that have
 * one of their mid in `init.media` and a codec in common with it, if all of them can share one transport. All others
 * are refused.
 */
export function createAnswer(
  init: LocalDescriptionInit,
  offer: SessionDescription,
): SessionDescription | SdpError {
  const bundled = transportSections(offer);
  const tag = bundled[0];
  if (tag === undefined) return describe(init, [], offer.media.map(rejectedSection));
  const setup = answerSetup(tag.setup, init.heldRole, init.preferredRole);
  if (typeof setup !== 'string') return setup;
  const media: MediaSection[] = [];
  for (const section of offer.media) {
    const accepted = bundled.includes(section) ? accept(init, section, offer, setup) : undefined;
    if (accepted instanceof SdpError) return accepted;
    media.push(accepted ?? rejectedSection(section));
  }
  // RFC 9143 §7.3: only what was offered in a group may be answered in one, and nothing that is rejected.
  const mids = bundleOf(media)[0] ?? [];
  const isBundled = offer.bundles.some(
    (group) => mids.length > 0 && mids.every((mid) => group.includes(mid)),
  );
  return describe(init, isBundled ? [mids] : [], withCandidatesOnce(media));
}

/** The section with which `offered` is accepted; `undefined` if it is not. */
function accept(
  init: LocalDescriptionInit,
  offered: MediaSection,
  offer: SessionDescription,
  setup: 'active' | 'passive',
): MediaSection | SdpError | undefined {
  if (isDataSection(offered)) return answeringSection(localSection(init, offered.mid, setup), offered);
  const own = init.media?.find(({ mid, kind }) => mid === offered.mid && kind === offered.kind);
  const theirs = readRtp(offered, offer.attributes);
  if (theirs instanceof SdpError) return theirs;
  // RFC 8829 §5.3.1: RTCP has no port of its own here, so an offer that insists on one is refused.
  if (!own || !theirs.rtcpMux) return undefined;
  const direction = commonDirection(own.direction, reversedDirection(offered.direction));
  const rtp = answerRtp(theirs, own.rtp, direction);
  if (rtp.codecs.length === 0) return undefined;
  return {
    ...localSection(init, offered.mid, setup),
    ...rtpMembers(offered.kind, rtp),
    protocol: offered.protocol,
    direction,
  };
}

/** The origin of the next description of the same session (RFC 8829 §5.2.2). */
export function nextOrigin(origin: Origin): Origin {
  return { ...origin, sessionVersion: String(BigInt(origin.sessionVersion) + 1n) };
}

function describe(
  init: LocalDescriptionInit,
  bundles: ReadonlyArray<readonly string[]>,
  media: readonly MediaSection[],
): SessionDescription {
  return { origin: init.origin, iceLite: init.iceLite ?? false, bundles, media, attributes: [] };
}

function localSection(
  init: LocalDescriptionInit,
  mid: string | undefined,
  setup: MediaSection['setup'],
): MediaSection {
  return {
    kind: 'application',
    port: DISCARD_PORT,
    protocol: 'UDP/DTLS/SCTP',
    formats: ['webrtc-datachannel'],
    address: ANY_ADDRESS,
    mid,
    rejected: false,
    bundleOnly: false,
    direction: 'sendrecv',
    ice: init.ice,
    iceOptions: [...(init.iceOptions ?? ICE_OPTIONS), ...(init.renomination ? [RENOMINATION] : [])],
    fingerprints: init.fingerprints,
    setup,
    sctpPort: init.sctpPort ?? DEFAULT_SCTP_PORT,
    maxMessageSize: init.maxMessageSize,
    sctpInit: init.sctpInit,
    candidates: init.candidates ?? [],
    endOfCandidates: init.endOfCandidates ?? false,
    attributes: [],
  };
}

function offeredRtpSection(
  init: LocalDescriptionInit,
  { kind, mid, direction, rtp }: RtpSectionInit,
  setup: MediaSection['setup'],
  bundleOnly: boolean,
): MediaSection {
  return {
    ...localSection(init, mid, setup),
    ...rtpMembers(kind, rtp),
    // RFC 9143 §6: port 0 says that the section is nothing without the transport of the group.
    ...(bundleOnly && { port: 0, bundleOnly }),
    direction,
  };
}

function rtpMembers(
  kind: string,
  rtp: RtpDescription,
): Pick<MediaSection, 'kind' | 'protocol' | 'formats' | 'sctpInit' | 'attributes'> {
  return {
    kind,
    protocol: 'UDP/TLS/RTP/SAVPF',
    formats: rtp.codecs.map(({ payloadType }) => String(payloadType)),
    sctpInit: undefined,
    attributes: writeRtp(rtp),
  };
}

/** The one group there is, of all that are not rejected. */
function bundleOf(media: readonly MediaSection[]): ReadonlyArray<readonly string[]> {
  const mids = media.flatMap(({ rejected, mid }) => (rejected || mid === undefined ? [] : [mid]));
  return mids.length > 0 ? [mids] : [];
}

/** RFC 9143 §7.1.3: the sections of a group have their candidates in the first of them. */
function withCandidatesOnce(media: readonly MediaSection[]): readonly MediaSection[] {
  const tag = media.find(({ rejected }) => !rejected);
  return media.map((section) =>
    section === tag || section.rejected ? section : { ...section, candidates: [], endOfCandidates: false },
  );
}

/** RFC 8841 §9.3: the answer repeats the protocol of the offer, and with it the old way to name the port. */
function answeringSection(local: MediaSection, offered: MediaSection): MediaSection {
  const { protocol } = offered;
  // draft-hancke-tsvwg-snap §3.4: no INIT in answer to none.
  const sctpInit = offered.sctpInit && local.sctpInit;
  if (offered.formats.includes('webrtc-datachannel')) return { ...local, protocol, sctpInit };
  const sctpmap = { name: 'sctpmap', value: `${local.sctpPort} webrtc-datachannel 65535` };
  return { ...local, protocol, formats: [String(local.sctpPort)], sctpInit, attributes: [sctpmap] };
}

/** RFC 8829 §5.3.1: a refused section repeats what it is and has port 0. */
function rejectedSection(section: MediaSection): MediaSection {
  return {
    kind: section.kind,
    port: 0,
    protocol: section.protocol,
    formats: section.formats,
    address: ANY_ADDRESS,
    mid: section.mid,
    rejected: true,
    bundleOnly: false,
    direction: 'inactive',
    ice: undefined,
    iceOptions: [],
    fingerprints: [],
    setup: undefined,
    sctpPort: DEFAULT_SCTP_PORT,
    maxMessageSize: DEFAULT_MAX_MESSAGE_SIZE,
    sctpInit: undefined,
    candidates: [],
    endOfCandidates: false,
    attributes: [],
  };
}

/** The lowest number that is no mid yet; it is one from here on. */
function freeMid(known: Set<string>): string {
  let mid = 0;
  while (known.has(String(mid))) mid++;
  known.add(String(mid));
  return String(mid);
}
