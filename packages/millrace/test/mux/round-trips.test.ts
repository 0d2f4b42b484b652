// How many round trips go by from both descriptions being known until a client and a lite server on a shared port have a
// message of each other's. All layers run, the port's router among them, on a virtual clock.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listen } from 'millrace';
import { VirtualPair, type VirtualPairOptions } from '../transport/virtual-peers.ts';
import { connect, echo } from './clients.ts';
import { recorder, routed } from './routed.ts';

const RTT = 100; // ms
const SEEDS = 100;

interface Opening {
  readonly atServer: number;
  readonly atClient: number;
  /** Datagrams of either side. */
  readonly datagrams: number;
}

/** In round trips. The server has answered the client's offer. */
function opening(options: Partial<VirtualPairOptions>): Opening {
  const { wire, answerer, ...rest } = options;
  const pair = new VirtualPair({
    ...rest,
    answerer: { ...answerer, lite: true },
    wire: { delay: RTT / 2, ...wire },
  });
  const server = pair.answerer;
  const port = routed();
  const { agent } = server;
  const receive = server.receive.bind(server);
  const { member } = recorder(port, agent.localParameters.usernameFragment, false);
  port.router.openPlace(member, port.socket.number, {
    onDatagram: (bytes, at, end, remote) =>
      receive(bytes.slice(at, end), { socket: 0, remote }, port.clock.now),
    onBatchEnd: () => {},
    onWritable: () => {},
    onMtuExceeded: () => {},
    onError: () => {},
    isVerified: (remote) => agent.isVerified({ socket: 0, remote }),
  });
  server.receive = (bytes, { remote }, now) => {
    port.clock.now = now;
    port.give(bytes, remote);
    port.socket.endBatch();
  };
  let datagrams = 0;
  pair.onDatagram = () => datagrams++;
  assert.ok(pair.run(60_000), `seed ${options.seed}: never opened`);
  assert.equal(port.router.drops.total, 0);
  return { atServer: server.messageAt! / RTT, atClient: pair.offerer.messageAt! / RTT, datagrams };
}

const V1_2 = { minVersion: '1.2', maxVersion: '1.2' } as const;
const V1_3 = { minVersion: '1.3', maxVersion: '1.3' } as const;

describe('round trips until a client and a lite server on one port have a message of each other', () => {
  // What answers say is below: with SPED that the client says hello, without it that the server does.
  const cases: ReadonlyArray<
    readonly [version: '1.2' | '1.3', sped: boolean, snap: boolean, atServer: number, atClient: number]
  > = [
    ['1.3', true, true, 1.5, 2],
    ['1.3', true, false, 2.5, 3],
    ['1.3', false, true, 2.5, 2],
    ['1.3', false, false, 2.5, 3],
    ['1.2', true, true, 2.5, 2],
    ['1.2', true, false, 3.5, 3],
    ['1.2', false, true, 2.5, 3],
    ['1.2', false, false, 3.5, 4],
  ];
  for (const [version, sped, snap, atServer, atClient] of cases)
    test(`DTLS ${version}${sped ? ', SPED' : ''}${snap ? ', SNAP' : ''}: ${atServer} and ${atClient}`, () => {
      const dtls = version === '1.2' ? V1_2 : V1_3;
      const client = sped ? 'offerer' : 'answerer';
      const got = opening({ client, both: { sped, snap, dtls } });
      assert.deepEqual([got.atServer, got.atClient], [atServer, atClient]);
    });

  test('with the other side as DTLS client each takes longer, counted over both sides', () => {
    for (const dtls of [V1_2, V1_3])
      for (const sped of [true, false]) {
        const [here, there] = (['offerer', 'answerer'] as const).map((client) => {
          const { atServer, atClient } = opening({ client, both: { sped, dtls } });
          return atServer + atClient;
        }) as [number, number];
        assert.ok(sped ? here < there : here > there, `${here} and ${there}`);
      }
  });

  test(`a tenth of the datagrams lost: of ${SEEDS} openings 95 are over within 4.5 round trips`, () => {
    const all = Array.from({ length: SEEDS }, (_, i) => {
      const { atServer, atClient } = opening({
        seed: i + 1,
        client: 'offerer',
        wire: { delay: RTT / 2, loss: 0.1 },
      });
      return Math.max(atServer, atClient);
    }).toSorted((a, b) => a - b);
    assert.ok(all[94]! <= 4.5, `${all[94]}`);
  });
});

describe('RFC 8842 §5.3 who is the DTLS client of a server', () => {
  for (const [what, millrace, setup] of [
    ['a client whose checks can carry its hello', {}, 'passive'],
    ['a client whose checks carry nothing', { sped: false }, 'active'],
    ['a lite client, who sends no checks', { iceLite: true }, 'active'],
  ] as const)
    test(`${what}: the answer says ${setup}`, async () => {
      const server = await listen({ addresses: ['127.0.0.1'] });
      const one = await connect(server, millrace);
      assert.match(one.answer.sdp ?? '', new RegExp(`^a=setup:${setup}\r$`, 'm'));
      assert.equal(await echo(one, 'hello'), 'hello!');
      one.client.close();
      server.close();
    });
});
