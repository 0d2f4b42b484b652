import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { listen, RTCPeerConnection, UdpMux } from 'millrace';
import { negotiate } from '../peer-connection/pair.ts';
import { connect, echo, ON_LOOPBACK, turns } from './clients.ts';

const HERE = { addresses: ['127.0.0.1'] } as const;

for (const native of [true, false]) {
  const kind = native ? 'the back end chosen' : 'the portable back end';
  describe(`a server on one port, on ${kind}`, () => {
    const configuration = { millrace: { native } };

    test('many clients connect to one port; each is told apart from the others', async () => {
      const server = await listen({ ...HERE, configuration });
      const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server, { native })));
      const echoes = await Promise.all(clients.map((client, i) => echo(client, `${i}`)));
      assert.deepEqual(
        echoes,
        clients.map((_, i) => `${i}!`),
      );
      assert.equal(server.connections.size, 20);
      assert.equal(server.stats.remoteAddresses, 20);
      const ports = clients.map(({ answer }) => /127\.0\.0\.1 (\d+) typ host/.exec(answer.sdp ?? '')?.[1]);
      assert.deepEqual(new Set(ports), new Set([String(server.port)]));
      for (const { client } of clients) client.close();
      await Promise.all(clients.map(({ connection }) => connection.closed));
      assert.deepEqual([server.connections.size, server.stats.connections], [0, 0]);
      assert.equal(server.stats.remoteAddresses, 0);
      server.close();
    });

    test('a large message passes each way, whole', async () => {
      const server = await listen({ ...HERE, configuration });
      const one = await connect(server, { native });
      const bytes = new Uint8Array(200_000).map((_, i) => i % 251);
      for (const [from, to] of [
        [one.channel, one.far],
        [one.far, one.channel],
      ] as const) {
        const came = once(to, 'message') as Promise<[{ data: ArrayBuffer }]>;
        from.send(bytes);
        const [{ data }] = await came;
        assert.deepEqual(Buffer.from(data).equals(bytes), true);
      }
      one.client.close();
      server.close();
    });

    test('closing it ends every connection, tells the peers and gives the port back', async () => {
      const server = await listen({ ...HERE, configuration });
      const { port } = server;
      const clients = await Promise.all([connect(server, { native }), connect(server, { native })]);
      server.close();
      const ends = await Promise.all(clients.map(({ client }) => client.closed));
      assert.deepEqual(
        ends.map(({ by }) => by),
        ['remote', 'remote'],
      );
      assert.equal(server.stats.connections, 0);
      await turns();
      (await listen({ ...HERE, port })).close();
      await assert.rejects(connect(server), { code: 'CLOSED' });
    });
  });
}

describe('options of a server', () => {
  const wrong: ReadonlyArray<readonly [name: string, value: unknown]> = [
    ['port', 65_536],
    ['maxConnections', 0],
    ['addresses', '127.0.0.1'],
    ['addresses', ['localhost']],
    ['onUnknownUfrag', 'accept'],
    ['maxUnproven', '10'],
    ['connectTimeout', 0],
    ['connectTimeout', Number.POSITIVE_INFINITY], // which a timer would take for 1 ms
  ];
  for (const [name, value] of wrong) {
    test(`${name} ${JSON.stringify(value)} is refused by name`, async () => {
      await assert.rejects(listen({ ...HERE, [name]: value }), {
        code: 'BAD_OPTION',
        message: new RegExp(`: ${name} `),
      });
    });
  }
});

describe('RFC 8445 §2.5 the server is lite', () => {
  test('its answers say so, name every candidate and have no server asked; its connections send no check', async () => {
    const iceServers = [{ urls: 'stun:127.0.0.1:9' }];
    const server = await listen({ ...HERE, configuration: { iceServers } });
    const one = await connect(server);
    const { sdp = '' } = one.answer;
    assert.match(sdp, /^a=ice-lite\r$/m);
    assert.match(sdp, /^a=end-of-candidates\r$/m);
    assert.equal(sdp.match(/^a=candidate/gm)?.length, 1);
    assert.equal(one.connection.sctp?.transport.iceTransport.role, 'controlled');
    assert.equal(one.client.sctp?.transport.iceTransport.role, 'controlling');
    const pairs = [...(await one.connection.getStats()).values()].filter(
      ({ type }) => type === 'candidate-pair',
    );
    assert(pairs.length > 0);
    for (const pair of pairs) assert.equal((pair as { requestsSent?: number }).requestsSent, 0);
    one.client.close();
    server.close();
  });

  test('an ICE restart from the client finds its connection by the new fragment', async () => {
    const server = await listen(HERE);
    const one = await connect(server);
    one.client.restartIce();
    await one.client.setLocalDescription();
    const again = await server.answer(one.client.localDescription!, one.connection);
    await one.client.setRemoteDescription(again.answer);
    const fragment = /a=ice-ufrag:(\S+)/.exec(one.connection.localDescription?.sdp ?? '')?.[1];
    assert.notEqual(fragment, /a=ice-ufrag:(\S+)/.exec(one.answer.sdp ?? '')?.[1]);
    const { iceTransport } = one.connection.sctp!.transport;
    const before = iceTransport.getSelectedCandidatePair();
    while (iceTransport.getSelectedCandidatePair() === before) await turns();
    assert.equal(await echo(one, 'after'), 'after!');
    assert.equal(server.stats.connections, 1);
    one.client.close();
    await one.connection.closed;
    assert.equal(server.stats.remoteAddresses, 0);
    server.close();
  });

  test('two lite ends connect without a check, the offerer in control', async () => {
    const server = await listen(HERE);
    const one = await connect(server, { iceLite: true });
    assert.equal(one.client.sctp?.transport.iceTransport.role, 'controlling');
    assert.equal(await echo(one, 'lite'), 'lite!');
    one.client.close();
    server.close();
  });

  test('a full agent can share a port as well, and offer from it', async () => {
    const server = await listen({ ...HERE, lite: false });
    const [one, two] = await Promise.all([connect(server), connect(server)]);
    assert.deepEqual([await echo(one, '1'), await echo(two, '2')], ['1!', '2!']);
    assert.equal(one.connection.sctp?.transport.iceTransport.role, 'controlled');
    const caller = new RTCPeerConnection({ millrace: { udpMux: server.udpMux } });
    const called = new RTCPeerConnection({ millrace: ON_LOOPBACK });
    caller.onicecandidate = ({ candidate }) => void called.addIceCandidate(candidate?.toJSON() ?? null);
    called.onicecandidate = ({ candidate }) => void caller.addIceCandidate(candidate?.toJSON() ?? null);
    const channel = caller.createDataChannel('call');
    await negotiate(caller, called);
    await once(channel, 'open');
    assert.equal(caller.sctp?.transport.iceTransport.getSelectedCandidatePair()?.local?.port, server.port);
    assert.equal(server.stats.connections, 3);
    for (const each of [caller, called, one.client, two.client]) each.close();
    server.close();
  });

  test('connections that share a port on both sides find each other', async () => {
    const [here, there] = await Promise.all([UdpMux.listen(HERE), UdpMux.listen(HERE)]);
    const a = new RTCPeerConnection({ millrace: { udpMux: here } });
    const b = new RTCPeerConnection({ millrace: { udpMux: there } });
    a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate?.toJSON() ?? null);
    b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate?.toJSON() ?? null);
    const channel = a.createDataChannel('x');
    await negotiate(a, b);
    await once(channel, 'open');
    here.close();
    const { by, code } = await a.closed;
    assert.deepEqual([by, code], ['local', 'MUX_CLOSED']);
    assert.equal(a.connectionState, 'closed');
    await turns(4);
    assert.equal(channel.readyState, 'closed');
    assert.equal((await b.closed).by, 'remote');
    there.close();
  });
});

describe('mistakes with a shared port', () => {
  test('a username fragment that is in use is refused before anything happens', async () => {
    const mux = await UdpMux.listen(HERE);
    const iceParameters = { usernameFragment: 'same', password: 'x'.repeat(22) };
    const first = new RTCPeerConnection({ millrace: { udpMux: mux, iceParameters } });
    assert.throws(() => new RTCPeerConnection({ millrace: { udpMux: mux, iceParameters } }), {
      name: 'UdpMuxError',
      code: 'DUPLICATE_UFRAG',
    });
    assert.equal(mux.stats.connections, 1);
    first.close();
    assert.equal(mux.stats.connections, 0);
    new RTCPeerConnection({ millrace: { udpMux: mux, iceParameters } }).close();
    mux.close();
    assert.throws(() => new RTCPeerConnection({ millrace: { udpMux: mux } }), { code: 'CLOSED' });
  });

  test('options out of their ranges, and what is no shared port, are refused', async () => {
    await assert.rejects(UdpMux.listen({ port: 65_536 }), { code: 'BAD_OPTION' });
    await assert.rejects(UdpMux.listen({ maxConnections: 0 }), { code: 'BAD_OPTION' });
    await assert.rejects(UdpMux.listen({ addresses: [] }), { code: 'NO_ADDRESS' });
    await assert.rejects(UdpMux.listen({ addresses: ['203.0.113.99'] }), { code: 'EADDRNOTAVAIL' });
    await assert.rejects(listen({ ...HERE, configuration: { iceTransportPolicy: 'x' as never } }), TypeError);
    assert.throws(() => new RTCPeerConnection({ millrace: { udpMux: {} as never } }), TypeError);
    for (const [usernameFragment, password] of [
      ['abc', 'x'.repeat(22)],
      ['abcd', 'x'.repeat(21)],
      ['a:cd', 'x'.repeat(22)],
    ] as const)
      assert.throws(
        () => new RTCPeerConnection({ millrace: { iceParameters: { usernameFragment, password } } }),
        TypeError,
      );
  });

  test('a port that is taken is told, and nothing is left open', async () => {
    const first = await UdpMux.listen(HERE);
    await assert.rejects(UdpMux.listen({ ...HERE, port: first.port }), { code: 'EADDRINUSE' });
    first.close();
  });

  test('an offer that is no offer leaves no connection behind', async () => {
    const server = await listen(HERE);
    await assert.rejects(server.answer({ type: 'offer', sdp: 'nonsense' }));
    await turns(2);
    assert.deepEqual([server.connections.size, server.stats.connections], [0, 0]);
    server.close();
  });
});
