import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { DEFAULTS } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import fc from 'fast-check';
import { CHUNK } from '../../src/packet/chunks.ts';
import { parseInit } from '../../src/packet/init.ts';
import { bytes, dataChunk, forwardTsnChunk, PEER_TSN, ScriptedPeer, sackChunk } from '../scripted-peer.ts';
import { iDataChunk, iForwardTsnChunk, interleavingPeer, readIData } from './chunks.ts';

const { DATA, I_DATA, I_FORWARD_TSN, ABORT, RE_CONFIG, FORWARD_TSN } = CHUNK;
const [BEGIN, END, MIDDLE, UNORDERED] = [2, 1, 0, 4];
const ORDERED = { ordered: true };

function send(peer: ScriptedPeer, stream: number, length: number, options = ORDERED): void {
  peer.association.send(stream, 51, bytes(length), 0, length, options, peer.now);
}

function streamsSeen(peer: ScriptedPeer): number[] {
  return peer.seen.messages.map(({ stream }) => stream);
}

describe('RFC 8260 §2.2.1 negotiation', () => {
  test('both chunk types are listed in INIT and INIT ACK, unless the option is off', () => {
    for (const interleaving of [true, false]) {
      const p = connectedPair({ both: { interleaving } });
      const inits = p.chunks.filter(({ type }) => type === CHUNK.INIT || type === CHUNK.INIT_ACK);
      for (const { bytes: b } of inits) {
        const { extensions } = parseInit(b, 0, b.length)!;
        assert.deepEqual(
          [I_DATA, I_FORWARD_TSN].map((type) => extensions.includes(type)),
          [interleaving, interleaving],
        );
      }
      assert.equal(p.a.hasInterleaving, interleaving);
    }
  });

  test('a peer that lists neither, or one of the two, has DATA', () => {
    for (const extra of [[], [I_DATA], [I_FORWARD_TSN]]) {
      const peer = new ScriptedPeer().connect({ extensions: [RE_CONFIG, FORWARD_TSN, ...extra] });
      assert.equal(peer.association.hasInterleaving, false);
      send(peer, 1, 3_000);
      assert.deepEqual(new Set(peer.takeTypes()), new Set([DATA]));
    }
  });

  test('a side that does not want it falls back with one that does', () => {
    for (const [a, b] of [
      [true, false],
      [false, true],
    ] as const) {
      const p = connectedPair({ a: { interleaving: a }, b: { interleaving: b } });
      p.a.send(1, 51, bytes(5_000), 0, 5_000, ORDERED, p.now);
      p.b.send(1, 51, bytes(5_000), 0, 5_000, ORDERED, p.now);
      p.run(1_000);
      assert.deepEqual([p.atA.messages.length, p.atB.messages.length], [1, 1]);
      assert.ok(p.chunks.some(({ type }) => type === DATA) && !p.chunks.some(({ type }) => type === I_DATA));
    }
  });

  test('the kind that was not agreed on ends the association', () => {
    const wrong: Array<[ScriptedPeer, Uint8Array]> = [
      [interleavingPeer(), dataChunk({ tsn: PEER_TSN })],
      [interleavingPeer(), forwardTsnChunk(PEER_TSN)],
      [new ScriptedPeer().connect(), iDataChunk({ tsn: PEER_TSN })],
      [new ScriptedPeer().connect(), iForwardTsnChunk(PEER_TSN)],
    ];
    for (const [peer, chunk] of wrong) {
      peer.send([chunk]);
      assert.deepEqual(peer.takeTypes(), [ABORT]);
      assert.equal(peer.seen.closed?.code, 'PROTOCOL_VIOLATION');
    }
  });
});

describe('RFC 8260 §2.1 the I-DATA chunk', () => {
  test('the first fragment carries the protocol identifier, the others their number', () => {
    const peer = interleavingPeer();
    send(peer, 7, 2_600);
    send(peer, 7, 5, { ordered: false });
    const chunks = peer.takeChunks().map(readIData);
    assert.deepEqual(
      chunks.map(({ tsn, stream, mid, ppid, fsn, flags }) => [tsn, stream, mid, ppid, fsn, flags & 7]),
      [
        [100, 7, 0, 51, 0, BEGIN],
        [101, 7, 0, -1, 1, MIDDLE],
        [102, 7, 0, -1, 2, END],
        [103, 7, 0, 51, 0, BEGIN | END | UNORDERED],
      ],
    );
    assert.deepEqual(
      Buffer.concat(chunks.slice(0, 3).map(({ payload }) => payload)),
      Buffer.from(bytes(2_600)),
    );
  });

  test('ordered and unordered messages are numbered apart, and those of other streams too', () => {
    const peer = interleavingPeer();
    for (const ordered of [true, false, true, false]) send(peer, 1, 4, { ordered });
    send(peer, 2, 4);
    const mids = peer
      .takeChunks()
      .map(readIData)
      .map(({ stream, flags, mid }) => [stream, flags & UNORDERED, mid]);
    assert.deepEqual(mids.sort(), [
      [1, 0, 0],
      [1, 0, 1],
      [1, UNORDERED, 0],
      [1, UNORDERED, 1],
      [2, 0, 0],
    ]);
  });

  test('a fragment that is sent again keeps its number', () => {
    const peer = interleavingPeer({ initialWindowPackets: 20 });
    send(peer, 1, 6_000);
    const first = peer.takeChunks().map(readIData);
    peer.now += 10;
    peer.send([sackChunk({ cumulative: 101, gaps: [[2, 4]] })]);
    const again = peer
      .wait(2_000)
      .flatMap(({ packet }) => packet.chunks)
      .find(({ type }) => type === I_DATA)!;
    assert.deepEqual({ ...readIData(again), flags: 0 }, { ...first[2]!, flags: 0 });
  });

  test('too short a chunk is dropped', () => {
    const peer = interleavingPeer();
    peer.send([rawChunk(I_DATA, [...be32(PEER_TSN), ...bytes(11)])]);
    assert.equal(peer.association.stats.drops['bad-chunk-length'], 1);
    assert.equal(peer.association.state, 'connected');
  });

  test('one without user data ends the association', () => {
    const peer = interleavingPeer();
    peer.send([iDataChunk({ tsn: PEER_TSN, flags: BEGIN, payload: bytes(0) })]);
    assert.deepEqual(peer.takeTypes(), [ABORT]);
  });
});

describe('RFC 8260 §2.2.3 receiver side', () => {
  test('fragments of messages of three streams, taking turns', () => {
    const peer = interleavingPeer();
    const message = bytes(300);
    let tsn = PEER_TSN;
    for (let fsn = 0; fsn < 3; fsn++)
      for (const stream of [1, 2, 3]) {
        const flags = [BEGIN, MIDDLE, END][fsn]!;
        const payload = message.subarray(fsn * 100, fsn * 100 + 100);
        peer.send([iDataChunk({ tsn: tsn++, stream, fsn, flags, ppid: 40 + stream, payload })]);
      }
    assert.deepEqual(
      peer.seen.messages.map(({ stream, ppid, bytes: b }) => [stream, ppid, Buffer.compare(b, message)]),
      [
        [1, 41, 0],
        [2, 42, 0],
        [3, 43, 0],
      ],
    );
    assert.equal(peer.association.stats.receiveWindow, DEFAULTS.receiveWindow);
  });

  test('a lost packet holds up nobody but its own stream', () => {
    const peer = interleavingPeer();
    peer.send([iDataChunk({ tsn: PEER_TSN, stream: 1 })]);
    // TSN 1001, the second message of stream 1, is lost.
    peer.send([iDataChunk({ tsn: PEER_TSN + 2, stream: 1, mid: 2 })]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 3, stream: 2, flags: BEGIN })]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 4, stream: 2, flags: END, fsn: 1 })]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 5, stream: 1, mid: 0, flags: BEGIN | END | UNORDERED })]);
    assert.deepEqual(streamsSeen(peer), [1, 2, 1]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 1, stream: 1, mid: 1 })]);
    assert.deepEqual(streamsSeen(peer), [1, 2, 1, 1, 1]);
  });

  test('whatever the order in which fragments of several messages come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ stream: fc.nat(2), fragments: fc.integer({ min: 1, max: 6 }), ordered: fc.boolean() }),
          { minLength: 1, maxLength: 8 },
        ),
        fc.nat(),
        (messages, seed) => {
          const random = new SeededRandom(seed);
          const peer = interleavingPeer();
          const mids = new Map<string, number>();
          const chunks: Uint8Array[] = [];
          const expected = messages.map(({ stream, fragments, ordered }, i) => {
            const key = `${stream} ${ordered}`;
            const mid = mids.get(key) ?? 0;
            mids.set(key, mid + 1);
            const message = bytes(fragments * 10, i);
            for (let fsn = 0; fsn < fragments; fsn++)
              chunks.push(
                iDataChunk({
                  tsn: 0,
                  stream,
                  mid,
                  fsn,
                  flags:
                    (fsn === 0 ? BEGIN : 0) | (fsn === fragments - 1 ? END : 0) | (ordered ? 0 : UNORDERED),
                  payload: message.subarray(fsn * 10, fsn * 10 + 10),
                }),
              );
            return { stream, ordered, message };
          });
          // A sender may send fragments of several messages in any order that keeps each message's own.
          chunks.forEach((chunk, i) => {
            const tsn = PEER_TSN + i;
            chunk.set([tsn >>> 24, tsn >>> 16, tsn >>> 8, tsn], 4);
          });
          shuffle(chunks, random);
          for (const chunk of chunks) peer.send([chunk]);
          const { drops, receiveWindow } = peer.association.stats;
          assert.equal(drops['broken-message'], 0);
          assert.equal(receiveWindow, DEFAULTS.receiveWindow);
          for (const stream of [0, 1, 2]) {
            const seen = peer.seen.messages.filter((m) => m.stream === stream).map(({ bytes: b }) => b[0]);
            const sent = expected.filter((m) => m.stream === stream);
            assert.deepEqual([...seen].sort(), sent.map(({ message }) => message[0]).sort());
            const inOrder = sent.filter(({ ordered }) => ordered).map(({ message }) => message[0]);
            assert.deepEqual(
              seen.filter((first) => inOrder.includes(first)),
              inOrder,
            );
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('message numbers wrap at 2^32', () => {
    const peer = interleavingPeer();
    peer.send([iForwardTsnChunk(PEER_TSN, [[1, 0, 0x7fff_ffff]])]);
    peer.send([iForwardTsnChunk(PEER_TSN + 1, [[1, 0, 0xffff_fffd]])]);
    [0xffff_fffe, 0xffff_ffff, 0, 1].forEach((mid, i) => {
      peer.send([iDataChunk({ tsn: PEER_TSN + 2 + i, mid, payload: bytes(1, i) })]);
    });
    assert.deepEqual(
      peer.seen.messages.map(({ bytes: b }) => b[0]),
      [0, 1, 2, 3],
    );
  });

  test('fragments that contradict each other: the message is dropped, the next one is not', () => {
    const contradictions: Array<[what: string, chunks: Array<[flags: number, fsn: number]>]> = [
      [
        'a number twice',
        [
          [BEGIN, 0],
          [MIDDLE, 1],
          [MIDDLE, 1],
        ],
      ],
      [
        'two ends',
        [
          [BEGIN, 0],
          [END, 2],
          [END, 1],
        ],
      ],
      [
        'one behind the end',
        [
          [BEGIN, 0],
          [END, 1],
          [MIDDLE, 2],
        ],
      ],
      [
        'an end before others',
        [
          [BEGIN, 0],
          [MIDDLE, 1],
          [MIDDLE, 2],
          [END, 1],
        ],
      ],
      [
        'a number that is left out',
        [
          [BEGIN, 0],
          [MIDDLE, 2],
        ],
      ],
      ['number 0 that does not begin', [[MIDDLE, 0]]],
      [
        'two beginnings',
        [
          [BEGIN, 0],
          [BEGIN, 0],
        ],
      ],
      [
        'a number half the space away',
        [
          [BEGIN, 0],
          [MIDDLE, 0x8000_0001],
        ],
      ],
    ];
    for (const [what, chunks] of contradictions) {
      const peer = interleavingPeer();
      chunks.forEach(([flags, fsn], i) => {
        peer.send([iDataChunk({ tsn: PEER_TSN + i, flags: flags | UNORDERED, fsn })]);
      });
      assert.equal(peer.association.stats.drops['broken-message'], 1, what);
      peer.send([
        iDataChunk({ tsn: PEER_TSN + chunks.length, mid: 1, ppid: 77, flags: BEGIN | END | UNORDERED }),
      ]);
      assert.equal(peer.seen.messages.at(-1)?.ppid, 77, what);
      // It still takes its place among the messages, until that is given up.
      peer.send([iForwardTsnChunk(PEER_TSN + chunks.length + 1, [[1, 1, 0]])]);
      assert.equal(peer.association.stats.receiveWindow, DEFAULTS.receiveWindow, what);
    }
  });

  test('a message longer than maxMessageSize is reported and not kept', () => {
    const peer = interleavingPeer({ maxMessageSize: 2_000 });
    for (let fsn = 0; fsn < 3; fsn++)
      peer.send([
        iDataChunk({ tsn: PEER_TSN + fsn, flags: [BEGIN, MIDDLE, END][fsn]!, fsn, payload: bytes(1_000) }),
      ]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 3, mid: 1 })]);
    assert.deepEqual(peer.seen.dropped, [{ stream: 1, ppid: 51, bytes: 3_000 }]);
    assert.equal(peer.seen.messages.length, 1);
    assert.equal(peer.association.stats.receiveWindow, DEFAULTS.receiveWindow);
  });

  test('maxUnfinishedBytes: so much of unfinished messages is not charged to the window', () => {
    const options = { receiveWindow: 20_000, maxMessageSize: 20_000, maxUnfinishedBytes: 50_000 };
    const peer = interleavingPeer(options);
    let tsn = PEER_TSN;
    const begin = (): number => {
      const mid = tsn - PEER_TSN;
      peer.send([
        iDataChunk({ tsn: tsn++, stream: 2, mid, flags: BEGIN | UNORDERED, payload: bytes(1_000) }),
      ]);
      return peer.association.stats.receiveWindow;
    };
    let begun = 0;
    while (begin() === 20_000) begun++;
    // Each is charged with what it costs to hold it.
    assert.equal(begun, Math.floor(50_000 / (1_000 + 192 + 2 * 64)));
    while (begin() > 0) begun++;
    assert.ok(begun < 70_000 / 1_000, `${begun}`);
    const held = peer.association.stats.drops['window-exceeded'];
    for (let i = 0; i < 200; i++) begin();
    assert.ok(peer.association.stats.drops['window-exceeded'] > held, 'then nothing more is taken');
  });

  test('messages that together are longer than the window all arrive', () => {
    const both = { receiveWindow: 64 * 1024, maxMessageSize: 64 * 1024, maxUnfinishedBytes: 0 };
    const p = connectedPair({ wire: { delay: 5 }, both, a: { scheduler: 'round-robin' } });
    for (let stream = 0; stream < 40; stream++)
      p.a.send(stream, 51, bytes(30_000), 0, 30_000, ORDERED, p.now);
    assert.ok(
      p.run(60_000, () => p.atB.messages.length === 40),
      `${p.atB.messages.length} of 40`,
    );
    assert.equal(p.a.stats.timeouts, 0);
  });

  for (const loss of [0, 0.01])
    test(`more than the window and maxUnfinishedBytes begun on as many streams all arrives, at ${loss * 100} % loss`, () => {
      const [streams, length] = [80, 256 * 1024];
      const window = 1024 * 1024;
      assert.ok(streams * length > window + DEFAULTS.maxUnfinishedBytes);
      const both = { receiveWindow: window, maxReceiveWindow: window, roundTripTime: 10 };
      const p = connectedPair({
        seed: 5,
        wire: { delay: 5, loss },
        both,
        a: { scheduler: 'round-robin', sendQueueLimit: 2 * streams * length },
      });
      for (let stream = 0; stream < streams; stream++)
        p.a.send(stream, 51, bytes(length, stream), 0, length, { ordered: stream % 2 === 0 }, p.now);
      assert.ok(
        p.run(120_000, () => p.atB.messages.length === streams),
        `${p.atB.messages.length} of ${streams}`,
      );
      for (const { stream, bytes: message } of p.atB.messages)
        assert.deepEqual(message, bytes(length, stream));
      p.run(1_000);
      assert.equal(p.b.stats.receiveWindow, window);
      assert.equal(p.b.stats.drops['window-exceeded'], 0);
    });
});

describe('RFC 8260 §2.2 with stream resets (RFC 6525 §5.2.2)', () => {
  test('message numbers of both kinds start again, and parts that were left are gone', () => {
    const p = connectedPair({ wire: { delay: 10, loss: 0.05 }, both: { roundTripTime: 20 } });
    for (let life = 0; life < 10; life++) {
      for (const ordered of [true, false]) p.a.send(1, 60 + life, bytes(3_000), 0, 3_000, { ordered }, p.now);
      p.a.resetStreams([1], p.now);
    }
    assert.ok(p.run(30_000, () => p.atA.resetDone.length === 1));
    p.run(5_000);
    assert.equal(p.atB.messages.length, 20);
    assert.equal(p.b.stats.receiveWindow, DEFAULTS.receiveWindow);
  });

  test('fragments from behind a reset that waits are held, and come after it', () => {
    const peer = interleavingPeer();
    const reset = [0, 0x0d, 0, 0x12, ...be32(PEER_TSN), ...be32(99), ...be32(PEER_TSN + 1), 0, 1];
    peer.send([iDataChunk({ tsn: PEER_TSN, payload: bytes(1, 1) })]);
    peer.send([rawChunk(CHUNK.RE_CONFIG, reset)]);
    // The next life, before the last message of this one.
    peer.send([iDataChunk({ tsn: PEER_TSN + 2, flags: BEGIN, payload: bytes(1, 3) })]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 3, flags: END, fsn: 1, payload: bytes(1, 4) })]);
    peer.send([iDataChunk({ tsn: PEER_TSN + 1, mid: 1, payload: bytes(1, 2) })]);
    assert.deepEqual(peer.seen.log.slice(-4), ['message 1', 'message 1', 'reset 1', 'message 1']);
    assert.deepEqual(
      peer.seen.messages.map(({ bytes: b }) => [...b]),
      [[1], [2], [3, 4]],
    );
    assert.equal(peer.association.stats.receiveWindow, DEFAULTS.receiveWindow);
  });
});

describe('DATA and I-DATA side by side', () => {
  test('both kinds carry the same traffic to the same end', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            stream: fc.nat(3),
            length: fc.integer({ min: 1, max: 6_000 }),
            ordered: fc.boolean(),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        fc.integer({ min: 1, max: 1_000 }),
        fc.constantFrom('weighted-fair', 'round-robin', 'first-come', 'priority'),
        (messages, seed, scheduler) => {
          const ends = [true, false].map((interleaving) => {
            const both = { interleaving, scheduler, roundTripTime: 20 } as const;
            const p = connectedPair({ seed, wire: { delay: 10, loss: 0.05, reorder: 0.05 }, both });
            messages.forEach(({ stream, length, ordered }, i) => {
              p.a.send(stream, i, bytes(length, i), 0, length, { ordered }, p.now);
            });
            p.run(60_000, () => p.atB.messages.length === messages.length);
            return p.atB.messages;
          });
          for (const seen of ends) {
            assert.equal(seen.length, messages.length);
            for (const { ppid, stream, bytes: b } of seen) {
              assert.equal(stream, messages[ppid]!.stream);
              assert.equal(Buffer.compare(b, bytes(messages[ppid]!.length, ppid)), 0);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

function shuffle(items: Uint8Array[], random: SeededRandom): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

function be32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function rawChunk(type: number, value: number[]): Uint8Array {
  const length = 4 + value.length;
  const chunk = new Uint8Array((length + 3) & ~3);
  chunk.set([type, 0, length >>> 8, length & 255, ...value]);
  return chunk;
}
