import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SignalingError, type SignalingErrorCode } from '../src/errors.ts';
import { DEFAULT_LIMITS, type SignalingLimits } from '../src/options.ts';
import type { Peer, Room } from '../src/room/room.ts';
import { Rooms } from '../src/room/rooms.ts';
import { isWord, randomWord, SECRET_LENGTH, SecretHash } from '../src/room/secret.ts';

const code = (expected: SignalingErrorCode) => (error: unknown) =>
  error instanceof SignalingError && error.code === expected;

function openRoom(limits: Partial<SignalingLimits> = {}): { rooms: Rooms; room: Room } {
  const rooms = new Rooms({ ...DEFAULT_LIMITS, ...limits });
  const { room, token } = rooms.create(0);
  return { rooms, room: rooms.open(room, token) };
}

/** What `peer` reads after record `cursor`. */
function readAll(room: Room, peer: Peer, cursor = peer.joinedAt): string[] {
  const seen: string[] = [];
  for (let at = room.after(cursor); at <= room.newest; at++) {
    const event = room.read(at, peer);
    const [, kind, data] = /event: (\w+)\ndata: (.*)\n/.exec(event ?? '') ?? [];
    if (event !== undefined) seen.push(`${kind}${data}`);
  }
  return seen;
}

describe('secrets', () => {
  test('are 160 random bits in 32 characters that are safe in a URL', () => {
    const secrets = new Set(Array.from({ length: 1000 }, () => randomWord(SECRET_LENGTH)));
    assert.equal(secrets.size, 1000);
    for (const secret of secrets) assert.match(secret, /^[a-z2-9]{32}$/);
  });

  test('match only themselves', () => {
    const secret = randomWord(SECRET_LENGTH);
    const hash = new SecretHash(secret);
    assert.equal(hash.matches(secret), true);
    assert.equal(hash.matches(secret.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))), false);
    for (const garbage of ['', 'x', `${secret}a`, secret.slice(1), secret.toUpperCase(), 'ü'.repeat(32)])
      assert.equal(hash.matches(garbage), false);
  });

  test('have a form that garbage does not have', () => {
    assert.equal(isWord('abc', 3), true);
    for (const text of ['ab', 'abcd', 'ab1', 'ab\n', 'aB2']) assert.equal(isWord(text, 3), false);
  });
});

describe('a room', () => {
  test('tells those who are in it who comes and goes, and newcomers who is there', () => {
    const { room } = openRoom();
    const a = room.join(0);
    const b = room.join(0);
    assert.deepEqual(a.others, []);
    assert.deepEqual(b.others, [a.peer.name]);
    room.leave(b.peer, 0);
    assert.deepEqual(readAll(room, a.peer), [
      `join{"peer":"${b.peer.name}"}`,
      `leave{"peer":"${b.peer.name}"}`,
    ]);
    assert.deepEqual(readAll(room, b.peer), []);
  });

  test('shows a message to all others, or only to whom it is for', () => {
    const { room } = openRoom();
    const [a, b, c] = [room.join(0).peer, room.join(0).peer, room.join(0).peer];
    room.send(a, undefined, '"all"');
    room.send(a, b.name, '"b"');
    assert.deepEqual(readAll(room, a, room.newest - 2), []);
    assert.equal(readAll(room, b).filter((event) => event.startsWith('message')).length, 2);
    assert.equal(readAll(room, c).filter((event) => event.startsWith('message')).length, 1);
  });

  test('refuses a message to somebody who is not in it', () => {
    const { room } = openRoom();
    const { peer } = room.join(0);
    assert.throws(() => room.send(peer, 'nobody', '1'), code('RECIPIENT_GONE'));
  });

  test('lets a peer in only with the token, and tells a wrong token from no room by nothing', () => {
    const rooms = new Rooms(DEFAULT_LIMITS);
    const { room, token } = rooms.create(0);
    assert.equal(rooms.open(room, token).name, room);
    assert.throws(() => rooms.open(room, randomWord(SECRET_LENGTH)), code('ROOM_REFUSED'));
    assert.throws(() => rooms.open('none', token), code('ROOM_REFUSED'));
    assert.throws(() => rooms.open(room, ''), code('ROOM_REFUSED'));
  });

  test('knows a peer by its session, not by the token or another session', () => {
    const { rooms, room } = openRoom();
    const [a, b] = [room.join(0), room.join(0)];
    assert.equal(rooms.resume(room.name, a.peer.name, a.session).peer, a.peer);
    assert.throws(() => rooms.resume(room.name, a.peer.name, b.session), code('PEER_REFUSED'));
    assert.throws(() => rooms.resume(room.name, 'nobody', a.session), code('PEER_REFUSED'));
    room.leave(a.peer, 0);
    assert.throws(() => rooms.resume(room.name, a.peer.name, a.session), code('PEER_REFUSED'));
  });
});

describe('limits', () => {
  test('one room more than `rooms` is refused', () => {
    const rooms = new Rooms({ ...DEFAULT_LIMITS, rooms: 2 });
    rooms.create(0);
    rooms.create(0);
    assert.throws(() => rooms.create(0), code('ROOMS_FULL'));
  });

  test('one peer more than `peersPerRoom` is refused', () => {
    const { room } = openRoom({ peersPerRoom: 2 });
    room.join(0);
    room.join(0);
    assert.throws(() => room.join(0), code('ROOM_FULL'));
  });

  test('one byte more than `messageBytes` is refused, counted as UTF-8', () => {
    const { room } = openRoom({ messageBytes: 10 });
    const { peer } = room.join(0);
    room.send(peer, undefined, JSON.stringify('üüüü'));
    assert.throws(() => room.send(peer, undefined, JSON.stringify('üüüüx')), code('MESSAGE_TOO_LARGE'));
  });

  test('one record more than `queuedMessages` drops the oldest, and who was to read it is marked', () => {
    const { room } = openRoom({ queuedMessages: 3 });
    const [a, b] = [room.join(0).peer, room.join(0).peer]; // records 1 and 2
    room.send(a, undefined, '1');
    assert.equal(a.lostUpTo, 0);
    room.send(a, undefined, '2'); // drops record 1, which is of a time before b
    room.send(a, undefined, '3'); // drops b's coming, which a was to read
    assert.deepEqual([a.lostUpTo, b.lostUpTo], [2, 1]);
    room.send(a, undefined, '4');
    assert.deepEqual([a.lostUpTo, b.lostUpTo], [2, 3]);
    assert.equal(readAll(room, b).length, 3);
  });

  test('one byte more than `queuedBytes` drops the oldest', () => {
    const { room } = openRoom({ queuedBytes: 400 });
    const [a, b] = [room.join(0).peer, room.join(0).peer];
    room.send(a, undefined, JSON.stringify('x'.repeat(150)));
    assert.equal(b.lostUpTo, 0);
    room.send(a, undefined, JSON.stringify('x'.repeat(150)));
    assert.equal(readAll(room, b).length, 1);
    room.send(a, undefined, JSON.stringify('x'.repeat(500))); // larger than all there may be
    assert.equal(b.lostUpTo, room.newest);
  });

  test('a peer without a stream leaves after `peerTimeout`, not before and not while it reads', () => {
    const { rooms, room } = openRoom({ peerTimeout: 100 });
    const [a, b] = [room.join(0).peer, room.join(0).peer];
    a.isReading = true;
    assert.deepEqual(rooms.expire(99), []);
    assert.deepEqual(rooms.expire(100), [room]);
    assert.deepEqual(readAll(room, a).at(-1), `leave{"peer":"${b.name}"}`);
    assert.equal(room.peerCount, 1);
  });

  test('an empty room is gone after `roomIdle`, counted from when it became empty', () => {
    const rooms = new Rooms({ ...DEFAULT_LIMITS, roomIdle: 100, peerTimeout: 1e9 });
    const { room, token } = rooms.create(0);
    rooms.expire(99);
    const inside = rooms.open(room, token);
    const { peer } = inside.join(99);
    rooms.expire(1000);
    inside.leave(peer, 1000);
    rooms.expire(1099);
    assert.equal(rooms.count, 1);
    rooms.expire(1100);
    assert.equal(rooms.count, 0);
    assert.throws(() => rooms.open(room, token), code('ROOM_REFUSED'));
  });
});

test('random operations: each peer reads what it was to read, once and in order, or knows that it was lost', () => {
  interface Reader {
    peer: Peer;
    cursor: number;
    expected: string[];
  }
  const step = fc.record({ kind: fc.nat(9), who: fc.nat(7), to: fc.nat(7) });
  let operations = 0;
  const run = (steps: Array<{ kind: number; who: number; to: number }>): void => {
    const { room } = openRoom({ queuedMessages: 8, peersPerRoom: 5 });
    const readers: Reader[] = [];
    const expectFor = (event: string, whom: Reader[]): void => {
      for (const reader of whom) reader.expected.push(event);
    };
    for (const [number, { kind, who, to }] of steps.entries()) {
      operations++;
      const reader = readers[who % (readers.length || 1)];
      if (kind === 0 && room.peerCount < 5) {
        const { peer } = room.join(number);
        expectFor(`join{"peer":"${peer.name}"}`, readers);
        readers.push({ peer, cursor: peer.joinedAt, expected: [] });
      } else if (!reader) {
        assert.equal(room.peerCount, 0);
      } else if (kind === 1) {
        room.leave(reader.peer, number);
        readers.splice(readers.indexOf(reader), 1);
        expectFor(`leave{"peer":"${reader.peer.name}"}`, readers);
      } else if (kind < 5) {
        const recipient = kind === 2 ? readers[to % readers.length]! : undefined;
        room.send(reader.peer, recipient?.peer.name, String(number));
        const event = `message{"from":"${reader.peer.name}","data":${number}}`;
        expectFor(event, recipient ? [recipient] : readers.filter((other) => other !== reader));
      } else {
        const seen = readAll(room, reader.peer, reader.cursor);
        const isLost = reader.peer.lostUpTo > reader.cursor;
        if (isLost) assert.deepEqual(seen, seen.length ? reader.expected.slice(-seen.length) : []);
        else assert.deepEqual(seen, reader.expected);
        assert.equal(isLost, seen.length < reader.expected.length);
        reader.cursor = room.newest;
        reader.expected = [];
      }
    }
  };
  fc.assert(fc.property(fc.array(step, { minLength: 100, maxLength: 300 }), run), { numRuns: 1000 });
  assert.ok(operations >= 100_000, `${operations} operations`);
});
