// Ten thousand clients that begin at the same moment, on a lossy path in virtual time, against one port.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IceAgent, type Route } from '@millrace/ice';
import { SeededRandom, Wire } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { MuxMember } from '../../src/mux/router.ts';
import { LOCAL, RECORD, type Routed, routed } from './routed.ts';

const CLIENTS = 10_000;
const SEED = 7;
const DELAY = 20;

interface Hop {
  readonly client: number;
  readonly toServer: boolean;
}

interface Peer {
  readonly client: IceAgent;
  readonly server: IceAgent;
  readonly at: { readonly address: string; readonly port: number };
  /** Of its connection at the server. */
  records: number;
  touched: boolean;
}

const sink = { onStateChange: () => {}, onSelectedPair: () => {}, onRoleChange: () => {} };

function join(mux: Routed, peer: Peer): void {
  const member = new MuxMember(() => {});
  mux.router.join(member, peer.server.localParameters.usernameFragment);
  const route = { socket: 0, remote: peer.at } as { socket: number; remote: Route['remote'] };
  mux.router.openPlace(member, mux.socket.number, {
    onDatagram: (bytes, at, end, remote) => {
      route.remote = remote;
      if (bytes[at] === RECORD[0]) peer.records++;
      else peer.server.receive(bytes, at, end, mux.clock.now, route);
    },
    onBatchEnd: () => {
      peer.touched = true;
    },
    onWritable: () => {},
    onMtuExceeded: () => {},
    onError: () => {},
    isVerified: (remote) => {
      route.remote = remote;
      return peer.server.isVerified(route);
    },
  });
}

test(`${CLIENTS} clients at once, with every tenth datagram lost, connect to one port, and what they send finds them`, () => {
  const random = new SeededRandom(SEED);
  const mux = routed();
  const wire = new Wire<Hop>(new SeededRandom(SEED + 1), { delay: DELAY, loss: 0.1 });
  const peers: Peer[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const at = { address: `10.0.${i >> 8}.${i & 255}`, port: 1024 + (i % 50_000) };
    const client = new IceAgent({ role: 'controlling', crypto: nodeStunCrypto, random });
    const server = new IceAgent({ role: 'controlled', lite: true, crypto: nodeStunCrypto, random });
    client.addLocalCandidate({ socket: 0, ...at }, 0);
    client.setRemoteParameters({ ...server.localParameters, lite: true }, 0);
    client.addRemoteCandidate(server.addLocalCandidate({ socket: 0, ...LOCAL }, 0), 0);
    server.setRemoteParameters(client.localParameters, 0);
    const peer = { client, server, at, records: 0, touched: false };
    join(mux, peer);
    peers.push(peer);
  }
  const slot = new Uint8Array(1_500);
  const flush = (agent: IceAgent, hop: Hop): void => {
    for (;;) {
      const length = agent.transmit(slot, 0, slot.length, mux.clock.now);
      if (length === 0) break;
      wire.send(slot, 0, length, mux.clock.now, hop);
    }
    agent.drain(sink);
  };
  let open = 0;
  const isOpen = new Set<number>();
  for (let i = 0; i < CLIENTS; i++) flush(peers[i]!.client, { client: i, toServer: true });
  while (open < CLIENTS) {
    let next = wire.next();
    for (const { client } of peers) next = Math.min(next, client.deadline());
    assert(next < 20_000, `SEED ${SEED}: ${open} of ${CLIENTS} are open after 20 s`);
    const now = Math.max(next, mux.clock.now);
    mux.clock.now = now;
    const woken = new Set<number>();
    for (let got = wire.take(now); got; got = wire.take(now)) {
      const { client, toServer } = got.tag;
      const peer = peers[client]!;
      woken.add(client);
      if (toServer) mux.give(got.bytes, peer.at);
      else peer.client.receive(got.bytes, 0, got.bytes.length, now, { socket: 0, remote: LOCAL });
    }
    mux.socket.endBatch();
    for (const [i, { client }] of peers.entries()) {
      if (client.deadline() > now) continue;
      client.expire(now);
      woken.add(i);
    }
    for (const i of woken) {
      const { client, server } = peers[i]!;
      flush(client, { client: i, toServer: true });
      flush(server, { client: i, toServer: false });
      if (isOpen.has(i) || !client.selectedPair || !server.selectedPair) continue;
      isOpen.add(i);
      open++;
    }
  }
  assert.equal(mux.router.boundAddresses, CLIENTS);
  assert.equal(mux.router.drops.total, 0);
  for (const peer of peers) mux.give(RECORD, peer.at);
  assert(peers.every(({ records }) => records === 1));
  assert(mux.clock.now < 5_000, `SEED ${SEED}: the last one was open after ${mux.clock.now} ms`);
});
