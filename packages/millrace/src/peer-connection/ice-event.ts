// RTCPeerConnectionIceEvent and RTCPeerConnectionIceErrorEvent (W3C webrtc-pc §4.8.2, §4.8.3).
import type { EventOptions } from '../events.ts';
import type { RTCIceCandidate } from './ice-candidate.ts';

export interface RTCPeerConnectionIceEventInit extends EventOptions {
  candidate?: RTCIceCandidate | null;
  url?: string | null;
}

/** A candidate to be told to the peer; `null` after the last (W3C webrtc-pc §4.8.2). */
export class RTCPeerConnectionIceEvent extends Event {
  /** `null` when gathering is complete; with an empty `candidate` text when a generation has no more. */
  readonly candidate: RTCIceCandidate | null;
  readonly url: string | null;

  constructor(type: string, init: RTCPeerConnectionIceEventInit = {}) {
    super(type, init);
    this.candidate = init.candidate ?? null;
    this.url = init.url ?? null;
  }
}

export interface RTCPeerConnectionIceErrorEventInit extends EventOptions {
  address?: string | null;
  port?: number | null;
  url?: string;
  errorCode: number;
  errorText?: string;
}

/** A server that was asked for candidates has not helped (W3C webrtc-pc §4.8.3). */
export class RTCPeerConnectionIceErrorEvent extends Event {
  /** The local address the server was asked from, if it is known. */
  readonly address: string | null;
  readonly port: number | null;
  readonly url: string;
  /** STUN's or TURN's (300 to 699); 701: the server could not be reached. */
  readonly errorCode: number;
  readonly errorText: string;

  constructor(type: string, init: RTCPeerConnectionIceErrorEventInit) {
    super(type, init);
    this.address = init.address ?? null;
    this.port = init.port ?? null;
    this.url = init.url ?? '';
    this.errorCode = init.errorCode;
    this.errorText = init.errorText ?? '';
  }
}
