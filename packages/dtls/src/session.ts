// What a finished handshake leaves behind.
import type { CipherSuite } from './cipher-suites.ts';
import type { Group } from './groups.ts';
import type { Randoms } from './key-schedule/secrets.ts';

export interface Session {
  readonly suite: CipherSuite;
  readonly group: Group;
  readonly randoms: Randoms;
  readonly masterSecret: Uint8Array;
  readonly extendedMasterSecret: boolean;
  readonly srtpProfile: number | undefined;
  /** X.509 in DER; its fingerprint has been checked. */
  readonly remoteCertificate: Uint8Array;
}

/** The line that NSS and Wireshark know: `CLIENT_RANDOM <client random> <master secret>`. */
export function keyLogLine(clientRandom: Uint8Array, masterSecret: Uint8Array): string {
  return `CLIENT_RANDOM ${hex(clientRandom)} ${hex(masterSecret)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
