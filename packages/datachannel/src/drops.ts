/** What is dropped, by reason. */
export const DROP_REASONS = [
  /** Neither a DATA_CHANNEL_OPEN nor an ACK, or one that contradicts itself; its stream is reset. */
  'malformed-dcep',
  /** DATA_CHANNEL_OPEN on a stream that has a channel; that channel is closed. */
  'open-on-used-stream',
  /** DATA_CHANNEL_OPEN beyond `maxChannels` or `maxRemoteNameBytes`, or on id 65535; its stream is reset. */
  'refused-open',
  /** An ACK that nothing waits for. */
  'unexpected-ack',
  /** A payload protocol identifier of no kind of message, or a deprecated one. */
  'unknown-ppid',
  /** A message on a stream without a channel, and no room to hold it; its stream is reset. */
  'unknown-stream',
  /** A message on a stream that is being reset. */
  'closing-stream',
  /** A message longer than the association takes; its channel is closed. */
  'too-large',
] as const;

export type DropReason = (typeof DROP_REASONS)[number];
