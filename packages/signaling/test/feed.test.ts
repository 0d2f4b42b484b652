// How long the newest records of a room wait for each other.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Feed } from '../src/http/feed.ts';
import type { Reader } from '../src/http/reader.ts';
import { BatchWriter } from '../src/records/batch-writer.ts';
import { packRecords } from '../src/records/entry.ts';
import type { Rooms } from '../src/rooms.ts';
import { ManualClock } from './clocks.ts';

/** A room with one reader at its end, who takes as long as he likes. */
function roomWithReader(took: number) {
  const clock = new ManualClock();
  const bodies: string[] = [];
  const delivered: number[] = [];
  let news = (): void => {};
  const rooms = {
    backend: {
      follow: (_: string, listener: () => void) => {
        news = listener;
        return () => {};
      },
    },
    read: async (_: string, from: number) => ({
      entries: bodies.slice(from).map((body, i) => ({
        seqNum: from + i,
        count: 1,
        timestamp: 0,
        bytes: packRecords([{ headers: [], body }]),
      })),
      tail: { seq_num: bodies.length, timestamp: 0 },
      oldest: 0,
    }),
  } as unknown as Rooms;
  const settings = { batchRecords: 1_000, batchBytes: 1_000_000, clock };
  const feed = new Feed('a', 0, rooms, new BatchWriter(), settings, () => {});
  feed.readers.add({
    format: 'raw',
    isAt: () => true,
    take: (_: Buffer, next: number) => {
      delivered.push(next);
      clock.advance(took);
    },
  } as unknown as Reader);
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  };
  return {
    clock,
    feed,
    delivered,
    async append(body: string): Promise<void> {
      bodies.push(body);
      news();
      await settle();
    },
    /** Told of what has been delivered already, as happens where several are told of together. */
    async oldNews(): Promise<void> {
      news();
      await settle();
    },
    async pass(milliseconds: number): Promise<void> {
      clock.advance(milliseconds);
      await settle();
    },
  };
}

describe('the pause between two deliveries', () => {
  test('is as long as the first took, and what comes meanwhile shares the second', async () => {
    const room = roomWithReader(20);
    await room.append('a');
    await room.append('b');
    await room.append('c');
    await room.pass(19);
    assert.deepEqual(room.delivered, [1]);
    await room.pass(1);
    assert.deepEqual(room.delivered, [1, 3]);
  });

  test('is a tenth of a second at most, however long the machine stood still', async () => {
    const room = roomWithReader(60_000);
    await room.append('a');
    await room.append('b');
    await room.pass(100);
    assert.deepEqual(room.delivered, [1, 2]);
  });

  test('does not grow by news of what has been delivered', async () => {
    const room = roomWithReader(20);
    await room.append('a');
    await room.pass(20);
    for (let i = 0; i < 20; i++) {
      await room.oldNews();
      assert.equal(room.clock.running, 0);
      await room.pass(1_000);
    }
    await room.append('b');
    assert.deepEqual(room.delivered, [1, 2]);
  });

  test('ends with the feed', async () => {
    const room = roomWithReader(20);
    await room.append('a');
    assert.equal(room.clock.running, 1);
    room.feed.close();
    assert.equal(room.clock.running, 0);
  });
});
