// Random operations: two associations on a bad wire, and one association with a hostile peer.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { SctpError } from '@millrace/sctp';
import { type ConnectedPair, connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk } from '../src/packet/chunks.ts';
import { iDataChunk, iForwardTsnChunk, interleavingPeer } from './rfc8260/chunks.ts';
import { dataChunk, forwardTsnChunk, initChunk, PEER_TSN, ScriptedPeer, sackChunk } from './scripted-peer.ts';

/** SEQUENCES=100000 for a long run, SEED for the first of them. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 400);
const FIRST_SEED = Number(process.env.SEED ?? 1);
const OPERATIONS = 250;

const SCHEDULERS = ['weighted-fair', 'round-robin', 'first-come', 'priority'] as const;

interface Sent {
  readonly side: 'a' | 'b';
  readonly stream: number;
  readonly ordered: boolean;
  readonly reliable: boolean;
  readonly bytes: number;
  /** How often the stream had been asked to be reset. */
  readonly life: number;
}

class Model {
  readonly sent = new Map<number, Sent>();
  readonly lives = new Map<string, number>();
  #next = 1;

  send(p: ConnectedPair, random: SeededRandom): void {
    const side = random.chance(0.5) ? 'a' : 'b';
    const id = this.#next++;
    const bytes = 8 + random.below(random.chance(0.1) ? 6_000 : 400);
    if (random.chance(0.05)) p[side].setStreamPriority(random.below(4), 1 + random.below(1_000));
    const message = new Uint8Array(bytes).fill(id);
    new DataView(message.buffer).setUint32(0, id);
    const stream = random.below(4);
    const ordered = random.chance(0.6);
    const kind = random.below(4);
    const limits =
      kind === 0
        ? { maxRetransmits: random.below(3) }
        : kind === 1
          ? { maxPacketLifeTime: random.below(200) }
          : {};
    try {
      p[side].send(stream, 51, message, 0, bytes, { ordered, ...limits }, p.now);
    } catch (error) {
      assert.ok(error instanceof SctpError && error.code === 'CLOSED');
      return;
    }
    const life = this.lives.get(side + stream) ?? 0;
    this.sent.set(id, { side, stream, ordered, reliable: kind > 1, bytes, life });
  }

  check(p: ConnectedPair, seed: number): void {
    for (const side of ['a', 'b'] as const) {
      const { bytesInFlight, receiveWindow, receiveWindowSize } = p[side].stats;
      assert.ok(bytesInFlight >= 0, `seed ${seed}: ${bytesInFlight} bytes in flight`);
      assert.ok(
        receiveWindow >= 0 && receiveWindow <= receiveWindowSize,
        `seed ${seed}: window ${receiveWindow}`,
      );
      let buffered = 0;
      for (let stream = 0; stream < 4; stream++) {
        const amount = p[side].bufferedAmount(stream);
        assert.ok(amount >= 0, `seed ${seed}: ${amount} buffered`);
        buffered += amount;
      }
      assert.equal(p[side].totalBuffered, buffered, `seed ${seed}`);
    }
  }

  /** Nothing came that was not sent, nothing twice, order was kept within a stream's life. */
  checkDelivery(p: ConnectedPair, seed: number, isComplete: boolean): void {
    for (const side of ['a', 'b'] as const) {
      const recorder = side === 'a' ? p.atB : p.atA;
      const seen = new Set<number>();
      const last = new Map<string, number>();
      for (const { stream, bytes } of recorder.messages) {
        const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
        const sent = this.sent.get(id);
        assert.ok(sent !== undefined && sent.side === side, `seed ${seed}: message ${id} was never sent`);
        assert.equal(bytes.length, sent.bytes, `seed ${seed}`);
        assert.ok(
          bytes.subarray(4).every((byte) => byte === (id & 0xff)),
          `seed ${seed}: message ${id} is not what was sent`,
        );
        assert.equal(stream, sent.stream, `seed ${seed}`);
        assert.ok(!seen.has(id), `seed ${seed}: message ${id} came twice`);
        seen.add(id);
        if (!sent.ordered) continue;
        assert.ok(id > (last.get(`${stream}`) ?? 0), `seed ${seed}: message ${id} came out of order`);
        last.set(`${stream}`, id);
      }
      if (!isComplete) continue;
      for (const [id, sent] of this.sent)
        if (sent.side === side && sent.reliable)
          assert.ok(seen.has(id), `seed ${seed}: message ${id} never came (${JSON.stringify(sent)})`);
    }
  }
}

function runSequence(seed: number): void {
  const random = new SeededRandom(seed * 7919);
  const wire = {
    delay: random.below(40),
    jitter: random.below(20),
    loss: random.unit() * 0.2,
    duplicate: 0.02,
    reorder: 0.05,
    corrupt: 0.01,
  };
  const both = {
    initialTsn: (0x1_0000_0000 - random.below(400)) >>> 0,
    roundTripTime: 2 * wire.delay + wire.jitter,
    maxRetransmits: 1_000,
    // A third of the packets may be lost, and with them the answer to a stream reset many times over.
    shutdownGuard: 300_000,
    // The seed chooses, so that both kinds of chunks have their turn.
    interleaving: seed % 4 !== 0,
    scheduler: SCHEDULERS[seed % SCHEDULERS.length]!,
  };
  const p = connectedPair({ seed, wire, both });
  const model = new Model();
  let isOver = false;
  for (let i = 0; i < OPERATIONS; i++) {
    const dice = random.below(100);
    if (dice < 60) model.send(p, random);
    else if (dice < 90) p.run(random.below(30));
    else if (dice < 98) {
      const side = random.chance(0.5) ? 'a' : 'b';
      if (p[side].state !== 'closed') p[side].resetStreams([random.below(4), random.below(4)], p.now);
    } else if (dice === 98 && i > 200 && random.chance(0.3)) {
      isOver = true;
      p[random.chance(0.5) ? 'a' : 'b'].shutdown(p.now);
    } else p.pair.settle();
    if (i % 16 === 0) model.check(p, seed);
  }
  const isQuiet = (): boolean =>
    p.a.totalBuffered + p.b.totalBuffered + p.a.stats.bytesInFlight + p.b.stats.bytesInFlight === 0;
  p.run(isOver ? 600_000 : 60_000);
  model.check(p, seed);
  assert.ok(isQuiet(), `seed ${seed}: something never left`);
  model.checkDelivery(p, seed, true);
  if (isOver) assert.ok(p.a.state === 'closed' && p.b.state === 'closed', `seed ${seed}`);
  else {
    assert.deepEqual(p.atA.resetFailed, [], `seed ${seed}`);
    assert.equal(
      p.b.stats.receiveWindow,
      p.b.stats.receiveWindowSize,
      `seed ${seed}: the receive window is whole again`,
    );
    assert.equal(
      p.a.stats.receiveWindow,
      p.a.stats.receiveWindowSize,
      `seed ${seed}: the receive window is whole again`,
    );
  }
}

describe('random operations', () => {
  test(`two associations keep their invariants through ${SEQUENCES} sequences of ${OPERATIONS} operations`, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) {
      try {
        runSequence(seed);
      } catch (error) {
        throw new Error(`with SEED=${seed}`, { cause: error });
      }
    }
  });

  test('one association outlives 100,000 chunks of a peer that knows the tag and means ill', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new SeededRandom(seed * 104_729);
      const options = { receiveWindow: 300_000, maxUnfinishedBytes: 100_000 };
      const interleaves = seed % 2 === 0;
      const peer = interleaves ? interleavingPeer(options) : new ScriptedPeer(options).connect();
      for (let i = 0; i < 500; i++) {
        peer.send([hostileChunk(random, peer, interleaves), hostileChunk(random, peer, interleaves)]);
        if (random.chance(0.2)) {
          const message = new Uint8Array(1 + random.below(3_000));
          if (peer.association.canSend(message.length))
            peer.association.send(
              random.below(5),
              51,
              message,
              0,
              message.length,
              { ordered: true },
              peer.now,
            );
        }
        if (random.chance(0.3)) peer.wait(random.below(100));
        const { bytesInFlight, receiveWindow } = peer.association.stats;
        assert.ok(bytesInFlight >= 0 && receiveWindow >= 0 && receiveWindow <= 300_000, `seed ${seed}`);
        if (peer.association.state === 'closed') break;
      }
    }
  });
});

function hostileChunk(random: SeededRandom, peer: ScriptedPeer, interleaves: boolean): Uint8Array {
  const near = (base: number, spread: number): number => (base + random.below(spread) - 5) >>> 0;
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      if (interleaves)
        return iDataChunk({
          tsn: near(PEER_TSN, 400),
          stream: random.below(4),
          mid: random.below(6),
          fsn: random.chance(0.95) ? random.below(5) : random.u32(),
          flags: random.below(16),
          payload: new Uint8Array(1 + random.below(900)),
        });
      return dataChunk({
        tsn: near(PEER_TSN, 400),
        stream: random.below(4),
        ssn: random.below(6),
        flags: random.below(16),
        payload: new Uint8Array(1 + random.below(900)),
      });
    case 4:
    case 5: {
      const start = 2 + random.below(3);
      return sackChunk({
        cumulative: near(100, 40),
        window: random.below(4) * 5_000,
        gaps: random.chance(0.5) ? [[start, start + random.below(3)]] : [],
      });
    }
    case 6:
      if (interleaves)
        return iForwardTsnChunk(near(PEER_TSN, 60), [
          [random.below(4), random.chance(0.5) ? 1 : 0, random.chance(0.9) ? random.below(6) : random.u32()],
        ]);
      return forwardTsnChunk(near(PEER_TSN, 60), [[random.below(4), random.below(6)]]);
    case 7: {
      const value = new Uint8Array(random.below(40));
      random.fill(value);
      return makeChunk(CHUNK.RE_CONFIG, 0, value);
    }
    case 8:
      return makeChunk(CHUNK.HEARTBEAT, 0, new Uint8Array(random.below(40)));
    case 9:
      return initChunk({ initiateTag: random.u32() });
    case 10:
      return makeChunk(CHUNK.COOKIE_ECHO, 0, peer.theirs!.cookie!);
    default: {
      const type = [5, 9, 11, 63, 127, 191, 255, 15][random.below(8)]!;
      return makeChunk(type, random.below(4), new Uint8Array(random.below(30)));
    }
  }
}
