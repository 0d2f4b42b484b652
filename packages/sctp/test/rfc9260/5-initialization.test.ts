import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u32 } from '@millrace/sans-io';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk } from '../../src/packet/chunks.ts';
import { makeStaleCookieCause } from '../../src/packet/error-causes.ts';
import { parseInit } from '../../src/packet/init.ts';
import {
  bareChunk,
  bytes,
  dataChunk,
  initChunk,
  PEER_TAG,
  PEER_TSN,
  readData,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const { INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK, ABORT, DATA, SACK, ERROR } = CHUNK;

describe('RFC 9260 §5.1 normal establishment', () => {
  test('one side begins; four chunks connect both', () => {
    const p = connectedPair({ connect: 'a', wire: { delay: 20 } });
    // A -> INIT -> Z -> INIT ACK -> A -> COOKIE ECHO -> Z -> COOKIE ACK -> A
    assert.deepEqual(
      p.chunks.map(({ from, type }) => [from, type]),
      [
        ['a', INIT],
        ['b', INIT_ACK],
        ['a', COOKIE_ECHO],
        ['b', COOKIE_ACK],
      ],
    );
    assert.deepEqual([p.now, p.atA.log, p.atB.log], [80, ['connected'], ['connected']]);
  });

  test('data rides with the COOKIE ECHO, and more of it waits for the COOKIE ACK', () => {
    const p = connectedPair({ connect: 'none', wire: { delay: 20 }, both: { interleaving: false } });
    const message = bytes(3_000);
    p.a.send(1, 51, message, 0, 3_000, ORDERED, 0);
    p.a.connect(0);
    p.run(60);
    assert.deepEqual(
      p.chunks.map(({ type }) => type),
      [INIT, INIT_ACK, COOKIE_ECHO, DATA, COOKIE_ACK, SACK],
    );
    const [echo, data] = p.chunks.slice(2);
    assert.equal(echo!.packet, data!.packet);
    p.run(1_000);
    assert.deepEqual(p.atB.messages[0]?.bytes, message);
  });

  test('C: what is sent once the INIT ACK has come still goes with the COOKIE ECHO, and what comes after that waits for its answer', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    assert.deepEqual([peer.association.state, peer.seen.connected], ['connecting', 0]);
    peer.send([initChunk({ inboundStreams: 7, cookie: bytes(30) }, INIT_ACK)]);
    assert.deepEqual([peer.association.state, peer.seen.connected], ['connected', 1]);
    assert.deepEqual([peer.association.phase, peer.association.maxOutboundStreams], ['cookie-echoed', 7]);
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO, DATA]);
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
    assert.deepEqual(peer.takeTypes(), []);
    peer.send([bareChunk(COOKIE_ACK), sackChunk({ cumulative: 100 })]);
    assert.deepEqual(peer.takeTypes(), [DATA]);
    assert.deepEqual(peer.seen.log, ['connected'], 'once');
  });

  test('C: a peer that takes no data before it is connected, and drops it, gets it soon after the COOKIE ACK', () => {
    const roundTripTime = 40;
    const peer = new ScriptedPeer({ roundTripTime });
    peer.association.connect(0);
    peer.take();
    peer.now += roundTripTime;
    peer.send([initChunk({ cookie: bytes(30) }, INIT_ACK)]);
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO, DATA]);
    peer.now += roundTripTime;
    peer.send([bareChunk(COOKIE_ACK)]);
    const answeredAt = peer.now;
    const [again] = peer.wait(1_000);
    assert.equal(again!.packet.chunks[0]!.type, DATA);
    assert.ok(again!.now - answeredAt <= roundTripTime / 2, `${again!.now - answeredAt} ms`);
  });

  test('C: ABORT in answer to the COOKIE ECHO ends what had been taken for connected', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    peer.send([initChunk({ cookie: bytes(30) }, INIT_ACK)]);
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
    peer.take();
    peer.send([bareChunk(ABORT)]);
    assert.deepEqual(peer.seen.log, ['connected', 'closed ABORTED']);
    assert.throws(() => peer.association.send(1, 51, bytes(1), 0, 1, ORDERED, 0), { code: 'CLOSED' });
  });

  test('§5.1.6: every COOKIE ECHO that T1 sends carries the data again, until it is given up', () => {
    const peer = new ScriptedPeer({ roundTripTime: 40, maxInitRetransmits: 3 });
    peer.association.connect(0);
    peer.take();
    peer.now += 40;
    peer.send([initChunk({ cookie: bytes(30) }, INIT_ACK)]);
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
    assert.deepEqual(
      peer.wait(10_000).map(({ packet }) => packet.chunks.map(({ type }) => type)),
      Array.from({ length: 4 }, () => [COOKIE_ECHO, DATA]),
    );
    assert.deepEqual(peer.seen.log, ['connected', 'closed HANDSHAKE_TIMEOUT']);
  });

  test('a stream that is reset before the COOKIE ACK is reset after it', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    peer.send([initChunk({ cookie: bytes(30) }, INIT_ACK)]);
    peer.association.send(1, 51, bytes(10), 0, 10, ORDERED, peer.now);
    peer.association.resetStreams([1], peer.now);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO, DATA]);
    peer.send([bareChunk(COOKIE_ACK), sackChunk({ cumulative: 100 })]);
    assert.deepEqual(peer.takeTypes(), [CHUNK.RE_CONFIG]);
  });

  test('when COOKIE ECHO and its data are lost, T1 sends both again', () => {
    const p = connectedPair({ connect: 'none', wire: { delay: 20 }, both: { roundTripTime: 40 } });
    let lost = 0;
    p.pair.ab.lose = (packet) => packet[12] === COOKIE_ECHO && lost++ < 2;
    p.a.send(1, 51, bytes(500), 0, 500, ORDERED, 0);
    p.a.connect(0);
    p.run(2_000);
    assert.equal(lost, 3);
    assert.deepEqual(p.atB.messages[0]?.bytes, bytes(500));
    assert.deepEqual(
      p.chunks.filter(({ type }) => type === COOKIE_ECHO).map(({ now }) => now),
      [40, 115, 190],
    );
  });

  test('a passive end answers before its user has called connect, and keeps no state for it', () => {
    const peer = new ScriptedPeer();
    for (let i = 0; i < 3; i++) peer.send([initChunk({ initiateTag: 50 + i })], 0);
    assert.deepEqual(
      peer.take().map(({ tag, chunks }) => [tag, chunks[0]!.type]),
      [
        [50, INIT_ACK],
        [51, INIT_ACK],
        [52, INIT_ACK],
      ],
    );
    assert.equal(peer.association.state, 'new');
    assert.equal(peer.association.deadline(), Number.POSITIVE_INFINITY);
  });

  test('streams are the smaller of what one offers and the other takes', () => {
    const p = connectedPair({
      a: { outboundStreams: 100, inboundStreams: 7 },
      b: { outboundStreams: 9, inboundStreams: 50 },
    });
    assert.deepEqual(
      [p.a.maxOutboundStreams, p.a.maxInboundStreams, p.b.maxOutboundStreams, p.b.maxInboundStreams],
      [50, 7, 7, 50],
    );
    assert.throws(() => p.a.send(50, 51, bytes(1), 0, 1, ORDERED, p.now), { code: 'BAD_STREAM' });
  });

  test('what was queued for streams that the peer does not have is dropped', () => {
    const p = connectedPair({ connect: 'none', b: { inboundStreams: 4 } });
    for (const stream of [3, 4]) p.a.send(stream, 51, bytes(10), 0, 10, ORDERED, 0);
    p.a.connect(0);
    p.run(100);
    assert.deepEqual(
      p.atB.messages.map(({ stream }) => stream),
      [3],
    );
    assert.equal(p.a.totalBuffered, 0);
  });

  test('of what was queued for such streams nothing rides with the COOKIE ECHO either', () => {
    const p = connectedPair({ connect: 'none', b: { inboundStreams: 4 } });
    p.a.send(9, 51, bytes(5_000), 0, 5_000, ORDERED, 0);
    p.a.send(3, 51, bytes(10), 0, 10, ORDERED, 0);
    p.a.connect(0);
    p.run(100);
    assert.deepEqual([p.a.totalBuffered, p.b.stats.drops['bad-stream']], [0, 0]);
    assert.equal(p.atB.messages.length, 1);
    p.a.shutdown(p.now);
    assert.ok(p.run(1_000, () => p.a.state === 'closed'));
  });
});

describe('RFC 9260 §5.1 faults of the handshake', () => {
  test('INIT with a tag of 0 is passed over in silence', () => {
    const peer = new ScriptedPeer();
    peer.send([initChunk({ initiateTag: 0 })], 0);
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.association.stats.drops['bad-chunk'], 1);
  });

  test('INIT without streams is answered with ABORT', () => {
    for (const fault of [{ outboundStreams: 0 }, { inboundStreams: 0 }]) {
      const peer = new ScriptedPeer();
      peer.send([initChunk(fault)], 0);
      const [packet] = peer.take();
      assert.deepEqual([packet?.tag, packet?.chunks[0]?.type], [PEER_TAG, ABORT]);
      assert.equal(peer.association.state, 'new');
    }
  });

  test('INIT with another verification tag than 0, or in company, is dropped', () => {
    const peer = new ScriptedPeer();
    peer.send([initChunk()], 77);
    peer.send([initChunk(), bareChunk(COOKIE_ACK)], 0);
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.association.stats.drops['wrong-tag'], 1);
    assert.equal(peer.association.stats.drops['bad-bundle'], 1);
  });

  const faults: Array<[name: string, chunk: Uint8Array, isAborted: boolean]> = [
    ['without a cookie', initChunk({}, INIT_ACK), true],
    ['with a tag of 0', initChunk({ initiateTag: 0, cookie: bytes(9) }, INIT_ACK), false],
    ['without streams', initChunk({ inboundStreams: 0, cookie: bytes(9) }, INIT_ACK), true],
    ['with a cookie of 1025 bytes', initChunk({ cookie: bytes(1_025) }, INIT_ACK), true],
  ];
  for (const [name, chunk, isAborted] of faults)
    test(`INIT ACK ${name} ends the attempt`, () => {
      const peer = new ScriptedPeer();
      peer.association.connect(0);
      peer.take();
      peer.send([chunk]);
      assert.deepEqual(peer.takeTypes(), isAborted ? [ABORT] : []);
      assert.deepEqual(peer.seen.closed, { by: 'local', code: 'PROTOCOL_VIOLATION' });
    });

  test('a cookie of 1024 bytes is echoed', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    peer.send([initChunk({ cookie: bytes(1_024) }, INIT_ACK)]);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO]);
  });

  test('ABORT in answer to INIT ends the attempt', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    peer.send([bareChunk(ABORT)]);
    assert.deepEqual(peer.seen.closed, { by: 'remote', code: 'ABORTED' });
  });
});

describe('RFC 9260 §5.1.3 and §5.1.5 state cookie', () => {
  function offered(options = {}): { peer: ScriptedPeer; cookie: Uint8Array } {
    const peer = new ScriptedPeer(options);
    peer.send([initChunk()], 0);
    const [initAck] = peer.takeChunks();
    peer.theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    return { peer, cookie: peer.theirs.cookie! };
  }

  test('a cookie with any bit changed, cut or lengthened is not ours', () => {
    const { peer, cookie } = offered();
    for (let bit = 0; bit < cookie.length * 8; bit += 3) {
      const forged = cookie.slice();
      forged[bit >> 3]! ^= 1 << (bit & 7);
      peer.send([makeChunk(COOKIE_ECHO, 0, forged)]);
    }
    for (let end = 1; end < cookie.length; end++)
      peer.send([makeChunk(COOKIE_ECHO, 0, cookie.subarray(0, end))]);
    peer.send([makeChunk(COOKIE_ECHO, 0, Uint8Array.of(...cookie, 0))]);
    assert.equal(peer.association.state, 'new');
    assert.deepEqual(peer.take(), []);
    peer.send([makeChunk(COOKIE_ECHO, 0, cookie)]);
    assert.equal(peer.association.state, 'connected');
  });

  test('a cookie in a packet with another tag is dropped', () => {
    const { peer, cookie } = offered();
    peer.send([makeChunk(COOKIE_ECHO, 0, cookie)], peer.tag ^ 1);
    assert.equal(peer.association.stats.drops['wrong-tag'], 1);
    assert.equal(peer.association.state, 'new');
  });

  test('data behind a COOKIE ECHO that is refused is not looked at', () => {
    const { peer } = offered();
    peer.send([makeChunk(COOKIE_ECHO, 0, bytes(80)), dataChunk({ tsn: PEER_TSN })]);
    assert.deepEqual(peer.seen.messages, []);
  });

  test('a cookie that has outlived Valid.Cookie.Life is answered with the measure of its staleness', () => {
    const { peer, cookie } = offered({ cookieLife: 1_000 });
    peer.now = 1_250;
    peer.send([makeChunk(COOKIE_ECHO, 0, cookie)]);
    const [packet] = peer.take();
    assert.equal(packet!.tag, PEER_TAG);
    assert.equal(packet!.chunks[0]!.type, ERROR);
    assert.equal(u32(packet!.chunks[0]!.bytes, 8), 250_000, 'microseconds');
    assert.equal(peer.association.stats.drops['stale-cookie'], 1);
  });

  test('§5.2.6: told that its cookie is stale, the initiator begins again and asks for a longer life', () => {
    const p = connectedPair({ connect: 'none', wire: { delay: 50 }, b: { cookieLife: 20 } });
    p.a.send(1, 51, bytes(900), 0, 900, ORDERED, 0);
    p.a.connect(0);
    assert.ok(p.run(5_000, () => p.atB.messages.length === 1));
    p.run(200);
    assert.deepEqual(p.atA.log, ['connected'], 'once');
    assert.equal(p.b.stats.drops['stale-cookie'], 1);
    const inits = p.chunks.filter(({ type }) => type === INIT);
    assert.equal(inits.length, 2);
    assert.ok(parseInit(inits[1]!.bytes, 0, inits[1]!.bytes.length)!.cookiePreservative! >= 80);
    assert.deepEqual(p.atB.messages[0]!.bytes, bytes(900));
  });

  test('a peer to whom every cookie is stale is given up like one that is silent', () => {
    const peer = new ScriptedPeer({ maxInitRetransmits: 3 });
    peer.association.connect(0);
    let inits = 0;
    for (; peer.association.state !== 'closed' && inits < 10; inits++) {
      assert.deepEqual(peer.takeTypes(), [INIT]);
      peer.send([initChunk({ cookie: bytes(20) }, INIT_ACK)]);
      assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO]);
      peer.send([makeChunk(ERROR, 0, makeStaleCookieCause(5))]);
    }
    assert.deepEqual([inits, peer.seen.closed?.code], [4, 'HANDSHAKE_TIMEOUT']);
  });

  test('a stale cookie report outside COOKIE-ECHOED means nothing', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeChunk(ERROR, 0, makeStaleCookieCause(5))]);
    assert.equal(peer.association.phase, 'established');
  });
});

describe('RFC 9260 §5.1.6 and §6.3: T1', () => {
  test('INIT is repeated with doubled time, then given up', () => {
    const peer = new ScriptedPeer({ maxInitRetransmits: 4 });
    peer.association.connect(0);
    const sent = peer.wait(60_000);
    assert.deepEqual(
      sent.map(({ now }) => now),
      [0, 1_000, 3_000, 6_000, 9_000],
      'no longer than 3 s apart',
    );
    assert.deepEqual(peer.seen.closed, { by: 'timeout', code: 'HANDSHAKE_TIMEOUT' });
    assert.equal(peer.association.deadline(), Number.POSITIVE_INFINITY);
  });

  test('with a known round trip it is a quarter more and a little, twice, and then doubles', () => {
    const peer = new ScriptedPeer({ roundTripTime: 50, maxInitRetransmits: 3 });
    peer.association.connect(0);
    assert.deepEqual(
      peer.wait(1_500).map(({ now }) => now),
      [0, 87.5, 175, 350],
    );
  });

  test('the same INIT, with the same tag and TSN, goes out each time', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    const sent = peer.wait(4_000);
    for (const { packet } of sent) assert.deepEqual(packet, sent[0]!.packet);
  });

  test('INIT ACK is expected once', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    const initAck = initChunk({ cookie: bytes(30) }, INIT_ACK);
    peer.send([initAck]);
    peer.send([initAck]);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO]);
    assert.equal(peer.association.stats.drops['unexpected-chunk'], 1);
  });
});

describe('RFC 9260 §5.2 duplicate or unexpected handshake chunks', () => {
  test('§5.2.1: both begin at once, as in WebRTC', () => {
    const p = connectedPair({ wire: { delay: 20 } });
    assert.deepEqual(
      [p.atA.connected, p.atB.connected, p.now],
      [1, 1, 60],
      'within one and a half round trips',
    );
    p.run(1_000);
    p.a.send(1, 51, bytes(5), 0, 5, ORDERED, p.now);
    p.b.send(1, 51, bytes(5), 0, 5, ORDERED, p.now);
    p.run(1_000);
    assert.deepEqual([p.atA.messages.length, p.atB.messages.length], [1, 1]);
  });

  test('§5.2.1: both begin and any one packet of the handshake is lost: they connect once each', () => {
    for (let victim = 0; victim < 8; victim++) {
      const p = connectedPair({ connect: 'none', wire: { delay: 20 }, both: { roundTripTime: 40 } });
      let count = 0;
      const lose = (): boolean => count++ === victim;
      p.pair.ab.lose = lose;
      p.pair.ba.lose = lose;
      for (const side of [p.a, p.b]) side.send(2, 51, bytes(100), 0, 100, ORDERED, 0);
      p.a.connect(0);
      p.b.connect(0);
      p.run(10_000);
      assert.deepEqual([p.atA.connected, p.atB.connected], [1, 1], `packet ${victim} lost`);
      assert.deepEqual([p.atA.messages.length, p.atB.messages.length], [1, 1], `packet ${victim} lost`);
    }
  });

  test('§5.2.1: the second begins at any moment of the first one’s handshake', () => {
    for (let delay = 0; delay <= 90; delay += 5) {
      const p = connectedPair({ connect: 'none', wire: { delay: 20, jitter: 5 }, seed: delay + 1 });
      p.a.connect(0);
      p.run(delay);
      p.b.connect(p.now);
      p.run(5_000);
      assert.deepEqual([p.atA.connected, p.atB.connected], [1, 1], `after ${delay} ms`);
    }
  });

  test('§5.2.1: in COOKIE-WAIT the answer has the tag and TSN of our own INIT', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    const [init] = peer.takeChunks();
    peer.send([initChunk()], 0);
    const [packet] = peer.take();
    const [initAck] = packet!.chunks;
    assert.deepEqual(initAck!.bytes.subarray(4, 20), init!.bytes.subarray(4, 20));
    assert.deepEqual([packet!.tag, initAck!.type], [PEER_TAG, INIT_ACK]);
    assert.equal(peer.association.phase, 'cookie-wait');
  });

  test('§5.2.4 B: in COOKIE-ECHOED towards one tag, a cookie with another makes that the peer', () => {
    const peer = new ScriptedPeer();
    peer.association.send(1, 51, bytes(100), 0, 100, ORDERED, 0);
    peer.association.connect(0);
    peer.take();
    peer.send([initChunk({ initiateTag: 1111, cookie: bytes(30) }, INIT_ACK)]);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ECHO, DATA]);
    peer.send([initChunk({ initiateTag: 2222 })], 0);
    const [initAck] = peer.takeChunks();
    const theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    peer.send([makeChunk(COOKIE_ECHO, 0, theirs.cookie!)]);
    const [packet] = peer.take();
    assert.equal(packet!.tag, 2222);
    assert.deepEqual(
      packet!.chunks.map(({ type }) => type),
      [COOKIE_ACK, DATA],
      'and its data goes out again',
    );
    assert.equal(peer.association.phase, 'established');
  });

  test('§5.2.4 B: a peer with fewer streams than its INIT ACK had takes none from a user who has been told', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    peer.send([
      initChunk({ initiateTag: 1111, outboundStreams: 8, inboundStreams: 8, cookie: bytes(30) }, INIT_ACK),
    ]);
    peer.take();
    peer.send([initChunk({ initiateTag: 1111, outboundStreams: 2, inboundStreams: 2 })], 0);
    const [initAck] = peer.takeChunks();
    const theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    peer.send([makeChunk(COOKIE_ECHO, 0, theirs.cookie!)]);
    assert.equal(peer.association.phase, 'established');
    const { maxOutboundStreams, maxInboundStreams } = peer.association;
    assert.deepEqual([maxOutboundStreams, maxInboundStreams], [8, 8]);
    peer.association.send(7, 51, bytes(100), 0, 100, ORDERED, 0);
    assert.ok(peer.takeTypes().includes(DATA));
  });

  test('§5.2.4 C: a cookie from a handshake before this one is dropped', () => {
    // The cookie is for tag X of an INIT ACK in ESTABLISHED; the peer's tag is the one in use; there are tie tags.
    const peer = new ScriptedPeer().connect();
    peer.send([initChunk()], 0);
    const [initAck] = peer.takeChunks();
    const theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    assert.notEqual(theirs.initiateTag, peer.tag);
    peer.send([makeChunk(COOKIE_ECHO, 0, theirs.cookie!)], theirs.initiateTag);
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.association.stats.drops['old-cookie'], 1);
    assert.equal(peer.association.phase, 'established');
  });

  test('§5.2.4 D: the same cookie again is acknowledged again, and nothing else happens', () => {
    const peer = new ScriptedPeer({ cookieLife: 10 }).connect();
    peer.now = 100_000; // however old it is
    peer.send([makeChunk(COOKIE_ECHO, 0, peer.theirs!.cookie!)]);
    assert.deepEqual(peer.takeTypes(), [COOKIE_ACK]);
    assert.deepEqual(peer.seen.log, ['connected']);
  });

  test('§5.2.4 A: a peer that has lost its state connects anew; queued data stays, what was in flight is lost', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.association.send(1, 51, bytes(40_000), 0, 40_000, ORDERED, 0);
    assert.ok(peer.take().length >= 10);
    peer.send([initChunk({ initiateTag: 4444, initialTsn: 9 })], 0);
    const [initAck] = peer.takeChunks();
    const theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    assert.notEqual(theirs.initiateTag, peer.tag);
    assert.equal(peer.association.phase, 'established', 'the INIT alone changes nothing');
    peer.theirs = theirs;
    peer.send([makeChunk(COOKIE_ECHO, 0, theirs.cookie!), dataChunk({ tsn: 9, ssn: 0 })]);
    assert.deepEqual(peer.seen.log, ['connected', 'message 1', 'restarted', 'message 1']);
    const packets = peer.take();
    assert.ok(packets.every(({ tag }) => tag === 4444));
    const data = packets
      .flatMap(({ chunks }) => chunks)
      .filter(({ type }) => type === DATA)
      .map(readData);
    assert.deepEqual([data[0]!.tsn, data[0]!.ssn, data[0]!.flags & 2], [theirs.initialTsn, 0, 2]);
    assert.deepEqual(
      data[0]!.payload,
      bytes(40_000).subarray(0, data[0]!.payload.length),
      'from its beginning',
    );
  });

  test('§5.2.4 A: what waits for streams that the new peer does not have is dropped', () => {
    const peer = new ScriptedPeer().connect();
    for (const stream of [9, 3]) peer.association.send(stream, 51, bytes(20_000), 0, 20_000, ORDERED, 0);
    peer.take();
    peer.send([initChunk({ initiateTag: 4444, initialTsn: 9, inboundStreams: 4 })], 0);
    const [initAck] = peer.takeChunks();
    peer.theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    peer.send([makeChunk(COOKIE_ECHO, 0, peer.theirs.cookie!)]);
    const streams = peer
      .takeChunks()
      .filter(({ type }) => type === DATA)
      .map((chunk) => readData(chunk).stream);
    assert.deepEqual(new Set(streams), new Set([3]));
  });

  test('§5.2.3 and §5.2.5: INIT ACK and COOKIE ACK in ESTABLISHED are passed over', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([initChunk({ cookie: bytes(20) }, INIT_ACK)]);
    peer.send([bareChunk(COOKIE_ACK)]);
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.association.phase, 'established');
  });

  test('§5.1 E: whoever sends data or acknowledges it is connected: a lost COOKIE ACK holds nothing up', () => {
    for (const chunks of [[dataChunk({ tsn: PEER_TSN })], [sackChunk({ cumulative: 99 })]]) {
      const peer = new ScriptedPeer();
      peer.association.connect(0);
      peer.take();
      peer.send([initChunk({ cookie: bytes(30) }, INIT_ACK)]);
      peer.send(chunks);
      assert.equal(peer.association.phase, 'established');
      assert.equal(peer.seen.messages.length, chunks[0]![0] === DATA ? 1 : 0);
      peer.send([bareChunk(COOKIE_ACK)]);
      assert.equal(peer.association.phase, 'established');
    }
  });

  test('data before the COOKIE ECHO has been sent is not taken', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.send([dataChunk({ tsn: PEER_TSN }), sackChunk({ cumulative: 99 })]);
    assert.deepEqual(peer.seen.messages, []);
    assert.equal(peer.association.phase, 'cookie-wait');
    assert.equal(peer.association.stats.drops['unexpected-chunk'], 2);
  });
});

describe('RFC 5061 §4.2.7 and RFC 3758 §3.1: what both ends can do', () => {
  const cases: Array<
    [name: string, init: { extensions: number[]; forwardTsn: boolean }, pr: boolean, reset: boolean]
  > = [
    ['dcSCTP: both ways', { extensions: [130, 192], forwardTsn: true }, true, true],
    ['the list alone', { extensions: [130, 192], forwardTsn: false }, true, true],
    ['the parameter alone', { extensions: [], forwardTsn: true }, true, false],
    [
      'Firefox: with I-DATA and I-FORWARD-TSN beside',
      { extensions: [130, 192, 64, 194], forwardTsn: true },
      true,
      true,
    ],
    ['nothing', { extensions: [], forwardTsn: false }, false, false],
  ];
  for (const [name, init, pr, reset] of cases)
    test(name, () => {
      const { association } = new ScriptedPeer().connect(init);
      assert.deepEqual([association.hasPartialReliability, association.hasStreamReset], [pr, reset]);
    });
});
