// The choices of a run. They travel by environment variable, because each peer's file runs in a process of its own.

export interface InteropOptions {
  /** Who stands in the place of millrace. Another name shows what a rival does in the same scenarios. */
  readonly subject: string;
  /** Less data where a peer is slow, and one connection in the place of many. */
  readonly quick: boolean;
  /** Peers that must be there: a missing one fails the run. */
  readonly require: readonly string[];
  /** Only scenarios whose title contains this. */
  readonly scenario: string;
  /** Only scenarios in which the packet path matters. */
  readonly packetPath: boolean;
  /** File to which outcomes are appended, one JSON object a line. */
  readonly results: string | undefined;
}

export function interopOptions(env: NodeJS.ProcessEnv = process.env): InteropOptions {
  return {
    subject: env.INTEROP_SUBJECT || 'millrace',
    quick: env.INTEROP_QUICK === '1',
    require: (env.INTEROP_REQUIRE ?? '').split(',').filter((name) => name !== ''),
    scenario: env.INTEROP_SCENARIO ?? '',
    packetPath: env.INTEROP_PACKET_PATH === '1',
    results: env.INTEROP_RESULTS || undefined,
  };
}
