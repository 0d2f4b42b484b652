// @roamhq/wrtc: libwebrtc of some years ago, with usrsctp, bound to Node.

import { forkRemote } from '../harness/child-remote.ts';
import { EVERYTHING, type Implementation } from '../harness/implementation.ts';
import { missingPackages, packageVersion } from '../harness/installed.ts';
import { defects } from './defects.ts';

export const wrtc: Implementation = {
  name: 'wrtc',
  missing: () => missingPackages('@roamhq/wrtc', '@roamhq/wrtc-linux-x64'),
  version: () => packageVersion('@roamhq/wrtc'),
  launch: () => forkRemote(new URL('./child.ts', import.meta.url)),
  canHideAddresses: false,
  lacks: ['mDNS', 'TURN over TLS'], // the latter with certificates of authorities that it knows; there is no telling it of others
  canInterleave: false,
  speaksDtls13: false,
  offersHeldRole: false,
  capacity: EVERYTHING,
  defects,
};
