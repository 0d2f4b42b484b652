// Who can stand in the place under test.

import type { Implementation } from './harness/implementation.ts';
import { millrace } from './millrace/implementation.ts';
import { nodeDatachannel } from './node-datachannel/implementation.ts';
import { werift } from './werift/implementation.ts';
import { wrtc } from './wrtc/implementation.ts';

export const subjects: Readonly<Record<string, Implementation>> = {
  millrace,
  'node-datachannel': nodeDatachannel,
  werift,
  wrtc,
};
