// What every backend does. Each test gets an empty one with the limits below.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Appended, Backend, BackendLimits, Entered, StoredToken } from '../../src/backend/backend.ts';
import { MemoryBackend } from '../../src/backend/memory.ts';
import { plainBatch } from '../../src/records/batch-writer.ts';
import { packRecords } from '../../src/records/entry.ts';

export const LIMITS: BackendLimits = {
  rooms: 3,
  records: 20,
  bytes: 4_000,
  tokens: 3,
  members: 2,
  roomIdle: 60_000,
};
const T0 = 1_700_000_000_000;
const ALL = { count: 1_000, bytes: 1_000_000 };

const token = (id: string, role: StoredToken['role'] = 'guest'): StoredToken => ({
  id,
  role,
  hash: new Uint8Array(32).fill(id.charCodeAt(0)),
});
const entry = (...bodies: string[]): { count: number; bytes: Uint8Array } => ({
  count: bodies.length,
  bytes: packRecords(bodies.map((body) => ({ headers: [], body }))),
});

/** What is in the room from `from` on, and the numbers of it. */
async function read(
  backend: Backend,
  room: string,
  from: number,
  limits = ALL,
): Promise<Array<[number, string]>> {
  const found = await backend.read(room, from, limits, T0);
  assert.ok(found);
  const range = { from, entries: found.entries };
  return plainBatch(range, found.tail, 'raw', limits).records.map(({ seq_num, body }) => [seq_num, body]);
}

export function conformance(name: string, open: () => Promise<Backend>): void {
  describe(`${name}: rooms`, () => {
    test('a room is made once, and up to the limit', async () => {
      const backend = await open();
      assert.equal(await backend.createRoom('a', token('o', 'owner'), T0), 'created');
      assert.equal(await backend.createRoom('a', token('p', 'owner'), T0), 'taken');
      await backend.createRoom('b', token('o', 'owner'), T0);
      await backend.createRoom('c', token('o', 'owner'), T0);
      assert.equal(await backend.createRoom('d', token('o', 'owner'), T0), 'full');
      assert.equal((await backend.stats()).rooms, 3);
      assert.equal(await backend.deleteRoom('b'), true);
      assert.equal(await backend.deleteRoom('b'), false);
      assert.equal(await backend.createRoom('d', token('o', 'owner'), T0), 'created');
      await backend.close();
    });

    test('a room that is idle for long enough is counted no more', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      await backend.createRoom('b', token('o', 'owner'), T0 + 1_000);
      await backend.sweep(T0 + LIMITS.roomIdle - 1);
      assert.equal((await backend.stats()).rooms, 2);
      await backend.sweep(T0 + LIMITS.roomIdle);
      assert.equal((await backend.stats()).rooms, 1);
      await backend.close();
    });

    test('nothing works in a room that is not there', async () => {
      const backend = await open();
      assert.deepEqual(await backend.append('x', entry('a'), {}, T0), { kind: 'gone' });
      assert.equal(await backend.read('x', 0, ALL, T0), undefined);
      assert.equal(await backend.token('x', 'o'), undefined);
      assert.equal(await backend.addToken('x', token('g'), T0), 'gone');
      assert.deepEqual(await backend.enter('x', token('m', 'member'), T0, entry('in'), T0), { kind: 'gone' });
      assert.equal(await backend.leave('x', 'm', entry('out'), T0), false);
      assert.deepEqual(await backend.members('x'), []);
      await backend.close();
    });
  });

  describe(`${name}: the stream`, () => {
    test('records are numbered from 0 in the order of their appends', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      const first = await backend.append('a', entry('x', 'y'), {}, T0 + 5);
      assert.deepEqual(first, {
        kind: 'appended',
        seqNum: 0,
        timestamp: T0 + 5,
        tail: { seq_num: 2, timestamp: T0 + 5 },
      });
      assert.equal((await backend.append('a', entry('z'), {}, T0 + 6)).kind, 'appended');
      assert.deepEqual(await read(backend, 'a', 0), [
        [0, 'x'],
        [1, 'y'],
        [2, 'z'],
      ]);
      assert.deepEqual(await read(backend, 'a', 1), [
        [1, 'y'],
        [2, 'z'],
      ]);
      assert.deepEqual(await read(backend, 'a', 3), []);
      assert.deepEqual(await read(backend, 'a', 0, { count: 1, bytes: 1e6 }), [[0, 'x']]);
      await backend.close();
    });

    test('time does not run backwards in a stream', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      await backend.append('a', entry('x'), {}, T0 + 5);
      const second = await backend.append('a', entry('y'), {}, T0);
      assert.equal(second.kind === 'appended' && second.timestamp, T0 + 5);
      await backend.close();
    });

    test('an append that expects another number is refused and changes nothing', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      await backend.append('a', entry('x'), { seqNum: 0 }, T0);
      const again = await backend.append('a', entry('x'), { seqNum: 0 }, T0);
      assert.deepEqual(again, { kind: 'mismatch', tail: { seq_num: 1, timestamp: T0 } });
      assert.deepEqual(await read(backend, 'a', 0), [[0, 'x']]);
      await backend.close();
    });

    test('the oldest entries go when there are too many records or bytes; the newest stays', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      for (let i = 0; i < 25; i++) await backend.append('a', entry(`${i}`), {}, T0);
      assert.deepEqual(
        (await read(backend, 'a', 0)).map(([at]) => at),
        Array.from({ length: 20 }, (_, i) => i + 5),
      );
      assert.equal((await backend.read('a', 0, ALL, T0))?.oldest, 5);
      await backend.append('a', entry('v'.repeat(10_000)), {}, T0);
      assert.deepEqual(
        (await read(backend, 'a', 0)).map(([at]) => at),
        [25],
      );
      await backend.close();
    });

    test('followers hear of every append until they stop', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      let news = Promise.withResolvers<void>();
      const stop = backend.follow('a', () => news.resolve());
      for (let i = 0; i < 3; i++) {
        news = Promise.withResolvers();
        await backend.append('a', entry('x'), {}, T0);
        await news.promise;
      }
      stop();
      await backend.close();
    });
  });

  describe(`${name}: tokens and members`, () => {
    test('tokens are kept as they are given, and revoked at once', async () => {
      const backend = await open();
      const revoked: Array<string | undefined> = [];
      backend.onRevoked((_, id) => revoked.push(id));
      await backend.createRoom('a', token('o', 'owner'), T0);
      assert.equal(await backend.addToken('a', token('g'), T0), 'added');
      assert.equal(await backend.addToken('a', token('g'), T0), 'taken');
      assert.equal(await backend.addToken('a', token('h'), T0), 'added');
      assert.equal(await backend.addToken('a', token('i'), T0), 'full');
      const held = await backend.token('a', 'g');
      assert.deepEqual({ ...held, hash: [...held!.hash] }, { ...token('g'), hash: [...token('g').hash] });
      assert.equal(await backend.revokeToken('a', 'g'), true);
      assert.equal(await backend.revokeToken('a', 'g'), false);
      assert.equal(await backend.token('a', 'g'), undefined);
      await backend.close();
    });

    test('a member enters and leaves once, and the stream tells of both', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      const first = await backend.enter('a', token('m', 'member'), T0 + 100, entry('m in'), T0);
      assert.deepEqual(first, { kind: 'entered', members: [], seqNum: 0 });
      const second = await backend.enter('a', token('n', 'member'), T0 + 100, entry('n in'), T0);
      assert.deepEqual(second, { kind: 'entered', members: ['m'], seqNum: 1 });
      assert.deepEqual(await backend.enter('a', token('p', 'member'), T0, entry('p in'), T0), {
        kind: 'full',
      });
      assert.equal(await backend.revokeToken('a', 'm'), false);
      const leaving = [
        backend.leave('a', 'm', entry('m out'), T0),
        backend.leave('a', 'm', entry('m out'), T0),
      ];
      assert.deepEqual((await Promise.all(leaving)).toSorted(), [false, true]);
      assert.equal(await backend.token('a', 'm'), undefined);
      assert.deepEqual(
        (await read(backend, 'a', 0)).map(([, body]) => body),
        ['m in', 'n in', 'm out'],
      );
      assert.deepEqual(await backend.members('a'), ['n']);
      await backend.close();
    });

    test('nobody enters with a token that is gone, and of a member it is known with which it came', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      await backend.addToken('a', token('g'), T0);
      const enter = (id: string, by: string): Promise<Entered> =>
        backend.enter('a', { ...token(id, 'member'), by }, T0 + 100, entry('in'), T0);
      assert.equal((await enter('m', 'g')).kind, 'entered');
      assert.equal((await backend.token('a', 'm'))?.by, 'g');
      assert.equal((await backend.token('a', 'g'))?.by, undefined);
      await backend.revokeToken('a', 'g');
      assert.equal((await enter('n', 'g')).kind, 'gone');
      await backend.close();
    });

    test('members whose time is over are named until they leave; who is kept is not', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      await backend.enter('a', token('m', 'member'), T0 + 100, entry('in'), T0);
      await backend.enter('a', token('n', 'member'), T0 + 100, entry('in'), T0);
      await backend.keep(
        [
          { room: 'a', id: 'm' },
          { room: 'a', id: 'x' },
          { room: 'b', id: 'm' },
        ],
        T0 + 500,
        T0 + 50,
      );
      assert.deepEqual(await backend.expired(T0 + 99, 10), []);
      assert.deepEqual(await backend.expired(T0 + 100, 10), [{ room: 'a', id: 'n' }]);
      assert.equal((await backend.expired(T0 + 500, 1)).length, 1);
      await backend.leave('a', 'n', entry('out'), T0 + 100);
      assert.deepEqual(await backend.expired(T0 + 100, 10), []);
      await backend.close();
    });

    test('what a writer appends twice is taken once, nothing before what is missing, and nothing by half', async () => {
      const backend = await open();
      await backend.createRoom('a', token('o', 'owner'), T0);
      await backend.enter('a', token('m', 'member'), T0 + 100, entry('in'), T0);
      const kinds: Array<Appended['kind']> = [];
      for (const first of [1, 1, 3, 4, 3, 6]) {
        const done = await backend.append('a', entry('x', 'y'), { writer: { id: 'm', first } }, T0);
        kinds.push(done.kind);
      }
      assert.deepEqual(kinds, ['appended', 'repeated', 'appended', 'gap', 'repeated', 'gap']);
      const other = await backend.append('a', entry('x'), { writer: { id: 'n', first: 1 } }, T0);
      assert.equal(other.kind, 'gone');
      assert.equal((await read(backend, 'a', 0)).length, 5);
      await backend.close();
    });
  });

  test(`${name}: any sequence of operations ends as it does in memory`, async () => {
    const room = fc.constantFrom('a', 'b', 'c', 'd');
    const id = fc.constantFrom('m', 'n', 'p');
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('create'), room }),
      fc.record({ kind: fc.constant('delete'), room }),
      fc.record({ kind: fc.constant('enter'), room, id }),
      fc.record({ kind: fc.constant('leave'), room, id }),
      fc.record({ kind: fc.constant('token'), room, id }),
      fc.record({ kind: fc.constant('revoke'), room, id }),
      fc.record({
        kind: fc.constant('append'),
        room,
        bodies: fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { minLength: 1, maxLength: 4 }),
        seqNum: fc.option(fc.nat(30), { nil: undefined }),
        writer: fc.option(fc.record({ id, first: fc.integer({ min: 1, max: 6 }) }), { nil: undefined }),
      }),
      fc.record({ kind: fc.constant('read'), room, from: fc.nat(30), count: fc.integer({ min: 1, max: 9 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        const [backend, model] = [await open(), new MemoryBackend(LIMITS)];
        try {
          for (const each of operations)
            assert.deepEqual(await apply(backend, each), await apply(model, each));
        } finally {
          await backend.close();
        }
      }),
      { numRuns: 60 },
    );
  });
}

interface Operation {
  readonly kind: string;
  readonly room: string;
  readonly id?: string;
  readonly bodies?: string[];
  readonly seqNum?: number | undefined;
  readonly writer?: { id: string; first: number } | undefined;
  readonly from?: number;
  readonly count?: number;
}

async function apply(backend: Backend, operation: Operation): Promise<unknown> {
  const { room, id = '', from = 0, count = 1 } = operation;
  switch (operation.kind) {
    case 'create':
      return backend.createRoom(room, token('o', 'owner'), T0);
    case 'delete':
      return backend.deleteRoom(room);
    case 'enter': {
      const result = await backend.enter(room, token(id, 'member'), T0 + 100, entry('in'), T0);
      return 'members' in result ? { ...result, members: [...result.members].toSorted() } : result;
    }
    case 'leave':
      return backend.leave(room, id, entry('out'), T0);
    case 'token':
      return backend.addToken(room, token(id), T0);
    case 'revoke':
      return backend.revokeToken(room, id);
    case 'append':
      return backend.append(
        room,
        entry(...operation.bodies!.map((body) => body.toWellFormed())),
        { seqNum: operation.seqNum, writer: operation.writer },
        T0,
      );
    default: {
      const limits = { count, bytes: 1_000 };
      const found = await backend.read(room, from, limits, T0);
      return found && plainBatch({ from, entries: found.entries }, found.tail, 'base64', limits);
    }
  }
}
