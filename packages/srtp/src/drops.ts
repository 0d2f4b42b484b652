/** What is dropped, by reason. */
export const DROP_REASONS = [
  /** Not of version 2, or shorter than its header, tag and index need, or with a header longer than 4096 bytes. */
  'malformed',
  /** From a source beyond `maxStreams`. Told before anything is decrypted. */
  'too-many-streams',
  /** Came before; or, in a sender, has been protected before. */
  'replayed',
  /** Older than the replay window reaches back: whether it came before is not known. */
  'too-old',
  /** The authentication tag is wrong. */
  'forged',
  /** An authentic SRTCP packet in the clear that was to be encrypted. */
  'not-encrypted',
  /** The last packet of this source that the master key was good for has been sent. */
  'key-exhausted',
] as const;

export type SrtpDropReason = (typeof DROP_REASONS)[number];
