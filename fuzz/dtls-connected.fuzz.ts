// Established DTLS connections (RFC 9147 §4, RFC 6347 §4.1) among forged, mutated and replayed records: none is delivered, none
// disturbs it, and real messages go on to arrive once each.
import { DtlsConnection, type DtlsSink, type DtlsVersion, fingerprintOf } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { SeededRandom } from '@millrace/sans-io/testing';
import { CLIENT_IDENTITY, SERVER_IDENTITY } from './identities.ts';
import { type FuzzTarget, invariant } from './target.ts';

const slot = new Uint8Array(2048);
const delivered: string[] = [];
const quiet: DtlsSink = { onConnected() {}, onApplicationData() {}, onClosed() {} };
const listening: DtlsSink = {
  ...quiet,
  onApplicationData: (bytes, at, end) =>
    void delivered.push(Buffer.from(bytes.subarray(at, end)).toString('latin1')),
};

interface Connected {
  readonly client: DtlsConnection;
  readonly server: DtlsConnection;
}

const handshake: Uint8Array[] = [];
const pairs = [connected('1.3'), connected('1.2')] as const;
// Delivered once here, so that as seeds they are replays.
const records = pairs.flatMap((pair) =>
  ['a message', '', 'a longer message '.repeat(20)].map((text) => {
    const record = seal(pair.client, text);
    deliver(pair.server, record);
    return record;
  }),
);
delivered.length = 0;
let count = 0;

export const target: FuzzTarget = {
  name: 'dtls-connected',
  seeds: [...handshake, ...records],
  run(bytes, random) {
    const { client, server } = pairs[random.chance(0.7) ? 0 : 1];
    if (random.chance(0.02)) updateKeys(client, server);
    const text = `message ${count++}`;
    const record = seal(client, text);
    const before = delivered.length;
    const attack = (): void => {
      const forged = random.chance(0.5) ? bytes.slice() : record.slice();
      // A mutation of the record that is still under way, with its real sequence number.
      if (forged.length === record.length && !random.chance(0.3))
        forged[random.below(forged.length)]! ^= 1 << random.below(8);
      if (Buffer.compare(forged, record) === 0) return;
      server.receive(forged, 0, forged.length, 0);
      server.drain(listening);
    };
    attack();
    invariant(delivered.length === before, 'nothing forged is delivered');
    deliver(server, record);
    invariant(delivered.length === before + 1 && delivered.at(-1) === text, 'the real message is delivered');
    deliver(server, record);
    invariant(delivered.length === before + 1, 'a replayed record is not');
    attack();
    invariant(delivered.length === before + 1, 'nor is anything forged after it');
    invariant(server.state === 'connected', `the connection is ${server.state}`);
    delivered.length = 0;
    while (server.transmit(slot, 0, slot.length, 0) > 0);
  },
};

function connected(version: DtlsVersion): Connected {
  const [client, server] = [connection('client', version), connection('server', version)];
  for (let round = 0; round < 8; round++) {
    exchange(client, server);
    exchange(server, client);
  }
  invariant(client.state === 'connected' && server.state === 'connected', 'both connect');
  return { client, server };
}

/** RFC 9147 §8. What is exchanged is no seed: it would be taken for the next one. */
function updateKeys(client: DtlsConnection, server: DtlsConnection): void {
  const seeds = handshake.length;
  client.updateKeys(true);
  for (let round = 0; round < 4; round++) {
    exchange(client, server);
    exchange(server, client);
  }
  handshake.length = seeds;
}

function connection(role: 'client' | 'server', version: DtlsVersion): DtlsConnection {
  const [own, other] =
    role === 'client' ? [CLIENT_IDENTITY, SERVER_IDENTITY] : [SERVER_IDENTITY, CLIENT_IDENTITY];
  const made = new DtlsConnection({
    role,
    certificate: own,
    crypto: nodeDtlsCrypto,
    random: new SeededRandom(role === 'client' ? 1 : 2),
    minVersion: version,
    maxVersion: version,
    remoteFingerprints: [fingerprintOf(other.certificate, nodeDtlsCrypto)],
  });
  made.start(0);
  return made;
}

function exchange(from: DtlsConnection, to: DtlsConnection): void {
  for (let length = from.transmit(slot, 0, 2048, 0); length > 0; length = from.transmit(slot, 0, 2048, 0)) {
    const datagram = slot.slice(0, length);
    handshake.push(datagram.slice());
    to.receive(datagram, 0, length, 0);
    to.drain(quiet);
  }
}

function seal(client: DtlsConnection, text: string): Uint8Array {
  slot.set(Buffer.from(text, 'latin1'), client.headroom);
  return slot.slice(0, client.seal(slot, 0, text.length));
}

function deliver(to: DtlsConnection, record: Uint8Array): void {
  const copy = record.slice();
  to.receive(copy, 0, copy.length, 0);
  to.drain(listening);
}
