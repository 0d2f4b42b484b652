// The timers of an association (RFC 9260 §5 to §9, RFC 6525 §5): one deadline each.

export const TIMER = {
  T1: 0,
  T2_SHUTDOWN: 1,
  T3_RTX: 2,
  T5_SHUTDOWN_GUARD: 3,
  DELAYED_ACK: 4,
  HEARTBEAT: 5,
  HEARTBEAT_ACK: 6,
  RECONFIG: 7,
  /** PROBE_TIMER and PMTU_RAISE_TIMER of RFC 8899 §5.1.1, never both. */
  PATH_MTU: 8,
  /** The reordering window or the tail loss probe (RFC 8985), never both. */
  LOSS: 9,
  /** The next packet may leave. */
  PACING: 10,
  /** A cork comes out by itself. */
  CORK: 11,
} as const;

export const TIMER_COUNT = 12;
