// What the whole is for, on wires that lose, repeat, delay and reorder.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { connectedPair } from '@millrace/sctp/testing';

const ORDERED = { ordered: true };

describe('every reliable message arrives once, and in order where asked', () => {
  test('with 5 % of loss and reordering, for 1,000 seeds', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const random = new SeededRandom(seed);
      const wire = { delay: 10, jitter: 4, loss: 0.05, reorder: 0.05, reorderDelay: 8, duplicate: 0.01 };
      const both = { initialTsn: (0x1_0000_0000 - 10) >>> 0, roundTripTime: 20 };
      const p = connectedPair({ seed, wire, both });
      const sent: Array<{ stream: number; ordered: boolean; id: number; length: number }> = [];
      for (let id = 0; id < 24; id++) {
        const message = new Uint8Array(4 + random.below(random.chance(0.2) ? 20_000 : 1_500)).fill(id);
        const stream = random.below(3);
        const ordered = random.chance(0.7);
        sent.push({ stream, ordered, id, length: message.length });
        p.a.send(stream, 51, message, 0, message.length, { ordered }, p.now);
        if (random.chance(0.3)) p.run(random.below(15));
      }
      assert.ok(
        p.run(120_000, () => p.atB.messages.length >= sent.length),
        `seed ${seed}: ${p.atB.messages.length} of ${sent.length} came`,
      );
      p.run(5_000);
      const got = p.atB.messages.map(({ stream, bytes }) => ({
        stream,
        id: bytes[0]!,
        length: bytes.length,
      }));
      assert.deepEqual(
        got.map(({ id, length }) => ({ id, length })).sort((x, y) => x.id - y.id),
        sent.map(({ id, length }) => ({ id, length })),
        `seed ${seed}`,
      );
      for (let stream = 0; stream < 3; stream++) {
        const inOrder = got.filter((m) => m.stream === stream && sent[m.id]!.ordered).map((m) => m.id);
        assert.deepEqual(
          inOrder,
          [...inOrder].sort((x, y) => x - y),
          `seed ${seed} stream ${stream}`,
        );
      }
      assert.equal(p.a.stats.bytesInFlight, 0, `seed ${seed}`);
      assert.equal(
        p.b.stats.receiveWindow,
        p.b.stats.receiveWindowSize,
        `seed ${seed}: the receive window is whole again`,
      );
    }
  });

  test('with 30 % of loss', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const p = connectedPair({ seed, wire: { delay: 10, loss: 0.3 }, both: { roundTripTime: 20 } });
      const message = new Uint8Array(10_000).fill(seed);
      for (let i = 0; i < 5; i++) p.a.send(i, 51, message, 0, message.length, ORDERED, p.now);
      for (let i = 0; i < 5; i++) p.b.send(i, 51, message, 0, message.length, ORDERED, p.now);
      const done = (): boolean => p.atA.messages.length === 5 && p.atB.messages.length === 5;
      assert.ok(p.run(600_000, done), `seed ${seed}: ${p.atA.messages.length}, ${p.atB.messages.length}`);
    }
  });
});
