// node-datachannel: libdatachannel (libjuice, OpenSSL, usrsctp) behind its W3C-like polyfill.

import { forkRemote } from '../harness/child-remote.ts';
import { EVERYTHING, type Implementation } from '../harness/implementation.ts';
import { missingPackages, packageVersion } from '../harness/installed.ts';
import { defects } from './defects.ts';

export const nodeDatachannel: Implementation = {
  name: 'node-datachannel',
  missing: () => missingPackages('node-datachannel'),
  version: () => packageVersion('node-datachannel'),
  launch: () => forkRemote(new URL('./child.ts', import.meta.url)),
  canHideAddresses: false,
  canInterleave: false,
  offersHeldRole: false,
  capacity: EVERYTHING,
  defects,
};
