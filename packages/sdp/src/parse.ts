// Text to session description (RFC 8866), line by line. Lines and attributes that nobody here reads are kept as
// attributes or passed over; what is read must be well-formed.
import { AttributeReader } from './attributes.ts';
import { SdpError } from './errors.ts';
import { MAX_MEDIA_SECTIONS, MAX_SDP_CHARACTERS, MAX_SDP_LINES } from './options.ts';
import type { MediaSection, Origin, SessionDescription } from './session.ts';

/** Never throws: what is wrong with the text comes back as an `SdpError` with its line. */
export function parseSessionDescription(sdp: string): SessionDescription | SdpError {
  if (sdp.length > MAX_SDP_CHARACTERS) return new SdpError('TOO_LONG');
  const lines = sdp.split(/\r\n|\r|\n/);
  if (lines.length > MAX_SDP_LINES) return new SdpError('TOO_MANY_LINES');
  const session = new AttributeReader();
  const sections: Section[] = [];
  let origin: Origin | undefined;
  let sessionAddress: string | undefined;

  for (let i = 0, seen = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line === '') continue; // blank lines come from sloppy signaling; they say nothing
    if (line[1] !== '=' || !/^[a-z]/.test(line)) return new SdpError('MALFORMED_LINE', i + 1);
    const value = line.slice(2);
    // RFC 8866 §5.1: the version comes first, and is 0.
    if (seen++ === 0 && line.trimEnd() !== 'v=0') return new SdpError('MALFORMED_VERSION', i + 1);
    const section = sections.at(-1);
    switch (line[0]) {
      case 'o':
        origin = parseOrigin(value);
        if (origin === undefined) return new SdpError('MALFORMED_ORIGIN', i + 1);
        break;
      case 'm': {
        if (sections.length === MAX_MEDIA_SECTIONS) return new SdpError('TOO_MANY_MEDIA_SECTIONS', i + 1);
        const media = parseMedia(value);
        if (media === undefined) return new SdpError('MALFORMED_MEDIA', i + 1);
        sections.push(media);
        break;
      }
      case 'c':
        if (section) section.address ??= parseAddress(value);
        else sessionAddress ??= parseAddress(value);
        break;
      case 'a':
        if (!(section?.attributes ?? session).read(value)) return new SdpError('MALFORMED_ATTRIBUTE', i + 1);
        break;
      default: // times, names, bandwidths and whatever comes later
    }
  }
  if (lines.every((line) => line === '')) return new SdpError('MALFORMED_VERSION', 1);
  if (origin === undefined) return new SdpError('MALFORMED_ORIGIN');
  return assemble(origin, session, sections, sessionAddress);
}

/** An m= line and what has followed it so far. */
interface Section {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: AttributeReader;
  address: string | undefined;
}

/** Lists are copied: what has grown has room for more, which a description that is kept has no use for. */
function assemble(
  origin: Origin,
  session: AttributeReader,
  sections: readonly Section[],
  sessionAddress: string | undefined,
): SessionDescription {
  const byMid = new Map(sections.map((section) => [section.attributes.mid, section.attributes]));
  const media = sections.map((section): MediaSection => {
    const own = section.attributes;
    // RFC 9143 §7.1.3: sections of a BUNDLE group may leave their transport to the section named first.
    const mids = session.bundles.find((group) => own.mid !== undefined && group.includes(own.mid));
    const tag = (mids && byMid.get(mids[0])) ?? own;
    const bundled = own.usernameFragment === undefined && own.password === undefined ? tag : own;
    const usernameFragment = bundled.usernameFragment ?? session.usernameFragment;
    const password = bundled.password ?? session.password;
    const others = mids?.map((mid) => byMid.get(mid)) ?? [];
    const fingerprints = [own, tag, session, ...others].find(
      (reader) => reader?.fingerprints.length,
    )?.fingerprints;
    return {
      kind: section.kind,
      port: section.port,
      protocol: section.protocol,
      formats: section.formats,
      address: section.address ?? sessionAddress ?? '0.0.0.0',
      mid: own.mid,
      // RFC 9143 §6: port 0 with bundle-only is an offer, not a refusal.
      rejected: section.port === 0 && !own.bundleOnly,
      bundleOnly: own.bundleOnly,
      direction: own.direction ?? session.direction ?? 'sendrecv',
      ice:
        usernameFragment === undefined || password === undefined ? undefined : { usernameFragment, password },
      iceOptions: own.iceOptions ?? bundled.iceOptions ?? session.iceOptions ?? [],
      fingerprints: fingerprints?.slice() ?? [],
      setup: own.setup ?? tag.setup ?? session.setup ?? others.find((other) => other?.setup)?.setup,
      sctpPort: own.sctpPort,
      maxMessageSize: own.maxMessageSize,
      sctpInit: own.sctpInit,
      candidates: bundled.candidates.slice(),
      endOfCandidates: bundled.endOfCandidates || session.endOfCandidates,
      attributes: own.unknown.slice(),
    };
  });
  const iceLite = session.iceLite || sections.some((section) => section.attributes.iceLite);
  return { origin, iceLite, bundles: session.bundles.slice(), media, attributes: session.unknown.slice() };
}

/** RFC 8866 §5.2. */
function parseOrigin(value: string): Origin | undefined {
  const [username, sessionId, sessionVersion, , , address] = value.trim().split(/\s+/);
  if (username === undefined || sessionId === undefined || address === undefined) return undefined;
  // The numbers may be as long as anyone likes, within reason: 64 bits are 20 digits.
  if (!/^\d{1,20}$/.test(sessionId) || !/^\d{1,20}$/.test(sessionVersion ?? '')) return undefined;
  return { username, sessionId, sessionVersion: sessionVersion as string, address };
}

/** RFC 8866 §5.14. */
function parseMedia(value: string): Section | undefined {
  const words = value.trim().split(/\s+/);
  const [kind, place, protocol] = words;
  const formats = words.slice(3);
  if (!kind || protocol === undefined || formats.length === 0) return undefined;
  const port = /^(\d{1,5})(?:\/\d{1,5})?$/.exec(place ?? '')?.[1];
  if (port === undefined || Number(port) > 65_535) return undefined;
  const attributes = new AttributeReader();
  return { kind, port: Number(port), protocol, formats, attributes, address: undefined };
}

/** RFC 8866 §5.7; a c= line that can't be read is passed over: ICE doesn't need it. */
function parseAddress(value: string): string | undefined {
  return /^IN\s+IP[46]\s+([^\s/]+)/.exec(value)?.[1];
}
