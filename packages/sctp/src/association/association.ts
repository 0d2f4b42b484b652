import type { Core, DropCounts, Millis } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import type { SctpOptions } from '../options.ts';
import type { SctpSink } from '../sink.ts';

export type AssociationState = 'new' | 'connecting' | 'connected' | 'closing' | 'closed';

export interface SendOptions {
  readonly ordered: boolean;
  /** RFC 7496: give the message up after this many retransmissions. */
  readonly maxRetransmits?: number;
  /** RFC 3758: give the message up when this many milliseconds have passed. */
  readonly maxPacketLifeTime?: Millis;
}

export interface SctpStats {
  readonly state: AssociationState;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly retransmittedChunks: number;
  readonly abandonedMessages: number;
  readonly timeouts: number;
  readonly fastRecoveries: number;
  readonly smoothedRoundTripTime: Millis | undefined;
  readonly rto: Millis;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
  readonly bytesInFlight: number;
  readonly peerWindow: number;
  readonly receiveWindow: number;
  readonly mtu: number;
  readonly drops: DropCounts<DropReason>;
}

export declare class SctpAssociation implements Core<SctpSink> {
  constructor(options: SctpOptions);
  get state(): AssociationState;
  get maxOutboundStreams(): number;
  get maxInboundStreams(): number;
  get totalBuffered(): number;
  get stats(): SctpStats;
  connect(now: Millis): void;
  send(stream: number, ppid: number, bytes: Uint8Array, at: number, end: number, options: SendOptions, now: Millis): void;
  canSend(bytes: number): boolean;
  bufferedAmount(stream: number): number;
  resetStreams(streams: readonly number[], now: Millis): void;
  shutdown(now: Millis): void;
  abort(cause: string | undefined, now: Millis): void;
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void;
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number;
  deadline(): Millis;
  expire(now: Millis): void;
  drain(sink: SctpSink): boolean;
}
