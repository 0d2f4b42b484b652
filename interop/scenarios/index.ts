import { bulkTransfer } from './bulk.ts';
import { certificates } from './certificates.ts';
import { channels } from './channels.ts';
import { closing } from './closing.ts';
import { connecting, hidden } from './connecting.ts';
import { fewerRoundTrips } from './fewer-round-trips.ts';
import { interleaving } from './interleaving.ts';
import { listening } from './listening.ts';
import { messages } from './messages.ts';
import { relaying } from './relaying.ts';
import { renegotiation } from './renegotiation.ts';
import { restart } from './restart.ts';
import type { Scenario } from './scenario.ts';
import { securing } from './securing.ts';
import { serving } from './single-port.ts';

export const scenarios: readonly Scenario[] = [
  ...connecting,
  ...securing,
  ...certificates,
  ...relaying,
  ...serving,
  ...listening,
  ...messages,
  ...channels,
  ...closing,
  ...renegotiation,
  ...restart,
  ...interleaving,
  ...fewerRoundTrips,
  ...bulkTransfer,
  ...hidden,
];
