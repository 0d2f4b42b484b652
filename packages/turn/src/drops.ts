// Why something was dropped.
export const DROP_REASONS = [
  /** Neither STUN nor ChannelData, or cut off. */
  'malformed',
  /** A response to no request of ours, or of another method. */
  'unexpected',
  /** A response whose integrity is missing or wrong. RFC 8489 §9.2.5 */
  'bad-integrity',
  /** An attribute that has to be there is missing, or says what can't be. */
  'bad-attribute',
  /** ChannelData on a channel that is not bound, or data from a peer without a permission. RFC 8656 §12.7, §11.6 */
  'unknown-peer',
  /** To a peer beyond `maxPeers`. */
  'too-many-peers',
  /** More than `maxHeld` datagrams, or too long a one, for a peer whose channel is not bound yet. */
  'too-early',
  /** To a peer that the server refuses. */
  'refused',
  /** While there is no allocation. */
  'not-allocated',
] as const;

export type TurnDrop = (typeof DROP_REASONS)[number];
