// Why datagrams that come to a shared port are dropped before any connection sees them.

export const MUX_DROP_REASONS = [
  /** STUN whose header or USERNAME is not what ICE makes. */
  'malformed',
  /** A check for a username fragment that no connection has, and there is no hook to ask. */
  'unknown-ufrag',
  /** The same, and the hook does not want it. */
  'refused',
  /** The same, with as many checks held as may be. */
  'too-many-held',
  /** A held check for which no connection has been made in time. */
  'expired',
  /** A response that nobody waits for. */
  'unknown-transaction',
  /** Anything else from an address that no connection is known to be connected to. */
  'unknown-address',
  /** Not a datagram but an address that a check has proven: it is another connection's for the time being. */
  'address-in-use',
] as const;

export type MuxDrop = (typeof MUX_DROP_REASONS)[number];
