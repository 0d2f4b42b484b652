// A DTLS handshake (RFC 9147, RFC 6347) that somebody meddles with: two connections exchange their flights while mutated
// datagrams are slipped in, and real ones are lost, doubled and held back. Nobody without the keys can make either
// side deliver a byte or connect to anyone else, and both come to an end of some kind.
import {
  DtlsConnection,
  type DtlsSink,
  type DtlsState,
  type DtlsVersion,
  fingerprintOf,
} from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { CLIENT_IDENTITY, SERVER_IDENTITY } from './identities.ts';
import { type FuzzTarget, invariant } from './target.ts';

const MAX_BURST = 200;
const slot = new Uint8Array(2048);

interface Side {
  readonly connection: DtlsConnection;
  readonly inbox: Uint8Array[];
  state: DtlsState;
}

function side(role: 'client' | 'server', random: SeededRandom, maxVersion: DtlsVersion): Side {
  const [own, other] =
    role === 'client' ? [CLIENT_IDENTITY, SERVER_IDENTITY] : [SERVER_IDENTITY, CLIENT_IDENTITY];
  const connection = new DtlsConnection({
    role,
    certificate: own,
    crypto: nodeDtlsCrypto,
    random,
    remoteFingerprints: [fingerprintOf(other.certificate, nodeDtlsCrypto)],
    maxVersion,
    groups: [0x11ec, 29, 23].slice(random.below(2)),
    mtu: random.chance(0.5) ? 1200 : 300,
  });
  connection.start(0);
  return { connection, inbox: [], state: connection.state };
}

function flush(from: Side, to: Side, now: number, onSent: (datagram: Uint8Array) => void): void {
  drain(from);
  let burst = 0;
  for (;;) {
    const length = from.connection.transmit(slot, 0, slot.length, now);
    if (length === 0) break;
    invariant(++burst < MAX_BURST, 'it stops sending at some time');
    const datagram = slot.slice(0, length);
    onSent(datagram);
    to.inbox.push(datagram);
  }
  drain(from);
}

function drain(each: Side): void {
  const sink: DtlsSink = {
    onConnected: () => {
      invariant(each.state === 'connecting', `connected after ${each.state}`);
      each.state = 'connected';
    },
    onApplicationData: () => invariant(false, 'nobody has sent application data'),
    onClosed: () => {
      invariant(each.state !== 'closed' && each.state !== 'failed', 'an end comes once');
      each.state = each.connection.state;
    },
  };
  each.connection.drain(sink);
  invariant(
    each.state === each.connection.state,
    `the state ${each.connection.state} was told as ${each.state}`,
  );
}

/** Every datagram of an undisturbed handshake, in the order sent. */
function recordHandshake(version: DtlsVersion): Uint8Array[] {
  const sent: Uint8Array[] = [];
  const random = new SeededRandom(1);
  const [client, server] = [side('client', random, version), side('server', random, version)];
  for (let round = 0; round < 8; round++) {
    flush(client, server, 0, (datagram) => sent.push(datagram));
    flush(server, client, 0, (datagram) => sent.push(datagram));
    for (const each of [client, server])
      for (const datagram of each.inbox.splice(0))
        each.connection.receive(datagram.slice(), 0, datagram.length, 0);
  }
  invariant(client.state === 'connected' && server.state === 'connected', 'undisturbed, both connect');
  return sent;
}

export const target: FuzzTarget = {
  name: 'dtls-handshake',
  seeds: [...recordHandshake('1.2'), ...recordHandshake('1.3')],
  run(bytes, random) {
    const client = side('client', random, random.chance(0.8) ? '1.3' : '1.2');
    const server = side('server', random, random.chance(0.8) ? '1.3' : '1.2');
    let now = 0;
    let meddled = 0;
    const disorder = random.chance(0.5) ? 0 : 0.2;
    for (let step = 0; step < 60; step++) {
      flush(client, server, now, () => {});
      flush(server, client, now, () => {});
      if (meddled < 3 && random.chance(0.3)) {
        const victim = random.chance(0.5) ? client : server;
        victim.inbox.splice(random.below(victim.inbox.length + 1), 0, bytes);
        meddled++;
      }
      let any = false;
      for (const each of [client, server]) {
        if (random.chance(disorder)) each.inbox.reverse();
        for (const datagram of each.inbox.splice(0)) {
          if (random.chance(disorder)) continue;
          for (let copies = random.chance(disorder) ? 2 : 1; copies > 0; copies--) {
            const at = random.below(4);
            const copy = new Uint8Array(at + datagram.length);
            copy.set(datagram, at);
            each.connection.receive(copy, at, copy.length, now);
            drain(each);
            any = true;
          }
        }
      }
      if (any) continue;
      now = Math.min(client.connection.deadline(), server.connection.deadline());
      if (now === NEVER) break;
      client.connection.expire(now);
      server.connection.expire(now);
    }
    for (const each of [client, server])
      if (each.state === 'connected')
        invariant(
          Buffer.compare(
            each.connection.remoteCertificate!,
            (each === client ? SERVER_IDENTITY : CLIENT_IDENTITY).certificate,
          ) === 0,
          'whoever is connected is connected to whom it should be',
        );
  },
};
