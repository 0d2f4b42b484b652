// The RTP description of a section, out of its attributes. Their form has been checked when the text was read
// (grammar.ts); here it is judged what they say together, within the limits of options.ts.
import { SdpError } from '../errors.ts';
import {
  MAX_HEADER_EXTENSION_ID,
  MAX_HEADER_EXTENSIONS,
  MAX_PAYLOAD_TYPE,
  MAX_RIDS,
  MAX_SOURCES,
} from '../options.ts';
import type { Attribute, Direction, MediaSection } from '../session.ts';
import type {
  HeaderExtension,
  Msid,
  Rid,
  RtpCodec,
  RtpDescription,
  RtpSource,
  SimulcastStreams,
  SourceGroup,
} from './description.ts';
import { RTP_ATTRIBUTES, type RtpAttribute } from './grammar.ts';

/** RFC 3551 §6: formats that mean something without `a=rtpmap`. */
const STATIC_CODECS: ReadonlyMap<number, readonly [name: string, clockRate: number]> = new Map([
  [0, ['PCMU', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [13, ['CN', 8000]],
]);
const MAX_SSRC = 0xffff_ffff;

/**
 * @param sessionAttributes those of the description, where `a=extmap-allow-mixed` may stand for all sections
 * @returns what is wrong with it, if something is
 */
export function readRtp(
  section: MediaSection,
  sessionAttributes: readonly Attribute[] = [],
): RtpDescription | SdpError {
  const { attributes } = section;
  const has = (name: string, among = attributes): boolean =>
    among.some((attribute) => attribute.name === name);
  const codecs = readCodecs(section);
  if (codecs instanceof SdpError) return codecs;
  const extensions = readExtensions(attributes);
  if (extensions instanceof SdpError) return extensions;
  const sources = readSources(attributes);
  const rids = readRids(attributes);
  if (sources instanceof SdpError) return sources;
  if (rids instanceof SdpError) return rids;
  return {
    codecs,
    extensions,
    allowMixedExtensions: has('extmap-allow-mixed') || has('extmap-allow-mixed', sessionAttributes),
    rtcpMux: has('rtcp-mux'),
    rtcpReducedSize: has('rtcp-rsize'),
    msids: readMsids(attributes),
    ...sources,
    rids,
    ...readSimulcast(attributes, rids),
  };
}

/** The parts of each line called `name`. */
function* linesOf(attributes: readonly Attribute[], name: RtpAttribute): Generator<readonly string[]> {
  for (const attribute of attributes) {
    if (attribute.name !== name) continue;
    const parts = RTP_ATTRIBUTES[name].exec((attribute.value ?? '').trim());
    if (parts) yield parts;
  }
}

function readCodecs({ formats, attributes }: MediaSection): RtpCodec[] | SdpError {
  const parameters = new Map<number, string>();
  const feedback = new Map<string, string[]>();
  const maps = new Map<number, readonly string[]>();
  for (const [, number, text] of linesOf(attributes, 'fmtp')) parameters.set(Number(number), text ?? '');
  for (const [, number, text] of linesOf(attributes, 'rtcp-fb')) {
    const all = feedback.get(number!) ?? [];
    all.push(text!.replace(/ +/g, ' '));
    feedback.set(number!, all);
  }
  for (const parts of linesOf(attributes, 'rtpmap')) {
    const number = Number(parts[1]);
    // RFC 8866 §6.6: one format is one codec.
    if (maps.has(number) || number > MAX_PAYLOAD_TYPE) return new SdpError('MALFORMED_RTP');
    maps.set(number, parts);
  }
  const codecs: RtpCodec[] = [];
  const seen = new Set<number>();
  for (const format of formats) {
    if (!/^\d{1,3}$/.test(format) || Number(format) > MAX_PAYLOAD_TYPE) return new SdpError('MALFORMED_RTP');
    const payloadType = Number(format);
    if (seen.has(payloadType)) continue;
    seen.add(payloadType);
    const map = maps.get(payloadType);
    const known = STATIC_CODECS.get(payloadType);
    const name = map?.[2] ?? known?.[0];
    const clockRate = map ? Number(map[3]) : known?.[1];
    if (name === undefined || clockRate === undefined) continue;
    const channels = Number(map?.[4] ?? 1);
    codecs.push({
      payloadType,
      name,
      clockRate,
      channels: channels > 1 ? channels : undefined,
      parameters: parameters.get(payloadType) ?? '',
      // RFC 4585 §4.2: `*` is every format of the section.
      feedback: [...new Set([...(feedback.get(format) ?? []), ...(feedback.get('*') ?? [])])],
    });
  }
  return codecs;
}

function readExtensions(attributes: readonly Attribute[]): HeaderExtension[] | SdpError {
  const extensions: HeaderExtension[] = [];
  const ids = new Set<number>();
  for (const [, number, direction, uri] of linesOf(attributes, 'extmap')) {
    const id = Number(number);
    // RFC 8285 §6: ids from 4096 on ask for a number; nobody offers them.
    if (id < 1 || id > MAX_HEADER_EXTENSION_ID || id === 15) continue;
    if (extensions.length === MAX_HEADER_EXTENSIONS) return new SdpError('TOO_MANY_RTP_ATTRIBUTES');
    // RFC 8285 §5: an id MUST NOT stand for two things.
    if (ids.has(id)) return new SdpError('MALFORMED_RTP');
    ids.add(id);
    extensions.push({ id, uri: uri!, ...(direction && { direction: direction as Direction }) });
  }
  return extensions;
}

function readMsids(attributes: readonly Attribute[]): Msid[] {
  const msids: Msid[] = [];
  for (const [, stream, track] of linesOf(attributes, 'msid'))
    if (!msids.some((known) => known.stream === stream)) msids.push({ stream: stream!, track });
  return msids;
}

function readSources(
  attributes: readonly Attribute[],
): { sources: RtpSource[]; sourceGroups: SourceGroup[] } | SdpError {
  const cnames = new Map<number, string | undefined>();
  for (const [, number, name, value] of linesOf(attributes, 'ssrc')) {
    const ssrc = Number(number);
    if (ssrc > MAX_SSRC) return new SdpError('MALFORMED_RTP');
    if (!cnames.has(ssrc) && cnames.size === MAX_SOURCES) return new SdpError('TOO_MANY_RTP_ATTRIBUTES');
    cnames.set(ssrc, name === 'cname' ? value?.trim() : cnames.get(ssrc));
  }
  const sourceGroups: SourceGroup[] = [];
  for (const [, semantics, list] of linesOf(attributes, 'ssrc-group')) {
    const ssrcs = list!.split(' ').filter(Boolean).map(Number);
    const isTooMany = ssrcs.length > MAX_SOURCES || sourceGroups.length === MAX_SOURCES;
    if (isTooMany) return new SdpError('TOO_MANY_RTP_ATTRIBUTES');
    if (ssrcs.some((ssrc) => ssrc > MAX_SSRC)) return new SdpError('MALFORMED_RTP');
    sourceGroups.push({ semantics: semantics!, ssrcs });
  }
  return { sources: [...cnames].map(([ssrc, cname]) => ({ ssrc, cname })), sourceGroups };
}

function readRids(attributes: readonly Attribute[]): Rid[] | SdpError {
  const rids: Rid[] = [];
  for (const [, id, direction, restrictions] of linesOf(attributes, 'rid')) {
    // RFC 8851 §4: an id that is there twice is discarded; the first one stands here.
    if (rids.some((known) => known.id === id)) continue;
    if (rids.length === MAX_RIDS) return new SdpError('TOO_MANY_RTP_ATTRIBUTES');
    rids.push({ id: id!, direction: direction as Rid['direction'], restrictions: restrictions ?? '' });
  }
  return rids;
}

/** RFC 8853 §5.2: ids without their `a=rid` are left out. */
function readSimulcast(
  attributes: readonly Attribute[],
  rids: readonly Rid[],
): { simulcastSend: SimulcastStreams; simulcastReceive: SimulcastStreams } {
  const streams = { send: [] as SimulcastStreams, recv: [] as SimulcastStreams };
  for (const [, one, ones, other, others] of linesOf(attributes, 'simulcast')) {
    streams[one as 'send' | 'recv'] = streamsOf(ones!, one!, rids);
    if (other) streams[other as 'send' | 'recv'] = streamsOf(others!, other, rids);
    break; // RFC 8853 §5.1: at most one of a section
  }
  return { simulcastSend: streams.send, simulcastReceive: streams.recv };
}

function streamsOf(list: string, direction: string, rids: readonly Rid[]): SimulcastStreams {
  const isKnown = (id: string): boolean => {
    const plain = id.startsWith('~') ? id.slice(1) : id;
    return rids.some((rid) => rid.id === plain && rid.direction === direction);
  };
  return list
    .split(';')
    .slice(0, MAX_RIDS)
    .map((alternatives) => alternatives.split(',').filter(isKnown))
    .filter((alternatives) => alternatives.length > 0);
}
