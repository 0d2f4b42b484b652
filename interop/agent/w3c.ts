// The part of webrtc-pc that the agent calls, in the smallest shape all implementations share. Written out here
// because the agent runs in places with and without `lib.dom`, and in front of implementations whose own types
// differ in details that do not matter to it.

export interface Description {
  readonly type: string;
  readonly sdp: string;
}

export interface CandidateInit {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
  readonly usernameFragment?: string | null;
}

export interface ChannelInit {
  readonly ordered?: boolean;
  readonly maxRetransmits?: number;
  readonly maxPacketLifeTime?: number;
  readonly protocol?: string;
  readonly negotiated?: boolean;
  readonly id?: number;
}

export interface Channel {
  readonly label: string;
  readonly protocol: string;
  readonly id: number | null;
  readonly ordered: boolean;
  readonly maxRetransmits: number | null;
  readonly maxPacketLifeTime: number | null;
  readonly negotiated: boolean;
  readonly readyState: string;
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  binaryType: string;
  onopen: ((event: unknown) => void) | null;
  onclosing: ((event: unknown) => void) | null;
  onclose: ((event: unknown) => void) | null;
  onerror: ((event: { error?: { message?: string } }) => void) | null;
  onbufferedamountlow: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  send(data: unknown): void;
  close(): void;
}

export interface PeerConnection {
  readonly connectionState: string;
  readonly iceConnectionState: string;
  readonly iceGatheringState: string;
  readonly signalingState: string;
  readonly localDescription: Description | null;
  readonly sctp?: {
    readonly maxMessageSize: number;
    readonly transport?: {
      readonly iceTransport?: {
        getSelectedCandidatePair?(): { readonly local?: CandidateInit | null } | null;
      } | null;
    } | null;
  } | null;
  onicecandidate: ((event: { candidate?: CandidateInit | null }) => void) | null;
  ondatachannel: ((event: { channel: Channel }) => void) | null;
  createDataChannel(label: string, init?: ChannelInit): Channel;
  createOffer(options?: { iceRestart?: boolean }): Promise<Description>;
  createAnswer(): Promise<Description>;
  setLocalDescription(description: Description): Promise<unknown>;
  setRemoteDescription(description: Description): Promise<unknown>;
  addIceCandidate(candidate: CandidateInit | null): Promise<unknown>;
  /** Not all have it, and some never settle. */
  getStats?(): Promise<{ forEach(callback: (stats: { readonly type: string }) => void): void }>;
  close(): unknown;
}

export type PeerConnectionClass = new (configuration?: object) => PeerConnection;
