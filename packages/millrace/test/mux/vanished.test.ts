// What becomes of clients that leave, in whichever way, and of what a server has kept for them.

import './skipping-clock.ts'; // before millrace
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { queryObjects } from 'node:v8';
import { DtlsConnection } from '@millrace/dtls';
import { IceAgent } from '@millrace/ice';
import { SctpAssociation } from '@millrace/sctp';
import { type ListenOptions, listen, RTCPeerConnection, type RTCServer } from 'millrace';
import { Session } from '../../src/peer-connection/session.ts';
import { connect, echo, ON_LOOPBACK, turns } from './clients.ts';
import { type ClientsProcess, clientsProcess } from './clients-process.ts';
import { skip } from './skipping-clock.ts';

const HERE = { addresses: ['127.0.0.1'] } as const;
const CONSENT = 30_000; // ms, RFC 7675 §5.1
const STEP = 500; // ms
/** How long before it vanished a client may have checked last. */
const LAST_CHECK = 6_500; // ms
/** Real time counts as well: what a busy machine takes until a test comes to its count. */
const STALL = 8_000; // ms
/** Enough to tell a leak of anything that belongs to a connection; more by the variable: 1,000 take twelve seconds. */
const MANY = Number(process.env.MILLRACE_CLIENTS ?? 50);

async function vanishedFrom(
  options: Partial<ListenOptions>,
): Promise<{ server: RTCServer; gone: ClientsProcess }> {
  const server = await listen({ ...HERE, ...options });
  const gone = await clientsProcess(server, 1);
  await gone.vanish();
  return { server, gone };
}

/** How long it takes on the server's clock until `state` has come about. */
async function passes(state: () => boolean): Promise<number> {
  for (let passed = 0; ; passed += STEP) {
    await turns(4);
    if (state()) return passed;
    assert(passed < 4 * CONSENT);
    skip(STEP);
  }
}

describe('RFC 7675 §5.1 clients that vanish', () => {
  test('a connection whose client has not checked for 30 s is let go, and says why', async () => {
    const { server, gone } = await vanishedFrom({});
    const [connection] = gone.connections;
    const states: string[] = [];
    connection!.addEventListener('connectionstatechange', () => states.push(connection!.connectionState));
    const passed = await passes(() => server.stats.connections === 0);
    assert(passed > CONSENT - LAST_CHECK - STALL && passed <= CONSENT + STEP, `${passed} ms`);
    const end = await connection!.closed;
    assert.deepEqual(end, {
      by: 'failure',
      code: 'ICE_CONSENT_EXPIRED',
      message: 'the peer has not sent a check for 30 seconds',
    });
    await turns(4);
    assert.deepEqual(states, ['disconnected', 'failed']);
    assert.deepEqual([server.connections.size, server.stats.remoteAddresses], [0, 0]);
    server.close();
  });

  test('those that check are kept meanwhile', async () => {
    const server = await listen(HERE);
    const here = await connect(server);
    const gone = await clientsProcess(server, 1);
    await gone.vanish();
    for (let passed = 0; passed < 2 * CONSENT; passed += STEP) {
      skip(STEP);
      assert.equal(await echo(here, 'there?'), 'there?!'); // what was sent before it has come as well
    }
    assert.deepEqual([...server.connections], [here.connection]);
    assert.equal(here.connection.connectionState, 'connected');
    here.client.close();
    server.close();
  });

  test('`consentTimeout` says how long silence lasts', async () => {
    const configuration = { millrace: { consentTimeout: 20_000 } };
    const { server, gone } = await vanishedFrom({ configuration });
    const passed = await passes(() => server.stats.connections === 0);
    assert(passed > 20_000 - LAST_CHECK - STALL && passed <= 20_000 + STEP, `${passed} ms`);
    assert.match((await gone.connections[0]!.closed).message, / for 20 seconds$/);
    server.close();
  });

  test('`restartPatience` keeps them for a restart after that', async () => {
    const configuration = { millrace: { restartPatience: 20_000 } };
    const { server, gone } = await vanishedFrom({ configuration });
    const [connection] = gone.connections;
    await passes(() => connection!.connectionState === 'failed');
    assert.equal(server.stats.connections, 1);
    const passed = await passes(() => server.stats.connections === 0);
    assert(passed >= 20_000 - STALL && passed <= 20_000 + 2 * STEP, `${passed} ms`);
    server.close();
  });

  test('one that never connects is let go as well, and says so', async () => {
    const server = await listen({ ...HERE, connectTimeout: 10_000 });
    const client = new RTCPeerConnection({ millrace: ON_LOOPBACK });
    client.createDataChannel('first');
    await client.setLocalDescription();
    const { connection } = await server.answer(client.localDescription!);
    client.close();
    const passed = await passes(() => server.stats.connections === 0);
    assert(passed <= 10_000 + STEP, `${passed} ms`);
    assert.deepEqual(await connection.closed, {
      by: 'failure',
      code: 'CONNECT_TIMEOUT',
      message: 'the client was not connected within 10 seconds',
    });
    server.close();
  });

  test(`${MANY} of them leave nothing behind`, async () => {
    const kinds = [RTCPeerConnection, Session, IceAgent, DtlsConnection, SctpAssociation];
    const alive = (): number[] => kinds.map((kind) => Number(queryObjects(kind, { format: 'count' })));
    const before = alive();
    const server = await listen(HERE);
    // In a function of its own, so that nothing here holds what it has made.
    const ended = await (async () => {
      const gone = await clientsProcess(server, MANY);
      assert.equal(server.stats.remoteAddresses, MANY);
      await gone.vanish();
      return gone.connections.length;
    })();
    assert.equal(ended, MANY);
    await passes(() => server.stats.connections === 0);
    await turns();
    const { connections, remoteAddresses, transactions, heldRequests } = server.stats;
    assert.deepEqual([connections, remoteAddresses, transactions, heldRequests], [0, 0, 0, 0]);
    // No more than before: what an earlier test has left may have been collected meanwhile.
    const after = alive();
    assert(
      after.every((count, i) => count <= before[i]!),
      `${after}, and ${before} before`,
    );
    server.close();
  });
});

describe('clients that say goodbye', () => {
  test('close() ends all of them at the server at once', async () => {
    const server = await listen(HERE);
    const leaving = await clientsProcess(server, 20);
    leaving.close();
    const ends = await Promise.all(leaving.connections.map(({ closed }) => closed));
    assert(ends.every(({ by }) => by === 'remote'));
    assert.deepEqual([server.connections.size, server.stats.remoteAddresses], [0, 0]);
    await leaving.vanish();
    server.close();
  });

  // RFC 9260 §9.1: ABORT in a record, then RFC 8446 §6.1: close_notify in another.
  for (const [what, code, lost] of [
    ["SCTP's ABORT alone, DTLS's close_notify having been lost", 'SCTP_ABORTED', 1],
    ["DTLS's close_notify alone, SCTP's ABORT having been lost", 'DTLS_CLOSE_NOTIFY', 0],
  ] as const)
    test(`${what}, ends it at once`, async () => {
      const server = await listen(HERE);
      const gate = await gateTo(server.port);
      const client = new RTCPeerConnection({ millrace: ON_LOOPBACK });
      const channel = client.createDataChannel('first');
      await client.setLocalDescription();
      const { connection, answer } = await server.answer(client.localDescription!);
      await client.setRemoteDescription({
        type: 'answer',
        sdp: answer.sdp!.replaceAll(` ${server.port} typ`, ` ${gate.port} typ`),
      });
      await once(channel, 'open');
      gate.loseOfTheLastTwo(lost);
      client.close();
      const end = await connection.closed;
      assert.deepEqual([end.by, end.code], ['remote', code]);
      assert.equal(server.stats.connections, 0);
      gate.close();
      server.close();
    });
});

interface Gate {
  readonly port: number;
  /** From now on datagrams to the server wait for the client's farewell: its last two, of which this one is lost. */
  loseOfTheLastTwo(number: 0 | 1): void;
  close(): void;
}

/** RFC 9147 §4: a record of two bytes, their type and a tag; an ACK, a SACK or an ABORT is longer. */
const isCloseNotify = (datagram: Uint8Array): boolean => datagram[0]! >> 5 === 1 && datagram.length <= 26;

/** A relay before the server, for one client. */
async function gateTo(server: number): Promise<Gate> {
  const [near, far] = [createSocket('udp4'), createSocket('udp4')];
  const waiting: Buffer[] = [];
  let [client, lost] = [0, Number.NaN];
  near.on('message', (bytes, { port }) => {
    client = port;
    waiting.push(bytes);
    if (Number.isNaN(lost)) for (const each of waiting.splice(0)) far.send(each, server, '127.0.0.1');
    else if (isCloseNotify(bytes)) {
      waiting.splice(waiting.length - 2 + lost, 1);
      for (const each of waiting.splice(0)) far.send(each, server, '127.0.0.1');
    }
  });
  far.on('message', (bytes) => near.send(bytes, client, '127.0.0.1'));
  for (const socket of [near, far]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  return {
    port: near.address().port,
    loseOfTheLastTwo: (number) => {
      lost = number;
    },
    close: () => {
      near.close();
      far.close();
    },
  };
}
