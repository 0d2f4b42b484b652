// The house as a table: which package may use which. docs/architecture.md draws it; this is what is enforced.

/**
 * For each workspace package, the workspace packages it may import. One direction only: nothing here may close a
 * circle. A package that is not listed is refused, so that a new one has to say where it stands.
 */
export const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  '@millrace/sans-io': [],
  '@millrace/buffer-pool': [],
  '@millrace/crypto': ['@millrace/sans-io'],
  '@millrace/native': ['@millrace/sans-io'],
  '@millrace/signaling': ['millrace', '@millrace/stun', '@millrace/sans-io'],
  '@millrace/stun': ['@millrace/sans-io'],
  '@millrace/turn': ['@millrace/stun', '@millrace/sans-io'],
  '@millrace/ice': ['@millrace/stun', '@millrace/sans-io'],
  '@millrace/dtls': ['@millrace/buffer-pool', '@millrace/sans-io'],
  '@millrace/sctp': ['@millrace/buffer-pool', '@millrace/sans-io'],
  '@millrace/datachannel': ['@millrace/sctp', '@millrace/sans-io'],
  '@millrace/sdp': ['@millrace/sans-io'],
  '@millrace/rtp': ['@millrace/buffer-pool', '@millrace/sans-io'],
  '@millrace/srtp': ['@millrace/buffer-pool', '@millrace/rtp', '@millrace/sans-io'],
  millrace: [
    '@millrace/sans-io',
    '@millrace/buffer-pool',
    '@millrace/crypto',
    '@millrace/native',
    '@millrace/stun',
    '@millrace/turn',
    '@millrace/ice',
    '@millrace/dtls',
    '@millrace/sctp',
    '@millrace/datachannel',
    '@millrace/sdp',
    '@millrace/rtp',
    '@millrace/srtp',
  ],
};

/** What tests and benches of a package may use besides: what its users hand in. */
export const TESTS_MAY_USE: Readonly<Record<string, readonly string[]>> = {
  '@millrace/dtls': ['@millrace/crypto', '@millrace/native'],
  '@millrace/srtp': ['@millrace/crypto', '@millrace/native'],
};

/** Packages whose sources know no socket, clock, timer, randomness or logger: all of that is handed in. */
export const PROTOCOL_PACKAGES: readonly string[] = [
  '@millrace/sans-io',
  '@millrace/buffer-pool',
  '@millrace/stun',
  '@millrace/turn',
  '@millrace/ice',
  '@millrace/dtls',
  '@millrace/sctp',
  '@millrace/datachannel',
  '@millrace/sdp',
  '@millrace/rtp',
  '@millrace/srtp',
];

/** The one file of a protocol package that may touch Node, and what it may import there. */
export const PLATFORM_FILE = 'src/node-crypto.ts';
export const PLATFORM_MODULES: readonly string[] = ['node:crypto'];

/** Longest file, in lines, before it has to be split. */
export const MAX_LINES = 600;

/** A file of one of these names has no subject; style rule 9. */
export const NAMELESS: RegExp = /(?:^|\/)(?:utils?|helpers?|common|misc|types)\.ts$/;
