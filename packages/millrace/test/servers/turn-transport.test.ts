// The way to a TURN server by TCP and TLS, where there is none.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { RTCPeerConnection, type RTCPeerConnectionIceErrorEvent } from 'millrace';
import { StreamTransport } from '../../src/servers/turn-transport.ts';
import { unreachableReason } from '../../src/servers/unreachable.ts';
import { relaying } from './relaying.ts';

/** A TCP server that does with its connections what `take` does. */
async function listening(t: TestContext, take: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    take(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What is told of a server that relays nothing. */
async function errorOf(t: TestContext, url: string): Promise<RTCPeerConnectionIceErrorEvent> {
  const pc = new RTCPeerConnection({
    iceServers: [{ urls: url, username: 'u', credential: 'c' }],
    iceTransportPolicy: 'relay',
    millrace: { loopback: true },
  });
  t.after(() => pc.close());
  pc.createDataChannel('any');
  const error = once(pc, 'icecandidateerror') as Promise<[RTCPeerConnectionIceErrorEvent]>;
  await pc.setLocalDescription();
  return (await error)[0];
}

describe('W3C webrtc-pc §4.8.3: servers by TCP and TLS that are not there', () => {
  test('nobody listens', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { errorCode, errorText } = await errorOf(t, `turn:127.0.0.1:${port}?transport=tcp`);
    assert.deepEqual([errorCode, errorText], [701, 'nobody listens there (ECONNREFUSED)']);
  });

  test('something else than TLS', async (t) => {
    const port = await listening(t, (socket) => socket.end('220 mail.example.org\r\n'));
    const { errorCode, errorText } = await errorOf(t, `turns:127.0.0.1:${port}`);
    assert.equal(errorCode, 701);
    assert.match(errorText, /does not speak TLS/);
  });

  test('something else than TURN', async (t) => {
    const port = await listening(t, (socket) => socket.end(Buffer.alloc(20, 0xff)));
    const { errorCode, errorText } = await errorOf(t, `turn:127.0.0.1:${port}?transport=tcp`);
    assert.deepEqual([errorCode, errorText], [701, 'what came is not TURN']);
  });

  test('nothing for as long as a server has to answer', async (t) => {
    const port = await listening(t, () => {});
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const lost: string[] = [];
    const transport = new StreamTransport('127.0.0.1', ['127.0.0.1'], port, true, {
      onConnected: () => assert.fail('there is no TLS'),
      onMessage: () => assert.fail('there is no message'),
      onBatchEnd: () => {},
      onLost: (reason) => lost.push(reason),
    });
    t.mock.timers.tick(7_799);
    assert.deepEqual(lost, []);
    t.mock.timers.tick(1);
    assert.deepEqual(lost, ['the server does not answer']);
    transport.close();
  });

  test('an error that has no words of ours keeps its own', () => {
    assert.equal(unreachableReason(new Error('out of luck')), 'out of luck');
    const refused = Object.assign(new Error('connect'), { code: 'ENOTFOUND' });
    assert.equal(unreachableReason(refused), 'there is no such name (ENOTFOUND)');
  });
});

describe('RFC 8656 §3.1: the way to the server by TCP', () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some((each) => each.address === '::1'),
  );

  test('RFC 8305 where the first address of the name leads nowhere the next one is tried', {
    skip: hasIpv6 ? false : 'there is no IPv6 here',
  }, async (t) => {
    const server = createServer((socket) => socket.destroy()).listen(0, '::1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const addresses of [['127.0.0.1', '::1'], ['::1', '127.0.0.1'], ['::1']]) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const transport = new StreamTransport('turn.example.org', addresses, port, false, {
        onConnected: resolve,
        onMessage: () => {},
        onBatchEnd: () => {},
        onLost: (reason) => reject(new Error(reason)),
      });
      await promise;
      transport.close();
    }
  });

  test('where none does, it is told why', async (t) => {
    const port = await listening(t, () => {});
    const { promise, resolve } = Promise.withResolvers<string>();
    new StreamTransport('turn.example.org', ['127.0.0.2', '127.0.0.3'], port, false, {
      onConnected: () => assert.fail('nobody is there'),
      onMessage: () => {},
      onBatchEnd: () => {},
      onLost: resolve,
    });
    assert.equal(await promise, 'nobody listens there (ECONNREFUSED)');
  });

  test('a server that never closes does not keep the connection of one that has left', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => resolve()); // reset: the other end is no more
      socket.on('end', () => {
        const timer = setInterval(() => socket.write('x'), 100);
        socket.on('close', () => clearInterval(timer));
      });
      socket.resume();
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const connected = Promise.withResolvers<void>();
    const transport = new StreamTransport('127.0.0.1', ['127.0.0.1'], port, false, {
      onConnected: connected.resolve,
      onMessage: () => {},
      onBatchEnd: () => {},
      onLost: () => {},
    });
    await connected.promise;
    transport.close();
    await promise;
  });

  test('W3C webrtc-pc §4.2.1 a pool that is discarded gives its allocations back', async (t) => {
    const { port, allocations, connections } = await relaying(t, { anna: 'secret' });
    const urls = `turn:127.0.0.1:${port}?transport=tcp`;
    const configuration = {
      iceServers: [{ urls, username: 'anna', credential: 'secret' }],
      iceCandidatePoolSize: 1,
      millrace: { loopback: true, addressFilter: (address: string) => address === '127.0.0.1' },
    };
    const pc = new RTCPeerConnection(configuration);
    t.after(() => pc.close());
    pc.createDataChannel('any');
    while (!(await pc.createOffer()).sdp?.includes(' typ relay '))
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(allocations.size, 1);
    pc.setConfiguration({ ...configuration, iceServers: [] });
    while (connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(allocations.size, 0);
    assert.deepEqual((await pc.createOffer()).sdp?.match(/ typ relay /g), null);
  });
});
