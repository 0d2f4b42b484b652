// RTCPeerConnection (W3C webrtc-pc §4.4): negotiation, events and the life of a connection. What moves bytes is the
// session's; what the descriptions say is @millrace/sdp's; audio and video are PeerMedia's.
// Longer than most files: it is the list of what the standard gives the class, each member a line or two.

import { type ChannelInit, DataChannelError, DataChannels } from '@millrace/datachannel';
import { formatCandidate } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';
import { formatSessionDescription, transportSection } from '@millrace/sdp';
import {
  dtlsCertificateOf,
  fingerprintsOf,
  forgetKeyOf,
  generateCertificate,
  type RTCCertificate,
} from '../certificate.ts';
import { ChannelBridge } from '../data-channel/bridge.ts';
import { parseDataChannelInit, type RTCDataChannelInit } from '../data-channel/init.ts';
import { type RTCDataChannel, RTCDataChannelEvent } from '../data-channel/rtc-data-channel.ts';
import { exception } from '../errors.ts';
import { fire } from '../events.ts';
import { PeerMedia, type RTCRtpTransceiverInit } from '../media/peer-media.ts';
import type { RTCRtpReceiver } from '../media/receiver.ts';
import type { RTCRtpSender } from '../media/sender.ts';
import type { MediaStream } from '../media/stream.ts';
import type { MediaStreamTrack } from '../media/track.ts';
import type { RTCRtpTransceiver } from '../media/transceiver.ts';
import { spareCertificate } from '../spare-certificate.ts';
import { inTask, queueTask } from '../task-queue.ts';
import { now } from '../transport/alarm.ts';
import { random } from '../transport/random.ts';
import { checkedConfiguration, isSameMillrace, type RTCConfiguration } from './configuration.ts';
import type { RTCPeerConnectionState } from './connection-state.ts';
import { noIceRestart } from './description-rules.ts';
import type { RTCSignalingState } from './descriptions.ts';
import { PeerConnectionEvents } from './events.ts';
import type { RTCIceCandidate, RTCIceCandidateInit } from './ice-candidate.ts';
import { RTCPeerConnectionIceErrorEvent } from './ice-event.ts';
import type { RTCIceGathererState, RTCIceTransportState } from './ice-transport.ts';
import { LocalCandidates } from './local-candidates.ts';
import { NegotiationNeed } from './negotiation-need.ts';
import { type NegotiationHost, Negotiator } from './negotiator.ts';
import { OperationsChain } from './operations-chain.ts';
import type { RTCSctpTransport } from './sctp-transport.ts';
import { Session, type SessionTimings } from './session.ts';
import type {
  RTCLocalSessionDescriptionInit,
  RTCSessionDescription,
  RTCSessionDescriptionInit,
} from './session-description.ts';
import { CLOSED, type SessionEnd } from './session-end.ts';
import { mediaReport, type RTCStatsReport, StatsIds, statsReport } from './stats.ts';
import { Transports } from './transports.ts';

const DEFAULT_MAX_MESSAGE_SIZE = 262_144;
const SCTP_PORT = 5000;
/** RFC 9260 §3.3.10.12: what an ABORT of a peer that closes says, and what its close_notify alone means. */
const USER_INITIATED_ABORT = { code: 12, text: '' };

export interface RTCOfferOptions {
  iceRestart?: boolean;
}
export type RTCAnswerOptions = Record<string, unknown>;

/** Ends a connection for a reason that is not its application's. */
export let endConnection: (connection: RTCPeerConnection, end: SessionEnd) => void;

/** A connection to one peer (W3C webrtc-pc §4.4). Beyond the standard: `closed`, `timings`, `await using`. */
export class RTCPeerConnection extends PeerConnectionEvents {
  /** Fulfils when the connection has ended for good, whoever ended it, with the reason. Never rejects. */
  readonly closed: Promise<SessionEnd>;
  readonly #created = now();
  readonly #chain = new OperationsChain(() => this.#need.check());
  readonly #negotiator: Negotiator;
  readonly #channels = new DataChannels();
  readonly #bridge: ChannelBridge;
  /** Those that are not closed. */
  readonly #open = new Set<RTCDataChannel>();
  readonly #resolveClosed: (end: SessionEnd) => void;
  /** By preference; never none. */
  readonly #certificates: readonly RTCCertificate[];
  readonly #session: Session;
  readonly #transports: Transports;
  readonly #statsIds = new StatsIds();
  readonly #media: PeerMedia;
  #configuration: RTCConfiguration;
  #isClosed = false;
  /** By `close` here, after which nothing is told. */
  #isSilent = false;
  readonly #need: NegotiationNeed;
  readonly #candidates: LocalCandidates;
  #firstChannelOpen: Millis | undefined;

  static {
    endConnection = (connection, end) => connection.#session.close(end);
  }

  /** See `generateCertificate` of this package: the same function. */
  static generateCertificate(algorithm: unknown): Promise<RTCCertificate> {
    return generateCertificate(algorithm);
  }

  /**
   * @throws {TypeError | DOMException} when the configuration is wrong
   */
  constructor(configuration?: RTCConfiguration) {
    super();
    this.#configuration = checkedConfiguration(configuration);
    const { certificates = [] } = this.#configuration;
    this.#certificates = certificates.length > 0 ? certificates : [spareCertificate.take()];
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#bridge = new ChannelBridge({
      channels: this.#channels,
      now,
      wake: () => this.#wake(),
      onChannel: (channel) => {
        this.#open.add(channel);
        queueTask(this.#fireDataChannel, channel);
      },
      onOpened: () => (this.#firstChannelOpen ??= now()),
      onEnded: (channel) => this.#open.delete(channel),
      onConnected: () => this.#onSctpConnected(),
      onAssociationClosed: (reason) => this.#session.onSctpClosed(reason),
    });
    this.#session = this.#makeSession();
    this.#transports = new Transports(this, this.#session, () => {
      const local = this.#negotiator.descriptions.local;
      return (local && transportSection(local.data)?.mid) ?? null;
    });
    this.#media = this.#makeMedia();
    this.#negotiator = new Negotiator(this.#negotiationHost());
    this.#need = this.#makeNeed();
    this.#candidates = this.#makeCandidates();
    this.#candidates.prepare();
  }

  get signalingState(): RTCSignalingState {
    return this.#isClosed ? 'closed' : this.#negotiator.descriptions.state;
  }

  get iceGatheringState(): RTCIceGathererState {
    return this.#transports.ice.gatheringState;
  }

  get iceConnectionState(): RTCIceTransportState {
    return this.#transports.iceConnectionState;
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#transports.connectionState;
  }

  /** Whether the peer takes candidates one by one; `null` until its description is known. */
  get canTrickleIceCandidates(): boolean | null {
    const remote = this.#negotiator.descriptions.remote?.data;
    return remote ? (transportSection(remote)?.iceOptions.includes('trickle') ?? false) : null;
  }

  get localDescription(): RTCSessionDescription | null {
    return this.#negotiator.descriptions.local?.public ?? null;
  }

  get currentLocalDescription(): RTCSessionDescription | null {
    return this.#negotiator.descriptions.currentLocal?.public ?? null;
  }

  get pendingLocalDescription(): RTCSessionDescription | null {
    return this.#negotiator.descriptions.pendingLocal?.public ?? null;
  }

  get remoteDescription(): RTCSessionDescription | null {
    return this.#negotiator.descriptions.remote?.public ?? null;
  }

  get currentRemoteDescription(): RTCSessionDescription | null {
    return this.#negotiator.descriptions.currentRemote?.public ?? null;
  }

  get pendingRemoteDescription(): RTCSessionDescription | null {
    return this.#negotiator.descriptions.pendingRemote?.public ?? null;
  }

  get sctp(): RTCSctpTransport | null {
    return this.#transports.sctp;
  }

  /** When each phase of opening was over, in milliseconds on the clock of `performance.now()`. */
  get timings(): Readonly<SessionTimings> {
    const { timings } = this.#session;
    return { ...timings, created: this.#created, firstChannelOpen: this.#firstChannelOpen };
  }

  getConfiguration(): RTCConfiguration {
    const { iceServers = [], certificates = [], ...rest } = this.#configuration;
    return { ...rest, iceServers: [...iceServers], certificates: [...certificates] };
  }

  /** @throws {DOMException} InvalidModificationError for what can't change once the connection exists */
  setConfiguration(configuration: RTCConfiguration = {}): void {
    this.#assertOpen();
    const next = checkedConfiguration(configuration);
    const { certificates = [], bundlePolicy, rtcpMuxPolicy, millrace = {} } = this.#configuration;
    const isSame =
      next.bundlePolicy === bundlePolicy &&
      next.rtcpMuxPolicy === rtcpMuxPolicy &&
      (next.certificates?.length === 0 || next.certificates?.every((one, i) => one === certificates[i])) &&
      isSameMillrace(configuration.millrace, millrace);
    if (!isSame) {
      const fixed = 'certificates, policies and millrace options of a connection are fixed';
      throw exception('InvalidModificationError', fixed);
    }
    const { iceCandidatePoolSize: size } = next;
    // W3C webrtc-pc §4.4.1.6: the pool has been used up by then.
    if (size !== this.#configuration.iceCandidatePoolSize && this.localDescription !== null)
      throw exception('InvalidModificationError', 'iceCandidatePoolSize is fixed once a description is set');
    this.#configuration = { ...next, certificates, millrace };
    this.#candidates.prepare();
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    return this.#chain.run(() => {
      this.#assertOpen();
      if (options?.iceRestart && this.#session.end) throw noIceRestart();
      const { state } = this.#negotiator.descriptions;
      if (state !== 'stable' && state !== 'have-local-offer') {
        throw exception('InvalidStateError', `can't create an offer in state ${state}`);
      }
      return {
        type: 'offer',
        sdp: formatSessionDescription(this.#negotiator.makeOffer(options?.iceRestart)),
      };
    });
  }

  createAnswer(_options?: RTCAnswerOptions): Promise<RTCSessionDescriptionInit> {
    return this.#chain.run(() => {
      this.#assertOpen();
      return { type: 'answer', sdp: formatSessionDescription(this.#negotiator.makeAnswer()) };
    });
  }

  /** Without `type` it makes and sets the description that the state asks for. */
  setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
    return this.#chain.run(() => this.#step(() => this.#negotiator.setLocal(description ?? {})));
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    return this.#chain.run(async () => {
      await this.#step(() => this.#negotiator.giveWay(description));
      await this.#step(() => this.#negotiator.setRemote(description));
    });
  }

  /** `null`, `undefined` or an empty candidate means that the peer has no more. */
  addIceCandidate(candidate?: RTCIceCandidateInit | RTCIceCandidate | null): Promise<void> {
    const given = candidate ?? {};
    const isEnd = (given.candidate ?? '') === '';
    if (!isEnd && given.sdpMid == null && given.sdpMLineIndex == null) {
      return Promise.reject(new TypeError('sdpMid and sdpMLineIndex are both null'));
    }
    return this.#chain.run(() => {
      this.#assertOpen();
      this.#negotiator.addCandidate(given, isEnd);
    });
  }

  /**
   * Has the next offer restart ICE, and asks for negotiation (W3C webrtc-pc §4.4.2). What is connected goes on carrying
   * data until the new way has been found.
   *
   * @throws {DOMException} NotSupportedError when the connection has ended: see `restartPatience`
   */
  restartIce(): void {
    if (this.#isClosed) return;
    if (this.#session.end) throw noIceRestart();
    this.#negotiator.restartIce();
    this.#need.check();
  }

  /**
   * Makes a data channel (W3C webrtc-pc §6.1). It opens when the connection does.
   *
   * @throws {TypeError} for options that contradict each other or are out of range
   * @throws {DOMException} InvalidStateError on a closed connection, OperationError when the id is taken
   */
  createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
    this.#assertOpen();
    const channel = this.#openChannel(parseDataChannelInit(label, init));
    this.#open.add(channel);
    this.#need.check();
    return channel;
  }

  /** Byte counts, states and drops of every layer (W3C webrtc-stats, and `millrace-*` members beyond it). */
  getStats(selector?: MediaStreamTrack | null): Promise<RTCStatsReport> {
    if (selector) return this.#media.statsOf(selector);
    const { opened, closed } = this.#bridge;
    return Promise.resolve(
      statsReport(
        this.#statsIds,
        this.#session,
        this.#channels,
        this.#open,
        opened,
        closed,
        this.#media.transceivers,
      ),
    );
  }

  /**
   * Makes a sender and a receiver (W3C webrtc-pc §5.1), for a track or for a kind of media.
   *
   * @throws {TypeError} for what is neither, or for encodings that contradict each other
   * @throws {DOMException} InvalidStateError on a closed connection
   */
  addTransceiver(trackOrKind: MediaStreamTrack | string, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
    this.#assertOpen();
    return this.#media.addTransceiver(trackOrKind, init);
  }

  /** Sends the track's packets; `streams` are those that the peer's track is in. */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender {
    this.#assertOpen();
    return this.#media.addTrack(track, streams);
  }

  removeTrack(sender: RTCRtpSender): void {
    this.#assertOpen();
    this.#media.removeTrack(sender);
  }

  getTransceivers(): RTCRtpTransceiver[] {
    return this.#media.getTransceivers();
  }

  getSenders(): RTCRtpSender[] {
    return this.#media.getSenders();
  }

  getReceivers(): RTCRtpReceiver[] {
    return this.#media.getReceivers();
  }

  /** Ends the connection at once, tells the peer, and loses what was not yet sent. See `Symbol.asyncDispose`. */
  close(): void {
    if (this.#isClosed) return;
    this.#isSilent = true;
    this.#shutDown();
    for (const channel of this.#open) channel.close(); // what still waits to be told of is discarded
    this.#abandonChannels(CLOSED);
    this.#resolveClosed(CLOSED);
  }

  /** Closes every channel once its queue has drained, then the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isUp = this.connectionState === 'connected' || this.connectionState === 'disconnected';
    const open = isUp ? [...this.#open] : [];
    for (const channel of open) channel.close();
    await Promise.allSettled(open.map((channel) => channel.closed));
    this.close();
  }

  // What the parts see of the connection has methods and no accessors: V8 keeps each accessor's functions in a pair that
  // is old from the start, and all they reach, the whole connection, outlives it until the next full collection.

  #negotiationHost(): NegotiationHost {
    return {
      session: this.#session,
      media: this.#media,
      maxBundle: this.#configuration.bundlePolicy === 'max-bundle',
      wantsData: () => this.#wantsData(),
      isRelayOnly: () => this.#configuration.iceTransportPolicy === 'relay',
      wants13: this.#configuration.millrace?.dtls?.maxVersion !== '1.2',
      identity: {
        fingerprints: fingerprintsOf(
          this.#certificates,
          this.#configuration.millrace?.fingerprintHashes ?? ['sha-256'],
        ),
        sctpPort: SCTP_PORT,
        maxMessageSize: this.#maxMessageSize,
        renomination: this.#configuration.millrace?.renomination ?? false,
        iceLite: this.#configuration.millrace?.iceLite ?? false,
      },
      onStateChange: () => {
        if (this.signalingState === 'stable') this.#need.forget();
        if (!this.#isSilent) fire(this, 'signalingstatechange');
      },
      // Candidates are news of their own: the first comes after this step has been reported as done.
      onLocalDescription: () => void setImmediate(() => this.#candidates.gather()),
      onUntoldCandidate: (text, usernameFragment) => this.#candidates.tellLater(text, usernameFragment),
      onAnswered: (negotiated) => {
        if (negotiated.remoteSctpPort !== undefined)
          this.#transports.onSctpNegotiated(negotiated.maxSendSize);
        this.#session.start(negotiated);
      },
      onRefused: () => {
        for (const channel of this.#open) channel.close();
      },
    };
  }

  #makeNeed(): NegotiationNeed {
    return new NegotiationNeed(this.#negotiator, this.#media.transceivers, this.#chain, {
      isClosed: () => this.#isClosed,
      wantsData: () => this.#wantsData(),
      ask: () => {
        if (!this.#isSilent) fire(this, 'negotiationneeded');
      },
    });
  }

  #makeCandidates(): LocalCandidates {
    return new LocalCandidates(this.#session, this.#negotiator, this.#transports, {
      isClosed: () => this.#isClosed,
      configuration: () => this.#configuration,
      fire: (event) => this.#fire(event),
    });
  }

  #makeMedia(): PeerMedia {
    return new PeerMedia({
      random,
      interceptors: () => this.#configuration.millrace?.interceptors?.() ?? [],
      transport: this.#transports.dtls,
      isClosed: () => this.#isClosed,
      wake: () => this.#session.driver.wake(),
      onPath: (path) => this.#session.attachMedia(path),
      onNeedsNegotiation: () => this.#need.check(),
      onTrack: (event) => this.#fire(event),
      stats: (isWanted) => mediaReport(this.#statsIds, this.#session, this.#media.transceivers, isWanted),
    });
  }

  get #maxMessageSize(): number {
    return this.#configuration.millrace?.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw exception('InvalidStateError', 'the connection is closed');
  }

  /** W3C webrtc-pc §4.4.1.5: descriptions are set in a task, whose events come before the promise fulfils. */
  #step(run: () => void): Promise<void> {
    return inTask(() => {
      this.#assertOpen();
      run();
    });
  }

  #fire(event: Event): void {
    if (!this.#isSilent) this.dispatchEvent(event);
  }

  // The session

  /** W3C webrtc-pc §5.5, §5.6: states change in tasks, with their events, so none is skipped or seen twice. */
  #makeSession(): Session {
    const later =
      <T>(run: (news: T) => void): ((news: T) => void) =>
      (news) =>
        queueTask((news) => {
          if (!this.#isClosed) run(news);
        }, news);
    return new Session(
      {
        ...this.#configuration.millrace,
        certificates: this.#certificates.map(dtlsCertificateOf),
        localSctpPort: SCTP_PORT,
        maxMessageSize: this.#maxMessageSize,
      },
      this.#channels,
      {
        channelsSink: this.#bridge,
        onLocalCandidate: (candidate, source) =>
          this.#candidates.tellLater(formatCandidate(candidate), candidate.usernameFragment, source),
        onLocalCandidateGone: later((candidate) =>
          this.#negotiator.withdrawLocalCandidate(formatCandidate(candidate)),
        ),
        onGatheringError: later((error) =>
          this.#fire(new RTCPeerConnectionIceErrorEvent('icecandidateerror', error)),
        ),
        onGathered: (usernameFragment) => this.#candidates.tellGathered(usernameFragment),
        onIceState: later((state) => this.#transports.onIceState(state)),
        onIceRole: () => {},
        onSelectedPair: later((pair) => this.#transports.onSelectedPair(pair)),
        onDtlsState: later((state) => {
          if (state === 'connected') this.#forgetKey();
          this.#transports.onDtlsState(state);
        }),
        onEnd: (end) => this.#onEnd(end),
      },
    );
  }

  /** There is but one handshake. A certificate that was made for it is of no use to another connection. */
  #forgetKey(): void {
    if (this.#configuration.certificates?.length) return;
    for (const certificate of this.#certificates) forgetKeyOf(certificate);
  }

  #onSctpConnected(): void {
    this.#session.onSctpConnected();
    queueTask(() => {
      if (!this.#isClosed) this.#transports.onSctpConnected();
    }, undefined);
  }

  /** Whatever ended the session: every object says so, and nothing stays open. */
  #onEnd(end: SessionEnd): void {
    this.#forgetKey();
    if (this.#isSilent) return; // see `close`
    queueTask(() => {
      if (this.#isClosed) return;
      if (end.by === 'failure') this.#transports.onFailure(end);
      // Deviation: W3C leaves the connection open here until ICE notices; see docs/deviations.md.
      else this.#shutDown();
    }, undefined);
    queueTask(this.#resolveClosed, end);
    this.#abandonChannels(end);
  }

  #shutDown(): void {
    this.#isClosed = true;
    this.#chain.close();
    this.#session.close();
    this.#media.close();
    this.#transports.close(!this.#isSilent);
  }

  #wantsData(): boolean {
    for (const { readyState } of this.#open) if (readyState !== 'closing') return true;
    return false;
  }

  // Channels

  #openChannel(init: ChannelInit): RTCDataChannel {
    try {
      return this.#bridge.open(init);
    } catch (error) {
      if (error instanceof DataChannelError) throw exception('OperationError', error.message);
      throw error;
    }
  }

  readonly #fireDataChannel = (channel: RTCDataChannel): void => {
    this.#fire(new RTCDataChannelEvent('datachannel', { channel }));
  };

  /** Has the channels' events told even while there is no driver to do it. */
  #wake(): void {
    const { driver } = this.#session;
    if (!driver.isClosed) driver.wake();
    else setImmediate(() => this.#channels.drain(this.#bridge, now()));
  }

  #abandonChannels({ by, message }: SessionEnd): void {
    // Whoever closes here knows; a peer that leaves or falls silent may have left something behind unsent.
    if (by === 'local') this.#channels.abandon({ by, code: 'SHUTDOWN' });
    else if (by === 'remote') this.#channels.abandon({ by, code: 'ABORTED', cause: USER_INITIATED_ABORT });
    else
      this.#channels.abandon({ by: 'timeout', code: 'PEER_UNREACHABLE', cause: { code: 0, text: message } });
    this.#channels.drain(this.#bridge, now());
  }
}
