// The transceivers of one connection: which section each belongs to, what descriptions say of them, and what
// descriptions that are set make of them (RFC 8829 §5.2 to §5.11; W3C webrtc-pc §4.4.1.5, §4.7.3).

import { ExtensionMap } from '@millrace/rtp';
import { LeanMap } from '@millrace/sans-io';
import {
  commonDirection,
  type Direction,
  isReceiving,
  isRtpSection,
  isSending,
  isUsable,
  type MediaSection,
  type RtpDescription,
  type RtpSectionInit,
  readRtp,
  reversedDirection,
  SdpError,
  type SessionDescription,
} from '@millrace/sdp';
import type { MediaHost } from './media-host.ts';
import { Numbering } from './numbering.ts';
import { MediaStream } from './stream.ts';
import { TransceiverCore, type TransceiverInit } from './transceiver.ts';

/** A remote track that has come, for its event. */
export interface TrackNews {
  readonly transceiver: TransceiverCore;
  readonly streams: readonly MediaStream[];
}

/** Sections of a description, and so transceivers, are bounded by @millrace/sdp; this is for callers. */
const MAX_TRANSCEIVERS = 256;

export class Transceivers {
  readonly #host: MediaHost;
  readonly #numbering = new Numbering();
  readonly #streams = new LeanMap<string, MediaStream>();
  /** What rollback goes back to. */
  #before: Map<TransceiverCore, Pick<TransceiverCore, 'mid' | 'firedDirection'>> | undefined;
  all: TransceiverCore[] = [];

  constructor(host: MediaHost) {
    this.#host = host;
  }

  /** @throws {RangeError} when there are too many */
  add(init: TransceiverInit): TransceiverCore {
    if (this.all.length >= MAX_TRANSCEIVERS)
      throw new RangeError(`a connection has at most ${MAX_TRANSCEIVERS} transceivers`);
    const core = new TransceiverCore(this.#host, init);
    this.all.push(core);
    return core;
  }

  close(): void {
    for (const core of this.all) core.stopped();
    this.all = [];
  }

  // What descriptions say

  offerInits(): RtpSectionInit[] {
    return this.#inits(({ isStopping }) => !isStopping);
  }

  /** For an offer that has been set: every section in it has its transceiver. */
  answerInits(): RtpSectionInit[] {
    return this.#inits(({ mid, isStopping }) => mid !== null && !isStopping);
  }

  #inits(isWanted: (core: TransceiverCore) => boolean): RtpSectionInit[] {
    return this.all.filter(isWanted).map((core) => ({
      kind: core.kind,
      mid: core.mid ?? undefined,
      direction: core.direction,
      rtp: core.describe(this.#numbering),
    }));
  }

  // What becomes of descriptions that are set

  onLocalOffer(offer: SessionDescription): void {
    this.#remember();
    for (const section of rtpSections(offer)) {
      if (this.#byMid(section.mid)) continue;
      const free = this.all.find(
        ({ mid, kind, isStopping }) => mid === null && kind === section.kind && !isStopping,
      );
      if (free) free.mid = section.mid ?? null;
    }
  }

  /** RFC 8829 §5.10: sections without a transceiver get one. */
  onRemoteOffer(offer: SessionDescription): TrackNews[] {
    this.#remember();
    const news: TrackNews[] = [];
    for (const section of rtpSections(offer)) {
      const rtp = rtpOf(section, offer);
      if (!rtp) continue;
      this.#numbering.learn(rtp);
      const core = this.#byMid(section.mid) ?? this.#forOffer(section, rtp);
      if (!core) continue;
      core.mid = section.mid ?? null;
      this.#onRemoteDirection(core, reversedDirection(section.direction), rtp, news);
    }
    return news;
  }

  /** `side` has answered. What was offered and what was answered is what both sides do from now on. */
  onAnswer(
    side: 'local' | 'remote',
    offer: SessionDescription,
    answer: SessionDescription,
    isFinal: boolean,
  ): TrackNews[] {
    const news: TrackNews[] = [];
    for (const [place, section] of answer.media.entries()) {
      const core = this.#byMid(section.mid ?? offer.media[place]?.mid);
      const offered = offer.media[place];
      if (!core || !offered) continue;
      if (section.rejected) {
        if (isFinal) this.#end(core);
        continue;
      }
      const answered = rtpOf(section, answer);
      const remote = side === 'remote' ? answered : rtpOf(offered, offer);
      if (!answered || !remote) continue;
      this.#numbering.learn(answered);
      const direction = side === 'local' ? section.direction : reversedDirection(section.direction);
      const { simulcastReceive, simulcastSend } = answered;
      const own =
        side === 'local'
          ? answered
          : { ...answered, simulcastSend: simulcastReceive, simulcastReceive: simulcastSend };
      this.#negotiate(core, direction, own, remote);
      if (side === 'remote' || !isReceiving(direction))
        this.#onRemoteDirection(core, direction, remote, news);
    }
    if (isFinal) this.#before = undefined;
    this.#route();
    return news;
  }

  #negotiate(core: TransceiverCore, direction: Direction, rtp: RtpDescription, remote: RtpDescription): void {
    const mid = core.mid ?? undefined;
    if (core.isStopping) return;
    core.currentDirection = direction;
    core.hasSent ||= isSending(direction);
    core.sender.negotiate(mid, isSending(direction) ? rtp : undefined);
    core.receiver.negotiate(
      mid,
      isReceiving(direction) ? rtp : undefined,
      isReceiving(direction) ? remote : undefined,
    );
  }

  rollback(): void {
    const before = this.#before;
    if (!before) return;
    this.#before = undefined;
    for (const core of [...this.all]) {
      const { mid, firedDirection } = before.get(core) ?? { mid: null, firedDirection: null };
      const isOfPeer = !before.has(core);
      const hadNoTrack = firedDirection !== null && !isReceiving(firedDirection);
      if (core.firedDirection !== firedDirection && hadNoTrack) this.#onRemoval(core);
      core.mid = mid;
      core.firedDirection = firedDirection;
      if (isOfPeer && !core.sender.track) {
        this.all.splice(this.all.indexOf(core), 1);
        core.stopped();
      }
    }
  }

  /** W3C webrtc-pc §4.7.3, "check if negotiation is needed", without the data channels. */
  needsNegotiation(
    local: SessionDescription | undefined,
    remote: SessionDescription | undefined,
    isLocalOffer: boolean,
  ): boolean {
    return this.all.some((core) => {
      if (core.isStopping) return core.mid !== null;
      const ours = local?.media.find(({ mid, rejected }) => !rejected && mid === core.mid);
      const theirs = remote?.media.find(({ mid, rejected }) => !rejected && mid === core.mid);
      if (core.mid === null || !ours || !theirs) return true;
      if (isSending(core.direction) && !hasMsids(ours, core)) return true;
      if (isLocalOffer)
        return core.direction !== ours.direction && core.direction !== reversedDirection(theirs.direction);
      return ours.direction !== commonDirection(core.direction, reversedDirection(theirs.direction));
    });
  }

  #byMid(mid: string | undefined): TransceiverCore | undefined {
    return mid === undefined ? undefined : this.all.find((core) => core.mid === mid);
  }

  #forOffer(section: MediaSection, rtp: RtpDescription): TransceiverCore | undefined {
    const kind = section.kind === 'audio' ? 'audio' : 'video';
    const own = this.all.find(
      (core) => core.mid === null && core.kind === kind && core.isByAddTrack && !core.isStopping,
    );
    if (own && isReceiving(section.direction)) return own;
    if (this.all.length >= MAX_TRANSCEIVERS) return undefined;
    return this.add({ kind, direction: 'recvonly', trackId: rtp.msids[0]?.track });
  }

  /** W3C webrtc-pc §4.4.1.5, "process the addition" and "the removal of a remote track". */
  #onRemoteDirection(
    core: TransceiverCore,
    direction: Direction,
    rtp: RtpDescription,
    news: TrackNews[],
  ): void {
    const isNew = core.firedDirection === null || !isReceiving(core.firedDirection);
    if (isReceiving(direction) && !core.isStopping) {
      const streams = this.#setStreams(core, rtp);
      if (isNew) news.push({ transceiver: core, streams });
    } else if (!isNew) this.#onRemoval(core);
    core.firedDirection = direction;
  }

  #setStreams(core: TransceiverCore, { msids }: RtpDescription): MediaStream[] {
    const { track } = core.receiver;
    const streams = msids
      .filter(({ stream }) => stream !== '-')
      .map(({ stream }) => {
        const known = this.#streams.get(stream) ?? new MediaStream([], stream);
        this.#streams.set(stream, known);
        return known;
      });
    for (const [id, stream] of this.#streams) {
      if (streams.includes(stream)) stream.addTrack(track);
      else stream.removeTrack(track);
      if (stream.getTracks().length === 0) this.#streams.delete(id);
    }
    return streams;
  }

  #onRemoval(core: TransceiverCore): void {
    core.receiver.inside.setMuted(true);
    for (const [id, stream] of this.#streams) {
      stream.removeTrack(core.receiver.track);
      if (stream.getTracks().length === 0) this.#streams.delete(id);
    }
  }

  #end(core: TransceiverCore): void {
    this.#onRemoval(core);
    core.stopped();
    this.all.splice(this.all.indexOf(core), 1);
  }

  #remember(): void {
    this.#before ??= new Map(
      this.all.map((core) => [core, { mid: core.mid, firedDirection: core.firedDirection }]),
    );
  }

  /** Tells the path whose packets are whose from now on. */
  #route(): void {
    const sections = this.all.flatMap(({ receiver }) => receiver.section ?? []);
    if (sections.length === 0 && !this.#host.hasPath) return;
    const extensions = new ExtensionMap();
    for (const { rtp } of sections) for (const { id, uri } of rtp.extensions) extensions.set(id, uri);
    this.#host.path.setSections(sections, extensions);
  }
}

function rtpSections(description: SessionDescription): MediaSection[] {
  return description.media.filter((section) => isRtpSection(section) && isUsable(section, description));
}

function rtpOf(section: MediaSection, description: SessionDescription): RtpDescription | undefined {
  if (!isRtpSection(section)) return undefined;
  const rtp = readRtp(section, description.attributes);
  return rtp instanceof SdpError ? undefined : rtp;
}

/** W3C webrtc-pc §4.7.3: whether the description names the streams that the sender is in. */
function hasMsids(section: MediaSection, { sender }: TransceiverCore): boolean {
  const told = section.attributes
    .filter(({ name }) => name === 'msid')
    .map(({ value = '' }) => value.split(' ')[0]);
  return (
    told.length === Math.max(1, sender.streams.length) && sender.streams.every((id) => told.includes(id))
  );
}
