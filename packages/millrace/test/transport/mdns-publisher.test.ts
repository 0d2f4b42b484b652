// Our own names, asked for over the host's own multicast.
import assert from 'node:assert/strict';
import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { resolveHiddenName } from '../../src/transport/mdns.ts';
import { MAX_MDNS_ANSWERS, MAX_MDNS_NAMES, mdnsDrops, PerSecond } from '../../src/transport/mdns-limits.ts';
import { publishName } from '../../src/transport/mdns-publisher.ts';

const PORT = 5353;
const infos = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
const here = infos.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

function question(name: string): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Uint8Array.from([0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
}

/** Asks as a resolver does that knows nothing of multicast, until there is an answer. */
async function ask(asker: Socket, name: string): Promise<Buffer> {
  const answered = once(asker, 'message') as Promise<[Buffer]>;
  const again = setInterval(() => asker.send(question(name), PORT, here), 20);
  asker.send(question(name), PORT, here);
  try {
    return (await answered)[0];
  } finally {
    clearInterval(again);
  }
}

async function asker(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, here);
  await once(socket, 'listening');
  return socket;
}

describe('draft-ietf-mmusic-mdns-ice-candidates §3.1: published names', () => {
  test('are random UUIDs below .local, and answered for with their address', async () => {
    const published = publishName('192.0.2.77')!;
    assert.match(
      published.name,
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.local$/,
    );
    const socket = await asker();
    const answer = await ask(socket, published.name);
    assert(answer.includes(Buffer.from([192, 0, 2, 77])));
    socket.close();
    published.withdraw();
  });

  test('our own resolver finds them, as a peer would', async () => {
    const published = publishName('192.0.2.78')!;
    // A machine that stands still for six seconds has given up once; the time limit of the test is the end of patience.
    let found: readonly string[] = [];
    while (found.length === 0) found = await resolveHiddenName(published.name, new AbortController().signal);
    assert.deepEqual(found, ['192.0.2.78']);
    published.withdraw();
  });

  test('what is withdrawn is not answered for, and leaves neither socket nor timer', async () => {
    const kept = publishName('192.0.2.1')!;
    const gone = publishName('192.0.2.2')!;
    gone.withdraw();
    const socket = await asker();
    socket.send(question(gone.name), PORT, here);
    // Had there been an answer to the first question, it would have come before that to the second.
    const answer = await ask(socket, kept.name);
    assert(answer.includes(Buffer.from([192, 0, 2, 1])));
    socket.close();
    kept.withdraw();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert(!process.getActiveResourcesInfo().includes('Timeout'));
  });
});

describe('mDNS storms', () => {
  test('a forged question from port 0, where nobody can be answered, is dropped', async (t) => {
    const bind = t.mock.method(Socket.prototype, 'bind');
    const published = publishName('192.0.2.80')!;
    const own = bind.mock.calls[0]!.this as Socket;
    const socket = await asker();
    await ask(socket, published.name); // it listens
    const before = mdnsDrops.counts['off-link'];
    own.emit('message', Buffer.from(question(published.name)), { address: here, port: 0 });
    assert.equal(mdnsDrops.counts['off-link'], before + 1);
    socket.close();
    published.withdraw();
  });

  test('MAX_MDNS_NAMES names, and no more', () => {
    const before = mdnsDrops.counts['too-many-names'];
    const published = Array.from({ length: MAX_MDNS_NAMES }, () => publishName('192.0.2.1')!);
    assert.equal(publishName('192.0.2.1'), undefined);
    assert.equal(mdnsDrops.counts['too-many-names'], before + 1);
    for (const { withdraw } of published) withdraw();
    const again = publishName('192.0.2.1');
    assert(again);
    again.withdraw();
  });

  test('MAX_MDNS_ANSWERS answers in a second, and no more; what comes beyond is counted', async () => {
    const published = publishName('192.0.2.79')!;
    const socket = await asker();
    let answers = 0;
    await ask(socket, published.name);
    socket.on('message', () => answers++);
    const dropped = (): number => mdnsDrops.counts['too-many-answers'] + mdnsDrops.counts['too-many-packets'];
    const [before, startedAt] = [dropped(), performance.now()];
    // Until enough of them have been dropped: another process may share the port, and get its part of the storm.
    while (dropped() - before < 400) {
      for (let i = 0; i < 50; i++) socket.send(question(published.name), PORT, here);
      await new Promise(setImmediate);
    }
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
    // The storm may have begun in one second and ended in the next.
    assert(answers <= (seconds + 1) * MAX_MDNS_ANSWERS, `${answers} answers`);
    socket.close();
    published.withdraw();
  });

  test('a second has so many places, and the next one as many', () => {
    const limit = new PerSecond(3);
    const taken = [0, 1, 2, 3, 999, 1_000, 1_001, 1_002, 1_003].map((at) => limit.take(at));
    assert.deepEqual(taken, [true, true, true, false, false, true, true, true, false]);
  });
});
