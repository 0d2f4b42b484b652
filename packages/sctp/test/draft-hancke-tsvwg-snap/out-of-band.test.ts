import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { putU16, putU32 } from '@millrace/sans-io';
import { isSignaledInit, type SctpAssociation, type SctpOptions, signaledInit } from '@millrace/sctp';
import { type ConnectedPair, type ConnectedPairOptions, connectedPair } from '@millrace/sctp/testing';
import fc from 'fast-check';
import { MAX_SIGNALED_INIT_BYTES } from '../../src/options.ts';
import { CHUNK } from '../../src/packet/chunks.ts';
import { parseInit } from '../../src/packet/init.ts';
import { bytes, dataChunk, initChunk, PEER_TAG, ScriptedPeer } from '../scripted-peer.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const ORDERED = { ordered: true };
const { INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK } = CHUNK;
const HANDSHAKE: readonly number[] = [INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK];
/** What Chromium 156 signals under its trial. */
const CHROMIUM_INIT = Buffer.from('AQAAHshkPiIAUAAA/////3INnmfAAAAEgAgABoLA', 'base64');

const FIXED = {
  a: { initiateTag: 0x0a0a_0a0a, initialTsn: 1_000 },
  b: { initiateTag: 0x0b0b_0b0b, initialTsn: 0xffff_fffe },
} as const;

interface SignaledPair extends ConnectedPair {
  readonly initOfA: Uint8Array;
  readonly initOfB: Uint8Array;
}

/** Two associations that have not begun, and the INITs that they would send. */
function signaledPair(options: ConnectedPairOptions = {}): SignaledPair {
  const a = { ...options.both, ...options.a, ...FIXED.a };
  const b = { ...options.both, ...options.b, ...FIXED.b };
  const initOf = (fixed: typeof a | typeof b): Uint8Array =>
    signaledInit(fixed as typeof fixed & SctpOptions);
  const pair = connectedPair({ wire: { delay: 20 }, ...options, a, b, connect: 'none' });
  return Object.assign(pair, { initOfA: initOf(a), initOfB: initOf(b) });
}

function send(association: SctpAssociation, length: number): void {
  association.send(1, 51, bytes(length), 0, length, ORDERED, 0);
}

describe('draft-hancke-tsvwg-snap: both INITs come by signaling', () => {
  test('a path whose length is known only after both INITs are is paced as if it had been known before', () => {
    const early = signaledPair();
    const late = signaledPair({ both: { roundTripTime: 50 } });
    for (const p of [early, late]) {
      p.a.connect(0, p.initOfB);
      p.a.setPath({ limit: 1_432, roundTripTime: 50 }, 0);
    }
    const told = ({ a }: SignaledPair): unknown => [
      a.stats.pacingRate,
      a.stats.congestionWindow,
      a.stats.rto,
      a.stats.smoothedRoundTripTime,
    ];
    assert.deepEqual(told(early), told(late));
  });

  test('both ends are connected at once, no handshake chunk is sent, and data is there after half a round trip', () => {
    const p = signaledPair();
    for (const end of [p.a, p.b]) send(end, 900);
    p.a.connect(0, p.initOfB);
    p.b.connect(0, p.initOfA);
    assert.deepEqual(
      [p.a.state, p.b.state, p.a.isSignaled, p.b.isSignaled],
      ['connected', 'connected', true, true],
    );
    assert.ok(p.run(20, () => p.atA.messages.length + p.atB.messages.length === 2));
    assert.equal(p.now, 20);
    p.run(5_000);
    assert.deepEqual(
      p.chunks.filter(({ type }) => HANDSHAKE.includes(type)),
      [],
    );
    assert.deepEqual([p.atA.log, p.atB.log], Array(2).fill(['connected', 'message 1']));
    assert.deepEqual([p.a.stats.retransmittedChunks, p.b.stats.retransmittedChunks], [0, 0]);
  });

  test('what is signaled is the very INIT that would be sent, without padding', () => {
    const p = signaledPair({ both: { zeroChecksum: true } });
    p.a.connect(0);
    p.run(1_000);
    assert.deepEqual(p.chunks[0]?.bytes, p.initOfA);
  });

  test('extensions, streams, windows and tags are those of the two INITs', () => {
    const p = signaledPair({
      both: { zeroChecksum: true },
      a: { outboundStreams: 100, inboundStreams: 7, receiveWindow: 300_000 },
      b: { outboundStreams: 9, inboundStreams: 50, interleaving: false },
    });
    p.a.connect(0, p.initOfB);
    p.b.connect(0, p.initOfA);
    for (const end of [p.a, p.b])
      assert.deepEqual(
        [end.hasZeroChecksum, end.hasInterleaving, end.hasPartialReliability, end.hasStreamReset],
        [true, false, true, true],
      );
    assert.deepEqual(
      [p.a.maxOutboundStreams, p.a.maxInboundStreams, p.b.maxOutboundStreams, p.b.maxInboundStreams],
      [50, 7, 7, 50],
    );
    assert.equal(p.b.stats.peerWindow, 300_000);
    p.run(100);
    p.a.resetStreams([1], p.now);
    assert.ok(p.run(5_000, () => p.atA.resetDone.length === 1));
  });

  test("Chromium's INIT is taken; of dcSCTP it is known that it passes over what it does not know", () => {
    assert.ok(isSignaledInit(CHROMIUM_INIT));
    const peer = new ScriptedPeer({ maxMtu: 1_400 });
    peer.association.connect(0, CHROMIUM_INIT);
    assert.equal(peer.association.state, 'connected');
    assert.deepEqual([peer.association.hasInterleaving, peer.association.hasStreamReset], [false, true]);
    assert.equal(peer.association.stats.peerWindow, 5 * 1024 * 1024);
    assert.deepEqual(
      peer.takeTypes().filter((type) => HANDSHAKE.includes(type)),
      [],
    );
    assert.ok(peer.association.stats.mtuProbesSent > 0);
  });

  test('what is lost before the other end has begun comes again', () => {
    const p = signaledPair();
    send(p.a, 900);
    p.a.connect(0, p.initOfB);
    p.pair.ab.lose = () => p.now < 30;
    p.run(30);
    p.b.connect(p.now, p.initOfA);
    assert.ok(p.run(3_000, () => p.atB.messages.length === 1));
  });

  test('many messages both ways over a lossy wire come through, in order, once', () => {
    const p = signaledPair({ seed, wire: { delay: 20, loss: 0.1 } });
    for (let i = 0; i < 50; i++) for (const end of [p.a, p.b]) send(end, 1_000 + i);
    p.a.connect(0, p.initOfB);
    p.b.connect(0, p.initOfA);
    const lengths = Array.from({ length: 50 }, (_, i) => 1_000 + i);
    assert.ok(
      p.run(60_000, () => p.atA.messages.length === 50 && p.atB.messages.length === 50),
      `seed ${seed}`,
    );
    for (const { messages } of [p.atA, p.atB])
      assert.deepEqual(
        messages.map((message) => message.bytes.length),
        lengths,
      );
  });
});

describe('draft-hancke-tsvwg-snap: only one side has taken the other INIT', () => {
  test('the other shakes hands after all; nothing restarts and what was sent too early is not lost', () => {
    const p = signaledPair();
    send(p.a, 900);
    p.a.connect(0, p.initOfB);
    p.b.connect(0);
    assert.ok(p.run(5_000, () => p.atB.messages.length === 1));
    assert.deepEqual(
      [p.atA.restarted, p.atB.restarted, p.atA.closed, p.atB.closed],
      [0, 0, undefined, undefined],
    );
    send(p.b, 500);
    assert.ok(p.run(5_000, () => p.atA.messages.length === 1));
  });

  test('whoever knows of no signaling answers data with nothing that ends the association', () => {
    const p = signaledPair();
    p.b.connect(0);
    p.run(5);
    send(p.a, 900);
    p.a.connect(5, p.initOfB);
    assert.ok(p.run(5_000, () => p.atB.messages.length === 1));
    assert.deepEqual([p.a.state, p.b.state, p.atA.restarted], ['connected', 'connected', 0]);
  });

  test('a handshake that is under way goes on: the INIT from signaling changes nothing then', () => {
    const p = signaledPair();
    p.a.connect(0);
    p.a.connect(0, p.initOfB);
    assert.equal(p.a.isSignaled, false);
    p.b.connect(0);
    assert.ok(p.run(1_000, () => p.a.state === 'connected' && p.b.state === 'connected'));
    p.a.connect(p.now, p.initOfB);
    assert.deepEqual([p.a.state, p.a.isSignaled], ['connected', false]);
  });

  test('an INIT with another tag is a restart, as after any handshake', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0, initChunk());
    peer.send([initChunk({ initiateTag: 77 })], 0);
    const [answer] = peer.take();
    const init = parseInit(answer!.chunks[0]!.bytes, 0, answer!.chunks[0]!.bytes.length)!;
    assert.equal(answer!.tag, 77);
    assert.notEqual(init.initiateTag, peer.tag);
    peer.send([initChunk()], 0);
    const [again] = peer.take();
    assert.equal(
      parseInit(again!.chunks[0]!.bytes, 0, again!.chunks[0]!.bytes.length)!.initiateTag,
      peer.tag,
    );
    peer.send([dataChunk({ tsn: 1_000 })]);
    assert.equal(peer.seen.messages.length, 1);
  });
});

describe('draft-hancke-tsvwg-snap: what is no INIT is not taken', () => {
  const good = initChunk();
  const changed = (change: (chunk: Uint8Array) => void): Uint8Array => {
    const chunk = good.slice();
    change(chunk);
    return chunk;
  };
  const withParameter = (type: number, length: number, room: number): Uint8Array => {
    const chunk = new Uint8Array(20 + room);
    chunk.set(good.subarray(0, 20));
    putU16(chunk, 2, chunk.length);
    putU16(chunk, 20, type);
    putU16(chunk, 22, length);
    return chunk;
  };
  const cases: ReadonlyArray<readonly [name: string, chunk: Uint8Array]> = [
    ['nothing', new Uint8Array(0)],
    ['an INIT ACK', changed((chunk) => (chunk[0] = INIT_ACK))],
    ['a tag of 0', changed((chunk) => putU32(chunk, 4, 0))],
    ['no outbound streams', changed((chunk) => putU16(chunk, 12, 0))],
    ['no inbound streams', changed((chunk) => putU16(chunk, 14, 0))],
    ['a length beyond the end', changed((chunk) => putU16(chunk, 2, chunk.length + 1))],
    ['a length below the fixed part', changed((chunk) => putU16(chunk, 2, 19))],
    ['a length of 0', changed((chunk) => putU16(chunk, 2, 0))],
    ['a second chunk behind it', Buffer.concat([good, good])],
    ['a parameter longer than the chunk', withParameter(0x8008, 9, 8)],
    ['a parameter shorter than its header', withParameter(0x8008, 3, 8)],
    [
      'one byte more than the cap',
      withParameter(0x8008, MAX_SIGNALED_INIT_BYTES - 19, MAX_SIGNALED_INIT_BYTES - 19),
    ],
  ];
  for (const [name, chunk] of cases)
    test(name, () => {
      assert.equal(isSignaledInit(chunk), false);
      const peer = new ScriptedPeer();
      assert.throws(() => peer.association.connect(0, chunk), { name: 'SctpError', code: 'BAD_INIT' });
      assert.equal(peer.association.state, 'new');
      assert.deepEqual(peer.take(), []);
      peer.association.connect(0);
      assert.deepEqual(peer.takeTypes(), [INIT]);
    });

  test('an INIT of exactly the cap is taken, and every truncation of one is not', () => {
    const longest = withParameter(0x8008, MAX_SIGNALED_INIT_BYTES - 20, MAX_SIGNALED_INIT_BYTES - 20);
    assert.ok(isSignaledInit(longest));
    for (let length = 0; length < CHROMIUM_INIT.length; length++)
      assert.equal(isSignaledInit(CHROMIUM_INIT.subarray(0, length)), false);
  });

  test(`whatever the bytes are, there is an association or a BAD_INIT (seed ${seed})`, () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat(29), fc.nat(255)).map(([at, value]) => {
        const chunk = Uint8Array.from(CHROMIUM_INIT);
        chunk[at] = value;
        return chunk;
      }),
    );
    fc.assert(
      fc.property(hostile, (chunk) => {
        const peer = new ScriptedPeer();
        if (isSignaledInit(chunk)) {
          peer.association.connect(0, chunk);
          assert.equal(peer.association.state, 'connected');
          peer.association.send(0, 51, bytes(2_000), 0, 2_000, ORDERED, 0);
          peer.wait(10_000);
        } else assert.throws(() => peer.association.connect(0, chunk), { code: 'BAD_INIT' });
      }),
      { seed, numRuns: 500 },
    );
  });

  test('a closed association throws CLOSED', () => {
    const peer = new ScriptedPeer();
    peer.association.abort(undefined, 0);
    assert.throws(() => peer.association.connect(0, initChunk({ initiateTag: PEER_TAG })), {
      code: 'CLOSED',
    });
  });
});
