// What a finished handshake leaves behind.
import type { CipherSuite } from './cipher-suites.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import type { Group } from './groups.ts';
import type { KeyExchange } from './key-exchange.ts';
import type { Randoms } from './key-schedule/secrets.ts';

interface Peered {
  readonly srtpProfile: number | undefined;
  /** X.509 in DER; its fingerprint has been checked. */
  readonly remoteCertificate: Uint8Array;
  /** What we have shown, likewise. */
  readonly ownCertificate: Uint8Array;
}

export interface Session12 extends Peered {
  readonly version: '1.2';
  readonly suite: CipherSuite;
  readonly group: Group;
  readonly randoms: Randoms;
  readonly masterSecret: Uint8Array;
  readonly extendedMasterSecret: boolean;
}

export interface Session13 extends Peered {
  readonly version: '1.3';
  readonly suite: CipherSuite13;
  readonly group: KeyExchange;
  readonly exporterSecret: Uint8Array;
  /** By a ticket. */
  readonly isResumed: boolean;
}

export type Session = Session12 | Session13;

/** Overwrites what must not be found later. */
export function wipeSession(session: Session): void {
  (session.version === '1.2' ? session.masterSecret : session.exporterSecret).fill(0);
}

/** The line that NSS and Wireshark know: `CLIENT_RANDOM <client random> <master secret>`. */
export function keyLogLine(clientRandom: Uint8Array, masterSecret: Uint8Array): string {
  return `CLIENT_RANDOM ${hex(clientRandom)} ${hex(masterSecret)}`;
}

export type KeyLogLabel13 =
  | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  | 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  | 'CLIENT_TRAFFIC_SECRET_0'
  | 'SERVER_TRAFFIC_SECRET_0'
  | 'EXPORTER_SECRET';

/** The same for DTLS 1.3. */
export function keyLogLine13(label: KeyLogLabel13, clientRandom: Uint8Array, secret: Uint8Array): string {
  return `${label} ${hex(clientRandom)} ${hex(secret)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
