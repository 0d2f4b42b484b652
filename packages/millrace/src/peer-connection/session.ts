// One transport session: ICE, DTLS, SCTP and the data channels of one connection, from gathering to farewell.
// It decides when each layer begins (each as early as its RFC allows) and what the end of one means for the
// others. Negotiation is the peer connection's; sockets and time are the driver's.
import type { ChannelsSink, DataChannels } from '@millrace/datachannel';
import { type DtlsCertificate, DtlsConnection, SRTP_PROFILES } from '@millrace/dtls';
import {
  type CandidatePair,
  drawParameters,
  IceAgent,
  type IceParameters,
  type IceRole,
  type IceState,
  type LocalCandidate,
} from '@millrace/ice';
import type { DropCounts, Millis } from '@millrace/sans-io';
import type { SctpAssociation, CloseReason as SctpCloseReason } from '@millrace/sctp';
import type { DtlsRole, Fingerprint } from '@millrace/sdp';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import type { RtpPath } from '../media/media-path.ts';
import { sharedBackend } from '../mux/shared-backend.ts';
import { joinMux, type MuxMembership } from '../mux/udp-mux.ts';
import type { IceServer } from '../servers/ice-server.ts';
import type { CandidateSource } from '../servers/server-gathering.ts';
import { queueTask } from '../task-queue.ts';
import { Alarm, now } from '../transport/alarm.ts';
import { AssociationMaker } from '../transport/association.ts';
import { type Backend, chooseBackend } from '../transport/backend.ts';
import { Driver } from '../transport/driver.ts';
import { random } from '../transport/random.ts';
import { SPED_DATAGRAM_BYTES, Sped } from '../transport/sped.ts';
import type { TcpDrop } from '../transport/tcp-connection.ts';
import type { MillraceConfiguration } from './configuration.ts';
import { dtlsOptions } from './dtls-configuration.ts';
import { Gathering, type GatheringObserver } from './gathering.ts';
import { helloVerify } from './hello-verify.ts';
import { RemoteCandidates } from './remote-candidates.ts';
import { CLOSED, endOfDtls, endOfIce, endOfSctp, MUX_CLOSED, type SessionEnd } from './session-end.ts';

/** Of a UDP payload that fits every path IPv6 allows (1280 bytes less 40 and 8), with room for a tunnel or TURN. */
const DATAGRAM_BYTES = 1200;
/** RFC 8827 §6.5: `use_srtp` is always negotiated, also without media; werift refuses peers that leave it out. */
const OFFERED_SRTP_PROFILES: readonly number[] = [
  SRTP_PROFILES.SRTP_AEAD_AES_128_GCM,
  SRTP_PROFILES.SRTP_AEAD_AES_256_GCM,
  SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_80,
];
/** RFC 5288 §3: what a record of 1.2 may have beside what is known before its cipher is. */
const EXPLICIT_NONCE_BYTES = 8;
/** After both descriptions are known: what a check on a short path brings is there by then, on a long one nothing is. */
const PREPARE_AFTER: Millis = 10;
/** How long a failed connection waits for a restart, in milliseconds: half a minute after the peer has noticed too. */
const RESTART_PATIENCE: Millis = 60_000;

/** When each phase of opening was over, in milliseconds on `performance.now()`'s clock; `undefined` until then. */
export interface SessionTimings {
  readonly created: Millis;
  gatheringStarted: Millis | undefined;
  gathered: Millis | undefined;
  iceConnected: Millis | undefined;
  dtlsConnected: Millis | undefined;
  sctpConnected: Millis | undefined;
  firstChannelOpen: Millis | undefined;
}

/** What the two descriptions have settled. */
export interface NegotiatedSession {
  readonly iceRole: IceRole;
  readonly ice: IceParameters;
  readonly iceLite: boolean;
  /** The peer numbers its nominations, if we do. */
  readonly renomination: boolean;
  readonly dtlsRole: DtlsRole;
  /** `a=ice-options` of both sides. */
  readonly localIceOptions: readonly string[];
  readonly remoteIceOptions: readonly string[];
  readonly fingerprints: readonly Fingerprint[];
  /** `undefined`: there are no data channels. */
  readonly remoteSctpPort: number | undefined;
  /** The peer's SCTP INIT chunk, if both descriptions have one: then there is no handshake. */
  readonly remoteSctpInit: Uint8Array | undefined;
  /** Bytes; Infinity for no limit. */
  readonly maxSendSize: number;
}

export interface SessionObserver extends GatheringObserver {
  readonly channelsSink: ChannelsSink;
  onIceState(state: IceState): void;
  onIceRole(): void;
  onSelectedPair(pair: CandidatePair | undefined): void;
  onDtlsState(state: 'connecting' | 'connected'): void;
  /** Called once, last of all. */
  onEnd(end: SessionEnd): void;
}

export interface SessionOptions extends MillraceConfiguration {
  /** By preference; never none. */
  readonly certificates: readonly DtlsCertificate[];
  readonly localSctpPort: number;
  readonly maxMessageSize: number;
}

export class Session {
  readonly timings: SessionTimings = {
    created: now(),
    gatheringStarted: undefined,
    gathered: undefined,
    iceConnected: undefined,
    dtlsConnected: undefined,
    sctpConnected: undefined,
    firstChannelOpen: undefined,
  };
  readonly agent: IceAgent;
  readonly driver: Driver;
  readonly sped: Sped;
  readonly remoteCandidates: RemoteCandidates;
  selectedPairChanges = 0;
  readonly #backend: Backend;
  /** Its part in a port that other connections use too. */
  readonly #shared: MuxMembership | undefined;
  readonly #channels: DataChannels;
  readonly #options: SessionOptions;
  readonly #associations: AssociationMaker;
  readonly #observer: SessionObserver;
  #negotiated: NegotiatedSession | undefined;
  #dtls: DtlsConnection | undefined;
  #association: SctpAssociation | undefined;
  #media: RtpPath | undefined;
  #hasPath = false;
  #isDtlsTold = false;
  #pathRoundTripTime: Millis | undefined;
  #end: SessionEnd | undefined;
  readonly #gathering: Gathering;
  readonly #idle: Alarm = new Alarm(() => this.#prepare());
  /** Goes off when a failed connection has waited long enough for a restart. */
  readonly #patience: Alarm = new Alarm(() => this.#onPatienceOver());

  constructor(options: SessionOptions, channels: DataChannels, observer: SessionObserver) {
    this.#channels = channels;
    this.#options = options;
    const { localSctpPort, maxMessageSize, sendBuffer, congestionControl } = options;
    this.#associations = new AssociationMaker({
      localPort: localSctpPort,
      maxMessageSize,
      ...(sendBuffer === undefined ? {} : { sendQueueLimit: sendBuffer }),
      ...(congestionControl === undefined ? {} : { congestionControl }),
    });
    this.#observer = observer;
    const { iceLite, iceParameters, udpMux } = options;
    // A cookie is bound to an address, and what rides has none yet.
    this.sped = new Sped(options.sped !== false && !options.verifyAddress);
    this.agent = new IceAgent({
      role: iceLite ? 'controlled' : 'controlling',
      crypto: nodeStunCrypto,
      random,
      lite: iceLite,
      local: iceParameters,
      longFragment: true,
      piggyback: this.sped,
      renomination: options.renomination ?? false,
      ...(options.consentTimeout === undefined ? {} : { consentExpiry: options.consentTimeout }),
    });
    const { usernameFragment } = this.agent.localParameters;
    this.#shared = udpMux && joinMux(udpMux, usernameFragment, () => this.#finish(MUX_CLOSED));
    this.#backend = sharedBackend(chooseBackend(options.native ?? true), this.#shared);
    this.driver = new Driver(this.#backend, this.agent, this.sped, channels, {
      ice: {
        onStateChange: (state) => this.#onIceState(state),
        onSelectedPair: (pair) => {
          this.selectedPairChanges++;
          this.driver.onPath();
          observer.onSelectedPair(pair);
        },
        onRoleChange: () => observer.onIceRole(),
      },
      dtls: {
        onHalfConnected: () => this.#startSctp(),
        onConnected: () => this.#onSecured(),
        onClosed: (reason) => this.#finish(endOfDtls(reason)),
        onKeyLog: (line) => options.onKeyLog && queueTask(options.onKeyLog, line),
      },
      channelsSink: observer.channelsSink,
      onUsablePath: (roundTripTime) => this.#onPath(roundTripTime),
    });
    this.#gathering = new Gathering(
      this.agent,
      this.driver,
      this.timings,
      { ...options, shared: this.#shared },
      observer,
    );
    this.remoteCandidates = new RemoteCandidates(this.agent, this.driver, () =>
      this.#gathering.onPassiveRemote(),
    );
  }

  get dtls(): DtlsConnection | undefined {
    return this.#dtls;
  }

  get association(): SctpAssociation | undefined {
    return this.#association;
  }

  /** What descriptions say for the association to be; the same in all of them. */
  get sctpInit(): Uint8Array | undefined {
    if (this.#options.sctpSnap === false) return undefined;
    // draft-hancke-tsvwg-snap §4.6: what the first negotiation went without, later ones do too.
    const isWithout = this.#negotiated?.remoteSctpPort !== undefined && !this.#negotiated.remoteSctpInit;
    return isWithout ? undefined : this.#associations.init;
  }

  get negotiated(): NegotiatedSession | undefined {
    return this.#negotiated;
  }

  get media(): RtpPath | undefined {
    return this.#media;
  }

  get end(): SessionEnd | undefined {
    return this.#end;
  }

  /** One of our candidates as the peer is told of it. */
  told(candidate: LocalCandidate): LocalCandidate {
    return this.#gathering.told(candidate);
  }

  sourceOf(told: LocalCandidate): CandidateSource | undefined {
    return this.#gathering.sourceOf(told);
  }

  get tcpDrops(): DropCounts<TcpDrop> {
    return this.#gathering.tcp.drops.counts;
  }

  get hasBegunGathering(): boolean {
    return this.#gathering.hasBegun;
  }

  get isGathered(): boolean {
    return this.#gathering.isDone;
  }

  /** Whether there is anything left to restart. */
  get isRunning(): boolean {
    return !this.driver.isClosed;
  }

  /** An ICE restart has begun that the peer has not answered. */
  get isRestarting(): boolean {
    return this.#negotiated !== undefined && this.agent.remoteParameters === undefined;
  }

  drawIceParameters(): IceParameters {
    return drawParameters(random);
  }

  /** RFC 8445 §9: other credentials on the same sockets. `gather` tells of the candidates. */
  restart(local: IceParameters, relayOnly: boolean): void {
    if (this.driver.isClosed) return;
    this.#shared?.keepFragments(this.agent.localFragments);
    this.#shared?.addFragment(local.usernameFragment);
    this.#gathering.restart(local, relayOnly);
    this.driver.wake();
  }

  /** The offer of a restart has been taken back. */
  abandonRestart(): void {
    if (!this.isRestarting || !this.agent.abandonRestart(now())) return;
    this.#gathering.abandonRestart();
    this.driver.wake();
  }

  /** W3C webrtc-pc §4.2.1: see `Gathering.prepare`. */
  prepare(servers: readonly IceServer[], relayOnly: boolean): void {
    this.#gathering.prepare(servers, relayOnly);
  }

  /** What was prepared is not wanted any more. */
  discardPrepared(): void {
    this.#gathering.discard();
  }

  /** Ours, as the peer is told of them. */
  get localCandidates(): readonly LocalCandidate[] {
    return this.#gathering.candidates;
  }

  /** See `Gathering.run`. */
  gather(servers: readonly IceServer[] = [], relayOnly = false): Promise<void> {
    return this.#gathering.run(servers, relayOnly);
  }

  /** Begins to connect: both descriptions are known. Called again, the size of messages may change, or data be added. */
  start(negotiated: NegotiatedSession): void {
    if (negotiated.remoteSctpPort !== undefined) this.#channels.maxMessageSize = negotiated.maxSendSize;
    if (this.driver.isClosed) return;
    if (this.#negotiated) {
      // Data channels may come to a connection of audio and video.
      const held = this.#negotiated;
      this.#negotiated = { ...(held.remoteSctpPort === undefined ? negotiated : held), ice: negotiated.ice };
      this.#startGeneration(negotiated);
      this.#startSctp();
      return;
    }
    this.#negotiated = negotiated;
    this.sped.settle(negotiated.localIceOptions, negotiated.remoteIceOptions);
    this.#channels.setRole(negotiated.dtlsRole);
    // RFC 8445 §6.1.1. A peer that has our offer may have begun to check before its own offer took the place of
    // ours; the role it has met us in stays then, and §7.3.1.1 settles the conflict, if it comes to one.
    if (this.agent.stats.requestsReceived === 0) this.agent.setRole(negotiated.iceRole);
    this.#startGeneration(negotiated);
    this.#startDtls();
    this.driver.wake();
    this.#idle.set(now() + PREPARE_AFTER, now());
  }

  /** The peer's credentials are known, the first ones or those of a restart. */
  #startGeneration({ ice, iceLite, renomination }: NegotiatedSession): void {
    const known = this.agent.remoteParameters;
    if (known?.usernameFragment === ice.usernameFragment && known.password === ice.password) return;
    this.agent.setRemoteParameters({ ...ice, lite: iceLite, renomination }, now());
    this.remoteCandidates.begin(ice.usernameFragment);
    this.driver.wake();
  }

  /** The association is up: for the timings. */
  onSctpConnected(): void {
    this.timings.sctpConnected ??= now();
  }

  /** The association has ended, and with it what the session was for. */
  onSctpClosed(reason: SctpCloseReason): void {
    this.#finish(endOfSctp(reason));
  }

  cork(): void {
    this.#association?.cork(now());
  }

  uncork(): void {
    this.#association?.uncork(now());
    this.driver.wake();
  }

  /** Says goodbye and ends the session. */
  close(end: SessionEnd = CLOSED): void {
    this.#finish(end);
  }

  #onPath(roundTripTime: Millis | undefined): void {
    this.#hasPath = true;
    this.#pathRoundTripTime = roundTripTime;
    this.sped.setPath(roundTripTime);
    this.#dtls?.setPath(roundTripTime, now());
    this.driver.onPath();
    this.timings.iceConnected ??= now();
    this.#gathering.watch();
    this.#startDtls();
    this.#startSctp();
    setImmediate(() => this.#prepareSctp()); // when what is due now has been sent
  }

  /** As soon as a path works, or none is needed, and the peer's fingerprint is known; nomination need not have happened. */
  #startDtls(): void {
    if (!this.#negotiated || !(this.#hasPath || this.sped.isAgreed)) return;
    this.#makeDtls(this.#negotiated);
    this.#tellDtlsBegun();
  }

  #tellDtlsBegun(): void {
    if (this.#isDtlsTold) return;
    this.#isDtlsTold = true;
    this.#observer.onDtlsState('connecting');
  }

  #makeDtls({ dtlsRole, fingerprints }: NegotiatedSession): void {
    if (this.#dtls) return;
    this.#dtls = new DtlsConnection({
      role: dtlsRole,
      certificate: this.#options.certificates[0]!,
      otherCertificates: this.#options.certificates.slice(1),
      crypto: this.#backend.crypto,
      random,
      remoteFingerprints: this.#options.disableFingerprintVerification ? 'any' : fingerprints,
      helloVerify: this.#options.verifyAddress ? helloVerify(this.agent.usableRoute) : undefined,
      roundTripTime: this.#pathRoundTripTime,
      mtu: this.sped.isAgreed ? SPED_DATAGRAM_BYTES : DATAGRAM_BYTES,
      ...dtlsOptions(this.#options.dtls ?? {}, this.#backend),
      srtpProfiles: OFFERED_SRTP_PROFILES,
      keyLog: this.#options.onKeyLog !== undefined,
    });
    this.driver.attachDtls(this.#dtls);
  }

  #onSecured(): void {
    if (!this.#negotiated || this.#end) return;
    this.timings.dtlsConnected = now();
    this.sped.onConnected(this.#hasLastFlight);
    this.#secureMedia();
    this.#tellDtlsBegun();
    this.#observer.onDtlsState('connected');
    this.#startSctp();
  }

  /** RFC 6347 §4.2.4, RFC 9147 §5.7: with DTLS 1.2 the server speaks last, with 1.3 the client. */
  get #hasLastFlight(): boolean {
    const speaker = this.#dtls?.tlsVersion === 'FEFC' ? 'client' : 'server';
    return this.#negotiated?.dtlsRole === speaker;
  }

  /** Audio and video have been negotiated: their packets go the way of the others from now on. */
  attachMedia(media: RtpPath): void {
    if (this.#media) return;
    this.#media = media;
    this.driver.attachMedia(media);
    this.#secureMedia();
  }

  /** RFC 5764 §4.2: keys out of a handshake whose fingerprint has been verified, so out of none before. */
  #secureMedia(): void {
    if (!this.#media || this.#dtls?.state !== 'connected') return;
    const keys = this.#dtls.exportSrtpKeys();
    if (!keys) return; // the peer's DTLS does without SRTP: media is dropped, as not secured
    const { profile, clientKey, clientSalt, serverKey, serverSalt } = keys;
    const isClient = this.#negotiated?.dtlsRole === 'client';
    this.#media.secure(
      {
        profile,
        localKey: isClient ? clientKey : serverKey,
        localSalt: isClient ? clientSalt : serverSalt,
        remoteKey: isClient ? serverKey : clientKey,
        remoteSalt: isClient ? serverSalt : clientSalt,
      },
      this.#backend.srtpCryptos,
    );
    this.driver.wake();
  }

  /** Checks are on their way: what comes after them is made while nothing waits for it. Sent it is when there is a path. */
  #prepare(): void {
    if (this.#end || !this.#negotiated) return;
    // A cookie is bound to the address that ICE has yet to find.
    if (!this.#options.verifyAddress) this.#makeDtls(this.#negotiated);
    this.#prepareSctp();
  }

  /** DTLS waits for the peer: nothing else waits for this now. */
  #prepareSctp(): void {
    const { remoteSctpPort: remotePort, remoteSctpInit: remoteInit } = this.#negotiated ?? {};
    const { roundTripTime } = this.agent;
    if (remoteInit === undefined && roundTripTime === undefined) return;
    if (remotePort === undefined || !this.#dtls || this.#association || this.#end) return;
    const mtu = (this.#dtls.maxPlaintext - EXPLICIT_NONCE_BYTES) & ~3;
    this.#associations.prepare({ remotePort, remoteInit, mtu, roundTripTime }, now());
  }

  /**
   * Deviation: RFC 8261 §6.1 has DTLS connected first. Where it is so from the server to the client, the server's INIT goes
   * out already, which saves the whole round trip in which the client shows who it is; no other chunk does, and no message.
   */
  #startSctp(): void {
    const { remoteSctpPort, remoteSctpInit } = this.#negotiated ?? {};
    if (remoteSctpPort === undefined || this.#association || !this.#dtls) return;
    // A lite agent, who asks nothing, has measured nothing.
    const roundTripTime = this.agent.roundTripTime ?? this.#dtls.roundTripTime;
    // A loss would cost a second where it is not known.
    const isEarly = this.#dtls.isHalfConnected && !remoteSctpInit && roundTripTime !== undefined;
    if (!isEarly && this.#dtls.state !== 'connected') return;
    // What one datagram holds besides DTLS, in whole words (RFC 9260 §3); 1.3 adds less than 1.2.
    const mtu = this.#dtls.maxPlaintext & ~3;
    this.#association = this.#associations.make(
      { remotePort: remoteSctpPort, remoteInit: remoteSctpInit, mtu, roundTripTime },
      now(),
    );
    this.driver.attachSctp(this.#association);
  }

  #onIceState(state: IceState): void {
    if (this.#end) return;
    this.#observer.onIceState(state);
    if (state !== 'failed') {
      this.#patience.stop();
      return;
    }
    const { restartPatience = RESTART_PATIENCE } = this.#options;
    if (restartPatience === 0) this.#onPatienceOver();
    else if (restartPatience !== Number.POSITIVE_INFINITY) this.#patience.set(now() + restartPatience, now());
  }

  /** W3C webrtc-pc §5.6.4: only a restart brings back what has failed. What is on its way is waited for. */
  #onPatienceOver(): void {
    if (this.agent.state !== 'failed') return;
    if (this.isRestarting) {
      this.#patience.set(now() + RESTART_PATIENCE, now());
      return;
    }
    this.#finish(endOfIce(this.timings.iceConnected !== undefined, this.#options));
  }

  /** The one way out, whoever asks for it. */
  #finish(end: SessionEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.remoteCandidates.close();
    this.#patience.stop();
    this.#idle.stop();
    this.#gathering.close();
    this.driver.close();
    this.#shared?.leave();
    this.#observer.onEnd(end);
  }
}
