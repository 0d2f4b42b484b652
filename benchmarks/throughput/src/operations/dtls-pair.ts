// Two DTLS connections in memory.

import { CERTIFICATE_PEM, der, PRIVATE_KEY_PEM } from '@millrace/bench-harness/dtls-identity';
import {
  type DtlsCertificate,
  DtlsConnection,
  type DtlsCrypto,
  type DtlsOptions,
  type DtlsSink,
  fingerprintOf,
} from '@millrace/dtls';
import { nodeDtlsCertificate, nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { SeededRandom } from '@millrace/sans-io/testing';

const IDENTITY: DtlsCertificate = nodeDtlsCertificate(der(CERTIFICATE_PEM), der(PRIVATE_KEY_PEM));

const SLOT_BYTES = 4_096;
/** Records of the longest content have to fit. */
const LARGEST_DATAGRAM = 20_000;
/** Neither side needs more turns than this when nothing is lost. */
const MOST_TURNS = 20;

export interface DtlsPair {
  readonly client: DtlsConnection;
  readonly server: DtlsConnection;
}

/** A sink that only adds up what it is given. */
export class DtlsSum implements DtlsSink {
  sum = 0;
  onConnected(): void {}
  onApplicationData(bytes: Uint8Array, at: number, end: number): void {
    this.sum += bytes[at]! + bytes[end - 1]! + end - at;
  }
  onClosed(): void {}
}

/** What a handshake is about, where it is not to be one of 1.2. */
export type HandshakeOptions = Pick<
  DtlsOptions,
  'minVersion' | 'maxVersion' | 'groups' | 'keyShares' | 'sessions'
>;

/** Shakes hands; `datagrams` counts what crossed. */
export function handshake(
  crypto: DtlsCrypto,
  seed: number,
  sink: DtlsSink = new DtlsSum(),
  wanted: HandshakeOptions = { maxVersion: '1.2' },
): DtlsPair & { readonly datagrams: number } {
  const options = (role: 'client' | 'server', ownSeed: number): DtlsOptions => ({
    role,
    certificate: IDENTITY,
    crypto,
    random: new SeededRandom(ownSeed),
    remoteFingerprints: [fingerprintOf(IDENTITY.certificate, nodeDtlsCrypto)],
    mtu: LARGEST_DATAGRAM,
    ...wanted,
  });
  const client = new DtlsConnection(options('client', seed));
  const server = new DtlsConnection(options('server', seed + 1));
  client.start(0);
  server.start(0);
  let datagrams = 0;
  for (let turn = 0; client.state !== 'connected' || server.state !== 'connected'; turn++) {
    if (turn > MOST_TURNS) throw new Error(`not connected: ${client.state}, ${server.state}`);
    datagrams += pass(client, server, sink) + pass(server, client, sink);
  }
  return { client, server, datagrams };
}

const slot = new Uint8Array(SLOT_BYTES);

function pass(from: DtlsConnection, to: DtlsConnection, sink: DtlsSink): number {
  let datagrams = 0;
  for (;;) {
    const length = from.transmit(slot, 0, SLOT_BYTES, 0);
    if (length === 0) break;
    datagrams++;
    to.receive(slot, 0, length, 0);
    to.drain(sink);
  }
  from.drain(sink);
  return datagrams;
}
