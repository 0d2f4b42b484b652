// What a benchmark needs of a WebRTC stack, and nothing more: one interface for millrace, its rivals and the floor.

/** Stacks that `--impl` chooses from. `millrace-portable` is millrace without its native layer. */
export const IMPLEMENTATION_NAMES = [
  'millrace',
  'millrace-portable',
  'node-datachannel',
  'werift',
  'wrtc',
] as const;
/** What the machine itself does with the same bytes: plain datagrams, one by one or in runs. Measured in the same run. */
export const FLOOR_NAMES = ['udp', 'udp-batched'] as const;

export type ImplementationName = (typeof IMPLEMENTATION_NAMES)[number] | (typeof FLOOR_NAMES)[number];

/** What the environment of a process must hold for a stack, if anything. */
export const ENVIRONMENTS: Readonly<Partial<Record<ImplementationName, Readonly<Record<string, string>>>>> = {
  'millrace-portable': { MILLRACE_NATIVE: 'off' },
};

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
  /** Hears how far the connection has come, each phase at most once. Stacks that do not say so leave it out. */
  readonly onPhase: (phase: Phase) => void;
}

/**
 * The way to an open channel: our description is applied, the other's is, ICE has a pair, the transport is
 * encrypted, the channel is open (which the harness notes by itself).
 */
export const PHASES = ['offer', 'answer', 'ice', 'dtls', 'channel'] as const;
export type Phase = (typeof PHASES)[number];

/** What travels between peers: plain data, so that it survives the way from process to process. */
export type Signal =
  | { readonly kind: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string };

export interface Peer {
  /** Makes a channel; the promise is for the open one. Channels are made before `offer`, or when connected. */
  open(options: ChannelOptions): Promise<Channel>;
  /** Makes the offer, once. */
  offer(): void;
  signal(signal: Signal): void;
  close(): void;
}

export interface ChannelOptions {
  readonly label?: string;
  readonly ordered?: boolean;
  readonly maxRetransmits?: number;
}

export interface Channel {
  readonly label: string;
  /** Borrowed until the stack has sent it, which for some is later: its bytes must not change. */
  send(bytes: Uint8Array): void;
  readonly bufferedAmount: number;
  /** The handler gets the message itself, as the stack hands it out. One handler; the last one set counts. */
  onMessage(handler: (message: Uint8Array | ArrayBuffer) => void): void;
  /** Calls back when `bufferedAmount` has fallen to `threshold`, if the stack says so; see `reportsLow`. */
  onLow(threshold: number, handler: () => void): void;
  /** Whether the stack has a working event for that. Where not, the flow has to look for itself. */
  readonly reportsLow: boolean;
}
