// Why incoming messages and candidates are dropped. Each reason is counted, none of them is fatal.

export const DROP_REASONS = [
  /** Not a STUN message, or one whose attributes do not add up. */
  'malformed',
  /** FINGERPRINT missing or wrong. */
  'bad-fingerprint',
  /** A method other than Binding. */
  'unexpected-method',
  /** A socket that no local candidate uses. */
  'unknown-socket',
  /** A remote address that is not an IP address with a port. */
  'bad-address',
  /** USERNAME missing, not ours, or not the peer's. */
  'wrong-username',
  /** MESSAGE-INTEGRITY missing or wrong: most often a wrong password. */
  'bad-integrity',
  /** A response that no request of ours waits for. */
  'unknown-transaction',
  /** An authentic response that came another way than its request went. */
  'bad-route',
  /** An authentic request or response that lacks what it must have. */
  'bad-attributes',
  /** A verified request from one address too many. */
  'too-many-peer-reflexive',
  /** A response that found its queue full. */
  'too-many-replies',
  /** A signalled candidate too many. */
  'too-many-remote-candidates',
  /** A pair too many: the one with the lowest priority went. */
  'too-many-pairs',
  /** A signalled candidate of another component, transport or address kind, or unresolved. */
  'unusable-candidate',
  /** A candidate of another ICE generation. */
  'other-generation',
  /** Anything that came after the agent was closed or had failed. */
  'closed',
] as const;

export type IceDrop = (typeof DROP_REASONS)[number];
