// RTCRtpSender (W3C webrtc-pc §5.2): takes the packets of a track and makes them those of its own stream, or of one
// stream for each layer. Numbers go on where a source has left off, so a receiver sees one stream whatever is forwarded
// to it. Left out: whatever needs an encoder; `maxBitrate` and the like are kept for those who ask.
import { randomInt, randomUUID } from 'node:crypto';
import { isExtensionText, RtpPacket } from '@millrace/rtp';
import type { RtpStream } from '@millrace/rtp/interceptors';
import { copyBytes, type Millis } from '@millrace/sans-io';
import type { RtpDescription, RtpSource, SourceGroup } from '@millrace/sdp';
import { exception } from '../errors.ts';
import type { RTCDtlsTransport } from '../peer-connection/dtls-transport.ts';
import type { RTCStatsReport } from '../peer-connection/stats.ts';
import { now } from '../transport/alarm.ts';
import {
  capabilities,
  type MediaKind,
  publicCodec,
  type RTCRtpCapabilities,
  type RTCRtpCodec,
} from './capabilities.ts';
import { describeStream } from './incoming.ts';
import type { MediaHost } from './media-host.ts';
import type { OutgoingStream } from './media-path.ts';
import {
  NO_PAYLOAD_TYPE,
  type NumberTables,
  numbersOf,
  type PacketNumbers,
  tablesBetween,
} from './packet-numbers.ts';
import type { MediaStream } from './stream.ts';
import { insideOf, type MediaStreamTrack, type PacketSink, type RtpPacketSource } from './track.ts';

export interface RTCRtpEncodingParameters {
  rid?: string;
  active?: boolean;
  maxBitrate?: number;
  maxFramerate?: number;
  scaleResolutionDownBy?: number;
}

export interface RTCRtpCodecParameters extends RTCRtpCodec {
  payloadType: number;
}

export interface RTCRtpHeaderExtensionParameters {
  uri: string;
  id: number;
  encrypted?: boolean;
}

export interface RTCRtpParameters {
  headerExtensions: RTCRtpHeaderExtensionParameters[];
  rtcp: { cname?: string; reducedSize?: boolean };
  codecs: RTCRtpCodecParameters[];
}

export interface RTCRtpSendParameters extends RTCRtpParameters {
  transactionId: string;
  encodings: RTCRtpEncodingParameters[];
}

/** Packets of one layer on their way out. */
class Encoding implements OutgoingStream {
  readonly ssrc: number = randomInt(1, 2 ** 32);
  readonly rtxSsrc: number = randomInt(1, 2 ** 32);
  readonly rid: string | null;
  readonly ridBytes: Uint8Array;
  parameters: RTCRtpEncodingParameters;
  stream: RtpStream | undefined;
  readonly #onRequest: (rid: string | null) => void;
  /** What is added to the numbers of the source; numbers of the last packet. */
  readonly #numbers = new Float64Array(5);
  #source: RtpPacketSource | undefined;

  constructor(parameters: RTCRtpEncodingParameters, onRequest: (rid: string | null) => void) {
    this.parameters = { active: true, ...parameters };
    this.rid = parameters.rid ?? null;
    this.ridBytes = new TextEncoder().encode(this.rid ?? '');
    this.#onRequest = onRequest;
  }

  onKeyFrameRequest(): void {
    this.#onRequest(this.rid);
  }

  /** Makes the numbers of `packet` go on with what was sent before. Answers whether its source is another. */
  continue(packet: RtpPacket, source: RtpPacketSource, clockRate: number, at: Millis): boolean {
    const numbers = this.#numbers; // sequence offset, timestamp offset, last sequence number, last timestamp, last time
    const isNew = this.#source !== source;
    if (isNew) {
      if (this.#source) {
        const elapsed = Math.max(1, Math.round(((at - numbers[4]!) * clockRate) / 1000));
        numbers[0] = (numbers[2]! + 1 - packet.sequenceNumber) & 0xffff;
        numbers[1] = (numbers[3]! + elapsed - packet.timestamp) >>> 0;
      }
      this.#source = source;
    }
    packet.sequenceNumber = (packet.sequenceNumber + numbers[0]!) & 0xffff;
    packet.timestamp = (packet.timestamp + numbers[1]!) >>> 0;
    // Packets that are late do not move the place where the next source goes on.
    if (((packet.sequenceNumber - numbers[2]!) & 0xffff) < 0x8000) {
      numbers[2] = packet.sequenceNumber;
      numbers[3] = packet.timestamp;
      numbers[4] = at;
    }
    return isNew;
  }
}

/** Room in front of a packet for header extensions, and the longest one that is sent. */
const HEADROOM = 128;
const MAX_PACKET_BYTES = 1500;
const TRANSPORT_SEQUENCE_BYTES = 2;
const ABS_SEND_TIME_BYTES = 3;
const MAX_ENCODINGS = 16;
const RID = /^[A-Za-z0-9]{1,16}$/; // what goes into a one-byte header extension (RFC 8852 §3)

/** What the transceiver and the connection have to do with a sender. */
export class SenderCore implements PacketSink {
  readonly kind: MediaKind;
  readonly host: MediaHost;
  readonly encodings: readonly Encoding[];
  readonly public: RTCRtpSender;
  /** Stands in for the track in descriptions while there is none. */
  readonly trackId: string = randomUUID();
  streams: readonly string[] = [];
  track: MediaStreamTrack | null = null;
  transactionId: string | undefined;
  isStopped = false;
  #rtp: RtpDescription | undefined;
  #numbers: PacketNumbers | undefined;
  #mid = new Uint8Array(0);
  #tables: NumberTables | undefined;
  #tablesFor: PacketNumbers | undefined;
  readonly #scratch = new Uint8Array(HEADROOM + MAX_PACKET_BYTES);
  readonly #packet = new RtpPacket();

  constructor(kind: MediaKind, host: MediaHost, encodings: readonly RTCRtpEncodingParameters[]) {
    this.kind = kind;
    this.host = host;
    checkEncodings(kind, encodings);
    const onRequest = (rid: string | null): void => {
      if (this.track) insideOf(this.track).onKeyFrameRequest(rid);
    };
    const all = encodings.length === 0 ? [{}] : encodings;
    this.encodings = all.map((parameters) => new Encoding(parameters, onRequest));
    this.public = new RTCRtpSender(this);
  }

  get rtp(): RtpDescription | undefined {
    return this.#rtp;
  }

  get hasRids(): boolean {
    return this.encodings.some(({ rid }) => rid !== null);
  }

  /** What a description says of the streams: those with a rid are known by it (RFC 8853 §5.2). */
  get sources(): { sources: RtpSource[]; sourceGroups: SourceGroup[] } {
    if (this.hasRids) return { sources: [], sourceGroups: [] };
    const { cname } = this.host;
    const hasRtx = this.kind === 'video';
    const ssrcs = this.encodings.flatMap(({ ssrc, rtxSsrc }) => (hasRtx ? [ssrc, rtxSsrc] : [ssrc]));
    return {
      sources: ssrcs.map((ssrc) => ({ ssrc, cname })),
      sourceGroups: hasRtx
        ? this.encodings.map(({ ssrc, rtxSsrc }) => ({ semantics: 'FID', ssrcs: [ssrc, rtxSsrc] }))
        : [],
    };
  }

  setTrack(track: MediaStreamTrack | null): void {
    if (this.track) insideOf(this.track).detach(this);
    this.track = track;
    if (track && !this.isStopped) insideOf(track).attach(this);
  }

  /** What has been negotiated; `undefined`: nothing is sent. */
  negotiate(mid: string | undefined, rtp: RtpDescription | undefined): void {
    const { path } = this.host;
    const isSame =
      JSON.stringify([rtp?.codecs, rtp?.extensions]) ===
      JSON.stringify([this.#rtp?.codecs, this.#rtp?.extensions]);
    this.#rtp = rtp;
    this.#numbers = rtp && numbersOf(rtp.codecs, rtp.extensions);
    this.#mid = new TextEncoder().encode(mid ?? '');
    this.#tablesFor = undefined;
    for (const encoding of this.encodings) {
      const wasAnnounced = encoding.stream !== undefined;
      if (encoding.stream && !(rtp && isSame)) {
        path.chain.removeStream(encoding.stream);
        encoding.stream = undefined;
      }
      const isTaken = !this.hasRids || rtp?.simulcastSend.flat().includes(encoding.rid ?? '');
      if (!rtp || rtp.codecs.length === 0 || encoding.stream || !(isTaken || wasAnnounced)) continue;
      const description = describeStream(this.kind, rtp);
      const hasRtx = description.payloads.some(({ rtxPayloadType }) => rtxPayloadType !== undefined);
      encoding.stream = path.chain.addLocalStream(
        {
          ...description,
          ssrc: encoding.ssrc,
          tag: encoding,
          ...(hasRtx && { rtxSsrc: encoding.rtxSsrc }),
        },
        now(),
      );
    }
  }

  stop(): void {
    this.isStopped = true;
    if (this.track) insideOf(this.track).detach(this);
    this.negotiate(undefined, undefined);
  }

  send(packet: RtpPacket, source: RtpPacketSource, at: Millis): boolean {
    const numbers = this.#numbers;
    const encoding = this.#encodingFor(source.rid);
    if (!numbers || !encoding?.stream || encoding.parameters.active === false) return false;
    const length = packet.end - packet.at;
    if (length > MAX_PACKET_BYTES - HEADROOM || !this.host.path.isSecured) return false;
    if (this.#tablesFor !== source.numbers || !this.#tables) {
      this.#tables = tablesBetween(source.numbers, numbers);
      this.#tablesFor = source.numbers;
    }
    const payloadType = this.#tables.payloadTypes[packet.payloadType]!;
    if (payloadType === NO_PAYLOAD_TYPE) return false;
    const scratch = this.#scratch;
    copyBytes(scratch, HEADROOM, packet.bytes, packet.at, packet.end);
    const own = this.#packet;
    const end = HEADROOM + length;
    if (!own.read(scratch, HEADROOM, end, 0, scratch.length)) return false;
    const isNew = encoding.continue(own, source, encoding.stream.clockRateOf(payloadType), at);
    own.ssrc = encoding.ssrc;
    own.payloadType = payloadType;
    if (own.hasExtensions) own.mapExtensionIds(this.#tables.extensionIds);
    this.#say(own, numbers.extensions.mid, this.#mid);
    if (encoding.rid !== null) this.#say(own, numbers.extensions.rid, encoding.ridBytes);
    // Room for what is stamped when the packet leaves.
    const { transportSequenceId, absSendTimeId } = encoding.stream;
    if (transportSequenceId !== 0) own.reserveExtension(transportSequenceId, TRANSPORT_SEQUENCE_BYTES);
    if (absSendTimeId !== 0) own.reserveExtension(absSendTimeId, ABS_SEND_TIME_BYTES);
    const isTaken = this.host.path.send(own, at);
    if (isTaken) this.host.wake();
    // Whoever begins to receive in the middle of a stream can't make a picture of it before the next key frame.
    if (isNew && this.kind === 'video' && this.track)
      insideOf(this.track).remote?.requestKeyFrame(source.rid ?? undefined);
    return isTaken;
  }

  #say(packet: RtpPacket, id: number, text: Uint8Array): void {
    if (id !== 0 && text.length > 0 && !isExtensionText(packet, id, text))
      packet.setExtension(id, text, 0, text.length);
  }

  /** Without layers here, whatever layer comes is the one that is sent. */
  #encodingFor(rid: string | null): Encoding | undefined {
    const { encodings } = this;
    if (encodings.length === 1 && encodings[0]!.rid === null) return encodings[0];
    for (let i = 0; i < encodings.length; i++) if (encodings[i]!.rid === rid) return encodings[i];
    return rid === null ? encodings[0] : undefined;
  }
}

let coreOf: (sender: RTCRtpSender) => SenderCore;
export function senderCore(sender: RTCRtpSender): SenderCore {
  return coreOf(sender);
}

/** The sending half of a transceiver (W3C webrtc-pc §5.2). */
export class RTCRtpSender {
  readonly #core: SenderCore;
  /** No tones are made here. */
  readonly dtmf: null = null;

  static {
    coreOf = (sender) => sender.#core;
  }

  /** Made by the peer connection. */
  constructor(core: SenderCore) {
    this.#core = core;
  }

  static getCapabilities(kind: string): RTCRtpCapabilities | null {
    return capabilities(kind);
  }

  get track(): MediaStreamTrack | null {
    return this.#core.track;
  }

  /** `null` until a description with this sender has been set. */
  get transport(): RTCDtlsTransport | null {
    return this.#core.rtp ? this.#core.host.transport : null;
  }

  getParameters(): RTCRtpSendParameters {
    const core = this.#core;
    core.transactionId = randomUUID();
    return {
      transactionId: core.transactionId,
      encodings: core.encodings.map(({ parameters }) => ({ ...parameters })),
      ...publicParameters(core.kind, core.rtp, core.host.cname),
    };
  }

  /** Of the encodings only `active` changes what is sent; the rest is kept for who makes the packets. */
  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    const core = this.#core;
    if (core.isStopped) throw exception('InvalidStateError', 'the transceiver has been stopped');
    if (core.transactionId === undefined) throw exception('InvalidStateError', 'call getParameters first');
    const { encodings, transactionId } = parameters;
    const isSame =
      transactionId === core.transactionId &&
      encodings.length === core.encodings.length &&
      encodings.every(({ rid }, i) => (rid ?? null) === core.encodings[i]!.rid);
    if (!isSame)
      throw exception('InvalidModificationError', 'transactionId, rids and the number of encodings stay');
    checkEncodings(core.kind, encodings);
    core.transactionId = undefined;
    for (const [i, one] of encodings.entries()) core.encodings[i]!.parameters = { active: true, ...one };
  }

  /** Packets of another track from now on, without negotiation; `null` for none. */
  async replaceTrack(track: MediaStreamTrack | null): Promise<void> {
    if (track !== null && track.kind !== this.#core.kind)
      throw new TypeError(`this sender is of ${this.#core.kind}`);
    if (this.#core.isStopped) throw exception('InvalidStateError', 'the transceiver has been stopped');
    this.#core.setTrack(track);
  }

  /** The streams that the peer's track is to be in. */
  setStreams(...streams: MediaStream[]): void {
    this.#core.streams = [...new Set(streams.map(({ id }) => id))];
    this.#core.host.onNeedsNegotiation();
  }

  getStats(): Promise<RTCStatsReport> {
    return Promise.resolve(this.#core.host.stats((id) => id === this.#core));
  }
}

export function publicParameters(
  kind: MediaKind,
  rtp: RtpDescription | undefined,
  cname?: string,
): RTCRtpParameters {
  return {
    headerExtensions: rtp?.extensions.map(({ id, uri }) => ({ id, uri, encrypted: false })) ?? [],
    rtcp: { ...(cname !== undefined && { cname }), reducedSize: rtp?.rtcpReducedSize ?? false },
    codecs:
      rtp?.codecs.map((codec) => ({ payloadType: codec.payloadType, ...publicCodec(kind, codec) })) ?? [],
  };
}

/** W3C webrtc-pc §5.1, addTransceiver. */
function checkEncodings(kind: MediaKind, encodings: readonly RTCRtpEncodingParameters[]): void {
  const rids = encodings.flatMap(({ rid }) => rid ?? []);
  if (encodings.length > MAX_ENCODINGS) throw new TypeError(`at most ${MAX_ENCODINGS} encodings`);
  if (encodings.length > 1 && rids.length < encodings.length)
    throw new TypeError('each of several encodings needs a rid');
  if (new Set(rids).size < rids.length) throw new TypeError('two encodings have the same rid');
  if (rids.some((rid) => !RID.test(rid))) throw new TypeError('a rid is 1 to 16 letters and digits');
  if (kind === 'audio' && encodings.length > 1) throw new TypeError('audio has one encoding');
  for (const { scaleResolutionDownBy = 1, maxFramerate = 0 } of encodings) {
    if (scaleResolutionDownBy < 1) throw new RangeError('scaleResolutionDownBy is 1 or more');
    if (maxFramerate < 0) throw new RangeError('maxFramerate is 0 or more');
  }
}
