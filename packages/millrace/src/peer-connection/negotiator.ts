// The offer/answer procedures of one connection (RFC 8829 §5; W3C webrtc-pc §4.4.1.5, §4.4.1.9): makes
// descriptions, judges those that come, and works out what an offer and its answer settle. Everything is checked
// before any state changes.

import {
  type Candidate,
  formatCandidate,
  type IceParameters,
  type IceRole,
  parseCandidate,
} from '@millrace/ice';
import { LeanSet } from '@millrace/sans-io';
import {
  checkAnswer,
  checkOffer,
  createAnswer,
  createOffer,
  dataSection,
  dtlsRole,
  findSection,
  formatSessionDescription,
  ICE_OPTIONS,
  type LocalDescriptionInit,
  maxSendSize,
  nextOrigin,
  type Origin,
  parseSessionDescription,
  RENOMINATION,
  type RtpSectionInit,
  SdpError,
  type SessionDescription,
  strongFingerprints,
  transportSection,
} from '@millrace/sdp';
import { exception } from '../errors.ts';
import {
  changesCredentials,
  fine,
  isSameIdentity,
  isUsedData,
  newOrigin,
  optionsOf,
  peerInitOf,
  sdpType,
  signaledInitOf,
  taken,
  transportIndex,
  transportSections,
} from './description-rules.ts';
import { AppliedDescription, Descriptions, type Side } from './descriptions.ts';
import type { RTCIceCandidateInit } from './ice-candidate.ts';
import type { NegotiatedSession, Session } from './session.ts';
import type {
  RTCLocalSessionDescriptionInit,
  RTCSdpType,
  RTCSessionDescriptionInit,
} from './session-description.ts';

/** The connection, as negotiation sees it. */
export interface NegotiationHost {
  readonly session: Session;
  /** Whether there are data channels to negotiate for. */
  wantsData(): boolean;
  /** Whether relayed addresses alone may be used: what `iceTransportPolicy` says now. */
  isRelayOnly(): boolean;
  /** Whether we speak DTLS 1.3. */
  readonly wants13: boolean;
  /** What stays the same in every description of this side. */
  readonly identity: Pick<
    LocalDescriptionInit,
    'fingerprints' | 'sctpPort' | 'maxMessageSize' | 'renomination' | 'iceLite'
  >;
  onStateChange(): void;
  /** Audio and video. */
  readonly media: NegotiatedMedia;
  /** RFC 8829 §4.1.1. */
  readonly maxBundle: boolean;
  /** A local description that is of use has been set: candidates are wanted. */
  onLocalDescription(): void;
  /** A candidate that came between the making of a description and its setting, so that its text does not tell. */
  onUntoldCandidate(candidate: string, usernameFragment: string | undefined): void;
  /** An answer has been set that takes a section. */
  onAnswered(negotiated: NegotiatedSession): void;
  /** An answer has been set that refuses the data section, or with which it has gone. */
  onRefused(): void;
}

/** What negotiation has to do with audio and video: `Transceivers` and who tells of tracks. */
export interface NegotiatedMedia {
  offerInits(): readonly RtpSectionInit[];
  answerInits(): readonly RtpSectionInit[];
  onLocalOffer(offer: SessionDescription): void;
  onRemoteOffer(offer: SessionDescription): void;
  onAnswer(side: Side, offer: SessionDescription, answer: SessionDescription, isFinal: boolean): void;
  rollback(): void;
  /** Remote tracks that have come are told of. */
  tell(): void;
}

/** A candidate of this side, with the section it belongs to. */
export interface PlacedCandidate {
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number;
  readonly usernameFragment: string | null;
}

export class Negotiator {
  readonly #host: NegotiationHost;
  readonly #descriptions = new Descriptions();
  #origin: Origin = newOrigin();
  /** Credentials of an ICE restart that a description has been made with, until it is set. */
  #nextIce: IceParameters | undefined;
  /** W3C webrtc-pc §4.4.1.1 [[LocalIceCredentialsToReplace]], by their username fragments. */
  readonly #toReplace = new LeanSet<string>();

  constructor(host: NegotiationHost) {
    this.#host = host;
  }

  get descriptions(): Descriptions {
    return this.#descriptions;
  }

  /** W3C webrtc-pc §4.4.2: the next offer is to have other ICE credentials than those of now. */
  restartIce(): void {
    const { currentLocal, pendingLocal } = this.#descriptions;
    this.#toReplace.clear();
    for (const description of [currentLocal, pendingLocal]) {
      const ice = description && transportSection(description.data)?.ice;
      if (ice) this.#toReplace.add(ice.usernameFragment);
    }
  }

  /** W3C webrtc-pc §4.7.3: negotiation is needed for a restart that has been asked for. */
  get needsRestart(): boolean {
    return this.#toReplace.size > 0;
  }

  get #wantsRestart(): boolean {
    return this.#toReplace.has(this.#host.session.agent.localParameters.usernameFragment);
  }

  /** RFC 8839 §4.4.1.1.2: an offer with new credentials is answered with new ones. */
  get #answersRestart(): boolean {
    const { negotiated } = this.#host.session;
    const { remote } = this.#descriptions;
    return negotiated !== undefined && remote !== null && changesCredentials(remote.data, negotiated.ice);
  }

  makeOffer(iceRestart = false): SessionDescription {
    return this.#makeOffer(iceRestart || this.#wantsRestart);
  }

  #makeOffer(isRestart: boolean): SessionDescription {
    const previous = this.#descriptions.negotiated;
    const wantsData =
      this.#host.wantsData() || (previous !== undefined && dataSection(previous) !== undefined);
    const { media, maxBundle } = this.#host;
    return createOffer(
      {
        ...this.#localInit(isRestart),
        iceOptions: [...ICE_OPTIONS, ...this.#host.session.sped.offeredOptions],
        media: media.offerInits(),
        wantsData,
        maxBundle,
      },
      previous,
    );
  }

  makeAnswer(): SessionDescription {
    const { state, remote } = this.#descriptions;
    if ((state !== 'have-remote-offer' && state !== 'have-local-pranswer') || !remote) {
      throw exception('InvalidStateError', `can't create an answer in state ${state}`);
    }
    const carriers = this.#host.session.sped.answeredOptions(optionsOf(remote.data));
    const init = {
      ...this.#localInit(this.#answersRestart),
      media: this.#host.media.answerInits(),
      iceOptions: [...ICE_OPTIONS, ...carriers],
      ...(carriers.length > 0 && (this.#waitsForChecks(remote.data) || this.#onlyListens(remote.data))
        ? { preferredRole: 'server' as const }
        : {}),
      // draft-hancke-tsvwg-snap §4.3: no INIT in answer to one that can't be taken.
      sctpInit: signaledInitOf(remote.data) && this.#host.session.sctpInit,
    };
    return taken(createAnswer(init, remote.data));
  }

  /**
   * Deviation: RFC 8842 §5.3 has an answerer be the DTLS client, who speaks first. A lite one has to wait for a check before
   * it says anything; the peer's hello comes with that check, half a round trip before its own would be there.
   */
  #waitsForChecks({ iceLite }: SessionDescription): boolean {
    return this.#host.identity.iceLite === true && !iceLite;
  }

  /**
   * Deviation: RFC 8842 §5.3 again. With SPED, SNAP and DTLS 1.3 the client is the first who can send data. Where all channels
   * are the offering side's, its message is what is waited for: it comes up to half a round trip sooner, and never later,
   * than if our hello went ahead of our answer.
   */
  #onlyListens(offer: SessionDescription): boolean {
    const { session, wants13 } = this.#host;
    const isData = offer.media.every(({ kind }) => kind === 'application');
    const isSignaled = signaledInitOf(offer) !== undefined && session.sctpInit !== undefined;
    return wants13 && isData && isSignaled && !offer.iceLite && !this.#host.wantsData();
  }

  #localInit(isRestart: boolean): LocalDescriptionInit {
    const { session, identity } = this.#host;
    const origin = this.#origin;
    const heldRole = session.negotiated?.dtlsRole;
    const { sctpInit } = session;
    if (isRestart && session.negotiated) {
      // Candidates of the new generation are gathered when the description is set.
      this.#nextIce ??= session.drawIceParameters();
      return {
        ...identity,
        origin,
        ice: this.#nextIce,
        heldRole,
        sctpInit,
        candidates: [],
        endOfCandidates: false,
      };
    }
    return {
      ...identity,
      origin,
      ice: session.agent.localParameters,
      heldRole,
      sctpInit,
      candidates: session.localCandidates.map(formatCandidate),
      endOfCandidates: session.isGathered,
    };
  }

  setLocal({ type: given, sdp: text }: RTCLocalSessionDescriptionInit): void {
    const { state } = this.#descriptions;
    const offers = state === 'stable' || state === 'have-local-offer' || state === 'have-remote-pranswer';
    const type = sdpType(given ?? (offers ? 'offer' : 'answer'));
    this.#descriptions.check('local', type);
    if (type === 'rollback') {
      this.#rollback();
      return;
    }
    const parsed = text ? taken(parseSessionDescription(text)) : undefined;
    const isRestart =
      type === 'offer' ? this.#isRestartOffer(parsed) : this.#answersRestart && this.#host.session.isRunning;
    const own = type === 'offer' ? this.#makeOffer(isRestart) : this.makeAnswer();
    const data = parsed ?? own;
    // W3C webrtc-pc §4.4.1.5 forbids any change of what was created; only what would not work is refused here.
    if (!isSameIdentity(data, own)) {
      throw exception(
        'InvalidModificationError',
        'sections, ICE credentials and fingerprint must stay as created',
      );
    }
    const offer = this.#descriptions.remote?.data;
    const negotiated = type === 'offer' ? undefined : this.#settle('local', data);
    const hadData = this.#host.session.negotiated?.remoteSctpPort !== undefined;
    this.#origin = nextOrigin(data.origin);
    const description = new AppliedDescription(type, data, text || formatSessionDescription(data));
    this.#apply('local', description, () => {
      const { media, session } = this.#host;
      if (isRestart && this.#nextIce) session.restart(this.#nextIce, this.#host.isRelayOnly());
      if (isRestart) this.#nextIce = undefined;
      if (type === 'offer') {
        session.sped.offer(optionsOf(data));
        media.onLocalOffer(data);
      } else if (offer) media.onAnswer('local', offer, data, type === 'answer');
      if (negotiated) this.#host.onAnswered(negotiated);
      if (type === 'answer' && hadData && !dataSection(data)) this.#host.onRefused();
      this.#tellCandidates(data, own);
    });
  }

  #isRestartOffer(data: SessionDescription | undefined): boolean {
    const { session } = this.#host;
    if (!session.negotiated || !session.isRunning) return false;
    if (!data) return this.#wantsRestart;
    const fragment = transportSection(data)?.ice?.usernameFragment;
    return fragment !== undefined && fragment === this.#nextIce?.usernameFragment;
  }

  /** Has candidates gathered, and those told that the text of the description, `data`, does not name. */
  #tellCandidates(data: SessionDescription, own: SessionDescription): void {
    const told = transportSection(data);
    const known = transportSection(own);
    if (!told || !known) return;
    this.#host.onLocalDescription();
    const fragment = known.ice?.usernameFragment;
    for (const line of known.candidates)
      if (!told.candidates.includes(line)) this.#host.onUntoldCandidate(line, fragment);
    if (known.endOfCandidates && !told.endOfCandidates) this.#host.onUntoldCandidate('', fragment);
  }

  /**
   * RFC 8829 §4.1.10.2, W3C "perfect negotiation": an offer that crosses ours takes its place. This makes room for
   * one that can be taken.
   */
  giveWay({ type, sdp = '' }: RTCSessionDescriptionInit): void {
    if (type !== 'offer' || this.#descriptions.state !== 'have-local-offer') return;
    this.#checkRemote('offer', taken(parseSessionDescription(sdp)));
    this.#rollback();
  }

  setRemote({ type: given, sdp: text = '' }: RTCSessionDescriptionInit): void {
    const type = sdpType(given);
    if (type === 'rollback') {
      this.#descriptions.check('remote', type);
      this.#rollback();
      return;
    }
    this.#descriptions.check('remote', type);
    const data = taken(parseSessionDescription(text));
    this.#checkRemote(type, data);
    const negotiated = type === 'offer' ? undefined : this.#settle('remote', data);
    const offer = this.#descriptions.local?.data;
    const isRefused = type === 'answer' && !dataSection(data) && offer?.media.some(isUsedData);
    this.#apply('remote', new AppliedDescription(type, data, text), () => {
      const { media } = this.#host;
      if (type === 'offer') media.onRemoteOffer(data);
      else if (offer) media.onAnswer('remote', offer, data, type === 'answer');
      this.#takeCandidates(data);
      if (negotiated) this.#host.onAnswered(negotiated);
      if (isRefused) this.#host.onRefused();
    });
  }

  #takeCandidates(data: SessionDescription): void {
    const { session } = this.#host;
    for (const { candidates, endOfCandidates, ice } of transportSections(data)) {
      const fragment = ice?.usernameFragment;
      for (const line of candidates) {
        const candidate = parseCandidate(line);
        if (candidate) session.remoteCandidates.add(ofGeneration(candidate, fragment));
      }
      if (endOfCandidates) session.remoteCandidates.end(fragment);
    }
  }

  #checkRemote(type: RTCSdpType, data: SessionDescription): void {
    const { currentRemote, local } = this.#descriptions;
    if (type === 'offer') fine(checkOffer(data, currentRemote?.data));
    else if (local) fine(checkAnswer(data, local.data));
    this.#requireSameTransport(type, data);
  }

  /** The state is told last, so that whoever hears of it finds everything as the description has it. */
  #apply(side: Side, description: AppliedDescription, settle: () => void): void {
    const before = this.#descriptions.state;
    this.#descriptions.apply(side, description);
    settle();
    if (description.type === 'answer') this.#forgetReplaced();
    if (this.#descriptions.state !== before) this.#host.onStateChange();
    this.#host.media.tell();
  }

  /** W3C webrtc-pc §4.4.1.5: once an answer has replaced the credentials, the restart has been done. */
  #forgetReplaced(): void {
    const local = this.#descriptions.currentLocal;
    const fragment = local && transportSection(local.data)?.ice?.usernameFragment;
    if (fragment && !this.#toReplace.has(fragment)) this.#toReplace.clear();
  }

  #rollback(): void {
    if (this.#descriptions.state === 'have-local-offer') this.#host.session.abandonRestart();
    this.#descriptions.rollback();
    this.#host.media.rollback();
    this.#host.session.remoteCandidates.forget();
    this.#host.onStateChange();
  }

  /**
   * Transports that run are there to stay: another certificate would need new ones, other credentials a restart.
   *
   * Deviation: RFC 8842 §4 begins a new association with a description that names another certificate, in which every
   * channel would end. Here it is refused before anything changes: the application makes a new connection.
   */
  #requireSameTransport(type: RTCSdpType, data: SessionDescription): void {
    const { negotiated, isRestarting } = this.#host.session;
    const section = transportSection(data);
    if (!negotiated || !section) return;
    // RFC 8839 §4.4.1.1.2: an answer has new credentials if the offer has them, and only then.
    if (type !== 'offer' && changesCredentials(data, negotiated.ice) !== isRestarting)
      throw exception(
        'InvalidAccessError',
        isRestarting ? 'the answer does not restart ICE' : 'the answer restarts ICE, the offer did not',
      );
    const isKnown = strongFingerprints(section).some(({ algorithm, value }) =>
      negotiated.fingerprints.some((known) => known.algorithm === algorithm && known.value === value),
    );
    if (!isKnown) throw exception('NotSupportedError', 'another fingerprint needs a new connection');
  }

  /** What an answer of `side` settles together with the offer it answers; `undefined` if it takes nothing. */
  #settle(side: Side, data: SessionDescription): NegotiatedSession | undefined {
    const offered = side === 'local' ? this.#descriptions.remote : this.#descriptions.local;
    const answer = transportSection(data);
    // The same section, whatever else the offer has in the group.
    const offer = answer && offered?.data.media[data.media.indexOf(answer)];
    if (!offered || !offer || !answer) return undefined;
    const isOfferer = side === 'remote';
    const [remote, remoteDescription, own] = isOfferer
      ? [answer, data, offered.data]
      : [offer, offered.data, data];
    if (!remote.ice) return undefined; // checked before; this is for the compiler
    const remoteData = dataSection(data) && dataSection(remoteDescription);
    const held = this.#host.session.negotiated;
    const role = dtlsRole(isOfferer ? 'offerer' : 'answerer', offer.setup, answer.setup, held?.dtlsRole);
    return {
      iceRole: held?.iceRole ?? this.#iceRole(isOfferer, remoteDescription.iceLite),
      ice: remote.ice,
      iceLite: remoteDescription.iceLite,
      renomination: remote.iceOptions.includes(RENOMINATION),
      dtlsRole: taken(role),
      localIceOptions: isOfferer ? offer.iceOptions : answer.iceOptions,
      remoteIceOptions: remote.iceOptions,
      fingerprints: strongFingerprints(remote),
      remoteSctpPort: remoteData?.sctpPort,
      remoteSctpInit: peerInitOf(remoteDescription, own),
      maxSendSize: remoteData ? maxSendSize(remoteData.maxMessageSize) : Number.POSITIVE_INFINITY,
    };
  }

  /** RFC 8445 §6.1.1: a full agent controls a lite one; of two alike the offerer controls. */
  #iceRole(isOfferer: boolean, isRemoteLite: boolean): IceRole {
    const { iceLite = false } = this.#host.identity;
    const controls = iceLite === isRemoteLite ? isOfferer : isRemoteLite;
    return controls ? 'controlling' : 'controlled';
  }

  addCandidate(given: RTCIceCandidateInit, isEnd: boolean): void {
    const { remote, pendingRemote, currentRemote } = this.#descriptions;
    if (!remote) throw exception('InvalidStateError', 'there is no remote description yet');
    const parsed = isEnd ? undefined : parseCandidate(given.candidate ?? '');
    if (!isEnd && !parsed) throw exception('OperationError', 'the candidate is malformed');
    const usernameFragment = given.usernameFragment ?? parsed?.usernameFragment;
    const isForAll = given.sdpMid == null && given.sdpMLineIndex == null;
    const target = isForAll ? undefined : { mid: given.sdpMid, index: given.sdpMLineIndex, usernameFragment };
    const place = target ? findSection(remote.data, target) : transportIndex(remote.data);
    if (place instanceof SdpError) throw exception('OperationError', place.message);
    for (const description of new Set([pendingRemote, currentRemote])) {
      if (isEnd) description?.endCandidates(target);
      else if (target) description?.addCandidate(target, given.candidate ?? '');
    }
    const section = remote.data.media[place];
    if (!section || !transportSections(remote.data).includes(section)) return;
    const fragment = usernameFragment ?? section.ice?.usernameFragment;
    if (parsed) this.#host.session.remoteCandidates.add(ofGeneration(parsed, fragment));
    else this.#host.session.remoteCandidates.end(fragment);
  }

  /** Takes a candidate of this side out of the local descriptions: there is no SDP that withdraws it at the peer. */
  withdrawLocalCandidate(text: string): void {
    const { pendingLocal, currentLocal } = this.#descriptions;
    for (const description of new Set([currentLocal, pendingLocal])) description?.removeCandidate(text);
  }

  /**
   * Enters a candidate of this side (or, as empty text, their end) into the local descriptions of its generation;
   * `undefined` if there is none: a restart has been taken back, or has made it old.
   */
  placeLocalCandidate(text: string, usernameFragment: string | undefined): PlacedCandidate | undefined {
    const { pendingLocal, currentLocal } = this.#descriptions;
    let place: PlacedCandidate | undefined;
    for (const description of new Set([currentLocal, pendingLocal])) {
      const index = description ? transportIndex(description.data) : -1;
      const section = description?.data.media[index];
      if (!section || section.ice?.usernameFragment !== usernameFragment) continue;
      const mid = section.mid ?? null;
      if (text === '') description?.endCandidates();
      else description?.addCandidate({ mid, index }, text);
      place = { sdpMid: mid, sdpMLineIndex: index, usernameFragment: usernameFragment ?? null };
    }
    return place;
  }
}

/** RFC 8838 §13: a candidate that does not name its generation is of the description it came with. */
function ofGeneration(candidate: Candidate, usernameFragment: string | undefined): Candidate {
  return candidate.usernameFragment === undefined ? { ...candidate, usernameFragment } : candidate;
}
