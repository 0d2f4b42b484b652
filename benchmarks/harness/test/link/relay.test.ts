// Real sockets and real time: what must hold however slow the machine is.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { LinkSettings } from '../../src/link/link-settings.ts';
import { type Relay, startRelay } from '../../src/link/start-relay.ts';

interface Peers {
  readonly relay: Relay;
  readonly a: Socket;
  readonly b: Socket;
}

/** Two UDP sockets and a relay between them; b is known to the relay, a makes itself known. */
async function peers(t: TestContext, settings: LinkSettings): Promise<Peers> {
  const relay = await startRelay(settings, 3);
  t.after(() => relay.close());
  const sockets = await Promise.all(
    [0, 1].map(async () => {
      const socket = createSocket('udp4');
      t.after(() => void socket.close());
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      return socket;
    }),
  );
  const [a, b] = sockets as [Socket, Socket];
  relay.setPeer('b', { address: '127.0.0.1', port: b.address().port });
  return { relay, a, b };
}

test('a datagram and its answer take the time of the link, and each peer sees the face of the other', async (t) => {
  const { relay, a, b } = await peers(t, { rtt: 40 });
  b.on('message', (bytes, { port }) => {
    assert.equal(port, relay.ports.b);
    b.send(Buffer.concat([bytes, Buffer.from('!')]), port, '127.0.0.1');
  });
  const started = performance.now();
  a.send('hello', relay.ports.a, '127.0.0.1');
  const [answer, { port }] = await once(a, 'message');
  assert.equal(String(answer), 'hello!');
  assert.equal(port, relay.ports.a);
  assert.ok(performance.now() - started >= 39.5, `${performance.now() - started} ms`);
});

test('a link that loses all of a kind says so, and can be changed while it runs', async (t) => {
  const { relay, a, b } = await peers(t, { loss: 100 });
  for (let i = 0; i < 5; i++) a.send('lost', relay.ports.a, '127.0.0.1');
  let stats = await relay.stats();
  while (stats.ab.sent < 5) stats = await relay.stats();
  assert.deepEqual([stats.ab.lostBy.random, stats.ab.delivered], [5, 0]);
  relay.change({ pmtu: 1_000 });
  await relay.stats();
  a.send(Buffer.alloc(973), relay.ports.a, '127.0.0.1');
  a.send(Buffer.alloc(972, 1), relay.ports.a, '127.0.0.1');
  const [got] = await once(b, 'message');
  assert.equal(got.length, 972);
  stats = await relay.stats();
  assert.deepEqual([stats.ab.lostBy.size, stats.ab.delivered], [1, 1]);
});

test('a burst leaves at the rate of the link', async (t) => {
  const { relay, a, b } = await peers(t, { rate: 8 }); // 1,000 bytes per millisecond
  const times: number[] = [];
  const done = Promise.withResolvers<void>();
  b.on('message', () => {
    if (times.push(performance.now()) === 8) done.resolve();
  });
  const started = performance.now();
  for (let i = 0; i < 8; i++) a.send(Buffer.alloc(972), relay.ports.a, '127.0.0.1');
  await done.promise;
  assert.ok(times[7]! - started >= 7.5, `${times[7]! - started} ms`);
});
