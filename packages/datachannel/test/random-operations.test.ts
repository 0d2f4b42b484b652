import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Channel, type ChannelsSink, type DataChannelError, writeOpen } from '@millrace/datachannel';
import { SeededRandom } from '@millrace/sans-io/testing';
import { type Side, settle, unconnectedPair } from './channel-pair.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 100_000);
const MAX_OPERATIONS = 14;
const firstSeed = Number(process.env.SEED ?? Date.now() & 0xffffff);

/** Checks that each channel is told in the one order there is: channel, open, messages, closing, closed. */
class Watcher implements ChannelsSink {
  readonly stages = new Map<Channel, 'made' | 'open' | 'closing' | 'closed'>();
  readonly received = new Map<string, string[]>();
  readonly open: Channel[] = [];

  onChannel(channel: Channel): void {
    assert.equal(this.stages.has(channel), false, 'announced twice');
    this.stages.set(channel, 'made');
  }
  onOpen(channel: Channel): void {
    assert.equal(this.stages.get(channel) ?? 'made', 'made');
    this.stages.set(channel, 'open');
    this.open.push(channel);
  }
  onMessage(channel: Channel, message: Uint8Array | string): void {
    const stage = this.stages.get(channel);
    assert.ok(stage === 'open' || stage === 'closing', `message while ${stage}`);
    const list = this.received.get(channel.label) ?? [];
    list.push(String(message));
    this.received.set(channel.label, list);
  }
  onClosing(channel: Channel): void {
    assert.equal(this.stages.get(channel), 'open');
    this.stages.set(channel, 'closing');
  }
  onClosed(channel: Channel): void {
    assert.notEqual(this.stages.get(channel), 'closed', 'closed twice');
    assert.equal(channel.state, 'closed');
    this.stages.set(channel, 'closed');
  }
  onSent(channel: Channel): void {
    assert.ok(channel.bufferedAmount >= 0);
  }
}

interface Player {
  readonly side: Side;
  readonly watcher: Watcher;
  readonly mine: Channel[];
  readonly sent: Map<string, string[]>;
  readonly negotiated: Set<number>;
}

function player(side: Side): Player {
  return { side, watcher: new Watcher(), mine: [], sent: new Map(), negotiated: new Set() };
}

function step(random: SeededRandom, me: Player, isHostile: boolean): void {
  const { side, watcher } = me;
  const channel = random.chance(0.5)
    ? me.mine[random.below(me.mine.length)]
    : watcher.open[random.below(watcher.open.length)];
  switch (random.below(isHostile ? 10 : 7)) {
    case 0:
      me.mine.push(side.open({ label: `${random.u32()}` }));
      break;
    case 1: {
      // Each id once: who makes and closes a channel that the other side lacks is answered only the first time.
      const id = random.below(6);
      if (me.negotiated.has(id)) break;
      try {
        me.mine.push(side.open({ label: `n${id}`, negotiated: true, id }));
        me.negotiated.add(id);
      } catch (error) {
        assert.equal((error as DataChannelError).code, 'ID_IN_USE');
      }
      break;
    }
    case 2:
    case 3:
      if (channel?.state === 'open') {
        const message = `${random.u32()}`.slice(0, random.below(4));
        try {
          side.send(channel, message);
          const list = me.sent.get(channel.label) ?? [];
          list.push(message);
          me.sent.set(channel.label, list);
        } catch (error) {
          assert.equal((error as DataChannelError).code, 'QUEUE_FULL');
        }
      }
      break;
    case 4:
      if (channel) side.close(channel);
      break;
    case 5:
      side.association.deliver(1 + random.below(4));
      break;
    case 6:
      side.channels.drain(watcher, 0);
      break;
    case 7: {
      const bytes = new Uint8Array(random.below(14));
      random.fill(bytes);
      if (bytes.length > 0) bytes[0] = 1 + random.below(4);
      side.association.hear(random.below(8), [50, 51, 53, 56, 57, 99][random.below(6)] as number, bytes);
      break;
    }
    case 8:
      side.association.hear(
        random.below(8),
        50,
        writeOpen({
          label: 'h',
          protocol: '',
          ordered: random.chance(0.5),
          maxRetransmits: undefined,
          maxPacketLifeTime: undefined,
          priority: 0,
        }),
      );
      break;
    case 9: {
      const stream = random.below(8);
      const isRefusal = random.chance(0.3);
      side.association.say((sink) => {
        if (isRefusal) sink.onResetFailed([stream]);
        else sink.onStreamsReset([stream]);
      });
      break;
    }
  }
}

function finish(a: Player, b: Player): void {
  for (let any = true; any; ) {
    any = a.side.channels.drain(a.watcher, 0);
    if (b.side.channels.drain(b.watcher, 0)) any = true;
    if (a.side.association.deliver() + b.side.association.deliver() > 0) any = true;
  }
}

function play(seed: number, isHostile: boolean): void {
  const random = new SeededRandom(seed);
  const pair = unconnectedPair({ maxEarlyMessages: 2 });
  const [a, b] = [player(pair.a), player(pair.b)];
  if (random.chance(0.2)) pair.a.association.sendQueueLimit = 40;
  const connectAt = random.below(4);
  const count = 2 + random.below(MAX_OPERATIONS);
  for (let i = 0; i < count; i++) {
    if (i === connectAt) {
      pair.a.association.connected();
      pair.b.association.connected();
    }
    const isUp = isHostile && pair.a.association.state === 'connected';
    if (random.chance(0.5)) step(random, a, isUp);
    else step(random, b, isUp);
  }
  if (pair.a.association.state === 'new') {
    pair.a.association.connected();
    pair.b.association.connected();
  }
  finish(a, b);
  for (const { side, watcher, mine } of [a, b])
    for (const channel of [...mine, ...watcher.open]) {
      if (!isHostile) assert.equal(channel.bufferedAmount, 0);
      side.close(channel);
    }
  finish(a, b);
  for (const { side, watcher } of [a, b]) {
    if (isHostile) side.channels.abandon({ by: 'local', code: 'SHUTDOWN' });
    side.channels.drain(watcher, 0);
    assert.equal(side.channels.size, 0);
    for (const [channel, stage] of watcher.stages) assert.equal(stage, 'closed', channel.label);
  }
  if (isHostile) return;
  // What arrives is what was sent, in order: all of it, unless the receiver had no channel or closed it first.
  for (const [sender, receiver] of [
    [a, b],
    [b, a],
  ] as const) {
    // More messages than are kept for a channel that is not there yet are dropped, and later ones arrive without them.
    if (receiver.side.channels.drops.counts['unknown-stream'] > 0) continue;
    for (const [label, received] of receiver.watcher.received)
      assert.deepEqual(received, (sender.sent.get(label) ?? received).slice(0, received.length), label);
  }
  // Every id can be used again.
  if (pair.a.channels.drops.total + pair.b.channels.drops.total === 0) {
    assert.equal(pair.a.open().id, 0);
    assert.equal(pair.b.open().id, 1);
  }
}

describe('RFC 8831 §6 random operations', () => {
  for (const isHostile of [false, true]) {
    test(`${SEQUENCES / 2} sequences with a ${isHostile ? 'hostile' : 'well-behaved'} peer (from seed ${firstSeed})`, () => {
      for (let seed = firstSeed; seed < firstSeed + SEQUENCES / 2; seed++) {
        try {
          play(seed, isHostile);
        } catch (error) {
          throw new Error(`with SEED=${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }

  test('a pair that settles stays settled', () => {
    const pair = unconnectedPair();
    settle(pair);
    assert.equal(pair.a.drain(), false);
  });
});
