// Why a record or a handshake fragment was left aside: each is counted, none disturbs the connection.
export const DROP_REASONS = [
  'truncated-record', // less than a header, or less than the header says
  'bad-version', // not a DTLS record
  'unknown-content-type',
  'unexpected-content-type', // known, but not in this epoch
  'record-too-long',
  'old-epoch', // plaintext once the connection is established
  'unknown-epoch',
  'plaintext-application-data',
  'replayed',
  'too-old', // behind the replay window
  'bad-mac',
  'early-record-overflow', // more records before their keys than are kept
  'bad-alert',
  'bad-change-cipher-spec',
  'bad-acknowledgement',
  'bad-fragment', // a handshake fragment that contradicts itself
  'fragment-mismatch', // or the ones before it
  'message-too-long',
  'message-too-early', // further ahead than is kept
  'reassembly-full',
  'repeated-message', // the peer sends again what has come already
  'renegotiation',
  'not-started',
  'closed', // arrived after the end
] as const;

export type DropReason = (typeof DROP_REASONS)[number];
