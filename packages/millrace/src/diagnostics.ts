// What the process runs on, for a bug report or a log line.
import { chooseBackend } from './transport/backend.ts';

export interface Diagnostics {
  /** One line: which cryptography and which sockets new connections use. */
  readonly transport: string;
  /** Each native facility that was looked for, whether it is used, and why or why not. */
  readonly probes: ReadonlyArray<{ readonly name: string; readonly ok: boolean; readonly why: string }>;
}

/** Holds for connections that don't set `millrace.native` to false. The first call loads what can be loaded. */
export function diagnostics(): Diagnostics {
  const { description, probes } = chooseBackend(true);
  return { transport: description, probes };
}
