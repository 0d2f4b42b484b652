// What HTTP asks of whoever passes requests on, end to end: the programs as child processes.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { describe, test } from 'node:test';
import { startSignalingServer } from '@millrace/signaling/server';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { DEAD_URL, run, serve, tunnel } from './programs.ts';

const MEBIBYTE = 1024 * 1024;
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Everything a server says on a connection of our own making, until it closes. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
  socket.write(text);
  return Buffer.concat(await socket.toArray()).toString();
}

describe('HTTP through the tunnel', { concurrency: 2 }, () => {
  test('bodies of all kinds pass both ways; fields of one connection stay behind (RFC 9110 §7.6.1)', async (t) => {
    const seen: IncomingMessage[] = [];
    const { url } = await serve(t, async (incoming, response) => {
      if (incoming.url === '/base/echo') return void incoming.pipe(response);
      seen.push(incoming);
      const body = Buffer.concat(await incoming.toArray());
      response.writeHead(200, 'Quite Fine', [
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Hop', 'no', 'Connection', 'x-hop'],
        ...['X-Digest', digest(body)],
      ]);
      response.end(body);
    });
    const { url: tunnelUrl } = await tunnel(t, [`${url}/base/`]);
    const big = randomBytes(5 * MEBIBYTE);
    for (const body of [big, new Blob([big]).stream()]) {
      const response = await fetch(`${tunnelUrl}/up?q=1`, {
        method: 'POST',
        body,
        headers: { 'X-Forwarded-For': '1.2.3.4', 'X-Other': 'ä' },
        duplex: 'half',
      } as RequestInit);
      assert.equal(response.statusText, 'Quite Fine');
      assert.equal(response.headers.get('x-digest'), digest(big));
      assert.equal(digest(new Uint8Array(await response.arrayBuffer())), digest(big));
      assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
      assert.equal(response.headers.get('x-hop'), null);
    }
    const echo = await fetch(`${tunnelUrl}/echo`, { method: 'POST', body: big }); // an answer before the request is whole
    assert.equal(digest(new Uint8Array(await echo.arrayBuffer())), digest(big));
    const { method, url: path, headers } = seen[0]!;
    assert.deepEqual([method, path, headers['x-other']], ['POST', '/base/up?q=1', 'ä']);
    assert.equal(headers.host, new URL(url).host);
    assert.equal(headers['x-forwarded-host'], new URL(tunnelUrl).host);
    assert.deepEqual([headers['x-forwarded-for'], headers['x-forwarded-proto']], ['127.0.0.1', 'http']);
    const own = 'GET / HTTP/1.1\r\nHost: h\r\nX-Mine: 1\r\nTE: trailers\r\nConnection: close, x-mine\r\n\r\n';
    await raw(tunnelUrl, own);
    const last = seen.at(-1)!.headers;
    assert.deepEqual([last['x-mine'], last.te, last['content-length']], [undefined, undefined, undefined]);
    const head = await fetch(tunnelUrl, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
  });

  test('a client that does not read holds its own upstream back, and no other request', async (t) => {
    const size = 64 * MEBIBYTE;
    const block = randomBytes(64 * 1024);
    let written = 0;
    const { url } = await serve(t, async (incoming, response) => {
      if (incoming.url === '/small') return void response.end('small');
      response.setHeader('Content-Length', size);
      while (written < size) {
        written += block.length;
        if (!response.write(block)) await once(response, 'drain');
      }
      response.end();
    });
    const { url: tunnelUrl } = await tunnel(t, [url]);
    const outgoing = request(`${tunnelUrl}/big`).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.pause();
    // As long as it takes for nothing to move any more; meanwhile others are served.
    for (let before = -1; before !== written; ) {
      before = written;
      for (let i = 0; i < 50; i++) assert.equal(await (await fetch(`${tunnelUrl}/small`)).text(), 'small');
    }
    // Two windows and what kernels and streams hold; the whole is five times as much.
    assert.ok(written < 12 * MEBIBYTE, `${written} bytes were taken from the upstream`);
    let received = 0;
    for await (const chunk of response) received += chunk.length;
    assert.equal(received, size);
  });

  test('a WebSocket is passed on as bytes, and a refused one as the answer that it is', async (t) => {
    const { server, url } = await serve(t, () => {});
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (incoming, socket, early) => {
      if (incoming.url === '/refused') socket.end('HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nno!\n');
      else
        sockets.handleUpgrade(incoming, socket, early, (client) => {
          client.send('welcome');
          client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
          client.on('close', (code) => server.emit('left', code));
        });
    });
    const { url: tunnelUrl } = await tunnel(t, [url]);
    const client = new WebSocket(`${tunnelUrl.replace('http', 'ws')}/chat`);
    assert.equal(String((await once(client, 'message'))[0]), 'welcome');
    const big = randomBytes(3 * MEBIBYTE);
    client.send('text');
    client.send(big);
    const received: RawData[] = [];
    while (received.length < 2) received.push((await once(client, 'message'))[0]);
    assert.equal(String(received[0]), 'text');
    assert.equal(digest(received[1] as Buffer), digest(big));
    client.close(4001);
    assert.deepEqual(await once(server, 'left'), [4001]);
    const killed = new WebSocket(`${tunnelUrl.replace('http', 'ws')}/chat`);
    await once(killed, 'message');
    killed.terminate();
    assert.deepEqual(await once(server, 'left'), [1006]);
    const refused = new WebSocket(`${tunnelUrl.replace('http', 'ws')}/refused`);
    const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(answer.statusCode, 403);
    assert.equal(String(Buffer.concat(await answer.toArray())), 'no!\n');
  });

  test('what could be read as two requests is refused before it is passed on', async (t) => {
    const seen: string[] = [];
    const { url } = await serve(t, (incoming, response) => {
      seen.push(incoming.url!);
      response.end();
    });
    const { url: tunnelUrl } = await tunnel(t, [url], [], ['--header-bytes', '4096']);
    const cases: Array<[text: string, status: number]> = [
      [
        'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b',
        400,
      ],
      ['POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!', 400],
      ['GET /a HTTP/1.1\r\nHost : h\r\n\r\n', 400],
      ['GET http://elsewhere/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', 400],
      [`GET /a HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(5000)}\r\n\r\n`, 431],
    ];
    for (const [text, status] of cases)
      assert.match(await raw(tunnelUrl, text), new RegExp(`^HTTP/1.1 ${status} `));
    assert.deepEqual(seen, []);
    // An upgrade that is not for us is passed over.
    const h2c = 'GET /c HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n';
    assert.match(await raw(tunnelUrl, h2c), /^HTTP\/1.1 200 /);
    assert.deepEqual(seen, ['/c']);
  });

  test('a service that is down gives 502, one that is silent 504, and in mid stream it is cut', async (t) => {
    const down = await tunnel(t, [DEAD_URL]);
    const answer = await fetch(down.url);
    assert.equal(answer.status, 502);
    assert.equal(await answer.text(), 'the published service cannot be reached: ECONNREFUSED\n');
    down.publish.child.kill('SIGINT');
    await down.connect.printed(/not connected any more/);
    const gone = await fetch(down.url);
    assert.equal(gone.status, 503);
    assert.equal(await gone.text(), 'the other side of the tunnel is not connected\n');
    const { url } = await serve(t, (incoming, response) => {
      if (incoming.url === '/cut') response.write('some');
    });
    const idle = await tunnel(t, [url], ['--idle', '4']);
    assert.equal((await fetch(idle.url)).status, 504);
    const cut = await fetch(`${idle.url}/cut`);
    assert.equal(cut.status, 200);
    await assert.rejects(cut.text(), TypeError);
  });

  test('the side that publishes may leave and come back', async (t) => {
    const signaling = await startSignalingServer({ host: '127.0.0.1', port: 0 });
    t.after(() => signaling.close());
    const { room, token } = await signaling.createRoom();
    const { url } = await serve(t, (_, response) => response.end('served'));
    const where = ['--url', signaling.url, '--room', room, '--token', token];
    const connect = run(t, 'connect', ...where);
    const local = await connect.printed(/listening at (\S+)/);
    assert.equal((await fetch(local)).status, 503);
    const first = run(t, 'publish', url, ...where);
    await connect.printed(/\* connected/);
    assert.equal((await fetch(local)).status, 200);
    first.child.kill('SIGINT');
    assert.equal((await first.ended).code, 0);
    await connect.printed(/not connected any more/);
    assert.equal((await fetch(local)).status, 503);
    run(t, 'publish', url, ...where);
    await connect.printed(/\* connected[\s\S]*\* connected/);
    assert.equal((await fetch(local)).status, 200);
    connect.child.kill('SIGINT');
    assert.equal((await connect.ended).code, 0);
  });

  test('upstreams take turns, keep sessions, and stand in for each other', async (t) => {
    const listener = (name: string) => async (incoming: IncomingMessage, response: ServerResponse) => {
      const body = Buffer.concat(await incoming.toArray());
      if (incoming.headers['x-sick'] === name) response.statusCode = 503;
      response.end(`${name}${body.length}`);
    };
    const [a, b] = [await serve(t, listener('a')), await serve(t, listener('b'))];
    const { url } = await tunnel(t, [a.url, b.url, DEAD_URL], ['--sticky', 'cookie:sid']);
    const ask = async (headers: Record<string, string>, body?: string): Promise<string> => {
      const response = await fetch(url, { headers, ...(body !== undefined && { method: 'POST', body }) });
      return `${response.status} ${await response.text()}`;
    };
    const turns = [await ask({}), await ask({}), await ask({}), await ask({})];
    assert.deepEqual([...new Set(turns)].sort(), ['200 a0', '200 b0']);
    for (const sid of ['x', 'y', 'z']) {
      const kept = new Set<string>();
      for (let i = 0; i < 4; i++) kept.add(await ask({ Cookie: `other=1; sid=${sid}` }));
      assert.equal(kept.size, 1);
    }
    // A body is sent again, in full, to the next.
    const posted = await Promise.all(
      Array.from({ length: 4 }, () => ask({ 'X-Sick': 'a' }, 'x'.repeat(99_999))),
    );
    assert.deepEqual(new Set(posted), new Set(['200 b99999']));
  });

  test('exits 2 on wrong usage, 1 without a server, 0 on --help and when told to leave', async (t) => {
    const commands = [
      [],
      ['nonsense'],
      ['publish', '--serve'],
      ['publish', 'ftp://h', '--serve'],
      ['publish', 'http://h', '--serve', '--idle', 'long'],
      ['connect'],
      ['connect', 'nowhere'],
      ['connect', '--url', 'http://127.0.0.1:9', '--listen', 'x'],
      ['connect', '--url', 'http://127.0.0.1:9'],
      ['publish', 'http://h', '--serve', '--keys', '/nonexistent/keys'],
      ['--help'],
    ];
    const ended = await Promise.all(commands.map((args) => run(t, ...args).ended));
    assert.deepEqual(
      ended.map(({ code }) => code),
      [2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 0],
    );
    assert.match(ended.at(-1)!.stdout, /^Usage: npm run tunnel -- /);
  });
});
