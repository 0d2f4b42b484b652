// RTCPeerConnectionIceEvent (W3C webrtc-pc §4.8.2).
import type { EventOptions } from '../events.ts';
import type { RTCIceCandidate } from './ice-candidate.ts';

export interface RTCPeerConnectionIceEventInit extends EventOptions {
  candidate?: RTCIceCandidate | null;
  url?: string | null;
}

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
