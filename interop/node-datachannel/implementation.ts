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
  lacks: ['mDNS', 'TCP', 'TURN over TCP', 'TURN over TLS', 'munging'],
  canInterleave: false,
  speaksDtls13: false,
  offersHeldRole: false,
  capacity: EVERYTHING,
  givesUp: {
    says: 'as the DTLS server ends a handshake with an I/O error of its own, in one of some thousand connections',
    evidence:
      'its log: "DtlsTransport::doRecv: DTLS recv: Handshake failed: fatal I/O error", no alert to or from the other side',
  },
  defects,
};
