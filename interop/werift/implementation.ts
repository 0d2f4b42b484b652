// werift: the whole stack in TypeScript.

import { forkRemote } from '../harness/child-remote.ts';
import type { Implementation } from '../harness/implementation.ts';
import { missingPackages, packageVersion } from '../harness/installed.ts';
import { defects } from './defects.ts';

const MIB = 1024 * 1024;

export const werift: Implementation = {
  name: 'werift',
  missing: () => missingPackages('werift'),
  version: () => packageVersion('werift'),
  launch: () => forkRemote(new URL('./child.ts', import.meta.url)),
  canHideAddresses: false,
  lacks: ['TCP', 'TURN over TCP', 'TURN over TLS', 'munging'], // it has the latter, but of what it sends by it much arrives broken
  canInterleave: false,
  speaksDtls13: false,
  offersHeldRole: false,
  capacity: {
    bulkBytes: 64 * MIB,
    bulkBytesQuick: 16 * MIB,
    bulkMessageBytes: 65_536,
    burstMessages: 1000,
    rateMessages: 500,
    drainMessages: 100,
    stallMs: 15_000,
    reason: 'moves 20 to 70 Mbit/s with browsers, and about 1000 small messages a second',
  },
  defects,
};
