// Whose packet is it? RFC 9143 §9.2: a source belongs to the section its mid says, else to the one whose description
// names it, else to the only one with its payload type. Asked for the first packet of a source; the chain's table of
// streams knows the others. What a peer can fill is bounded: so many streams a section, the longest silent gives way.
import {
  EXTENSION_URIS,
  type ExtensionMap,
  ExtensionTexts,
  type RtpPacket,
  readExtensionText,
} from '@millrace/rtp';
import type { Feedback, InterceptorChain, RtpStream, StreamInfo } from '@millrace/rtp/interceptors';
import type { Millis } from '@millrace/sans-io';
import { type RtpDescription, repeatedPayloadType } from '@millrace/sdp';
import type { MediaKind } from './capabilities.ts';
import type { PacketNumbers } from './packet-numbers.ts';
import type { RtpPacketSource } from './track.ts';

/** Streams of one section at a time: simulcast has three, and a peer may change its SSRC now and then. */
export const MAX_STREAMS_PER_SECTION = 16;
/** A stream that has been silent for so long gives way to a new one. */
const SILENT_AFTER: Millis = 5_000;
const NO_SECTION = 0xff;

/** A section that packets come for. */
export interface IncomingSection {
  readonly mid: string;
  readonly kind: MediaKind;
  /** What has been negotiated, as this side receives it. */
  readonly rtp: RtpDescription;
  /** What the peer's description says of its sources. */
  readonly remote: RtpDescription;
  readonly numbers: PacketNumbers;
  onRtp(packet: RtpPacket, stream: IncomingStream, now: Millis): void;
}

/** The tag of a remote stream in the chain. */
export class IncomingStream implements RtpPacketSource {
  readonly ssrc: number;
  readonly rid: string | null;
  readonly section: IncomingSection;
  lastTimestamp = 0;
  readonly #lastAt = new Float64Array(1);

  constructor(ssrc: number, rid: string | null, section: IncomingSection) {
    this.ssrc = ssrc;
    this.rid = rid;
    this.section = section;
  }

  get numbers(): PacketNumbers {
    return this.section.numbers;
  }

  /** When its last packet came. */
  get lastAt(): Millis {
    return this.#lastAt[0]!;
  }

  note(packet: RtpPacket, now: Millis): void {
    this.#lastAt[0] = now;
    this.lastTimestamp = packet.timestamp;
  }
}

export class IncomingTable {
  readonly #chain: InterceptorChain;
  #sections: readonly IncomingSection[] = [];
  #extensions: ExtensionMap | undefined;
  #mids = new ExtensionTexts([]);
  /** By payload type: the index of the only section with it. */
  readonly #byPayloadType = new Uint8Array(128).fill(NO_SECTION);
  readonly #bySsrc = new Map<number, IncomingSection>();
  readonly #streams = new Set<RtpStream>();

  constructor(chain: InterceptorChain) {
    this.#chain = chain;
  }

  /** Streams of sections that are not among `sections` any more end. */
  setSections(sections: readonly IncomingSection[], extensions: ExtensionMap): void {
    this.#sections = sections;
    this.#extensions = extensions;
    this.#mids = new ExtensionTexts(sections.map(({ mid }) => mid));
    this.#byPayloadType.fill(NO_SECTION);
    this.#bySsrc.clear();
    const isShared = new Set<number>();
    for (const [index, { rtp, remote }] of sections.entries()) {
      for (const { payloadType } of rtp.codecs) {
        const isFirst = this.#byPayloadType[payloadType] === NO_SECTION && !isShared.has(payloadType);
        if (!isFirst) isShared.add(payloadType);
        this.#byPayloadType[payloadType] = isFirst ? index : NO_SECTION;
      }
      for (const { ssrc } of remote.sources) this.#bySsrc.set(ssrc, sections[index]!);
    }
    for (const stream of this.#streams) if (!sections.includes(this.#of(stream).section)) this.remove(stream);
  }

  /** The streams of a section. */
  *streamsOf(section: IncomingSection): Generator<RtpStream> {
    for (const stream of this.#streams) if (this.#of(stream).section === section) yield stream;
  }

  /** Announces the source of a packet to the chain. False if it belongs to nothing, or there are too many. */
  learn(packet: RtpPacket, now: Millis): boolean {
    const section = this.#sectionOf(packet);
    const extensions = this.#extensions;
    if (!section || !extensions) return false;
    const { ssrc } = packet;
    const codec = section.rtp.codecs.find(({ payloadType }) => payloadType === packet.payloadType);
    if (!codec) return false;
    if (repeatedPayloadType(codec) !== undefined)
      return this.#learnRetransmissions(packet, section, extensions);
    const rid = readExtensionText(packet, extensions.rid) || null;
    if (!this.#makeRoom(section, rid, now)) return false;
    try {
      const info = streamInfo(section, ssrc, new IncomingStream(ssrc, rid, section));
      this.#streams.add(this.#chain.addRemoteStream(info, now));
      return true;
    } catch {
      return false; // the chain is full, or the peer's description gives one SSRC two meanings
    }
  }

  remove(stream: RtpStream): void {
    if (this.#streams.delete(stream)) this.#chain.removeStream(stream);
  }

  #sectionOf(packet: RtpPacket): IncomingSection | undefined {
    const index = this.#mids.indexOf(packet, this.#extensions?.mid ?? 0);
    if (index >= 0) return this.#sections[index];
    return this.#bySsrc.get(packet.ssrc) ?? this.#sections[this.#byPayloadType[packet.payloadType]!];
  }

  /** RFC 8852 §3.2: the repaired rid says whose they are; without one it is the only stream that lacks them. */
  #learnRetransmissions(packet: RtpPacket, section: IncomingSection, extensions: ExtensionMap): boolean {
    const rid = readExtensionText(packet, extensions.repairedRid) || null;
    const candidates = [...this.streamsOf(section)].filter(
      (stream) => stream.hasRtx && stream.rtxSsrc === 0 && (rid === null || this.#of(stream).rid === rid),
    );
    return candidates.length === 1 && this.#chain.setRtxSsrc(candidates[0]!, packet.ssrc);
  }

  #makeRoom(section: IncomingSection, rid: string | null, now: Millis): boolean {
    const streams = [...this.streamsOf(section)];
    // RFC 8853 §5.3: a layer that comes under another SSRC has left the old one.
    if (rid !== null) for (const stream of streams) if (this.#of(stream).rid === rid) this.remove(stream);
    if (streams.length < MAX_STREAMS_PER_SECTION) return true;
    const oldest = streams.reduce((a, b) => (this.#of(b).lastAt < this.#of(a).lastAt ? b : a));
    if (this.#of(oldest).lastAt + SILENT_AFTER > now) return false;
    this.remove(oldest);
    return true;
  }

  #of(stream: RtpStream): IncomingStream {
    return stream.tag as IncomingStream;
  }
}

function streamInfo(section: IncomingSection, ssrc: number, tag: IncomingStream): StreamInfo {
  const group = section.remote.sourceGroups.find(
    ({ semantics, ssrcs }) => semantics === 'FID' && ssrcs[0] === ssrc,
  );
  const rtxSsrc = group?.ssrcs[1];
  return {
    ...describeStream(section.kind, section.rtp),
    ssrc,
    tag,
    ...(rtxSsrc !== undefined && { rtxSsrc }),
  };
}

/** What a chain has to know of a stream besides its SSRC. */
export function describeStream(
  kind: MediaKind,
  { codecs, extensions }: RtpDescription,
): Omit<StreamInfo, 'ssrc' | 'tag'> {
  const payloads = codecs
    .filter((codec) => repeatedPayloadType(codec) === undefined)
    .map(({ payloadType, clockRate }) => ({
      payloadType,
      clockRate,
      rtxPayloadType: codecs.find((codec) => repeatedPayloadType(codec) === payloadType)?.payloadType,
    }));
  const feedback = new Set(codecs.flatMap((codec) => codec.feedback.flatMap((name) => FEEDBACK[name] ?? [])));
  const idOf = (uri: string): number => extensions.find((extension) => extension.uri === uri)?.id ?? 0;
  return {
    kind,
    payloads,
    feedback: [...feedback],
    transportSequenceId: idOf(EXTENSION_URIS.transportSequenceNumber),
    absSendTimeId: idOf(EXTENSION_URIS.absSendTime),
  };
}

const FEEDBACK: Readonly<Record<string, Feedback>> = {
  nack: 'nack',
  'nack pli': 'pli',
  'ccm fir': 'fir',
  'transport-cc': 'transport-cc',
};
