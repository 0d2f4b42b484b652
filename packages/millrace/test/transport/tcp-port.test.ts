// The passive port of ICE-TCP against those who connect to it: each thing that can grow has a cap.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, mock, test } from 'node:test';
import type { TransportAddress } from '@millrace/ice';
import { Drops } from '@millrace/sans-io';
import { TCP_DROPS, type TcpDrop } from '../../src/transport/tcp-connection.ts';
import {
  connectTcp,
  listenTcp,
  MAX_CONNECTIONS,
  MAX_UNVERIFIED_PER_ADDRESS,
  type TcpHandlers,
  type TcpPort,
} from '../../src/transport/tcp-port.ts';

const HERE = '127.0.0.1';
/** The first byte of a STUN message. */
const CHECK = Uint8Array.of(0, 1, 2, 3);
const MOST_OF_A_CHECK = 2_048;

class World {
  readonly drops: Drops<TcpDrop> = new Drops(TCP_DROPS);
  readonly came: Uint8Array[] = [];
  readonly from: TransportAddress[] = [];
  readonly lost: TransportAddress[] = [];
  readonly verified = new Set<number>();
  readonly clients: Socket[] = [];
  port!: TcpPort;
  #told: Array<() => void> = [];

  readonly handlers: TcpHandlers = {
    onDatagram: (bytes, at, end, remote) => {
      this.came.push(Uint8Array.from(bytes.subarray(at, end)));
      this.from.push(remote);
    },
    onBatchEnd: () => this.#tell(),
    onWritable: () => {},
    isVerified: ({ port }) => this.verified.has(port),
    onConnectionLost: (remote) => {
      this.lost.push(remote);
      this.#tell();
    },
  };

  async listen(): Promise<this> {
    this.port = await listenTcp(HERE, 0, this.drops, this.handlers);
    return this;
  }

  async client(localAddress = HERE): Promise<Socket> {
    const socket = connect({ port: this.port.local.port, host: HERE, localAddress });
    socket.on('error', () => {});
    this.clients.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** Resolves when `is` is so, looked at whenever something happens at the port. */
  async until(is: () => boolean): Promise<void> {
    while (!is()) await new Promise<void>((resolve) => this.#told.push(resolve));
  }

  close(): void {
    this.port.close();
    for (const client of this.clients) client.destroy();
  }

  #tell(): void {
    for (const resolve of this.#told.splice(0)) resolve();
  }
}

const frame = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);
const check = (length: number): Uint8Array => frame(new Uint8Array(length));

describe('RFC 6544 §3: datagrams over TCP', () => {
  test('come from the connection they came on, and are sent back by it', async () => {
    const world = await new World().listen();
    const client = await world.client();
    client.write(frame(CHECK));
    await world.until(() => world.came.length === 1);
    assert.deepEqual(world.came, [CHECK]);
    assert.deepEqual(world.from, [{ address: HERE, port: client.localPort }]);
    world.port.send(Uint8Array.of(1, 2, 3, 4, 5), 0, 5, 2, world.from[0]!);
    const [data] = (await once(client, 'data')) as [Buffer];
    assert.deepEqual([...data], [0, 2, 1, 2, 0, 2, 3, 4, 0, 1, 5]);
    world.close();
  });

  test('an active port connects with the first datagram, and what is sent meanwhile follows', async () => {
    const world = await new World().listen();
    const active = connectTcp(HERE, world.drops, world.handlers);
    active.send(CHECK, 0, 4, 4, world.port.local);
    active.send(CHECK, 0, 4, 4, world.port.local);
    await world.until(() => world.came.length === 2);
    assert.equal(active.connections, 1);
    active.close();
    world.close();
  });

  test('a passive port does not connect: what is sent to nobody is counted and told of', async () => {
    const world = await new World().listen();
    const nobody = { address: HERE, port: 9 };
    world.port.send(CHECK, 0, 4, 4, nobody);
    assert.equal(world.drops.counts['no-connection'], 1);
    await world.until(() => world.lost.length === 1);
    assert.deepEqual(world.lost, [nobody]);
    world.close();
  });

  test('an address that refuses is told of, and left alone for a while', async () => {
    const world = await new World().listen();
    const { local } = world.port;
    world.close();
    const other = new World();
    const active = connectTcp(HERE, other.drops, other.handlers);
    active.send(CHECK, 0, 4, 4, local);
    await other.until(() => other.lost.length === 1);
    assert.deepEqual(other.lost, [local]);
    active.send(CHECK, 0, 4, 4, local);
    assert.equal(other.drops.counts['no-connection'], 1);
    assert.equal(active.connections, 0);
    active.close();
  });
});

describe('hostile connections', () => {
  test('one that says nothing, or half of a frame, has ten seconds', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const world = await new World().listen();
      const silent = await world.client();
      const half = await world.client();
      half.write(frame(CHECK).subarray(0, 4));
      const good = await world.client();
      world.verified.add(good.localPort!);
      good.write(frame(CHECK));
      await world.until(() => world.came.length === 1);
      const ended = [once(silent, 'close'), once(half, 'close')];
      mock.timers.tick(9_999);
      assert.equal(world.port.connections, 3);
      mock.timers.tick(1);
      await Promise.all(ended);
      assert.equal(world.drops.counts['unverified-connection'], 2);
      mock.timers.tick(60_000);
      assert.equal(world.port.connections, 1, 'the one that has proved itself stays');
      world.close();
    } finally {
      mock.timers.reset();
    }
  });

  test(`a first frame of ${MOST_OF_A_CHECK} bytes is taken, one byte more ends the connection`, async () => {
    const world = await new World().listen();
    (await world.client()).write(check(MOST_OF_A_CHECK));
    await world.until(() => world.came.length === 1);
    const client = await world.client();
    const ended = once(client, 'close');
    client.write(check(MOST_OF_A_CHECK + 1));
    await ended;
    assert.equal(world.drops.counts['not-a-check'], 1);
    assert.equal(world.came.length, 1);
    world.close();
  });

  test('64 KiB are for those who have proved themselves', async () => {
    const world = await new World().listen();
    const client = await world.client();
    client.write(frame(CHECK));
    await world.until(() => world.came.length === 1);
    world.verified.add(client.localPort!);
    client.write(frame(CHECK));
    await world.until(() => world.came.length === 2);
    client.write(check(65_535));
    await world.until(() => world.came.length === 3);
    assert.equal(world.came[2]!.length, 65_535);
    world.close();
  });

  test('what is no check ends the connection of an unknown', async () => {
    const world = await new World().listen();
    const client = await world.client();
    const ended = once(client, 'close');
    client.write('GET / HTTP/1.1\r\n\r\n');
    await ended;
    assert.equal(world.drops.counts['not-a-check'], 1);
    assert.equal(world.came.length, 0);
    world.close();
  });

  test('from one address as many unknowns as there may be; with one more the oldest goes', async () => {
    const world = await new World().listen();
    const first = await world.client();
    const ended = once(first, 'close');
    for (let i = 1; i < MAX_UNVERIFIED_PER_ADDRESS; i++) (await world.client()).write(frame(CHECK));
    await world.until(() => world.came.length === MAX_UNVERIFIED_PER_ADDRESS - 1);
    assert.equal(world.port.connections, MAX_UNVERIFIED_PER_ADDRESS);
    await world.client();
    await ended;
    assert.equal(world.drops.counts['too-many-connections'], 1);
    assert.equal(world.port.connections, MAX_UNVERIFIED_PER_ADDRESS);
    world.close();
  });

  test('MAX_CONNECTIONS in all: with one more an unknown goes, and if there is none it is not taken', async () => {
    const world = await new World().listen();
    for (let i = 0; i < MAX_CONNECTIONS; i++) {
      const client = await world.client(`127.0.0.${2 + i}`);
      world.verified.add(client.localPort!);
      if (i > 0) client.write(frame(CHECK));
    }
    await world.until(() => world.came.length === MAX_CONNECTIONS - 1);
    const more = await world.client('127.0.1.1');
    world.verified.add(more.localPort!);
    more.write(frame(CHECK));
    await world.until(() => world.came.length === MAX_CONNECTIONS);
    assert.equal(world.drops.counts['too-many-connections'], 1);
    const refused = await world.client('127.0.1.2');
    await once(refused, 'close');
    assert.equal(world.drops.counts['too-many-connections'], 2);
    assert.equal(world.port.connections, MAX_CONNECTIONS);
    world.close();
  });

  test('in a storm of connections whoever has proved itself keeps its own', async () => {
    const world = await new World().listen();
    const good = await world.client();
    world.verified.add(good.localPort!);
    good.write(frame(CHECK));
    await world.until(() => world.came.length === 1);
    for (let i = 0; i < 500; i++) await world.client();
    good.write(frame(CHECK));
    await world.until(() => world.came.length === 2);
    assert(world.port.connections <= MAX_UNVERIFIED_PER_ADDRESS + 1);
    assert(world.drops.counts['too-many-connections'] >= 500 - MAX_UNVERIFIED_PER_ADDRESS - 1);
    world.close();
  });

  test('one that does not read is owed a quarter of a megabyte at most, and holds up nobody', async () => {
    const world = await new World().listen();
    const client = await world.client();
    client.pause();
    client.write(frame(CHECK));
    await world.until(() => world.came.length === 1);
    const run = new Uint8Array(60_000);
    for (let i = 0; i < 1_000; i++) world.port.send(run, 0, run.length, 1_200, world.from[0]!);
    assert(world.drops.counts['busy-connection'] > 800);
    assert.equal(world.port.isBusy, false, 'nobody waits for an unknown');
    world.close();
  });
});
