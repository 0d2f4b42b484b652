// Audio and video of one peer connection: its transceivers, the path of their packets, and the events that tell of
// remote tracks (W3C webrtc-pc §5.1). The path comes into being with the first section that both sides take.

import { randomUUID } from 'node:crypto';
import type { Interceptor } from '@millrace/rtp/interceptors';
import type { RandomSource } from '@millrace/sans-io';
import type { RtpSectionInit, SessionDescription } from '@millrace/sdp';
import { exception } from '../errors.ts';
import type { Side } from '../peer-connection/descriptions.ts';
import type { RTCDtlsTransport } from '../peer-connection/dtls-transport.ts';
import type { NegotiatedMedia } from '../peer-connection/negotiator.ts';
import type { RTCStatsReport } from '../peer-connection/stats.ts';
import type { MediaHost } from './media-host.ts';
import { RtpPath } from './media-path.ts';
import type { RTCRtpReceiver } from './receiver.ts';
import { type RTCRtpEncodingParameters, type RTCRtpSender, type SenderCore, senderCore } from './sender.ts';
import type { MediaStream } from './stream.ts';
import { MediaStreamTrack } from './track.ts';
import { RTCTrackEvent } from './track-event.ts';
import { checkDirection, type RTCRtpTransceiver, type RTCRtpTransceiverDirection } from './transceiver.ts';
import { type TrackNews, Transceivers } from './transceivers.ts';

/** W3C webrtc-pc §5.1. */
export interface RTCRtpTransceiverInit {
  /** Default `'sendrecv'`. */
  direction?: RTCRtpTransceiverDirection;
  /** Those that the peer's track is to be in. Default none. */
  streams?: MediaStream[];
  /** Several, each with a `rid`, for simulcast. Default one. */
  sendEncodings?: RTCRtpEncodingParameters[];
}

/** The connection, as its media sees it. */
export interface MediaOwner {
  readonly random: RandomSource;
  /** Makes the user's own, for this connection: asked for once. */
  interceptors(): readonly Interceptor[];
  readonly transport: RTCDtlsTransport;
  isClosed(): boolean;
  wake(): void;
  /** The path is of use from now on. */
  onPath(path: RtpPath): void;
  onNeedsNegotiation(): void;
  onTrack(event: RTCTrackEvent): void;
  stats(isWanted: (core: object) => boolean): RTCStatsReport;
}

export class PeerMedia implements NegotiatedMedia, MediaHost {
  readonly #owner: MediaOwner;
  readonly #transceivers: Transceivers;
  #news: TrackNews[] = [];
  #cname: string | undefined;
  #path: RtpPath | undefined;

  constructor(owner: MediaOwner) {
    this.#owner = owner;
    this.#transceivers = new Transceivers(this);
  }

  get cname(): string {
    this.#cname ??= randomUUID();
    return this.#cname;
  }

  /** Made when somebody asks for it: its queues are more than a megabyte, and most connections carry data alone. */
  get path(): RtpPath {
    if (this.#path === undefined) {
      const { random } = this.#owner;
      const interceptors = this.#owner.interceptors();
      const wallClockOffset = performance.timeOrigin;
      this.#path = new RtpPath({ cname: this.cname, random, wallClockOffset, interceptors });
    }
    return this.#path;
  }

  get hasPath(): boolean {
    return this.#path !== undefined;
  }

  get transport(): RTCDtlsTransport {
    return this.#owner.transport;
  }

  get isClosed(): boolean {
    return this.#owner.isClosed();
  }

  wake(): void {
    this.#owner.wake();
  }

  onNeedsNegotiation(): void {
    this.#owner.onNeedsNegotiation();
  }

  stats(isWanted: (core: object) => boolean): RTCStatsReport {
    return this.#owner.stats(isWanted);
  }

  /** W3C webrtc-pc §8.2: of the senders and receivers of a track. */
  async statsOf(track: MediaStreamTrack): Promise<RTCStatsReport> {
    const cores: object[] = this.#transceivers.all.flatMap(({ sender, receiver }) => [
      ...(sender.track === track ? [sender] : []),
      ...(receiver.track === track ? [receiver] : []),
    ]);
    if (cores.length === 0)
      throw exception('InvalidAccessError', 'no sender or receiver of this connection has the track');
    return this.stats((core) => cores.includes(core));
  }

  get transceivers(): Transceivers {
    return this.#transceivers;
  }

  getTransceivers(): RTCRtpTransceiver[] {
    return this.#transceivers.all.map((core) => core.public);
  }

  getSenders(): RTCRtpSender[] {
    return this.#transceivers.all.filter(({ isStopping }) => !isStopping).map(({ sender }) => sender.public);
  }

  getReceivers(): RTCRtpReceiver[] {
    return this.#transceivers.all
      .filter(({ isStopping }) => !isStopping)
      .map(({ receiver }) => receiver.public);
  }

  addTransceiver(
    trackOrKind: MediaStreamTrack | string,
    init: RTCRtpTransceiverInit = {},
  ): RTCRtpTransceiver {
    const track = typeof trackOrKind === 'string' ? undefined : checkedTrack(trackOrKind);
    const kind = track?.kind ?? trackOrKind;
    if (kind !== 'audio' && kind !== 'video') throw new TypeError(`no kind of media: ${String(kind)}`);
    const { direction = 'sendrecv', streams = [], sendEncodings = [] } = init;
    checkDirection(direction);
    const core = this.#transceivers.add({ kind, direction, encodings: sendEncodings });
    this.#give(core.sender, track ?? null, streams);
    this.onNeedsNegotiation();
    return core.public;
  }

  addTrack(given: MediaStreamTrack, streams: readonly MediaStream[]): RTCRtpSender {
    const track = checkedTrack(given);
    const { all } = this.#transceivers;
    if (all.some(({ sender, isStopping }) => !isStopping && sender.track === track))
      throw exception('InvalidAccessError', 'a sender has this track already');
    const free = all.find(
      (core) => core.kind === track.kind && !core.sender.track && !core.isStopping && !core.hasSent,
    );
    const core =
      free ?? this.#transceivers.add({ kind: track.kind, direction: 'sendrecv', isByAddTrack: true });
    if (core.direction === 'recvonly') core.direction = 'sendrecv';
    if (core.direction === 'inactive') core.direction = 'sendonly';
    this.#give(core.sender, track, streams);
    this.onNeedsNegotiation();
    return core.sender.public;
  }

  removeTrack(sender: RTCRtpSender): void {
    const core = this.#transceivers.all.find((each) => each.sender.public === sender);
    if (!core) {
      // W3C webrtc-pc §5.1: the sender of a stopped transceiver is not an error, that of another connection is.
      if (senderCore(sender).host === this) return;
      throw exception('InvalidAccessError', 'the sender belongs to another connection');
    }
    if (core.isStopping || !core.sender.track) return;
    core.sender.setTrack(null);
    if (core.direction === 'sendrecv') core.direction = 'recvonly';
    else if (core.direction === 'sendonly') core.direction = 'inactive';
    this.onNeedsNegotiation();
  }

  close(): void {
    this.#transceivers.close();
  }

  #give(sender: SenderCore, track: MediaStreamTrack | null, streams: readonly MediaStream[]): void {
    sender.streams = [...new Set(streams.map(({ id }) => id))];
    sender.setTrack(track);
  }

  // Negotiation

  offerInits(): readonly RtpSectionInit[] {
    return this.#transceivers.offerInits();
  }

  answerInits(): readonly RtpSectionInit[] {
    return this.#transceivers.answerInits();
  }

  onLocalOffer(offer: SessionDescription): void {
    this.#transceivers.onLocalOffer(offer);
  }

  onRemoteOffer(offer: SessionDescription): void {
    this.#news.push(...this.#transceivers.onRemoteOffer(offer));
  }

  onAnswer(side: Side, offer: SessionDescription, answer: SessionDescription, isFinal: boolean): void {
    this.#news.push(...this.#transceivers.onAnswer(side, offer, answer, isFinal));
    if (this.#transceivers.all.some(({ currentDirection }) => currentDirection !== null))
      this.#owner.onPath(this.path);
  }

  rollback(): void {
    this.#transceivers.rollback();
  }

  tell(): void {
    for (const { transceiver, streams } of this.#news.splice(0)) {
      const { receiver } = transceiver;
      this.#owner.onTrack(
        new RTCTrackEvent('track', {
          receiver: receiver.public,
          track: receiver.track,
          streams,
          transceiver: transceiver.public,
        }),
      );
    }
  }
}

function checkedTrack(track: unknown): MediaStreamTrack {
  if (track instanceof MediaStreamTrack) return track;
  throw new TypeError('a track must be a MediaStreamTrack of this package');
}
