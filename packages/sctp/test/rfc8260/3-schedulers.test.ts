import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u16 } from '@millrace/sans-io';
import { SctpAssociation, type SctpOptions } from '@millrace/sctp';
import { type ConnectedPair, connectedPair } from '@millrace/sctp/testing';
import { assertGrowth, IN_PROPORTION } from '../cost.ts';
import { bytes, ScriptedPeer } from '../scripted-peer.ts';
import { interleavingPeer } from './chunks.ts';

const ORDERED = { ordered: true };
const WIDE = { initialWindowPackets: 2_000, maxBurst: 2_000 };
const MIB = 1024 * 1024;

function send(peer: ScriptedPeer, stream: number, length: number): void {
  peer.association.send(stream, 51, bytes(length), 0, length, ORDERED, peer.now);
}

/** The stream of each chunk that goes out. */
function streams(peer: ScriptedPeer): number[] {
  return peer.takeChunks().map(({ bytes: b }) => u16(b, 8));
}

/** Bytes sent of each stream in the first `packets` packets. */
function shares(peer: ScriptedPeer, packets: number): Map<number, number> {
  const sent = new Map<number, number>();
  for (const { chunks } of peer.take().slice(0, packets))
    for (const { bytes: b } of chunks) sent.set(u16(b, 8), (sent.get(u16(b, 8)) ?? 0) + b.length);
  return sent;
}

describe('RFC 8260 §3.1 first come, first served', () => {
  test('messages leave in the order of send, whatever their stream', () => {
    const peer = interleavingPeer({ ...WIDE, scheduler: 'first-come' });
    for (const stream of [3, 1, 1, 2, 3, 1]) send(peer, stream, 400);
    assert.deepEqual(streams(peer), [3, 1, 1, 2, 3, 1]);
  });

  test('a long message is not interrupted', () => {
    const peer = interleavingPeer({ ...WIDE, scheduler: 'first-come' });
    send(peer, 1, 3_000);
    send(peer, 2, 10);
    assert.deepEqual(streams(peer), [1, 1, 1, 2]);
  });
});

describe('RFC 8260 §3.2 round robin', () => {
  test('streams take turns, a message each', () => {
    const peer = interleavingPeer({ ...WIDE, scheduler: 'round-robin' });
    for (const stream of [1, 1, 1, 2, 3, 3]) send(peer, stream, 300);
    assert.deepEqual(streams(peer), [1, 2, 3, 1, 3, 1]);
  });

  test('§3.3: long messages take turns, a packet each', () => {
    const peer = interleavingPeer({ ...WIDE, scheduler: 'round-robin' });
    for (const stream of [1, 2, 3]) send(peer, stream, 3 * 1_128);
    assert.deepEqual(streams(peer), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  test('without interleaving a message is finished first', () => {
    const peer = new ScriptedPeer({ ...WIDE, scheduler: 'round-robin' }).connect();
    for (const stream of [1, 2]) send(peer, stream, 2_500);
    assert.deepEqual(streams(peer), [1, 1, 1, 2, 2, 2]);
  });
});

describe('RFC 8260 §3.4 priorities', () => {
  test('the stream of highest priority sends, those of one priority in turn', () => {
    const peer = interleavingPeer({ ...WIDE, scheduler: 'priority' });
    peer.association.setStreamPriority(3, 1_024);
    peer.association.setStreamPriority(4, 128);
    for (const stream of [4, 1, 2, 3, 1, 2, 3]) send(peer, stream, 300);
    assert.deepEqual(streams(peer), [3, 3, 1, 2, 1, 2, 4]);
  });

  test('a long message gives way to a higher priority', () => {
    const p = connectedPair({ both: { ...WIDE, scheduler: 'priority' }, wire: { delay: 10 } });
    p.a.send(1, 51, bytes(20_000), 0, 20_000, ORDERED, p.now);
    p.a.setStreamPriority(2, 512);
    p.a.send(2, 51, bytes(10), 0, 10, ORDERED, p.now);
    p.run(15);
    assert.equal(p.atB.messages[0]?.stream, 2);
  });

  test('a priority that changes counts at once', () => {
    const peer = interleavingPeer({ ...WIDE, scheduler: 'priority' });
    for (const stream of [1, 2, 3]) send(peer, stream, 300);
    peer.association.setStreamPriority(2, 300);
    peer.association.setStreamPriority(3, 400);
    peer.association.setStreamPriority(2, 500);
    assert.deepEqual(streams(peer), [2, 3, 1]);
  });
});

describe('RFC 8260 §3.6 weighted fair queueing', () => {
  const WEIGHTS = [128, 256, 512, 1_024];

  test('each stream has its share by weight, with interleaving and without', () => {
    for (const connected of [interleavingPeer, (o: Partial<SctpOptions>) => new ScriptedPeer(o).connect()]) {
      const peer = connected({ ...WIDE, scheduler: 'weighted-fair' });
      WEIGHTS.forEach((weight, stream) => {
        peer.association.setStreamPriority(stream, weight);
      });
      for (let i = 0; i < 150; i++) for (let stream = 0; stream < 4; stream++) send(peer, stream, 1_100);
      const sent = shares(peer, 150);
      const unit = sent.get(3)! / 1_024;
      WEIGHTS.forEach((weight, stream) => {
        const share = sent.get(stream)! / unit / weight;
        assert.ok(share > 0.9 && share < 1.1, `stream ${stream}: ${share}`);
      });
    }
  });

  test('shares are of bytes, not of messages', () => {
    const peer = interleavingPeer({ ...WIDE });
    for (let i = 0; i < 1_000; i++) send(peer, 1, 100);
    for (let i = 0; i < 10; i++) send(peer, 2, 10_000);
    const sent = shares(peer, 80);
    const ratio = sent.get(1)! / sent.get(2)!;
    assert.ok(ratio > 0.75 && ratio < 1.35, `${ratio}`);
  });

  test('a stream that was idle neither waits nor catches up', () => {
    const peer = interleavingPeer({ ...WIDE });
    for (let i = 0; i < 60; i++) send(peer, 1, 1_100);
    peer.take();
    for (let i = 0; i < 60; i++) send(peer, 1, 1_100);
    for (let i = 0; i < 60; i++) send(peer, 2, 1_100);
    const order = streams(peer);
    assert.ok(order.indexOf(2) <= 1, `${order}`);
    const half = order.slice(0, 60).filter((stream) => stream === 1).length;
    assert.ok(half >= 28 && half <= 32, `${half} of 60`);
  });

  test('a weight that changes counts at once, and lasts until the stream is reset', () => {
    const p = connectedPair({ wire: { delay: 5 }, both: { ...WIDE, roundTripTime: 10 } });
    p.a.setStreamPriority(1, 1_024);
    p.a.send(1, 51, bytes(10), 0, 10, ORDERED, p.now);
    p.a.resetStreams([1], p.now);
    assert.ok(p.run(5_000, () => p.atA.resetDone.length === 1));
    p.forget();
    for (let i = 0; i < 40; i++)
      for (const stream of [1, 2]) p.a.send(stream, 51, bytes(1_100), 0, 1_100, ORDERED, p.now);
    p.pair.settle();
    const order = p.chunks.filter(({ from }) => from === 'a').map(({ bytes: b }) => u16(b, 8));
    assert.equal(order.slice(0, 20).filter((stream) => stream === 1).length, 10);
  });
});

describe('schedulers', () => {
  test('one of our own may be handed in', () => {
    const added: number[] = [];
    const first: unknown[] = [];
    const peer = interleavingPeer({
      scheduler: () => ({
        add: (stream) => {
          added.push(stream.id);
          first.push(stream);
        },
        remove: () => void first.shift(),
        next: () => first[0] as never,
        onSent: () => {},
        onPacket: () => {},
      }),
    });
    for (const stream of [5, 6]) send(peer, stream, 10);
    assert.deepEqual(streams(peer), [5, 6]);
    assert.deepEqual(added, [5, 6]);
  });

  test('one that does not exist, or a priority out of range, is an error', () => {
    const options = { random: { fill: () => {} }, cookieMac: (b: Uint8Array) => b } as never;
    assert.throws(() => new SctpAssociation({ ...(options as object), scheduler: 'fastest' } as never), {
      code: 'BAD_OPTION',
    });
    const peer = interleavingPeer();
    for (const priority of [0, 65_536, Number.NaN])
      assert.throws(() => peer.association.setStreamPriority(1, priority), { code: 'BAD_OPTION' });
    assert.throws(() => peer.association.setStreamPriority(65_535, 1), { code: 'BAD_STREAM' });
  });

  test('ten thousand streams with something to send cost no more each than a thousand', () => {
    for (const scheduler of ['first-come', 'round-robin', 'weighted-fair', 'priority'] as const)
      assertGrowth(IN_PROPORTION, 1_250, 8, (count) => {
        const peer = interleavingPeer({ ...WIDE, initialWindowPackets: 20_000, maxBurst: 20_000, scheduler });
        return () => {
          for (let i = 0; i < 2; i++) for (let stream = 0; stream < count; stream++) send(peer, stream, 20);
          assert.equal(streams(peer).length, 2 * count, scheduler);
        };
      });
  });
});

describe('what interleaving is for', () => {
  /** A link of `rate` bytes per ms with 10 ms of delay, on which stream 1 is sending 1 MiB. */
  function busyLink(options: Partial<SctpOptions>): ConnectedPair {
    const p = connectedPair({ wire: { delay: 10 }, both: { roundTripTime: 20, ...options } });
    p.a.send(1, 51, new Uint8Array(MIB), 0, MIB, ORDERED, p.now);
    p.run(50);
    return p;
  }

  /** How many packets left after the one of 64 bytes was sent on stream 2, until it left too. */
  function packetsBefore(p: ConnectedPair): number {
    p.forget();
    p.a.send(2, 52, bytes(64), 0, 64, ORDERED, p.now);
    p.run(60_000, () => p.atB.messages.some(({ ppid }) => ppid === 52));
    const ours = p.chunks.filter(({ from, type }) => from === 'a' && (type === 0 || type === 64));
    const mine = ours.find(({ bytes: b }) => u16(b, 8) === 2)!;
    return mine.packet - ours[0]!.packet;
  }

  test('a 64-byte message waits for no packet of a 1 MiB message on another stream', () => {
    for (const scheduler of ['weighted-fair', 'round-robin'] as const)
      assert.ok(packetsBefore(busyLink({ scheduler })) <= 1, scheduler);
  });

  test('without it, for the whole message', () => {
    assert.ok(packetsBefore(busyLink({ interleaving: false })) > 500);
  });

  test('a lost packet costs other streams nothing', () => {
    const p = connectedPair({ wire: { delay: 20 }, both: { ...WIDE, roundTripTime: 40 } });
    let packets = 0;
    p.pair.ab.lose = () => ++packets === 3; // of stream 1 alone
    for (let stream = 1; stream <= 8; stream++) p.a.send(stream, 51, bytes(8_000), 0, 8_000, ORDERED, p.now);
    const start = p.now;
    p.run(1_000, () => p.atB.messages.length === 7);
    assert.equal(p.now - start, 20, 'seven streams come without delay');
    p.run(1_000, () => p.atB.messages.length === 8);
    assert.ok(p.now - start <= 20 + 60, `${p.now - start} ms: no more than 1.5 round trips later`);
  });
});
