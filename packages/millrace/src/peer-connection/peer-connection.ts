// RTCPeerConnection (W3C webrtc-pc §4.4) for data channels: negotiation, events and the life of a connection.
// What moves bytes is the session's; what the descriptions say is @millrace/sdp's. Media and ICE restart are
// not here yet.
import { type ChannelInit, DataChannelError, DataChannels, MAX_CHANNELS } from '@millrace/datachannel';
import { formatCandidate, type IceState } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';
import { dataSection, formatSessionDescription } from '@millrace/sdp';
import {
  defaultCertificate,
  dtlsCertificateOf,
  generateCertificate,
  type RTCCertificate,
} from '../certificate.ts';
import { ChannelBridge } from '../data-channel/bridge.ts';

import { parseDataChannelInit, type RTCDataChannelInit } from '../data-channel/init.ts';
import { type RTCDataChannel, RTCDataChannelEvent } from '../data-channel/rtc-data-channel.ts';
import { exception, RTCError, RTCErrorEvent } from '../errors.ts';
import { queueTask } from '../task-queue.ts';
import { now } from '../transport/alarm.ts';
import { checkedConfiguration, type RTCConfiguration } from './configuration.ts';
import { connectionState, type RTCPeerConnectionState } from './connection-state.ts';
import { noIceRestart } from './description-rules.ts';
import type { RTCSignalingState } from './descriptions.ts';
import { RTCDtlsTransport, setDtlsState } from './dtls-transport.ts';
import { PeerConnectionEvents } from './events.ts';
import { RTCIceCandidate, type RTCIceCandidateInit } from './ice-candidate.ts';
import { RTCPeerConnectionIceEvent } from './ice-event.ts';
import {
  type RTCIceGathererState,
  RTCIceTransport,
  type RTCIceTransportState,
  setGatheringState,
  setIceState,
  setSelectedPair,
} from './ice-transport.ts';
import { type NegotiationHost, Negotiator } from './negotiator.ts';
import { OperationsChain } from './operations-chain.ts';
import { RTCSctpTransport, setMaxMessageSize, setSctpState } from './sctp-transport.ts';
import { type NegotiatedSession, Session, type SessionEnd, type SessionTimings } from './session.ts';
import type {
  RTCLocalSessionDescriptionInit,
  RTCSessionDescription,
  RTCSessionDescriptionInit,
} from './session-description.ts';
import { type RTCStatsReport, statsReport } from './stats.ts';

const DEFAULT_MAX_MESSAGE_SIZE = 262_144;
const SCTP_PORT = 5000;
/** RFC 9260 §3.3.10.12: what an ABORT of a peer that closes says, and what its close_notify alone means. */
const USER_INITIATED_ABORT = { code: 12, text: '' };

export interface RTCOfferOptions {
  iceRestart?: boolean;
}
export type RTCAnswerOptions = Record<string, unknown>;

export class RTCPeerConnection extends PeerConnectionEvents {
  /** Fulfils when the connection has ended for good, whoever ended it, with the reason. Never rejects. */
  readonly closed: Promise<SessionEnd>;
  readonly #created = now();
  readonly #chain = new OperationsChain();
  readonly #negotiator: Negotiator;
  readonly #channels = new DataChannels();
  readonly #bridge: ChannelBridge;
  /** Those that are not closed. */
  readonly #open = new Set<RTCDataChannel>();
  readonly #resolveClosed: (end: SessionEnd) => void;
  readonly #certificate: RTCCertificate;
  #configuration: RTCConfiguration;
  #session: Session | undefined;
  #iceTransport: RTCIceTransport | undefined;
  #dtlsTransport: RTCDtlsTransport | undefined;
  #sctp: RTCSctpTransport | null = null;
  #isClosed = false;
  #needsNegotiation = false;
  #firstChannelOpen: Millis | undefined;
  #connectionState: RTCPeerConnectionState = 'new';
  #iceConnectionState: RTCIceTransportState = 'new';

  /** See `generateCertificate` of this package: the same function. */
  static generateCertificate(algorithm: unknown): Promise<RTCCertificate> {
    return generateCertificate(algorithm);
  }

  /**
   * @throws {TypeError | DOMException} when the configuration is wrong; NotSupportedError for a relay-only policy
   */
  constructor(configuration?: RTCConfiguration) {
    super();
    this.#configuration = checkedConfiguration(configuration);
    this.#certificate = this.#configuration.certificates?.[0] ?? defaultCertificate();
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#chain.onEmpty = () => this.#checkNegotiationNeeded();
    this.#negotiator = new Negotiator(this.#negotiationHost());
    this.#bridge = new ChannelBridge({
      channels: this.#channels,
      now,
      wake: () => this.#wake(),
      onChannel: (channel) => {
        this.#keep(channel);
        queueTask(this.#fireDataChannel, channel);
      },
      onConnected: () => this.#onSctpConnected(),
      onAssociationClosed: (reason) => this.#session?.onSctpClosed(reason),
    });
  }

  get signalingState(): RTCSignalingState {
    return this.#isClosed ? 'closed' : this.#negotiator.descriptions.state;
  }

  get iceGatheringState(): RTCIceGathererState {
    return this.#iceTransport?.gatheringState ?? 'new';
  }

  get iceConnectionState(): RTCIceTransportState {
    return this.#iceConnectionState;
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#connectionState;
  }

  /** Whether the peer takes candidates one by one; `null` until its description is known. */
  get canTrickleIceCandidates(): boolean | null {
    const remote = this.#negotiator.descriptions.remote?.data;
    return remote ? (dataSection(remote)?.iceOptions.includes('trickle') ?? false) : null;
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
    return this.#sctp;
  }

  /** When each phase of opening was over, in milliseconds on the clock of `performance.now()`. */
  get timings(): Readonly<SessionTimings> {
    const none = undefined;
    const timings = this.#session?.timings ?? {
      gatheringStarted: none,
      gathered: none,
      iceConnected: none,
      dtlsConnected: none,
      sctpConnected: none,
    };
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
    const { certificates = [], bundlePolicy, rtcpMuxPolicy } = this.#configuration;
    const isSame =
      next.bundlePolicy === bundlePolicy &&
      next.rtcpMuxPolicy === rtcpMuxPolicy &&
      (next.certificates?.length === 0 || next.certificates?.every((one, i) => one === certificates[i]));
    if (!isSame)
      throw exception('InvalidModificationError', 'certificates and policies of a connection are fixed');
    this.#configuration = { ...next, certificates };
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    return this.#chain.run(() => {
      this.#assertOpen();
      if (options?.iceRestart && this.#session?.negotiated) throw noIceRestart();
      const { state } = this.#negotiator.descriptions;
      if (state !== 'stable' && state !== 'have-local-offer') {
        throw exception('InvalidStateError', `can't create an offer in state ${state}`);
      }
      return { type: 'offer', sdp: formatSessionDescription(this.#negotiator.makeOffer()) };
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
    return this.#chain.run(() => {
      this.#assertOpen();
      this.#negotiator.setLocal(description ?? {});
    });
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    return this.#chain.run(() => {
      this.#assertOpen();
      this.#negotiator.setRemote(description);
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

  /** @throws {DOMException} NotSupportedError: ICE restart is not built yet */
  restartIce(): void {
    throw noIceRestart();
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
    this.#keep(channel);
    this.#checkNegotiationNeeded();
    return channel;
  }

  /** Byte counts, states and drops of every layer (W3C webrtc-stats, and `millrace-*` members beyond it). */
  getStats(_selector?: null): Promise<RTCStatsReport> {
    const { opened, closed } = this.#bridge;
    return Promise.resolve(statsReport(this.#session, this.#channels, this.#open, opened, closed));
  }

  /** Ends the connection at once, tells the peer, and loses what was not yet sent. See `Symbol.asyncDispose`. */
  close(): void {
    if (this.#isClosed) return;
    this.#shutDown({ by: 'local', code: 'CLOSED', message: 'close() was called' });
  }

  /** Closes every channel once its queue has drained, then the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#connectionState === 'connected' ? [...this.#open] : [];
    for (const channel of open) channel.close();
    await Promise.allSettled(open.map((channel) => channel.closed));
    this.close();
  }

  #negotiationHost(): NegotiationHost {
    const ensureSession = (): Session => this.#ensureSession();
    const hasChannels = (): boolean => this.#open.size > 0;
    return {
      get session() {
        return ensureSession();
      },
      get wantsData() {
        return hasChannels();
      },
      identity: {
        fingerprints: this.#certificate
          .getFingerprints()
          .map(({ algorithm = '', value = '' }) => ({ algorithm, value: value.toUpperCase() })),
        sctpPort: SCTP_PORT,
        maxMessageSize: this.#maxMessageSize,
      },
      onStateChange: () => {
        if (this.signalingState === 'stable') this.#needsNegotiation = false;
        fire(this, 'signalingstatechange');
      },
      // Candidates are news of their own: the first comes after this step has been reported as done.
      onLocalData: () => void setImmediate(() => this.#gather()),
      onAnswered: (negotiated) => this.#connect(negotiated),
    };
  }

  get #maxMessageSize(): number {
    return this.#configuration.millrace?.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw exception('InvalidStateError', 'the connection is closed');
  }

  // Candidates

  #gather(): void {
    const session = this.#session;
    if (!session || this.#isClosed || session.timings.gatheringStarted !== undefined) return;
    this.#setGathering(session, 'gathering');
    void session.gather();
  }

  #setGathering(session: Session, state: RTCIceGathererState): void {
    const { ice } = this.#transports(session);
    if (!setGatheringState(ice, state)) return;
    fire(ice, 'gatheringstatechange');
    fire(this, 'icegatheringstatechange');
  }

  #onLocalCandidate(text: string): void {
    const place = this.#negotiator.placeLocalCandidate(text);
    if (this.#isClosed || !place) return;
    const candidate = new RTCIceCandidate({ candidate: text, ...place });
    queueTask(dispatch, [this, new RTCPeerConnectionIceEvent('icecandidate', { candidate })]);
  }

  // The session

  /** Both descriptions are there: the transports may begin. */
  #connect(negotiated: NegotiatedSession | undefined): void {
    if (!negotiated) {
      this.#refuseChannels();
      return;
    }
    const session = this.#ensureSession();
    this.#sctp ??= new RTCSctpTransport(this.#transports(session).dtls);
    setMaxMessageSize(this.#sctp, negotiated.maxSendSize);
    session.start(negotiated);
    this.#updateConnectionState();
  }

  #ensureSession(): Session {
    if (this.#session) return this.#session;
    const session: Session = new Session(
      {
        ...this.#configuration.millrace,
        certificate: dtlsCertificateOf(this.#certificate),
        localSctpPort: SCTP_PORT,
        maxMessageSize: this.#maxMessageSize,
      },
      this.#channels,
      {
        channelsSink: this.#bridge,
        onLocalCandidate: (candidate) => this.#onLocalCandidate(formatCandidate(candidate)),
        onGathered: () => {
          this.#onLocalCandidate('');
          this.#setGathering(session, 'complete');
          queueTask(dispatch, [this, new RTCPeerConnectionIceEvent('icecandidate', { candidate: null })]);
        },
        onIceState: (state) => this.#onIceState(session, state),
        onIceRole: () => {},
        onSelectedPair: (pair) => setSelectedPair(this.#transports(session).ice, pair),
        onDtlsState: (state) => this.#onDtlsState(session, state),
        onEnd: (end) => this.#onEnd(session, end),
      },
    );
    this.#session = session;
    return session;
  }

  #transports(session: Session): { ice: RTCIceTransport; dtls: RTCDtlsTransport } {
    this.#iceTransport ??= new RTCIceTransport(session, () => {
      const local = this.#negotiator.descriptions.local;
      return (local && dataSection(local.data)?.mid) ?? null;
    });
    this.#dtlsTransport ??= new RTCDtlsTransport(this.#iceTransport);
    return { ice: this.#iceTransport, dtls: this.#dtlsTransport };
  }

  #onIceState(session: Session, state: IceState): void {
    const { ice } = this.#transports(session);
    if (!setIceState(ice, state)) return;
    fire(ice, 'statechange');
    this.#updateConnectionState();
  }

  #onDtlsState(session: Session, state: 'connecting' | 'connected'): void {
    const { dtls } = this.#transports(session);
    if (!setDtlsState(dtls, state, session.dtls?.remoteCertificate)) return;
    fire(dtls, 'statechange');
    this.#updateConnectionState();
  }

  #onSctpConnected(): void {
    this.#session?.onSctpConnected();
    const { maxInboundStreams = 0, maxOutboundStreams = 0 } = this.#session?.association ?? {};
    const maxChannels = Math.min(maxInboundStreams, maxOutboundStreams, MAX_CHANNELS);
    if (this.#sctp && setSctpState(this.#sctp, 'connected', maxChannels)) fire(this.#sctp, 'statechange');
  }

  /** Whatever ended the session: every object says so, and nothing stays open. */
  #onEnd(session: Session, end: SessionEnd): void {
    const { dtls } = this.#transports(session);
    if (end.by === 'failure') {
      if (end.code.startsWith('DTLS') && setDtlsState(dtls, 'failed')) {
        const errorDetail = end.code === 'DTLS_FINGERPRINT_MISMATCH' ? 'fingerprint-failure' : 'dtls-failure';
        const error = new RTCError({ errorDetail }, end.message);
        queueTask(dispatch, [dtls, new RTCErrorEvent('error', { error })]);
        fire(dtls, 'statechange');
      }
      this.#endChannels(end);
      this.#updateConnectionState();
      this.#resolveClosed(end);
      return;
    }
    if (!this.#isClosed) this.#shutDown(end);
  }

  #shutDown(end: SessionEnd): void {
    this.#isClosed = true;
    this.#chain.close();
    this.#session?.close();
    if (this.#iceTransport && setIceState(this.#iceTransport, 'closed') && end.by === 'remote') {
      fire(this.#iceTransport, 'statechange');
    }
    if (this.#dtlsTransport && setDtlsState(this.#dtlsTransport, 'closed') && end.by === 'remote') {
      fire(this.#dtlsTransport, 'statechange');
    }
    this.#endChannels(end);
    if (end.by === 'remote') {
      // Deviation: W3C leaves the connection open here until ICE notices; see docs/deviations.md.
      this.#updateConnectionState();
    } else {
      // W3C webrtc-pc §4.4.1.6: who calls close() is told nothing.
      this.#connectionState = 'closed';
      this.#iceConnectionState = 'closed';
    }
    this.#resolveClosed(end);
  }

  #endChannels(end: SessionEnd): void {
    if (this.#sctp && setSctpState(this.#sctp, 'closed') && end.by !== 'local') {
      fire(this.#sctp, 'statechange');
    }
    this.#abandonChannels(end);
  }

  #updateConnectionState(): void {
    const ice = this.#isClosed ? 'closed' : (this.#iceTransport?.state ?? 'new');
    if (ice !== this.#iceConnectionState) {
      this.#iceConnectionState = ice;
      fire(this, 'iceconnectionstatechange');
    }
    const state = connectionState(this.#isClosed, this.#iceTransport?.state, this.#dtlsTransport?.state);
    if (state === this.#connectionState) return;
    this.#connectionState = state;
    fire(this, 'connectionstatechange');
  }

  /** W3C webrtc-pc §4.7.3: asks for negotiation once, when nothing else is going on. */
  #checkNegotiationNeeded(): void {
    if (this.#needsNegotiation || this.#isClosed || this.#open.size === 0) return;
    const local = this.#negotiator.descriptions.negotiated;
    if ((local && dataSection(local)) || this.#negotiator.descriptions.state !== 'stable') return;
    this.#needsNegotiation = true;
    queueMicrotask(() => {
      const isStill =
        this.#needsNegotiation && !this.#isClosed && this.#negotiator.descriptions.state === 'stable';
      if (isStill && this.#chain.isEmpty) fire(this, 'negotiationneeded');
      else if (isStill) this.#needsNegotiation = false; // the chain asks again when it has run empty
    });
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

  #keep(channel: RTCDataChannel): void {
    this.#open.add(channel);
    channel.addEventListener('open', () => (this.#firstChannelOpen ??= now()), { once: true });
    channel.addEventListener('close', () => this.#open.delete(channel), { once: true });
  }

  readonly #fireDataChannel = (channel: RTCDataChannel): void => {
    if (!this.#isClosed) this.dispatchEvent(new RTCDataChannelEvent('datachannel', { channel }));
  };

  /** Has the channels' events told even while there is no driver to do it. */
  #wake(): void {
    const driver = this.#session?.driver;
    if (driver && !driver.isClosed) driver.wake();
    else setImmediate(() => this.#channels.drain(this.#bridge, now()));
  }

  /** The answer has refused the data section: no channel will ever open. */
  #refuseChannels(): void {
    for (const channel of this.#open) channel.close();
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

/** Fires a plain event, as a task of its own. */
function fire(target: EventTarget, type: string): void {
  queueTask(dispatch, [target, new Event(type)]);
}

function dispatch([target, event]: readonly [EventTarget, Event]): void {
  target.dispatchEvent(event);
}
