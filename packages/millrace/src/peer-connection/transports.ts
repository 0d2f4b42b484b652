// The transport objects of one connection, and the two states of the connection that follow from theirs (W3C
// webrtc-pc §4.3.3, §4.3.4, §5.5, §5.6). Everything here is called within a task, so an event is fired where the
// state it tells of is set. All states are set first: whoever hears one event sees them all.
import { MAX_CHANNELS } from '@millrace/datachannel';
import type { CandidatePair, IceState } from '@millrace/ice';
import { RTCError, RTCErrorEvent } from '../errors.ts';
import { fire, type TypedEventTarget } from '../events.ts';
import { connectionState, type RTCPeerConnectionState } from './connection-state.ts';
import { RTCDtlsTransport, setDtlsState } from './dtls-transport.ts';
import {
  type RTCIceGathererState,
  RTCIceTransport,
  type RTCIceTransportState,
  setGatheringState,
  setIceState,
  setSelectedPair,
} from './ice-transport.ts';
import { RTCSctpTransport, setMaxMessageSize, setSctpState } from './sctp-transport.ts';
import type { Session } from './session.ts';
import type { SessionEnd } from './session-end.ts';

export class Transports {
  readonly ice: RTCIceTransport;
  readonly dtls: RTCDtlsTransport;
  readonly #connection: TypedEventTarget<object>;
  readonly #session: Session;
  #sctp: RTCSctpTransport | null = null;
  #connectionState: RTCPeerConnectionState = 'new';
  #iceConnectionState: RTCIceTransportState = 'new';
  #isClosed = false;
  #isSilent = false;

  /** `mid` tells that of the data section. */
  constructor(connection: TypedEventTarget<object>, session: Session, mid: () => string | null) {
    this.#connection = connection;
    this.#session = session;
    this.ice = new RTCIceTransport(session, mid);
    this.dtls = new RTCDtlsTransport(this.ice);
  }

  get sctp(): RTCSctpTransport | null {
    return this.#sctp;
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#connectionState;
  }

  get iceConnectionState(): RTCIceTransportState {
    return this.#iceConnectionState;
  }

  onGathering(state: RTCIceGathererState): void {
    if (!setGatheringState(this.ice, state)) return;
    this.#fire(this.ice, 'gatheringstatechange');
    this.#fire(this.#connection, 'icegatheringstatechange');
  }

  onSelectedPair(pair: CandidatePair | undefined): void {
    setSelectedPair(this.ice, pair);
    this.#fire(this.ice, 'selectedcandidatepairchange');
  }

  onIceState(state: IceState): void {
    if (setIceState(this.ice, state)) this.#tell([this.ice]);
  }

  onDtlsState(state: 'connecting' | 'connected'): void {
    if (setDtlsState(this.dtls, state, this.#session.dtls?.remoteCertificate)) this.#tell([this.dtls]);
  }

  /** W3C webrtc-pc §6.1.1.1: an answer has made the SCTP transport, or changed what the peer takes. */
  onSctpNegotiated(maxMessageSize: number): void {
    this.#sctp ??= new RTCSctpTransport(this.dtls, this.#session);
    setMaxMessageSize(this.#sctp, maxMessageSize);
  }

  onSctpConnected(): void {
    const { maxInboundStreams = 0, maxOutboundStreams = 0 } = this.#session.association ?? {};
    const maxChannels = Math.min(maxInboundStreams, maxOutboundStreams, MAX_CHANNELS);
    if (this.#sctp && setSctpState(this.#sctp, 'connected', maxChannels))
      this.#fire(this.#sctp, 'statechange');
  }

  /** The session has failed: nothing is sent any more, and the connection says so by its state. */
  onFailure({ code, message }: SessionEnd): void {
    const ended: TypedEventTarget<object>[] = [];
    // Deviation: W3C has a connection stay up without its SCTP. Here nothing is left to carry then, and its sockets
    // are closed, so its DTLS transport counts as failed and the connection with it.
    if (!code.startsWith('ICE') && setDtlsState(this.dtls, 'failed')) ended.push(this.dtls);
    if (this.#sctp && setSctpState(this.#sctp, 'closed')) ended.push(this.#sctp);
    if (!code.startsWith('DTLS')) {
      this.#tell(ended);
      return;
    }
    const errorDetail = code === 'DTLS_FINGERPRINT_MISMATCH' ? 'fingerprint-failure' : 'dtls-failure';
    this.#tell(ended, new RTCErrorEvent('error', { error: new RTCError({ errorDetail }, message) }));
  }

  /** The connection is closed. W3C webrtc-pc §4.4.1.6: who has called close() is told nothing. */
  close(isTold: boolean): void {
    this.#isClosed = true;
    this.#isSilent = !isTold;
    const ended: TypedEventTarget<object>[] = [];
    if (setIceState(this.ice, 'closed')) ended.push(this.ice);
    if (setDtlsState(this.dtls, 'closed')) ended.push(this.dtls);
    if (this.#sctp && setSctpState(this.#sctp, 'closed')) ended.push(this.#sctp);
    this.#tell(ended);
  }

  /** Fires `statechange` at each of `changed`, then what follows from it at the connection; `error` comes first. */
  #tell(changed: readonly TypedEventTarget<object>[], error?: RTCErrorEvent): void {
    const ice = this.ice.state;
    const isIceNews = ice !== this.#iceConnectionState;
    this.#iceConnectionState = ice;
    const state = connectionState(this.#isClosed, ice, this.dtls.state);
    const isNews = state !== this.#connectionState;
    this.#connectionState = state;
    if (error) this.dtls.dispatchEvent(error);
    for (const target of changed) this.#fire(target, 'statechange');
    if (isIceNews) this.#fire(this.#connection, 'iceconnectionstatechange');
    if (isNews) this.#fire(this.#connection, 'connectionstatechange');
  }

  /** A listener of an earlier event may have closed the connection. */
  #fire(target: TypedEventTarget<object>, type: string): void {
    if (!this.#isSilent) fire(target, type);
  }
}
