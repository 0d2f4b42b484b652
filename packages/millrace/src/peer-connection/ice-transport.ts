// RTCIceTransport (W3C webrtc-pc §5.6): what the ICE agent of the connection is doing.
import {
  type Candidate,
  type CandidatePair,
  formatCandidate,
  type IceState,
  type LocalCandidate,
} from '@millrace/ice';
import { type Handler, handlerOf, setHandler, TypedEventTarget } from '../events.ts';
import type { CandidateSource } from '../servers/server-gathering.ts';
import { RTCIceCandidate } from './ice-candidate.ts';
import type { Session } from './session.ts';

export type RTCIceRole = 'unknown' | 'controlling' | 'controlled';
export type RTCIceTransportState = IceState;
export type RTCIceGathererState = 'new' | 'gathering' | 'complete';
export interface RTCIceParameters {
  usernameFragment?: string;
  password?: string;
}
export interface RTCIceCandidatePair {
  readonly local: RTCIceCandidate;
  readonly remote: RTCIceCandidate;
}

// For the peer connection alone. The first two answer whether the state is news.
export let setIceState: (transport: RTCIceTransport, state: RTCIceTransportState) => boolean;
export let setGatheringState: (transport: RTCIceTransport, state: RTCIceGathererState) => boolean;
export let setSelectedPair: (transport: RTCIceTransport, pair: CandidatePair | undefined) => void;

/** W3C webrtc-pc §5.6. */
export class RTCIceTransport extends TypedEventTarget<{
  statechange: Event;
  gatheringstatechange: Event;
  selectedcandidatepairchange: Event;
}> {
  readonly component = 'rtp';
  readonly #session: Session;
  readonly #mid: () => string | null;
  #state: RTCIceTransportState = 'new';
  #gatheringState: RTCIceGathererState = 'new';
  #selected: RTCIceCandidatePair | null = null;

  static {
    setIceState = (transport, state) => {
      if (transport.#state === state || transport.#state === 'closed') return false;
      transport.#state = state;
      return true;
    };
    setGatheringState = (transport, state) => {
      if (transport.#gatheringState === state) return false;
      transport.#gatheringState = state;
      return true;
    };
    setSelectedPair = (transport, pair) => {
      transport.#selected = pair
        ? {
            local: transport.#publicLocal(transport.#session.told(pair.local)),
            remote: transport.#public(pair.remote),
          }
        : null;
    };
  }

  /** Made by the peer connection. */
  constructor(session: Session, mid: () => string | null) {
    super();
    this.#session = session;
    this.#mid = mid;
  }

  get role(): RTCIceRole {
    return this.#session.negotiated ? this.#session.agent.role : 'unknown';
  }

  get state(): RTCIceTransportState {
    return this.#state;
  }

  get gatheringState(): RTCIceGathererState {
    return this.#gatheringState;
  }

  getLocalCandidates(): RTCIceCandidate[] {
    return this.#session.localCandidates.map((candidate) => this.#publicLocal(candidate));
  }

  getRemoteCandidates(): RTCIceCandidate[] {
    return this.#session.agent.stats.remoteCandidates.map((candidate) => this.#public(candidate));
  }

  getSelectedCandidatePair(): RTCIceCandidatePair | null {
    return this.#selected;
  }

  getLocalParameters(): RTCIceParameters | null {
    const { usernameFragment, password } = this.#session.agent.localParameters;
    return { usernameFragment, password };
  }

  getRemoteParameters(): RTCIceParameters | null {
    const remote = this.#session.negotiated?.ice;
    return remote ? { usernameFragment: remote.usernameFragment, password: remote.password } : null;
  }

  #publicLocal(told: LocalCandidate): RTCIceCandidate {
    return this.#public(told, this.#session.sourceOf(told));
  }

  #public(candidate: Candidate, source?: CandidateSource): RTCIceCandidate {
    return new RTCIceCandidate({
      candidate: formatCandidate(candidate),
      sdpMid: this.#mid(),
      sdpMLineIndex: 0,
      ...source,
    });
  }

  get onstatechange(): Handler<Event> {
    return handlerOf(this, 'statechange');
  }

  set onstatechange(handler: Handler<Event>) {
    setHandler(this, 'statechange', handler);
  }

  get ongatheringstatechange(): Handler<Event> {
    return handlerOf(this, 'gatheringstatechange');
  }

  set ongatheringstatechange(handler: Handler<Event>) {
    setHandler(this, 'gatheringstatechange', handler);
  }

  get onselectedcandidatepairchange(): Handler<Event> {
    return handlerOf(this, 'selectedcandidatepairchange');
  }

  set onselectedcandidatepairchange(handler: Handler<Event>) {
    setHandler(this, 'selectedcandidatepairchange', handler);
  }
}
