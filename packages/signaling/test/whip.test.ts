import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type RTCDataChannel, RTCPeerConnection } from 'millrace';
import { candidatesOf, fragmentOf } from '../src/sdp-fragment.ts';
import { WhipServer, type WhipServerOptions, whip } from '../src/whip.ts';

/** No test depends on the network the machine has. */
const LOOPBACK = {
  millrace: { loopback: true, addressFilter: (address: string) => address === '127.0.0.1' },
};

const URL_ = 'https://media.example/whip';

function serve(t: TestContext, options: Partial<WhipServerOptions> = {}) {
  const connections: RTCPeerConnection[] = [];
  const requests: Request[] = [];
  const server = new WhipServer({
    accept: () => {
      const connection = new RTCPeerConnection(LOOPBACK);
      connections.push(connection);
      return connection;
    },
    ...options,
  });
  t.after(() => server.close());
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    requests.push(request.clone() as Request);
    return server.handle(request);
  };
  return { server, connections, requests, fetch };
}

function client(t: TestContext): RTCPeerConnection {
  const connection = new RTCPeerConnection(LOOPBACK);
  t.after(() => connection.close());
  return connection;
}

const opened = (channel: RTCDataChannel): Promise<unknown> =>
  new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }));

describe('RFC 9725 §4.2 a session', () => {
  test('opens with one request, for data and media, and ends with DELETE on both sides', async (t) => {
    const { server, connections, requests, fetch } = serve(t);
    const connection = client(t);
    connection.addTransceiver('audio', { direction: 'sendonly' });
    const channel = connection.createDataChannel('chat');
    const session = await whip(connection, { url: URL_, token: 'secret', fetch });
    await opened(channel);
    assert.match(session.resource, /^https:\/\/media\.example\/whip\/[0-9a-f]{32}$/);
    assert.equal(requests[0]!.headers.get('authorization'), 'Bearer secret');
    assert.equal(connections[0]!.getTransceivers().length, 1);
    assert.equal(server.sessions, 1);
    await session.close();
    assert.deepEqual([requests.at(-1)!.method, server.sessions], ['DELETE', 0]);
    assert.equal(connections[0]!.connectionState, 'closed');
  });

  test('that the client closes without a word is over for the server too', async (t) => {
    const { server, connections, fetch } = serve(t);
    const connection = client(t);
    const channel = connection.createDataChannel('chat');
    await whip(connection, { url: URL_, fetch });
    await opened(channel);
    connection.close();
    while (connections[0]!.connectionState !== 'closed') await once(connections[0]!, 'connectionstatechange');
    assert.equal(server.sessions, 0);
  });

  test('candidates that come later follow by PATCH', async (t) => {
    const { requests, fetch } = serve(t);
    const connection = client(t);
    const channel = connection.createDataChannel('chat');
    await whip(connection, { url: URL_, fetch, gatherFor: 0 });
    await opened(channel);
    const [post, ...others] = requests;
    const sent = await post!.text();
    const patches = others.filter(({ method }) => method === 'PATCH');
    assert.ok(/^a=candidate/m.test(sent) || patches.length > 0);
    for (const patch of patches) {
      assert.equal(patch.headers.get('content-type'), 'application/trickle-ice-sdpfrag');
      assert.ok(patch.headers.get('if-match'));
    }
  });
});

describe('RFC 9725 §4 what is refused', () => {
  const post = (body: string, type = 'application/sdp'): Request =>
    new Request(URL_, { method: 'POST', body, headers: { 'Content-Type': type } });

  test('each thing by its status', async (t) => {
    const { server } = serve(t, { maxBytes: 100 });
    const ask = async (request: Request): Promise<number> => (await server.handle(request)).status;
    for (const method of ['GET', 'HEAD', 'PUT']) assert.equal(await ask(new Request(URL_, { method })), 405);
    const options = await server.handle(new Request(URL_, { method: 'OPTIONS' }));
    assert.deepEqual([options.status, options.headers.get('accept-post')], [200, 'application/sdp']);
    assert.equal(await ask(post('v=0', 'text/plain')), 415);
    assert.equal(await ask(post('x'.repeat(101))), 413);
    assert.equal(await ask(post('rubbish')), 400);
    for (const method of ['PATCH', 'DELETE'])
      assert.equal(await ask(new Request(`${URL_}/x`, { method })), 404);
    const closed = serve(t, { accept: () => undefined });
    assert.equal((await closed.server.handle(post('v=0'))).status, 401);
    assert.equal(server.sessions, 0);
  });

  test('a client is told that it was refused, and with what status', async (t) => {
    const { fetch } = serve(t, { accept: () => undefined });
    const connection = client(t);
    connection.createDataChannel('chat');
    await assert.rejects(whip(connection, { url: URL_, fetch }), (error: Error & { code?: string }) => {
      assert.deepEqual([error.code, (error.cause as Error).message], ['WHIP_REFUSED', 'status 401']);
      return true;
    });
  });

  test('more sessions than there may be', async (t) => {
    const { fetch } = serve(t, { maxSessions: 1 });
    const [a, b] = [client(t), client(t)];
    for (const connection of [a, b]) connection.createDataChannel('chat');
    await whip(a, { url: URL_, fetch });
    await assert.rejects(whip(b, { url: URL_, fetch }), (error: Error & { code?: string }) => {
      assert.deepEqual(
        [error.code, (error.cause as Error).message],
        ['WHIP_REFUSED', 'status 503, Retry-After 1'],
      );
      return true;
    });
  });

  test('a PATCH without the session’s tag, with another one, with nothing in it, or for a restart without credentials', async (t) => {
    const { server, connections, fetch } = serve(t, { draw: () => 'tag' });
    const connection = client(t);
    connection.createDataChannel('chat');
    const { resource } = await whip(connection, { url: URL_, fetch });
    const patch = async (tag?: string): Promise<number> => {
      const headers = {
        'Content-Type': 'application/trickle-ice-sdpfrag',
        ...(tag !== undefined && { 'If-Match': tag }),
      };
      return (await server.handle(new Request(resource, { method: 'PATCH', headers, body: 'a=x' }))).status;
    };
    assert.deepEqual([await patch(), await patch('"other"'), await patch('*')], [428, 412, 400]);
    assert.equal(await patch('"tag"'), 400);
    assert.deepEqual([server.sessions, connections[0]!.signalingState], [1, 'stable']);
  });
});

describe('RFC 9725 §4.2 a session', () => {
  test('of its own URL takes PATCH and DELETE, and nothing after that', async (t) => {
    const { server, fetch } = serve(t);
    const connection = client(t);
    connection.createDataChannel('chat');
    const { resource } = await whip(connection, { url: URL_, fetch });
    const ask = async (method: string): Promise<number> =>
      (await server.handle(new Request(resource, { method }))).status;
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) assert.equal(await ask(method), 405, method);
    assert.deepEqual([await ask('DELETE'), await ask('DELETE'), await ask('PATCH')], [200, 404, 404]);
  });
});

describe('RFC 9725 §4.3.3 an ICE restart', () => {
  const ufrag = (sdp: string | undefined): string => /^a=ice-ufrag:(\S+)/m.exec(sdp ?? '')![1]!;

  test('gives both sides new credentials and the session a new tag, and the channel stays open', async (t) => {
    const { server, connections, requests, fetch } = serve(t);
    const connection = client(t);
    const channel = connection.createDataChannel('chat');
    const session = await whip(connection, { url: URL_, fetch });
    await opened(channel);
    const other = connections[0]!;
    const [mine, theirs] = [ufrag(connection.localDescription!.sdp), ufrag(other.localDescription!.sdp)];
    await Promise.all([session.restart(), session.restart()]);
    const restarts = requests.filter(
      ({ method, headers }) => method === 'PATCH' && headers.get('if-match') === '*',
    );
    assert.equal(restarts.length, 2);
    assert.notEqual(ufrag(connection.localDescription!.sdp), mine);
    assert.notEqual(ufrag(other.localDescription!.sdp), theirs);
    assert.equal(ufrag(connection.remoteDescription!.sdp), ufrag(other.localDescription!.sdp));
    assert.equal(ufrag(other.remoteDescription!.sdp), ufrag(connection.localDescription!.sdp));
    const heard = new Promise((resolve) => {
      other.createDataChannel('back');
      connection.addEventListener('datachannel', resolve);
    });
    await heard;
    assert.deepEqual([channel.readyState, server.sessions], ['open', 1]);
    await session.close();
  });

  test('that the server refuses leaves the session as it was', async (t) => {
    const { fetch } = serve(t);
    const connection = client(t);
    const channel = connection.createDataChannel('chat');
    const session = await whip(connection, {
      url: URL_,
      fetch: (url, init) =>
        new Headers(init.headers).get('if-match') === '*'
          ? Promise.resolve(new Response(null, { status: 422 }))
          : fetch(url, init),
    });
    await opened(channel);
    const before = ufrag(connection.localDescription!.sdp);
    await assert.rejects(session.restart(), { code: 'WHIP_REFUSED' });
    assert.deepEqual(
      [ufrag(connection.localDescription!.sdp), connection.signalingState, channel.readyState],
      [before, 'stable', 'open'],
    );
    await session.close();
  });
});

describe('RFC 9725 §4.5 a redirect', () => {
  test('is followed with the offer, and the session lies where it led', async (t) => {
    const { server } = serve(t);
    const asked: string[] = [];
    const http = createServer(async (incoming, outgoing) => {
      asked.push(`${incoming.method} ${incoming.url!.split('/').slice(0, 3).join('/')}`);
      if (incoming.url === '/near') return void outgoing.writeHead(307, { Location: '/far/whip' }).end();
      const { method = '', headers } = incoming;
      const body = method === 'GET' || method === 'DELETE' ? null : Buffer.concat(await incoming.toArray());
      const request = new Request(`http://${headers.host}${incoming.url}`, {
        method,
        headers: headers as Record<string, string>,
        body,
      });
      const response = await server.handle(request);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    t.after(() => {
      http.close();
      http.closeAllConnections();
    });
    const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const connection = client(t);
    connection.createDataChannel('chat');
    const session = await whip(connection, { url: `${origin}/near`, gatherFor: 2_000 });
    assert.ok(session.resource.startsWith(`${origin}/far/whip/`), session.resource);
    await session.close();
    assert.deepEqual(
      asked.filter((line) => !line.startsWith('PATCH')),
      ['POST /near', 'POST /far/whip', 'DELETE /far/whip'],
    );
    assert.equal(server.sessions, 0);
  });
});

describe('RFC 9725 §4.6 STUN and TURN servers', () => {
  test('come in Link fields, whatever is in a credential', async (t) => {
    const iceServers = [
      { urls: 'stun:stun.example.net' },
      { urls: 'turn:turn.example.net?transport=udp', username: 'a, "b"; c', credential: 'p\\"<x>, rel="y"' },
    ];
    const { fetch } = serve(t, { iceServers });
    const connection = client(t);
    connection.createDataChannel('chat');
    const session = await whip(connection, { url: URL_, fetch });
    assert.deepEqual(session.iceServers, iceServers);
    await session.close();
  });
});

describe('RFC 8840 §9 a fragment', () => {
  test('holds candidates under their section and credentials', () => {
    const sdp = 'v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\n';
    const candidate = 'candidate:1 1 udp 1 198.51.100.1 9 typ host';
    const fragment = fragmentOf(sdp, [{ candidate, sdpMid: '1' }]);
    assert.deepEqual(candidatesOf(fragment), [{ candidate, sdpMid: '1', usernameFragment: 'abcd' }]);
  });

  test('of any text gives at most 64 candidates', () => {
    assert.equal(candidatesOf('a=candidate:1\n'.repeat(100)).length, 64);
    fc.assert(fc.property(fc.string(), (text) => void candidatesOf(text)));
  });
});
