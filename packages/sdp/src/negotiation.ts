// Offers and answers for data channels out of plain state (RFC 8829 §5.2, §5.3; RFC 8841 §9; RFC 9143 §7).
// Sections for audio and video are refused; who wants them needs more than this package.
import type { SdpError } from './errors.ts';
import { DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_SCTP_PORT } from './options.ts';
import {
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
  /** Default `ice2 trickle`. */
  readonly iceOptions?: readonly string[];
  readonly iceLite?: boolean;
  /** The DTLS role of a session that already runs. */
  readonly heldRole?: DtlsRole | undefined;
  /** What to answer when the offer leaves the choice. Default `client`. */
  readonly preferredRole?: DtlsRole;
  /** Default 5000. */
  readonly sctpPort?: number;
  /** Longest message received, in bytes; 0 is "any size". */
  readonly maxMessageSize: number;
  /** Each without `a=`. */
  readonly candidates?: readonly string[];
  readonly endOfCandidates?: boolean;
}

// RFC 8445 §10: an agent of that specification says ice2. RFC 8838 §4: trickle.
const ICE_OPTIONS: readonly string[] = ['ice2', 'trickle'];
const ANY_ADDRESS = '0.0.0.0';
const DISCARD_PORT = 9; // RFC 8829 §5.2.1: no default candidate is named; every peer takes the candidates

/**
 * An offer with one data section.
 *
 * @param previous the description that was negotiated last, local or remote: its sections keep their places
 */
export function createOffer(init: LocalDescriptionInit, previous?: SessionDescription): SessionDescription {
  const earlier = previous?.media ?? [];
  const kept = previous && dataSection(previous);
  // RFC 8829 §5.2.2: a section never moves; one that was rejected may be used again.
  const free = kept ?? earlier.find((section) => section.rejected && isDataSection(section));
  const mid = free?.mid ?? freeMid(earlier);
  const data = localSection(init, mid, offerSetup(init.heldRole));
  const media = earlier.map((section) => (section === free ? data : rejectedSection(section)));
  if (free === undefined) media.push(data);
  return describe(init, [[mid]], media);
}

/** The answer to an offer that has been checked: its data section is accepted, all others are refused. */
export function createAnswer(
  init: LocalDescriptionInit,
  offer: SessionDescription,
): SessionDescription | SdpError {
  const offered = dataSection(offer);
  if (offered === undefined) return describe(init, [], offer.media.map(rejectedSection));
  const setup = answerSetup(offered.setup, init.heldRole, init.preferredRole);
  if (typeof setup !== 'string') return setup;
  const accepted = answeringSection(localSection(init, offered.mid, setup), offered);
  const media = offer.media.map((section) => (section === offered ? accepted : rejectedSection(section)));
  // RFC 9143 §7.3: only what was offered in a group may be answered in one, and nothing that is rejected.
  const { mid } = offered;
  const isBundled = mid !== undefined && offer.bundles.some((mids) => mids.includes(mid));
  return describe(init, isBundled ? [[mid]] : [], media);
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
    iceOptions: init.iceOptions ?? ICE_OPTIONS,
    fingerprints: init.fingerprints,
    setup,
    sctpPort: init.sctpPort ?? DEFAULT_SCTP_PORT,
    maxMessageSize: init.maxMessageSize,
    candidates: init.candidates ?? [],
    endOfCandidates: init.endOfCandidates ?? false,
    attributes: [],
  };
}

/** RFC 8841 §9.3: the answer repeats the protocol of the offer, and with it the old way to name the port. */
function answeringSection(local: MediaSection, offered: MediaSection): MediaSection {
  const { protocol } = offered;
  if (offered.formats.includes('webrtc-datachannel')) return { ...local, protocol };
  const sctpmap = { name: 'sctpmap', value: `${local.sctpPort} webrtc-datachannel 65535` };
  return { ...local, protocol, formats: [String(local.sctpPort)], attributes: [sctpmap] };
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
    candidates: [],
    endOfCandidates: false,
    attributes: [],
  };
}

function freeMid(sections: readonly MediaSection[]): string {
  for (let mid = 0; ; mid++) if (!sections.some((section) => section.mid === String(mid))) return String(mid);
}
