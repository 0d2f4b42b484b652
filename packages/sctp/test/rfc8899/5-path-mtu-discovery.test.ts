import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u32 } from '@millrace/sans-io';
import { DEFAULTS } from '@millrace/sctp';
import { type ConnectedPair, type ConnectedPairOptions, connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk } from '../../src/packet/chunks.ts';
import { BlackHoleWatch } from '../../src/path/black-hole-watch.ts';
import { CHUNK_STATE } from '../../src/tx/outstanding.ts';
import { bareChunk, bytes, initChunk, ScriptedPeer, sackChunk } from '../scripted-peer.ts';

const BASE = DEFAULTS.mtu;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const { DATA, HEARTBEAT, HEARTBEAT_ACK, PAD, SACK, RE_CONFIG, FORWARD_TSN } = CHUNK;

/** Both ends look for packets of up to `maxMtu` bytes on a path that carries `mtu`. */
function searchingPair(maxMtu: number, mtu: number, options: ConnectedPairOptions = {}): ConnectedPair {
  return connectedPair({
    ...options,
    wire: { delay: 10, mtu, ...options.wire },
    both: { maxMtu, ...options.both },
  });
}

/** Connected, and about to send its first probes. */
function searchingPeer(limit: number, isLocal = false): ScriptedPeer {
  const peer = new ScriptedPeer().connect({
    largestPacket: 16_384,
    extensions: [PAD, RE_CONFIG, FORWARD_TSN],
  });
  peer.association.setPath({ limit, isLocal }, peer.now);
  return peer;
}

function narrow(p: ConnectedPair, mtu: number): void {
  for (const wire of [p.pair.ab, p.pair.ba]) wire.options = { ...wire.options, mtu };
}

/** The cumulative TSN that has last been reported to A. */
function lastSack(p: ConnectedPair): number {
  const sack = p.chunks.findLast(({ from, type }) => from === 'b' && type === SACK);
  return sack === undefined ? 0 : u32(sack.bytes, 4);
}

function send(p: ConnectedPair, length: number, stream = 1): void {
  p.a.send(stream, 53, bytes(length), 0, length, { ordered: true }, p.now);
}

describe('RFC 8899 §5.3 search', () => {
  for (const [carries, found] of [
    [1_160, 1_160],
    [1_200, 1_192],
    [1_212, 1_212],
    [1_350, 1_332],
    [1_400, 1_384],
    [1_415, 1_412],
    [1_432, 1_432],
    [1_500, 1_432],
  ] as const)
    test(`a path for packets of ${carries} bytes ends at ${found}`, () => {
      const p = searchingPair(1_432, carries);
      p.run(30 * SECOND);
      assert.deepEqual([p.a.stats.mtu, p.b.stats.mtu], [found, found]);
    });

  test('a peer that does not say how long packets it takes is asked about what Ethernet carries, and no more', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.setPath({ limit: 16_384, isLocal: true }, peer.now);
    const longest = Math.max(
      ...peer.take().map(({ chunks }) => chunks.reduce((sum, { bytes: b }) => sum + b.length, 12)),
    );
    assert.equal(longest, 1_432);
  });

  for (const side of ['first', 'second'] as const)
    test(`the ${side} to begin learns how long packets the other takes`, () => {
      const p = connectedPair({
        wire: { delay: 10 },
        a: { maxMtu: 16_384 },
        b: { largestPacket: 4_000 },
        connect: 'none',
      });
      if (side === 'first') p.a.connect(0);
      else p.b.connect(0);
      p.run(SECOND);
      assert.equal(p.a.stats.mtu, 4_000);
    });

  test('a path that carries the limit is known to within a round trip', () => {
    for (const limit of [1_432, 8_932, 16_384, 65_532]) {
      const p = searchingPair(limit, limit, { both: { maxMtu: limit, largestPacket: 65_532 } });
      p.run(25);
      assert.equal(p.a.stats.mtu, limit);
    }
  });

  test('the size between two of the table is found if it is the limit', () => {
    const p = searchingPair(1_300, 1_500);
    p.run(SECOND);
    assert.equal(p.a.stats.mtu, 1_300);
  });

  test('no search when the limit is the base, and no timer', () => {
    const p = connectedPair({ wire: { delay: 10 } });
    p.forget();
    p.run(20 * SECOND);
    assert.equal(p.a.stats.mtuProbesSent + p.chunks.length, 0);
  });

  test('a probe is a HEARTBEAT and a PAD of exactly the size asked about; it carries no data', () => {
    const peer = searchingPeer(1_432);
    peer.association.send(1, 51, bytes(10), 0, 10, { ordered: true }, 0);
    const packets = peer.take();
    const probes = packets.filter(({ chunks }) => chunks[0]!.type === HEARTBEAT);
    const sizes = probes.map(({ chunks }) => 12 + chunks.reduce((sum, { bytes: b }) => sum + b.length, 0));
    assert.deepEqual(sizes, [1_432, 1_384, 1_192, 32]);
    assert.deepEqual(
      probes[0]!.chunks.map(({ type }) => type),
      [HEARTBEAT, PAD],
    );
    assert.deepEqual(
      packets[0]!.chunks.map(({ type }) => type),
      [DATA],
      'which does not wait for them',
    );
  });

  test('with probeAfterBytes nothing is asked before messages of so many bytes were sent, then at once', () => {
    const p = searchingPair(1_432, 1_432, { a: { probeAfterBytes: 5_000 } });
    p.run(SECOND);
    send(p, 4_999);
    p.run(20 * MINUTE);
    assert.deepEqual([p.a.stats.mtuProbesSent, p.a.stats.mtu, p.b.stats.mtu], [0, BASE, 1_432]);
    send(p, 1);
    p.run(25);
    assert.equal(p.a.stats.mtu, 1_432);
    send(p, 1);
    p.a.setPath({ limit: 1_400 }, p.now);
    p.run(25);
    assert.equal(p.a.stats.mtu, 1_400, 'another path is searched at once from then on');
  });

  test('messages that were queued before the handshake count for probeAfterBytes as well', () => {
    const p = connectedPair({
      wire: { delay: 10 },
      both: { maxMtu: 1_432, probeAfterBytes: 5_000 },
      connect: 'none',
    });
    p.a.connect(0);
    send(p, 5_000);
    p.run(SECOND);
    assert.deepEqual([p.a.stats.mtu, p.b.stats.mtu], [1_432, BASE]);
  });

  test('data and probes take turns, so that neither holds up the other', () => {
    const peer = searchingPeer(1_432);
    peer.association.send(1, 51, bytes(8_000), 0, 8_000, { ordered: true }, 0);
    const kinds = peer.take().map(({ chunks }) => chunks[0]!.type);
    assert.deepEqual(kinds.slice(0, 7), [DATA, HEARTBEAT, DATA, HEARTBEAT, DATA, HEARTBEAT, DATA]);
  });

  test('a peer that does not know PAD is sent one long HEARTBEAT', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.setPath({ limit: 1_432 }, peer.now);
    const [probe, ...rest] = peer.take();
    assert.deepEqual(
      probe!.chunks.map(({ type, bytes: b }) => [type, b.length]),
      [[HEARTBEAT, 1_420]],
    );
    assert.ok(rest.every(({ chunks }) => chunks.every(({ type }) => type !== PAD)));
    peer.send([makeChunk(HEARTBEAT_ACK, 0, probe!.chunks[0]!.bytes.slice(4))]);
    assert.equal(peer.association.stats.mtu, 1_432);
  });

  for (const [name, isTolerant] of [
    ['dcSCTP00', true],
    ['KAME-BSD 1.1', true],
    ['dcSCT', false],
    ['another', false],
  ] as const)
    test(`a peer whose cookie begins with ${name} is ${isTolerant ? '' : 'not '}sent PAD`, () => {
      const peer = new ScriptedPeer({ maxMtu: 1_432 });
      peer.association.connect(0);
      peer.take();
      peer.send([initChunk({ cookie: new TextEncoder().encode(name) }, CHUNK.INIT_ACK)]);
      peer.take();
      peer.send([bareChunk(CHUNK.COOKIE_ACK)]);
      assert.equal(peer.takeTypes().includes(PAD), isTolerant);
    });

  test('an answer with another nonce, or to a probe that was not sent, says nothing', () => {
    const peer = searchingPeer(1_432);
    const [probe] = peer.takeChunks();
    const info = probe!.bytes.slice(4);
    const forged = info.slice();
    forged[4]! ^= 1;
    const other = info.slice();
    other[15]! ^= 4;
    for (const value of [forged, other]) peer.send([makeChunk(HEARTBEAT_ACK, 0, value)]);
    assert.equal(peer.association.stats.mtu, BASE);
    peer.send([makeChunk(HEARTBEAT_ACK, 0, info)]);
    assert.equal(peer.association.stats.mtu, 1_432);
  });

  test('§5.1.2: a size has failed after three probes, and lost probes are no congestion', () => {
    const p = searchingPair(1_432, BASE);
    const { congestionWindow } = p.a.stats;
    p.run(20 * SECOND);
    const { stats } = p.a;
    assert.deepEqual([stats.mtu, stats.congestionWindow, stats.timeouts], [BASE, congestionWindow, 0]);
    const sizes = p.chunks
      .filter(({ from, type }) => from === 'a' && type === PAD)
      .map(({ bytes: b }) => 32 + b.length);
    for (const size of new Set(sizes)) assert.ok(sizes.filter((one) => one === size).length <= 3, `${size}`);
    assert.ok(stats.mtuProbesSent <= 30, `${stats.mtuProbesSent}`);
  });

  test('§5.1.1: no second probe of a size within a second', () => {
    const p = searchingPair(1_432, BASE);
    p.run(20 * SECOND);
    const times = new Map<number, number>();
    for (const { from, type, bytes: b, now } of p.chunks) {
      if (from !== 'a' || type !== PAD) continue;
      assert.ok(now - (times.get(b.length) ?? -SECOND) >= SECOND);
      times.set(b.length, now);
    }
  });

  test('a peer that answers no HEARTBEAT leaves the base, and is asked ever less often', () => {
    const peer = new ScriptedPeer({ maxMtu: 1_432, maxRetransmits: 1_000 }).connect();
    const sent = peer.wait(10 * MINUTE);
    const probes = sent.filter(
      ({ packet }) => packet.chunks[0]!.type === HEARTBEAT && packet.chunks[0]!.bytes.length > 100,
    );
    assert.equal(peer.association.stats.mtu, BASE);
    assert.ok(probes.length < 60, `${probes.length}`);
  });

  test('§5.1.1 PMTU_RAISE_TIMER: after ten minutes longer packets are tried again', () => {
    const p = searchingPair(1_432, 1_350);
    p.run(MINUTE);
    assert.equal(p.a.stats.mtu, 1_332);
    narrow(p, 1_500);
    p.run(9 * MINUTE);
    assert.equal(p.a.stats.mtu, 1_332);
    p.run(2 * MINUTE);
    assert.equal(p.a.stats.mtu, 1_432);
  });

  test('an outage in the midst of the search is not held against long packets', () => {
    const p = searchingPair(1_432, 1_432, { connect: 'none' });
    p.a.connect(0);
    p.run(100, () => p.a.state === 'connected' && p.b.state === 'connected');
    p.pair.ab.lose = p.pair.ba.lose = () => true;
    p.run(8 * SECOND);
    p.pair.ab.lose = p.pair.ba.lose = undefined;
    p.run(20 * SECOND);
    assert.equal(p.a.stats.mtu, 1_432);
  });

  test('a lossy path is found all the same', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const p = searchingPair(1_432, 1_432, { seed, wire: { loss: 0.1 } });
      p.run(20 * SECOND);
      assert.equal(p.a.stats.mtu, 1_432, `SEED ${seed}`);
    }
  });
});

describe('RFC 8899 §4.3 black holes', () => {
  for (const from of [1_432, 8_932])
    for (const delay of [1, 10, 100])
      test(`a path of ${from} that shrinks in mid-transfer at ${delay} ms goes on within 3 RTO, and nothing is lost`, () => {
        const p = searchingPair(from, from, { wire: { delay, rate: 1_250 } });
        p.run(5 * SECOND);
        assert.equal(p.a.stats.mtu, from);
        for (let i = 0; i < 60; i++) send(p, 65_536);
        p.run(delay * 12);
        const { rto } = p.a.stats;
        const shrunk = p.now;
        narrow(p, 1_212);
        p.run(2 * delay + 60); // what was on the wire
        assert.ok(p.atB.messages.length < 60, 'there is something left to send');
        const stoppedAt = lastSack(p);
        assert.ok(p.run(MINUTE, () => lastSack(p) !== stoppedAt));
        assert.ok(p.now - shrunk <= 3 * rto + 2 * delay, `${p.now - shrunk} ms, RTO ${rto}`);
        assert.ok(p.run(5 * MINUTE, () => p.atB.messages.length === 60));
        for (const { bytes: got } of p.atB.messages) assert.deepEqual(got, bytes(65_536));
        assert.ok(p.a.stats.mtu <= 1_212 && p.a.stats.mtu >= BASE);
        assert.equal(p.a.mayFragment, false);
      });

  test('it recovers the long packets when the path has only been silent', () => {
    const p = searchingPair(1_432, 1_432);
    p.run(SECOND);
    send(p, 200_000);
    p.run(30);
    p.pair.ab.lose = p.pair.ba.lose = () => true;
    p.run(2 * SECOND);
    assert.equal(p.a.stats.mtu, BASE);
    assert.ok(p.a.stats.blackHoles > 0);
    p.pair.ab.lose = p.pair.ba.lose = undefined;
    p.run(20 * SECOND);
    assert.equal(p.a.stats.mtu, 1_432);
    assert.equal(p.atB.messages.length, 1);
  });

  test('long packets that vanish while short ones pass are noticed', () => {
    const p = searchingPair(1_432, 1_432, { wire: { delay: 20 } });
    p.run(SECOND);
    narrow(p, 1_300);
    const { rto } = p.a.stats;
    const narrowed = p.now;
    // Each message alone in a packet, short and long by turns; short ones keep SACKs coming.
    for (let i = 0; p.a.stats.blackHoles === 0; i++) {
      assert.ok(p.now - narrowed < 3 * rto);
      send(p, i % 2 === 0 ? 1_350 : 100, i % 2);
      p.run(15);
    }
    p.run(10 * SECOND);
    assert.ok(p.a.stats.mtu < 1_300 && p.a.stats.mtu > BASE);
    assert.equal(p.a.bufferedAmount(0) + p.a.stats.bytesInFlight, 0);
  });

  describe('the packet that is watched', () => {
    const { ACKED, LOST, IN_FLIGHT } = CHUNK_STATE;
    /** Chunk 7 of packet 3, and what has become of it. */
    const ledger = (state: number, packet = 3, first = 5) => ({
      first,
      state: () => state,
      packet: () => packet,
    });
    const cases: Array<[name: string, fates: Array<ReturnType<typeof ledger>>, isBlackHole: boolean]> = [
      ['three lost in a row', [ledger(LOST), ledger(LOST), ledger(LOST)], true],
      ['lost and sent again before anybody looked', [ledger(LOST), ledger(IN_FLIGHT, 9), ledger(LOST)], true],
      [
        'two lost, one acknowledged in a gap block, two lost',
        [ledger(LOST), ledger(LOST), ledger(ACKED), ledger(LOST), ledger(LOST)],
        false,
      ],
      [
        'two lost, one acknowledged cumulatively, two lost',
        [ledger(LOST), ledger(LOST), ledger(LOST, 3, 8), ledger(LOST), ledger(LOST)],
        false,
      ],
      ['under way', [ledger(LOST), ledger(LOST), ledger(IN_FLIGHT)], false],
    ];
    for (const [name, fates, isBlackHole] of cases)
      test(`${name}: ${isBlackHole ? 'a black hole' : 'none'}`, () => {
        const watch = new BlackHoleWatch();
        const judged = fates.map((fate) => {
          watch.watch(7, 3);
          return watch.judge(fate);
        });
        assert.equal(judged.includes(true), isBlackHole);
      });
  });

  test('random loss of 3 % is no black hole', () => {
    const p = searchingPair(1_432, 1_432, { seed: 9, wire: { loss: 0.03, delay: 10 } });
    p.run(5 * SECOND);
    for (let i = 0; i < 40; i++) send(p, 65_536);
    p.run(MINUTE, () => p.atB.messages.length === 40);
    const { blackHoles, timeouts } = p.a.stats;
    assert.ok(blackHoles <= timeouts + 1, `${blackHoles} for ${timeouts} timeouts`);
  });
});

describe('RFC 8899 §4.6.1 packets that are refused for their length', () => {
  test('a probe refused by the own host is not waited for', () => {
    const peer = new ScriptedPeer({ maxMtu: 8_932 }).connect({
      largestPacket: 16_384,
      extensions: [PAD, RE_CONFIG, FORWARD_TSN],
    });
    peer.take();
    peer.association.onPacketTooBig(8_932, peer.now);
    const sizes = peer
      .take()
      .map(({ chunks }) => 12 + chunks.reduce((sum, { bytes: b }) => sum + b.length, 0));
    assert.equal(sizes[0], 8_928, 'the limit is now just below');
    peer.association.onPacketTooBig(1_500, peer.now);
    const [first] = peer.take();
    assert.equal(
      first!.chunks.reduce((sum, { bytes: b }) => sum + b.length, 12),
      1_496,
    );
  });

  test('a size in use that is refused is given up at once', () => {
    const p = searchingPair(1_432, 1_432);
    p.run(SECOND);
    p.a.onPacketTooBig(1_400, p.now);
    assert.equal(p.a.stats.mtu, BASE);
    p.run(SECOND);
    assert.equal(p.a.stats.mtu, 1_396);
  });

  test('the base is never given up', () => {
    const p = searchingPair(1_432, 1_432);
    p.run(SECOND);
    p.a.onPacketTooBig(BASE, p.now);
    p.a.onPacketTooBig(100, p.now);
    assert.equal(p.a.stats.mtu, 1_432);
  });
});

describe('RFC 8899 §5.2 a new path', () => {
  test('the search begins again at the base, with the new limit', () => {
    const p = searchingPair(1_432, 9_000);
    p.run(SECOND);
    p.a.setPath({ limit: 8_932 }, p.now);
    assert.equal(p.a.stats.mtu, BASE);
    p.run(SECOND);
    assert.equal(p.a.stats.mtu, 8_932);
    p.a.setPath({ limit: 0 }, p.now);
    p.run(SECOND);
    assert.equal(p.a.stats.mtu, BASE);
    assert.throws(() => p.a.setPath({ limit: 70_000 }, p.now), { code: 'BAD_OPTION' });
  });

  test('what was measured of the old path is forgotten', () => {
    const p = searchingPair(1_432, 9_000, { wire: { delay: 100 } });
    p.a.setPath({ limit: 1_432 }, p.now);
    send(p, 250_000);
    p.run(5 * SECOND);
    const { smoothedRoundTripTime, congestionWindow } = p.a.stats;
    assert.ok(smoothedRoundTripTime! > 190 && congestionWindow > 30 * BASE);
    p.a.setPath({ limit: 1_432, roundTripTime: 10 }, p.now);
    assert.deepEqual(
      [p.a.stats.smoothedRoundTripTime, p.a.stats.congestionWindow],
      [10, DEFAULTS.initialWindowPackets * BASE],
    );
    p.a.setPath({ limit: 1_432 }, p.now);
    assert.deepEqual([p.a.stats.smoothedRoundTripTime, p.a.stats.rto], [undefined, DEFAULTS.rtoInitial]);
  });

  test('a transfer goes on over it', () => {
    const p = searchingPair(1_432, 9_000, { wire: { delay: 20 } });
    p.a.setPath({ limit: 1_432 }, p.now);
    for (let i = 0; i < 40; i++) send(p, 65_536);
    p.run(100);
    narrow(p, 1_200);
    p.a.setPath({ limit: 1_432, roundTripTime: 40 }, p.now);
    assert.ok(p.run(10 * SECOND, () => p.atB.messages.length === 40));
  });

  test('before the association is established it is only noted', () => {
    const p = connectedPair({ wire: { delay: 10 }, connect: 'none' });
    p.a.setPath({ limit: 1_432 }, 0);
    assert.equal(p.a.maxPacketBytes, 1_432);
    p.a.connect(0);
    p.b.connect(0);
    p.run(SECOND);
    assert.deepEqual([p.a.stats.mtu, p.b.stats.mtu], [1_432, BASE]);
  });
});

describe('RFC 9260 §6.9 chunks on paths of changing width', () => {
  test('no chunk is longer than what the base carries, however long the packets', () => {
    const p = searchingPair(8_932, 8_932);
    p.run(SECOND);
    p.forget();
    send(p, 200_000);
    p.run(5 * SECOND);
    assert.equal(p.atB.messages.length, 1);
    assert.ok(p.chunks.every(({ type, bytes: b }) => type !== DATA || b.length <= BASE - 12));
    const packets = new Set(p.chunks.filter(({ type }) => type === DATA).map(({ packet }) => packet));
    assert.ok(packets.size < 200_000 / 8_000, `${packets.size} packets`);
  });

  test('on a path within the machine chunks are as long as packets', () => {
    const p = connectedPair({ both: { interleaving: false } });
    for (const one of [p.a, p.b]) one.setPath({ limit: 16_384, isLocal: true }, p.now);
    p.run(SECOND);
    p.forget();
    send(p, 160_000);
    p.run(SECOND);
    const lengths = p.chunks.filter(({ type }) => type === DATA).map(({ bytes: b }) => b.length);
    assert.ok(lengths.length <= 11 && Math.max(...lengths) === 16_384 - 12, lengths.join());
    assert.equal(p.atB.messages.length, 1);
  });

  test('a chunk too long for the new path goes out in a packet of its own that IP may fragment', () => {
    const peer = searchingPeer(16_384, true);
    const { association } = peer;
    const [probe] = peer.takeChunks();
    peer.send([makeChunk(HEARTBEAT_ACK, 0, probe!.bytes.slice(4))]);
    association.send(1, 53, bytes(20_000), 0, 20_000, { ordered: true }, peer.now);
    assert.deepEqual(
      peer.takeChunks().map(({ bytes: b }) => b.length),
      [16_372],
    );
    association.setPath({ limit: 1_432 }, peer.now);
    assert.ok(association.maxPacketBytes >= 16_384);
    peer.wait(5 * SECOND);
    const slot = new Uint8Array(65_536);
    peer.now += 10 * SECOND;
    association.expire(peer.now);
    let length = association.transmit(slot, 0, slot.length, peer.now);
    for (; length > 0 && slot[12] !== DATA; length = association.transmit(slot, 0, slot.length, peer.now));
    assert.deepEqual([length, association.mayFragment], [16_384, true]);
    peer.send([sackChunk({ cumulative: 100 })]);
    const rest = peer.takeChunks().filter(({ type }) => type === DATA);
    assert.ok(rest.every(({ bytes: b }) => b.length <= BASE - 12));
    assert.equal(association.mayFragment, false);
  });
});

describe('RFC 4820 §4 PAD', () => {
  test('what is in it does not matter, and the chunks around it are taken', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([
      makeChunk(HEARTBEAT, 0, Uint8Array.of(0, 1, 0, 4)),
      makeChunk(PAD, 0xff, bytes(500)),
      makeChunk(HEARTBEAT, 0, Uint8Array.of(0, 1, 0, 4)),
    ]);
    assert.deepEqual(peer.takeTypes(), [HEARTBEAT_ACK, HEARTBEAT_ACK]);
    assert.equal(peer.association.stats.drops['unknown-chunk'], 0);
  });

  test('it does not count as data', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeChunk(PAD, 0, bytes(20))]);
    assert.deepEqual(peer.takeTypes(), []);
  });
});

describe('RFC 8899 §5.2 packets never outgrow the path', () => {
  // A chunk that fills a packet leaves no room for the SACK of a transfer the other way.
  for (const [seed, congestionControl] of [
    [1, 'new-reno'],
    [2, 'bbr'],
    [3, 'bbr'],
    [4, 'cubic'],
  ] as const)
    test(`whatever is lost in a transfer both ways (${congestionControl}, seed ${seed})`, () => {
      const p = searchingPair(16_384, 16_384, {
        seed,
        wire: { delay: 1, loss: 0.03 },
        both: { maxMtu: 16_384, congestionControl },
      });
      for (const association of [p.a, p.b]) association.setPath({ limit: 16_384, isLocal: true }, p.now);
      let longest = 0;
      for (const wire of [p.pair.ab, p.pair.ba])
        wire.lose = (datagram) => {
          longest = Math.max(longest, datagram.length);
          return false;
        };
      for (let i = 0; i < 100; i++)
        for (const association of [p.a, p.b])
          association.send(1, 53, bytes(65_536), 0, 65_536, { ordered: true }, p.now);
      const isDone = (): boolean => p.atA.messages.length === 100 && p.atB.messages.length === 100;
      assert.ok(p.run(60 * SECOND, isDone));
      assert.equal(longest, 16_384);
    });
});
