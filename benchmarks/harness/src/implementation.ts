// What a benchmark needs of a WebRTC stack, and nothing more: one interface for millrace and its rivals.

export const IMPLEMENTATION_NAMES = ['millrace', 'node-datachannel', 'werift', 'wrtc'] as const;
export type ImplementationName = (typeof IMPLEMENTATION_NAMES)[number];

/** A stack that has been loaded in this process. */
export interface Implementation {
  readonly name: ImplementationName;
  readonly version: string;
  createPeer(options: PeerOptions): Peer;
  /** Lets go of what the module holds for the whole process, such as native threads. */
  shutdown(): void;
}

export interface PeerOptions {
  /** Hears what the other peer has to be told. */
  readonly onSignal: (signal: Signal) => void;
  /** Hears of the channel that the other peer has opened, once it can be used. */
  readonly onChannel: (channel: Channel) => void;
}

/** What travels between peers: plain data, so that it survives the way from process to process. */
export type Signal =
  | { readonly kind: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string };

export interface Peer {
  /** Opens a channel and, with the first one, makes the offer. Resolves when the channel is open. */
  open(options: ChannelOptions): Promise<Channel>;
  signal(signal: Signal): void;
  close(): void;
}

export interface ChannelOptions {
  readonly label?: string;
  readonly ordered?: boolean;
  readonly maxRetransmits?: number;
}

export interface Channel {
  send(bytes: Uint8Array): void;
  readonly bufferedAmount: number;
  /** The handler gets the message itself, as the stack hands it out. One handler; the last one set counts. */
  onMessage(handler: (message: Uint8Array | ArrayBuffer) => void): void;
  /** Calls back when `bufferedAmount` has fallen to `threshold`, if the stack says so; see `reportsLow`. */
  onLow(threshold: number, handler: () => void): void;
  /** Whether the stack has a working event for that. Where not, the flow has to look for itself. */
  readonly reportsLow: boolean;
}
