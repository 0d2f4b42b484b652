// Congestion control as the sender sees it (RFC 9260 §7.2): how many bytes may be in flight, told by
// acknowledgements, losses and timeouts. NewReno is in reno.ts; others may be handed in.
import type { Millis } from '@millrace/sans-io';
import type { PacketSize } from '../path/packet-size.ts';

/** One acknowledgement, filled in anew for each SACK: borrowed for the call. */
export interface AckSample {
  /** Bytes of chunks, headers and padding included, acknowledged for the first time by this SACK. */
  ackedBytes: number;
  /** Whether the cumulative TSN moved on. */
  cumulativeAdvanced: boolean;
  /** Bytes in flight before this SACK. */
  flightBefore: number;
  /** Whether sending stopped for want of window since the SACK before this one. */
  windowLimited: boolean;
  /** Whether lost data of before is still being repaired (fast recovery). */
  inRecovery: boolean;
  /** A round-trip time measured by this SACK, or -1. */
  roundTripTime: Millis;
  now: Millis;
}

export interface CongestionControl {
  /** Bytes that may be in flight. */
  readonly window: number;
  /** Where slow start ends; infinite before the first loss. */
  readonly slowStartThreshold: number;
  onAck(sample: Readonly<AckSample>): void;
  /** A loss was seen and fast recovery begins; once for each recovery. */
  onLoss(flightBefore: number, now: Millis): void;
  /** T3-rtx ran out. */
  onTimeout(flightBefore: number, now: Millis): void;
  /** Nothing has been in flight for `idleTime`; about to send again. */
  onIdle(idleTime: Millis, rto: Millis, now: Millis): void;
}

/** `size.mtu` may change at any time: it is read whenever a window is counted in packets. */
export type CongestionControlFactory = (size: PacketSize, initialWindow: number) => CongestionControl;
