// An established DTLS connection (RFC 6347 §4.1) among forged, mutated and replayed records: none is delivered, none
// disturbs it, and real messages go on to arrive once each.
import { DtlsConnection, type DtlsSink, fingerprintOf } from '@millrace/dtls';
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

const client = connection('client');
const server = connection('server');
const handshake: Uint8Array[] = [];
for (let round = 0; round < 8; round++) {
  exchange(client, server);
  exchange(server, client);
}
invariant(client.state === 'connected' && server.state === 'connected', 'both connect');
// Delivered once here, so that as seeds they are replays.
const records = [seal('a message'), seal(''), seal('a longer message '.repeat(20))];
for (const record of records) deliver(server, record);
delivered.length = 0;
let count = 0;

export const target: FuzzTarget = {
  name: 'dtls-connected',
  seeds: [...handshake, ...records],
  run(bytes, random) {
    const text = `message ${count++}`;
    const record = seal(text);
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

function connection(role: 'client' | 'server'): DtlsConnection {
  const [own, other] =
    role === 'client' ? [CLIENT_IDENTITY, SERVER_IDENTITY] : [SERVER_IDENTITY, CLIENT_IDENTITY];
  const made = new DtlsConnection({
    role,
    certificate: own,
    crypto: nodeDtlsCrypto,
    random: new SeededRandom(role === 'client' ? 1 : 2),
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

function seal(text: string): Uint8Array {
  slot.set(Buffer.from(text, 'latin1'), client.headroom);
  return slot.slice(0, client.seal(slot, 0, text.length));
}

function deliver(to: DtlsConnection, record: Uint8Array): void {
  const copy = record.slice();
  to.receive(copy, 0, copy.length, 0);
  to.drain(listening);
}
