// Congestion control as the sender sees it (RFC 9260 §7.2): how many bytes may be in flight and how fast they may leave,
// told by acknowledgements, losses and timeouts. What is lost is found in loss-detection.ts, for all of them alike.
import type { Millis } from '@millrace/sans-io';
import type { PacketSize } from '../../path/packet-size.ts';

/**
 * One acknowledgement, filled in anew for each SACK: borrowed for the call. Bytes are those of whole chunks, headers and
 * padding included.
 */
export interface AckSample {
  now: Millis;
  /** Bytes acknowledged for the first time by this SACK. */
  ackedBytes: number;
  /** Bytes found to be lost since the sample before. */
  lostBytes: number;
  /** Whether the cumulative TSN moved on. */
  cumulativeAdvanced: boolean;
  /** Bytes in flight before this SACK, and after it. */
  flightBefore: number;
  flight: number;
  /** Whether the window was what limited sending when the newest packet acknowledged was sent, or soon after. */
  windowLimited: boolean;
  /** Whether lost data of before is still being repaired (fast recovery). */
  inRecovery: boolean;
  /** A round-trip time measured by this SACK, or -1. */
  roundTripTime: Millis;
  /** Since the path is in use; infinite before the first measurement. */
  shortestRoundTripTime: Millis;
  smoothedRoundTripTime: Millis;
  /** Bytes ever delivered, this SACK's included. */
  delivered: number;
  /**
   * Of the newest packet that this SACK acknowledges: what had been delivered when it was sent, what was in flight with
   * it, how much has been lost since and how much had been before. `priorDelivered` is -1 if there is no such packet.
   */
  priorDelivered: number;
  flightAtSend: number;
  lostSinceSend: number;
  /** Bytes per ms between the sending of that packet and now; 0 if nothing sound could be measured. */
  deliveryRate: number;
  /** Whether there was too little to send for the rate to say what the path can carry. */
  isAppLimited: boolean;
}

export interface CongestionControl {
  /** Bytes that may be in flight. */
  readonly window: number;
  /** Where slow start ends; infinite before the first loss. */
  readonly slowStartThreshold: number;
  /** Bytes per ms at which packets may leave; infinite if they need no pacing. */
  readonly pacingRate: number;
  /**
   * Whether in fast recovery sending follows what arrives, so that flight falls smoothly to the new window (RFC 6937);
   * otherwise `window` is obeyed as ever.
   */
  readonly reducesProportionally: boolean;
  onAck(sample: Readonly<AckSample>): void;
  /** A loss was seen and fast recovery begins; once for each recovery. */
  onLoss(flightBefore: number, now: Millis): void;
  /** T3-rtx ran out. */
  onTimeout(flightBefore: number, now: Millis): void;
  /** Nothing that the last `onLoss` or `onTimeout` was about had been lost. */
  onSpuriousLoss(now: Millis): void;
  /** Nothing has been in flight for `idleTime`; about to send again. */
  onIdle(idleTime: Millis, rto: Millis, now: Millis): void;
}

/** `size.mtu` may change at any time: it is read whenever a window is counted in packets. */
export type CongestionControlFactory = (path: CongestionPath) => CongestionControl;

/** What congestion control begins with. */
export interface CongestionPath {
  readonly size: PacketSize;
  /** Bytes. */
  readonly initialWindow: number;
  /** Known from ICE or from the handshake; undefined if it is not. */
  readonly roundTripTime: Millis | undefined;
  /** For what is better not done by all at the same time: seeded in tests. */
  readonly random: () => number;
}
