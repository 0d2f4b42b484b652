// What is used of a W3C RTCPeerConnection: that of a browser and that of millrace both fit. Typed by shape, so that this
// package needs neither the types of the DOM nor those of millrace.

export interface DescriptionShape {
  readonly type: 'offer' | 'answer' | 'pranswer' | 'rollback';
  readonly sdp: string;
}

export interface ChannelShape extends EventTarget {
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed';
  close(): void;
}

export interface ConnectionShape extends EventTarget {
  readonly connectionState: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
  readonly iceGatheringState: 'new' | 'gathering' | 'complete';
  readonly signalingState: string;
  readonly localDescription: DescriptionShape | null;
  readonly remoteDescription: DescriptionShape | null;
  setLocalDescription(description?: DescriptionShape): Promise<void>;
  setRemoteDescription(description: DescriptionShape): Promise<void>;
  addIceCandidate(candidate: object): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: each has a dictionary of its own
  createDataChannel(label: string, init?: any): ChannelShape;
  restartIce(): void;
  close(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: each has a dictionary of its own
export type ConnectionClass<C extends ConnectionShape> = new (configuration?: any) => C;

/** The class that was handed in, the browser's, or that of millrace if it is installed. */
export async function connectionClass<C extends ConnectionShape>(
  given: ConnectionClass<C> | undefined,
): Promise<ConnectionClass<C>> {
  if (given) return given;
  const own = (globalThis as { RTCPeerConnection?: unknown }).RTCPeerConnection;
  return (own ?? (await import('millrace')).RTCPeerConnection) as ConnectionClass<C>;
}
