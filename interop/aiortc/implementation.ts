// aiortc: the whole stack in Python (aioice, OpenSSL, its own SCTP), as Debian packages it. Its agent is written in Python.

import { execFileSync } from 'node:child_process';
import { forkRemote } from '../harness/child-remote.ts';
import type { Implementation } from '../harness/implementation.ts';
import { missingProgram } from '../harness/installed.ts';
import { defects } from './defects.ts';

const MIB = 1024 * 1024;
const PYTHON = process.env.INTEROP_PYTHON || '/usr/bin/python3';

export const aiortc: Implementation = {
  name: 'aiortc',
  missing: () =>
    missingProgram(PYTHON, 'apt-get install python3-aiortc') ??
    (versionOf('aiortc') === undefined ? 'the package python3-aiortc is not installed' : undefined),
  version: () => versionOf('aiortc') ?? 'of an unknown version',
  launch: () => forkRemote(new URL('./agent.py', import.meta.url), PYTHON),
  canHideAddresses: false,
  lacks: ['TCP', 'munging'],
  canInterleave: false,
  speaksDtls13: false,
  offersHeldRole: false,
  capacity: {
    bulkBytes: 8 * MIB,
    bulkBytesQuick: 2 * MIB,
    bulkMessageBytes: 65_536,
    burstMessages: 1000,
    rateMessages: 50,
    drainMessages: 100,
    stallMs: 15_000,
    reason: 'is one process of Python: a few thousand packets a second',
  },
  defects,
};

function versionOf(name: string): string | undefined {
  const script = `from importlib.metadata import version; print(version('${name}'))`;
  try {
    return execFileSync(PYTHON, ['-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
