import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startSignalingServer } from '@millrace/signaling/server';
import { EXIT } from '../src/failure.ts';
import { chooseMeetingPlace, type MeetingPlaceOptions, takeInvite } from '../src/meeting-place.ts';

const WORD = 'a'.repeat(32);
const INVITE = `http://127.0.0.1:1/rooms/${WORD}#${WORD}`;
const { signal } = new AbortController();

describe('where to meet', () => {
  const wrong: Array<[why: string, options: MeetingPlaceOptions]> = [
    ['must be said', {}],
    ['is one place', { invite: INVITE, serve: true }],
    ['is one place', { url: 'http://x', serve: true }],
    ['is an invitation that is one', { invite: 'http://x/' }],
    ['is a URL that a browser could open', { url: 'x' }],
    ['is a URL with a port that is one', { url: 'http://x:99999' }],
    ['is a room with a token', { url: 'http://x', room: 'a' }],
    ['is a token with a room', { url: 'http://x', token: 'a' }],
    ['is a room on some server', { room: 'a', token: 'b' }],
    ['has a port only where it is served', { url: 'http://x', port: '1' }],
    ['has a port that is one', { serve: true, port: '65536' }],
    ['has a port that is a number', { serve: true, port: '0x10' }],
    ['asks STUN or TURN servers', { serve: true, ice: ['http://x'] }],
    ['asks TURN servers with a user', { serve: true, ice: ['turn:x'] }],
    ['has a user with a password', { serve: true, 'ice-user': 'a' }],
  ];
  for (const [why, options] of wrong)
    test(`${why}: ${JSON.stringify(options)} is wrong usage`, () => {
      assert.throws(() => chooseMeetingPlace(options), { exitCode: EXIT.usage });
    });

  test('may stand anywhere among the arguments', () => {
    const positionals = ['send', INVITE, 'x'];
    assert.equal(takeInvite(positionals), INVITE);
    assert.deepEqual(positionals, ['send', 'x']);
    assert.equal(takeInvite(positionals), undefined);
  });

  test('is served here, and reached by the invitation that is made for it', async () => {
    const place = await chooseMeetingPlace({ serve: true, host: '127.0.0.1' })(signal);
    assert.equal(place.isLocal, true);
    const guest = await chooseMeetingPlace({ invite: place.invitations[0]! })(signal);
    assert.deepEqual([[...guest.room.peers], guest.invitations], [[place.room.peer], []]);
    await guest.close();
    await place.close();
  });

  test('is served again as it was, with port, room and token: its invitation stays good', async () => {
    const first = await chooseMeetingPlace({ serve: true, host: '127.0.0.1' })(signal);
    const [invite] = first.invitations;
    const [, port, room, token] = /:(\d+)\/rooms\/(\w+)#(\w+)$/.exec(invite!)!;
    await first.close();
    // By another name: fetch keeps connections to the server that is gone, as another process would not.
    const again = { serve: true, host: 'localhost', port, room, token };
    const second = await chooseMeetingPlace(again)(signal);
    assert.deepEqual(second.invitations, [invite!.replace('127.0.0.1', 'localhost')]);
    await second.close();
    const wrong = chooseMeetingPlace({ ...again, token: 'x' })(signal);
    await assert.rejects(wrong, { exitCode: EXIT.usage });
  });

  test('comes with the servers that help across NATs', async () => {
    const ice = ['stun:a.example', 'turn:b.example?transport=tcp'];
    const options = { serve: true, host: '127.0.0.1', ice, 'ice-user': 'anna', 'ice-password': 'secret' };
    const place = await chooseMeetingPlace(options)(signal);
    assert.deepEqual(place.iceServers, [
      { urls: 'stun:a.example' },
      { urls: 'turn:b.example?transport=tcp', username: 'anna', credential: 'secret' },
    ]);
    await place.close();
  });

  test('is reached by every address of this machine when served on all of them', async () => {
    const place = await chooseMeetingPlace({ serve: true })(signal);
    assert.ok(place.invitations.length > 0);
    for (const invite of place.invitations) await (await chooseMeetingPlace({ invite })(signal)).close();
    await place.close();
  });

  test('is a new room on a server that runs, or a room that is there', async () => {
    await using server = await startSignalingServer();
    const place = await chooseMeetingPlace({ url: `${server.url}/` })(signal);
    const [, room, token] = /rooms\/(\w+)#(\w+)$/.exec(place.invitations[0]!)!;
    const guest = await chooseMeetingPlace({ url: server.url, room, token })(signal);
    assert.deepEqual([...guest.room.peers], [place.room.peer]);
    await guest.close();
    await place.close();
  });
});
