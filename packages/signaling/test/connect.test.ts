import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type RTCDataChannel, RTCPeerConnection } from 'millrace';
import { type Invite, joinRoom } from '../src/client.ts';
import { connect, type Peer } from '../src/connect.ts';
import { startSignalingServer } from '../src/server.ts';

async function room(t: TestContext): Promise<Invite> {
  const server = await startSignalingServer();
  t.after(() => server.close());
  return { url: server.url, ...(await server.createRoom()) };
}

async function open(t: TestContext, invite: Invite, options: object = {}): Promise<Peer<RTCPeerConnection>> {
  const peer = await connect({ ...invite, RTCPeerConnection, ...options });
  t.after(() => peer.close());
  return peer;
}

async function exchange(a: Peer<RTCPeerConnection>, b: Peer<RTCPeerConnection>): Promise<void> {
  const received = (channel: RTCDataChannel): Promise<unknown> =>
    new Promise((resolve) =>
      channel.addEventListener('message', ({ data }) => resolve(data), { once: true }),
    );
  const both = Promise.all([received(a.channel), received(b.channel)]);
  a.channel.send(`from ${a.room.peer}`);
  b.channel.send(`from ${b.room.peer}`);
  assert.deepEqual(await both, [`from ${a.name}`, `from ${b.name}`]);
}

describe('connect', () => {
  test('two who have the same invitation get an open peer each, whoever comes first', async (t) => {
    const invite = await room(t);
    const [a, b] = await Promise.all([open(t, invite), open(t, invite)]);
    assert.deepEqual([a.name, b.name], [b.room.peer, a.room.peer]);
    await exchange(a, b);
    await a.close();
    await Promise.all([a.closed, b.closed]);
  });

  test('finds the class of millrace by itself where there is no browser', async (t) => {
    const invite = await room(t);
    const [a, b] = await Promise.all([connect(invite), connect(invite)]);
    assert.equal(a.channel.readyState, 'open');
    await Promise.all([a.close(), b.close()]);
  });

  test('four in one room make two pairs', async (t) => {
    const invite = await room(t);
    const peers = await Promise.all([0, 1, 2, 3].map(() => open(t, invite)));
    const names = new Map(peers.map((peer) => [peer.room.peer, peer.name]));
    for (const [name, other] of names) assert.equal(names.get(other), name);
  });

  test('members of one side are passed over', async (t) => {
    const invite = await room(t);
    const pages = [0, 1].map(() => open(t, invite, { side: 'page' }));
    const program = await open(t, invite, { side: 'program' });
    const first = await Promise.race(pages);
    assert.deepEqual([first.name, program.name], [program.room.peer, first.room.peer]);
    const [again, ...both] = await Promise.all([open(t, invite, { side: 'program' }), ...pages]);
    const second = both.find((page) => page !== first)!;
    assert.deepEqual([second.name, again.name], [again.room.peer, second.room.peer]);
    await exchange(second, again);
  });

  test('both may negotiate more at the same time, over and over', async (t) => {
    const invite = await room(t);
    const [a, b] = await Promise.all([open(t, invite), open(t, invite)]);
    for (let i = 0; i < 5; i++) {
      const restarted = [a, b].map(({ connection }) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const before = connection.localDescription!.sdp;
        connection.addEventListener('signalingstatechange', () => {
          if (connection.signalingState === 'stable' && connection.localDescription!.sdp !== before)
            resolve();
        });
        connection.restartIce();
        return promise;
      });
      await Promise.all(restarted);
      await exchange(a, b);
    }
  });

  test('a member that says nothing, or leaves, is waited out', async (t) => {
    const invite = await room(t);
    const silent = await joinRoom(invite);
    const first = open(t, invite);
    await silent.send({ greeting: 'welcome' });
    await silent.send({ rubbish: true });
    await silent.close();
    const [a, b] = await Promise.all([first, open(t, invite)]);
    await exchange(a, b);
  });

  test('a signal ends the waiting', async (t) => {
    const invite = await room(t);
    const abort = new AbortController();
    const waiting = connect({ ...invite, RTCPeerConnection, signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });

  test('the connection outlives the signaling server', async (t) => {
    const server = await startSignalingServer();
    const invite = { url: server.url, ...(await server.createRoom()) };
    const [a, b] = await Promise.all([open(t, invite), open(t, invite)]);
    await server.close();
    await exchange(a, b);
  });
});
