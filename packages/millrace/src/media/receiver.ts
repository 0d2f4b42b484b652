// RTCRtpReceiver (W3C webrtc-pc §5.3): the packets of one section, all layers of it, given to its track.
import { randomUUID } from 'node:crypto';
import type { RtpPacket } from '@millrace/rtp';
import type { Millis } from '@millrace/sans-io';
import type { RtpDescription } from '@millrace/sdp';
import type { RTCDtlsTransport } from '../peer-connection/dtls-transport.ts';
import type { RTCStatsReport } from '../peer-connection/stats.ts';
import { now } from '../transport/alarm.ts';
import { capabilities, type MediaKind, type RTCRtpCapabilities } from './capabilities.ts';
import type { IncomingSection, IncomingStream } from './incoming.ts';
import type { MediaHost } from './media-host.ts';
import { numbersOf, type PacketNumbers } from './packet-numbers.ts';
import { publicParameters, type RTCRtpParameters } from './sender.ts';
import { insideOf, MediaStreamTrack } from './track.ts';

export interface RTCRtpContributingSource {
  source: number;
  /** On the clock of `Date.now()`. */
  timestamp: number;
  rtpTimestamp: number;
}
export type RTCRtpSynchronizationSource = RTCRtpContributingSource;

/** W3C webrtc-pc §5.3: sources are told of for ten seconds. */
const SOURCE_LIFE: Millis = 10_000;
/** RFC 3550 §5.1. */
const MAX_CSRCS = 15;

/** A section as far as its packets go: replaced when what was negotiated changes. */
class Section implements IncomingSection {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly rtp: RtpDescription;
  readonly remote: RtpDescription;
  readonly numbers: PacketNumbers;
  readonly #receiver: ReceiverCore;

  constructor(receiver: ReceiverCore, mid: string, rtp: RtpDescription, remote: RtpDescription) {
    this.mid = mid;
    this.kind = receiver.kind;
    this.rtp = rtp;
    this.remote = remote;
    this.numbers = numbersOf(rtp.codecs, rtp.extensions);
    this.#receiver = receiver;
  }

  onRtp(packet: RtpPacket, stream: IncomingStream, at: Millis): void {
    this.#receiver.onRtp(packet, stream, at);
  }
}

export class ReceiverCore {
  readonly kind: MediaKind;
  readonly host: MediaHost;
  readonly track: MediaStreamTrack;
  readonly inside: ReturnType<typeof insideOf>;
  readonly public: RTCRtpReceiver;
  section: IncomingSection | undefined;
  #key = '';
  /** Contributing sources by turns, and when each was seen last. */
  readonly #csrcs = new Uint32Array(MAX_CSRCS);
  readonly #csrcTimestamps = new Uint32Array(MAX_CSRCS);
  readonly #csrcTimes = new Float64Array(MAX_CSRCS).fill(Number.NEGATIVE_INFINITY);

  constructor(kind: MediaKind, host: MediaHost, trackId: string = randomUUID()) {
    this.kind = kind;
    this.host = host;
    this.track = new MediaStreamTrack({ kind, id: trackId, label: `remote ${kind}` });
    this.inside = insideOf(this.track);
    this.inside.remote = { requestKeyFrame: (rid) => this.requestKeyFrame(rid) };
    this.public = new RTCRtpReceiver(this);
  }

  /** What has been negotiated; `undefined`: nothing is received. The same again changes nothing. */
  negotiate(
    mid: string | undefined,
    rtp: RtpDescription | undefined,
    remote: RtpDescription | undefined,
  ): void {
    const key = JSON.stringify([mid, rtp, remote]);
    if (key === this.#key) return;
    this.#key = key;
    this.section = mid !== undefined && rtp && remote ? new Section(this, mid, rtp, remote) : undefined;
  }

  onRtp(packet: RtpPacket, stream: IncomingStream, at: Millis): void {
    const count = packet.csrcCount;
    for (let i = 0; i < count; i++) this.#noteCsrc(packet.csrc(i), packet.timestamp, at);
    this.inside.deliver(packet, stream, at);
  }

  requestKeyFrame(rid?: string): void {
    const { path } = this.host;
    if (!this.section) return;
    for (const stream of path.incoming.streamsOf(this.section)) {
      if (rid !== undefined && (stream.tag as IncomingStream).rid !== rid) continue;
      path.media.keyFrameRequests.request(stream, now());
    }
    this.host.wake();
  }

  synchronizationSources(): RTCRtpSynchronizationSource[] {
    const streams = this.section ? [...this.host.path.incoming.streamsOf(this.section)] : [];
    const time = now();
    return streams
      .map(({ tag }) => tag as IncomingStream)
      .filter(({ lastAt }) => time - lastAt < SOURCE_LIFE)
      .sort((a, b) => b.lastAt - a.lastAt)
      .map(({ ssrc, lastAt, lastTimestamp }) => source(ssrc, lastAt, lastTimestamp));
  }

  contributingSources(): RTCRtpContributingSource[] {
    const time = now();
    const places = [...this.#csrcTimes.keys()].filter((i) => time - this.#csrcTimes[i]! < SOURCE_LIFE);
    places.sort((a, b) => this.#csrcTimes[b]! - this.#csrcTimes[a]!);
    return places.map((i) => source(this.#csrcs[i]!, this.#csrcTimes[i]!, this.#csrcTimestamps[i]!));
  }

  #noteCsrc(csrc: number, timestamp: number, at: Millis): void {
    let place = this.#csrcs.indexOf(csrc);
    if (place < 0) {
      place = 0;
      for (let i = 1; i < MAX_CSRCS; i++) if (this.#csrcTimes[i]! < this.#csrcTimes[place]!) place = i;
    }
    this.#csrcs[place] = csrc;
    this.#csrcTimes[place] = at;
    this.#csrcTimestamps[place] = timestamp;
  }
}

function source(ssrc: number, at: Millis, rtpTimestamp: number): RTCRtpContributingSource {
  return { source: ssrc, timestamp: performance.timeOrigin + at, rtpTimestamp };
}

/** The receiving half of a transceiver (W3C webrtc-pc §5.3). */
export class RTCRtpReceiver {
  readonly #core: ReceiverCore;

  /** Made by the peer connection. */
  constructor(core: ReceiverCore) {
    this.#core = core;
  }

  static getCapabilities(kind: string): RTCRtpCapabilities | null {
    return capabilities(kind);
  }

  get track(): MediaStreamTrack {
    return this.#core.track;
  }

  /** `null` until a description with this receiver has been set. */
  get transport(): RTCDtlsTransport | null {
    return this.#core.section ? this.#core.host.transport : null;
  }

  getParameters(): RTCRtpParameters {
    return publicParameters(this.#core.kind, this.#core.section?.rtp);
  }

  getContributingSources(): RTCRtpContributingSource[] {
    return this.#core.contributingSources();
  }

  getSynchronizationSources(): RTCRtpSynchronizationSource[] {
    return this.#core.synchronizationSources();
  }

  /** Asks the peer for a key frame, of one layer or of all. Not of the standard. */
  requestKeyFrame(rid?: string): void {
    this.#core.requestKeyFrame(rid);
  }

  getStats(): Promise<RTCStatsReport> {
    return Promise.resolve(this.#core.host.stats((id) => id === this.#core));
  }
}
