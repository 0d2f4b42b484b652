import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { DEFAULTS, MemoryBudget, type SctpAssociation, type SctpSink } from '@millrace/sctp';
import { type ConnectedPair, connectedPair, Recorder } from '@millrace/sctp/testing';
import { AssociationContext } from '../../src/association/context.ts';
import { MemoryAccount } from '../../src/memory-budget.ts';
import { ReceiveWindow } from '../../src/rx/receive-window.ts';
import { bytes, dataChunk, PEER_TSN, readSack, ScriptedPeer, sackChunk } from '../scripted-peer.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;

/** A sink whose reader takes its time: what it is given waits in `hold`. */
class SlowReader extends Recorder {
  readonly association: SctpAssociation;
  waiting = 0;

  constructor(association: SctpAssociation) {
    super();
    this.association = association;
  }

  override onMessage(stream: number, ppid: number, message: Uint8Array): void {
    super.onMessage(stream, ppid, message);
    this.association.hold(message.length);
    this.waiting += message.length;
  }

  read(): void {
    this.association.consumed(this.waiting);
    this.waiting = 0;
  }
}

/** A sends to a slow reader at B. */
function slowPair(options: Parameters<typeof connectedPair>[0] = {}): {
  p: ConnectedPair;
  reader: SlowReader;
} {
  let reader: SlowReader | undefined;
  const p = connectedPair({
    wire: { delay: 10 },
    ...options,
    sink: (association, side): SctpSink => {
      if (side === 'a') return new Recorder();
      reader = new SlowReader(association);
      return reader;
    },
  });
  return { p, reader: reader! };
}

function send(p: ConnectedPair, length: number, count = 1): void {
  const message = bytes(length);
  for (let i = 0; i < count; i++) p.a.send(1, 53, message, 0, length, { ordered: true }, p.now);
}

describe('RFC 9260 §6.2 a reader that does not read', () => {
  test('closes the window, and what is sent then stays in the sender’s queue', () => {
    const { p, reader } = slowPair({ both: { receiveWindow: 300 * KIB } });
    send(p, 64 * KIB, 20);
    p.run(MINUTE);
    assert.equal(p.b.stats.receiveWindow, 0);
    assert.equal(p.a.stats.peerWindow, 0);
    assert.ok(reader.waiting >= 5 * 64 * KIB && reader.waiting <= 300 * KIB + 320 * KIB, `${reader.waiting}`);
    assert.ok(p.a.totalBuffered > 8 * 64 * KIB, `${p.a.totalBuffered}`);
    assert.equal(p.a.state, 'connected');
  });

  test('and the transfer goes on when it reads', () => {
    const { p, reader } = slowPair({ both: { receiveWindow: 300 * KIB } });
    send(p, 64 * KIB, 20);
    p.run(MINUTE);
    let rounds = 0;
    for (; reader.messages.length < 20; rounds++) {
      assert.ok(rounds < 20);
      reader.read();
      const before = reader.messages.length;
      assert.ok(
        p.run(200, () => reader.messages.length > before),
        'it goes on at once',
      );
      p.run(2 * SECOND);
    }
    assert.equal(p.a.stats.sendMemory, 0);
    assert.ok(p.a.stats.congestionWindow > 64 * KIB, 'a closed window is no congestion');
  });

  test('it goes on too if the SACK that opens the window is lost: the closed window is probed', () => {
    const { p, reader } = slowPair({ both: { receiveWindow: 300 * KIB } });
    send(p, 64 * KIB, 20);
    p.run(MINUTE);
    const before = reader.messages.length;
    p.pair.ba.lose = () => true;
    reader.read();
    p.run(50);
    p.pair.ba.lose = undefined;
    assert.ok(p.run(4 * SECOND, () => reader.messages.length > before));
  });

  test('for an hour: the association lives, and hardly anything is sent', () => {
    const { p } = slowPair({ both: { receiveWindow: 300 * KIB } });
    send(p, 64 * KIB, 20);
    p.run(10 * MINUTE);
    const { packetsSent } = p.a.stats;
    p.run(60 * MINUTE);
    assert.equal(p.a.state, 'connected');
    assert.ok(
      p.a.stats.packetsSent - packetsSent <= 60 * 60,
      `${p.a.stats.packetsSent - packetsSent} packets`,
    );
  });

  test('is told from one that reads: more consumed than held is the caller’s mistake', () => {
    const { association } = new ScriptedPeer().connect();
    association.hold(100);
    assert.throws(() => association.consumed(101), { code: 'NOT_HELD' });
    assert.throws(() => association.consumed(Number.NaN), { code: 'NOT_HELD' });
    association.consumed(100);
    assert.equal(association.stats.unreadBytes, 0);
  });

  test('what has not been read outlives a restart of the peer', () => {
    const peer = new ScriptedPeer({ receiveWindow: 300 * KIB }).connect();
    peer.association.hold(100 * KIB);
    peer.connect({ initiateTag: 77, initialTsn: 5 });
    assert.equal(peer.seen.restarted, 1);
    assert.equal(peer.association.stats.receiveWindow, 200 * KIB);
  });
});

describe('RFC 9260 §6.2 the window follows the path', () => {
  /** One flow at `rate` bytes/ms for `duration`; returns bytes per ms delivered in the second half. */
  function flow(
    rate: number,
    delay: number,
    duration: number,
    options: object = {},
  ): { p: ConnectedPair; share: number } {
    const p = connectedPair({
      wire: { delay, rate, queue: rate * 2 * delay },
      both: { ...options },
      sink: () => new Counter(),
    });
    const message = new Uint8Array(64 * KIB);
    const counter = Counter.last;
    let half = 0;
    for (let end = p.now + duration, middle = p.now + duration / 2; p.now < end; ) {
      while (p.a.canSend(message.length) && p.a.totalBuffered < p.a.sendBufferTarget)
        p.a.send(1, 53, message, 0, message.length, { ordered: true }, p.now);
      if (half === 0 && p.now >= middle) half = counter.received;
      p.run(delay / 5);
    }
    return { p, share: (counter.received - half) / (duration / 2) / rate };
  }

  class Counter extends Recorder {
    static last: Counter;
    received = 0;
    constructor() {
      super();
      Counter.last = this;
    }
    override onMessage(_stream: number, _ppid: number, message: Uint8Array): void {
      this.received += message.length;
    }
  }

  test('it is never what limits 1 Gbit/s at 200 ms, from slow start on', () => {
    const { options } = new AssociationContext({ random: new SeededRandom(1), cookieMac: (b) => b });
    const window = new ReceiveWindow(options, new MemoryAccount());
    let now = 0;
    // Slow start doubles every round trip until the path is full, and may never be ahead of the window.
    for (let roundTrip = 0, perRoundTrip = 12_000; roundTrip < 20; roundTrip++) {
      for (let packet = 0; packet < 100; packet++, now += 2) {
        window.onArrival(perRoundTrip / 100);
        window.onPacketEnd(200, now);
      }
      perRoundTrip = Math.min(perRoundTrip * 2, 25_000_000);
      assert.ok(window.available >= perRoundTrip, `${window.available} for ${perRoundTrip}`);
    }
    assert.ok(window.size > 2 * 25_000_000 && window.size <= DEFAULTS.maxReceiveWindow);
  });

  test('it stays small on a path of a small bandwidth-delay product', () => {
    const { p } = flow(1_250, 5, 3 * SECOND);
    assert.equal(p.b.stats.receiveWindowSize, DEFAULTS.receiveWindow);
  });

  test('maxReceiveWindow: as far as it grows', () => {
    const { p } = flow(12_500, 50, 4 * SECOND, { maxReceiveWindow: 2 * MIB });
    assert.ok(p.b.stats.receiveWindowSize <= 2 * MIB);
    assert.ok(p.b.stats.receiveWindowSize > 1.9 * MIB, `${p.b.stats.receiveWindowSize}`);
  });

  test('it does not grow for a reader that does not keep up', () => {
    const { p, reader } = slowPair({ wire: { delay: 50, rate: 12_500 } });
    for (let i = 0; i < 40; i++) {
      if (p.a.totalBuffered < MIB) send(p, 64 * KIB, 8);
      p.run(50);
      if (reader.waiting > 800 * KIB) reader.association.consumed(0);
    }
    assert.ok(p.b.stats.receiveWindowSize <= 2 * MIB, `${p.b.stats.receiveWindowSize}`);
  });

  test('a window given without a cap is a fixed one', () => {
    const { p } = flow(12_500, 50, 2 * SECOND, { receiveWindow: 512 * KIB });
    assert.equal(p.b.stats.receiveWindowSize, 512 * KIB);
  });

  test('it has room for the longest message', () => {
    const { stats } = new ScriptedPeer({ maxMessageSize: 100 * MIB }).association;
    assert.equal(stats.receiveWindowSize, 100 * MIB);
    assert.throws(() => new ScriptedPeer({ receiveWindow: 2 * MIB, maxReceiveWindow: MIB }), {
      code: 'BAD_OPTION',
    });
  });

  test('the send queue worth having follows the congestion window', () => {
    const { p } = flow(12_500, 50, 3 * SECOND);
    const { congestionWindow } = p.a.stats;
    assert.equal(
      p.a.sendBufferTarget,
      Math.max(256 * KIB, Math.min(2 * congestionWindow, DEFAULTS.sendQueueLimit)),
    );
    assert.equal(new ScriptedPeer().association.sendBufferTarget, 256 * KIB);
  });
});

describe('memory shared by associations', () => {
  test('is charged with what is received and not yet complete, and given back', () => {
    const memory = new MemoryBudget(10 * MIB);
    const peer = new ScriptedPeer({ memory }).connect();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1, payload: bytes(1_000) })]);
    assert.equal(memory.used, 1_064);
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.equal(memory.used, 0);
  });

  test('with what is sent and not yet acknowledged', () => {
    const memory = new MemoryBudget(10 * MIB);
    const peer = new ScriptedPeer({ memory }).connect();
    peer.association.send(1, 51, bytes(500), 0, 500, { ordered: true }, 0);
    peer.association.send(1, 51, bytes(500), 0, 500, { ordered: true, maxPacketLifeTime: 1 }, 0);
    assert.equal(memory.used, 1_000);
    peer.now = 5;
    peer.takeChunks();
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.equal(memory.used, 0);
  });

  test('with what is not read', () => {
    const memory = new MemoryBudget(10 * MIB);
    const peer = new ScriptedPeer({ memory }).connect();
    peer.association.hold(5_000);
    assert.equal(memory.used, 5_000);
    peer.association.abort(undefined, 0);
    assert.equal(memory.used, 5_000, 'the reader still has it');
    peer.association.consumed(5_000);
    assert.equal(memory.used, 0);
  });

  test('all of it comes back when an association ends or its peer begins anew', () => {
    const memory = new MemoryBudget(10 * MIB);
    const peer = new ScriptedPeer({ memory }).connect();
    const fill = (tsn: number): void => {
      peer.send([dataChunk({ tsn: tsn + 1, ssn: 1, payload: bytes(1_000) })], peer.tag);
      for (let i = 0; i < 40; i++) peer.association.send(1, 51, bytes(900), 0, 900, { ordered: true }, 0);
      peer.takeChunks();
    };
    fill(PEER_TSN);
    assert.ok(memory.used > 30_000);
    peer.connect({ initiateTag: 77, initialTsn: 5 });
    assert.equal(peer.seen.restarted, 1);
    assert.equal(memory.used, peer.association.stats.sendMemory);
    assert.ok(memory.used <= 36_000 - 10 * 900, 'what was in flight is gone');
    fill(5);
    peer.association.abort(undefined, 0);
    assert.equal(memory.used, 0);
  });

  test('at its cap the window of all closes, and a byte more is refused', () => {
    const memory = new MemoryBudget(400 * KIB);
    const options = { memory, maxMessageSize: 10_000, receiveWindow: 300 * KIB };
    const peers = [new ScriptedPeer(options).connect(), new ScriptedPeer(options).connect()];
    for (const peer of peers)
      for (let i = 1; peer.association.stats.drops['window-exceeded'] === 0; i++)
        peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i, payload: bytes(936) })]);
    // 300 KiB for the first, what is left of 400 for the second.
    assert.ok(memory.used <= 400 * KIB && memory.used >= 399 * KIB, `${memory.used}`);
    const [, second] = peers;
    assert.ok(readSack(second!.takeChunks()[0]!).window < 1_000);
    assert.equal(second!.association.canSend(10), true, 'who holds nothing may send one message');
    second!.association.send(1, 51, bytes(10_000), 0, 10_000, { ordered: true }, 0);
    assert.equal(second!.association.canSend(10_000), false);
    assert.throws(() => second!.association.send(1, 51, bytes(10_000), 0, 10_000, { ordered: true }, 0), {
      code: 'QUEUE_FULL',
    });
    // What moves the cumulative TSN is still taken: both can finish what they have begun.
    for (const peer of peers) {
      peer.send([dataChunk({ tsn: PEER_TSN, ssn: 0, payload: bytes(936) })]);
      assert.equal(peer.association.stats.receiveWindow, Math.min(300 * KIB, memory.available));
    }
    assert.equal(memory.used, 10_000);
  });
});
