// RTCIceCandidate (W3C webrtc-pc §4.8.1): the text of a candidate and what it says.
import { type Candidate, parseCandidate } from '@millrace/ice';

export type RTCIceComponent = 'rtp' | 'rtcp';
export type RTCIceProtocol = 'udp' | 'tcp';
export type RTCIceTcpCandidateType = 'active' | 'passive' | 'so';
export type RTCIceCandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

export interface RTCIceCandidateInit {
  candidate?: string;
  sdpMLineIndex?: number | null;
  sdpMid?: string | null;
  usernameFragment?: string | null;
}

export interface RTCLocalIceCandidateInit extends RTCIceCandidateInit {
  relayProtocol?: 'udp' | 'tcp' | 'tls' | null;
  url?: string | null;
}

/** W3C webrtc-pc §4.8.1. */
export class RTCIceCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment: string | null;
  readonly relayProtocol: 'udp' | 'tcp' | 'tls' | null;
  readonly url: string | null;
  readonly #parsed: Candidate | undefined;

  /** @throws {TypeError} when neither `sdpMid` nor `sdpMLineIndex` says which section is meant */
  constructor(init: RTCLocalIceCandidateInit = {}) {
    this.sdpMid = init.sdpMid ?? null;
    this.sdpMLineIndex = init.sdpMLineIndex ?? null;
    if (this.sdpMid === null && this.sdpMLineIndex === null) {
      throw new TypeError('sdpMid and sdpMLineIndex are both null');
    }
    this.candidate = init.candidate ?? '';
    this.#parsed = this.candidate === '' ? undefined : parseCandidate(this.candidate);
    this.usernameFragment = init.usernameFragment ?? this.#parsed?.usernameFragment ?? null;
    this.relayProtocol = init.relayProtocol ?? null;
    this.url = init.url ?? null;
  }

  get foundation(): string | null {
    return this.#parsed?.foundation ?? null;
  }

  get component(): RTCIceComponent | null {
    return this.#parsed ? (this.#parsed.component === 1 ? 'rtp' : 'rtcp') : null;
  }

  get priority(): number | null {
    return this.#parsed?.priority ?? null;
  }

  get address(): string | null {
    return this.#parsed?.address ?? null;
  }

  get protocol(): RTCIceProtocol | null {
    return this.#parsed?.transport ?? null;
  }

  get port(): number | null {
    return this.#parsed?.port ?? null;
  }

  get type(): RTCIceCandidateType | null {
    return this.#parsed?.type ?? null;
  }

  get tcpType(): RTCIceTcpCandidateType | null {
    return this.#parsed?.tcpType ?? null;
  }

  get relatedAddress(): string | null {
    return this.#parsed?.relatedAddress ?? null;
  }

  get relatedPort(): number | null {
    return this.#parsed?.relatedPort ?? null;
  }

  toJSON(): RTCIceCandidateInit {
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = this;
    return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
  }
}
