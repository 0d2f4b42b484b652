import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { add32 } from '@millrace/sans-io';
import { DEFAULTS } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import {
  bytes,
  dataChunk,
  PEER_TSN,
  packetOf,
  readData,
  readSack,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const { DATA, SACK, ERROR, ABORT } = CHUNK;
const BEGIN = 2;
const END = 1;
const UNORDERED = 4;
const WHOLE_PACKET = DEFAULTS.mtu - 12 - 16;

function sending(peer: ScriptedPeer, length: number, stream = 1): void {
  peer.association.send(stream, 51, bytes(length), 0, length, ORDERED, peer.now);
}

describe('RFC 9260 §6.1 transmission of DATA chunks', () => {
  test('messages go out at once, in the packet size that was set', () => {
    const peer = new ScriptedPeer({ mtu: 600 }).connect();
    sending(peer, 2_000);
    const packets = peer.take();
    const data = packets.flatMap(({ chunks }) => chunks).map(readData);
    assert.deepEqual(
      data.map(({ payload }) => payload.length),
      [572, 572, 572, 284],
    );
    assert.deepEqual(
      data.map(({ tsn }) => tsn),
      [100, 101, 102, 103],
    );
  });

  test('B: no more than the congestion window is in flight', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 100_000);
    assert.equal(peer.take().length, 10);
    assert.ok(peer.association.stats.bytesInFlight <= peer.association.stats.congestionWindow);
  });

  test('A: no more than the peer’s window is in flight', () => {
    const peer = new ScriptedPeer().connect({ window: 3_000 });
    sending(peer, 100_000);
    const data = peer.takeChunks().map(readData);
    assert.equal(data.length, 2);
    peer.send([sackChunk({ cumulative: 101, window: 5_000 })]);
    assert.equal(peer.takeTypes().length, 4);
  });

  test('A: a closed window is probed with one chunk, for ever as long as SACKs come', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 3 }).connect({ window: 1_200 });
    sending(peer, 5_000);
    assert.equal(peer.take().length, 1);
    peer.send([sackChunk({ cumulative: 100, window: 0 })]);
    const [probe] = peer.takeChunks();
    assert.equal(readData(probe!).tsn, 101, 'one chunk may always be under way');
    for (let i = 0; i < 20; i++) {
      peer.send([sackChunk({ cumulative: 100, window: 0 })]);
      assert.deepEqual(peer.take(), [], 'and no more than one');
      const sent = peer.wait(4_000).flatMap(({ packet }) => packet.chunks);
      assert.ok(sent.length >= 1 && sent.every((chunk) => readData(chunk).tsn === 101));
    }
    assert.equal(peer.association.state, 'connected');
    peer.send([sackChunk({ cumulative: 101, window: 100_000 })]);
    assert.ok(peer.take().length >= 1, 'it opens');
  });

  test('D: after a pause no more than Max.Burst packets leave at once, however large the window', () => {
    const peer = new ScriptedPeer({ maxBurst: 4, initialWindowPackets: 30 }).connect();
    sending(peer, 100_000);
    assert.equal(peer.take().length, 4);
    peer.send([sackChunk({ cumulative: 101 })]);
    assert.equal(peer.take().length, 6, 'what was acknowledged, and four more');
  });
});

describe('RFC 9260 §6.2 acknowledgement', () => {
  test('the first packet is acknowledged at once, then every second one', () => {
    const peer = new ScriptedPeer().connect();
    const answers: number[] = [];
    for (let i = 0; i < 7; i++) {
      peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i })]);
      answers.push(peer.take().length);
    }
    assert.deepEqual(answers, [1, 0, 1, 0, 1, 0, 1]);
  });

  test('a lone packet is acknowledged after 200 ms', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1 })]);
    const sent = peer.wait(1_000);
    assert.deepEqual(
      sent.map(({ now, packet }) => [now, packet.chunks[0]!.type]),
      [[200, SACK]],
    );
  });

  test('one SACK answers a batch of packets', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 50; i++) peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i })]);
    const chunks = peer.takeChunks();
    assert.equal(chunks.length, 1);
    assert.equal(readSack(chunks[0]!).cumulative, PEER_TSN + 49);
  });

  test('a SACK rides with data when there is any, before its time', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1 })]);
    sending(peer, 10);
    assert.deepEqual(peer.takeTypes(), [SACK, DATA]);
    assert.deepEqual(
      peer
        .wait(1_000)
        .flatMap(({ packet }) => packet.chunks)
        .filter(({ type }) => type === SACK),
      [],
    );
  });

  test('a hole is reported at once, and so is its end', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN + 2, ssn: 2 })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 5, ssn: 5 }), dataChunk({ tsn: PEER_TSN + 6, ssn: 6 })]);
    const first = readSack(peer.takeChunks()[0]!);
    assert.deepEqual(
      [first.cumulative, first.gaps],
      [
        PEER_TSN,
        [
          [2, 2],
          [5, 6],
        ],
      ],
    );
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1 })]);
    const second = readSack(peer.takeChunks()[0]!);
    assert.deepEqual([second.cumulative, second.gaps], [PEER_TSN + 2, [[3, 4]]]);
    peer.send([dataChunk({ tsn: PEER_TSN + 3, ssn: 3 }), dataChunk({ tsn: PEER_TSN + 4, ssn: 4 })]);
    const third = readSack(peer.takeChunks()[0]!);
    assert.deepEqual([third.cumulative, third.gaps], [PEER_TSN + 6, []]);
  });

  test('duplicates are reported at once, and once', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 3; i++) peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.deepEqual(readSack(peer.takeChunks()[0]!).duplicates, [PEER_TSN, PEER_TSN]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, ssn: 2 })]);
    assert.deepEqual(readSack(peer.takeChunks()[0]!).duplicates, []);
    assert.equal(peer.seen.messages.length, 1);
    assert.equal(peer.association.stats.drops['duplicate-data'], 2);
  });

  test('a fragment without user data ends the association', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN, flags: BEGIN, payload: bytes(0) })]);
    const [chunk] = peer.takeChunks();
    assert.equal(chunk!.type, ABORT);
    assert.equal(Buffer.from(chunk!.bytes).toString('hex'), '0600000c00090008000003e8');
    assert.deepEqual(peer.seen.closed, { by: 'local', code: 'PROTOCOL_VIOLATION' });
  });

  test('a whole message without user data, as werift sends it, is an empty message', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([
      dataChunk({ tsn: PEER_TSN, ppid: 56, payload: bytes(0) }),
      dataChunk({ tsn: PEER_TSN + 1, ssn: 1 }),
    ]);
    assert.deepEqual(
      peer.seen.messages.map(({ bytes: { length } }) => length),
      [0, 4],
    );
  });

  test('the window told to the peer is what is left of it', () => {
    const peer = new ScriptedPeer({ receiveWindow: 300_000 }).connect();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, flags: 0, payload: bytes(1_000) })]);
    const held = readSack(peer.takeChunks()[0]!);
    assert.ok(held.window <= 299_000 && held.window >= 298_800, `${held.window}`);
    peer.send([dataChunk({ tsn: PEER_TSN, flags: BEGIN }), dataChunk({ tsn: PEER_TSN + 2, flags: END })]);
    assert.equal(readSack(peer.takeChunks()[0]!).window, 300_000);
    assert.equal(peer.seen.messages[0]!.bytes.length, 1_008);
  });
});

describe('RFC 9260 §6.2.1 processing a received SACK', () => {
  test('a SACK from before the last one changes nothing', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 5_000);
    peer.take();
    peer.send([sackChunk({ cumulative: 102 })]);
    const before = peer.association.stats.bytesInFlight;
    peer.send([sackChunk({ cumulative: 101, window: 0 })]);
    assert.equal(peer.association.stats.bytesInFlight, before);
    assert.equal(peer.association.stats.peerWindow, 1 << 20);
    assert.equal(peer.association.stats.drops['old-sack'], 1);
  });

  test('a SACK from half the number space away, which is neither before nor after, is dropped', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 5_000);
    peer.take();
    for (const away of [0x7fff_ffff, 0x8000_0000, 0x8000_0001])
      for (const from of [99, 100, 104])
        peer.send([sackChunk({ cumulative: (from + away) >>> 0, gaps: [[2, 2]] })]);
    assert.equal(peer.association.state, 'connected');
    assert.ok(peer.association.stats.bytesInFlight >= 5_000);
  });

  test('a SACK for what was never sent is dropped', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 5_000);
    peer.take();
    peer.send([sackChunk({ cumulative: 105 })]);
    peer.send([sackChunk({ cumulative: 100, gaps: [[2, 60]] })]);
    assert.equal(peer.association.stats.drops['bad-sack'], 2);
    assert.ok(peer.association.stats.bytesInFlight > 5_000);
  });

  test('a peer that takes back what it had acknowledged in a gap block gets it again', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 5_000); // 100 to 104
    peer.take();
    peer.send([sackChunk({ cumulative: 99, gaps: [[3, 4]] })]); // 102 and 103
    peer.send([sackChunk({ cumulative: 101 })]); // 102 is gone
    const tsns = peer.takeChunks().map((chunk) => readData(chunk).tsn);
    assert.deepEqual(tsns, [102, 103]);
    peer.send([sackChunk({ cumulative: 104 })]);
    assert.equal(peer.association.stats.bytesInFlight, 0);
    assert.equal(peer.association.deadline() > peer.now + 10_000, true, 'only the heartbeat is left');
  });
});

describe('RFC 9260 §6.5 stream identifiers and §6.6 ordered and unordered delivery', () => {
  test('data on a stream that does not exist is acknowledged and reported', () => {
    const peer = new ScriptedPeer({ inboundStreams: 10 }).connect();
    peer.send([dataChunk({ tsn: PEER_TSN, stream: 10 })]);
    const [sack, error] = peer.takeChunks();
    assert.equal(readSack(sack!).cumulative, PEER_TSN);
    assert.equal(error!.type, ERROR);
    assert.equal(Buffer.from(error!.bytes.subarray(4)).toString('hex'), '00010008000a0000');
    assert.deepEqual(peer.seen.messages, []);
  });

  test('a missing message holds back its own stream only', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN + 1, stream: 1, ssn: 1 })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, stream: 2, ssn: 0 })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 3, stream: 1, ssn: 9, flags: UNORDERED | BEGIN | END })]);
    assert.deepEqual(peer.seen.log.slice(1), ['message 2', 'message 1']);
    peer.send([dataChunk({ tsn: PEER_TSN, stream: 1, ssn: 0 })]);
    assert.deepEqual(peer.seen.log.slice(3), ['message 1', 'message 1']);
  });

  test('stream sequence numbers wrap', () => {
    const p = connectedPair();
    for (let i = 0; i < 66_000; i++) {
      p.a.send(1, i, bytes(1), 0, 1, ORDERED, p.now);
      if (i % 2_000 === 0) p.run(50);
    }
    assert.ok(p.run(20_000, () => p.atB.messages.length === 66_000));
    assert.ok(p.atB.messages.every(({ ppid }, i) => ppid === i));
  });

  test('a sequence number used twice is dropped', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 3; i++) peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i === 2 ? 0 : i })]);
    assert.equal(peer.seen.messages.length, 2);
    assert.equal(peer.association.stats.drops['old-ssn'], 1);
  });
});

describe('RFC 9260 §6.9 fragmentation and reassembly', () => {
  test('a message that fits a packet of its own is never cut', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 200);
    sending(peer, WHOLE_PACKET);
    sending(peer, WHOLE_PACKET + 1);
    const packets = peer.take();
    const shape = packets.map(({ chunks }) => chunks.map((c) => [readData(c).payload.length, c.flags & 3]));
    assert.deepEqual(shape, [[[200, 3]], [[WHOLE_PACKET, 3]], [[WHOLE_PACKET, BEGIN]], [[1, END]]]);
  });

  test('the tail of a long message shares its packet with the head of the next', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 1_500);
    sending(peer, 3_000);
    const packets = peer.take();
    assert.deepEqual(
      packets.map(({ chunks }) => chunks.length),
      [1, 2, 1, 1],
    );
    const sizes = packets
      .slice(0, -1)
      .map(({ chunks }) => chunks.reduce((sum, c) => sum + ((c.bytes.length + 3) & ~3), 12));
    assert.ok(
      sizes.every((size) => size > DEFAULTS.mtu - 4 && size <= DEFAULTS.mtu),
      `${sizes}`,
    );
  });

  test('fragments of a message have consecutive TSNs even when others wait', () => {
    const peer = new ScriptedPeer().connect();
    for (const stream of [1, 2, 3]) sending(peer, 2_500, stream);
    const data = peer.takeChunks().map(readData);
    assert.deepEqual(
      data.map(({ stream }) => stream),
      [1, 1, 1, 2, 2, 2, 3, 3, 3],
    );
    assert.deepEqual(
      data.map(({ flags }) => flags & 3),
      [2, 0, 1, 2, 0, 1, 2, 0, 1],
    );
  });

  test('streams take turns, a message each', () => {
    const peer = new ScriptedPeer({ initialWindowPackets: 50, scheduler: 'round-robin' }).connect();
    for (const stream of [1, 1, 1, 2, 3, 3]) sending(peer, 300, stream);
    assert.deepEqual(
      peer.takeChunks().map((chunk) => readData(chunk).stream),
      [1, 2, 3, 1, 3, 1],
    );
  });

  test('fragments are put together whatever the order in which they come', () => {
    const lengths = [5, 1, 900, 33, 7, 260];
    const payloads = lengths.map((length, i) => bytes(length, i));
    const whole = Uint8Array.from(payloads.flatMap((payload) => [...payload]));
    const chunks = payloads.map((payload, i) =>
      dataChunk({
        tsn: add32(0xffff_fffd, i), // across the wrap
        flags: (i === 0 ? BEGIN : 0) | (i === 5 ? END : 0),
        payload,
      }),
    );
    permutations([0, 1, 2, 3, 4, 5]).forEach((order, n) => {
      const peer = new ScriptedPeer({ receiveWindow: 300_000 }).connect({ initialTsn: 0xffff_fffd });
      for (const i of order) peer.send([chunks[i]!]);
      assert.deepEqual(peer.seen.messages[0]?.bytes, whole, `order ${order} (${n})`);
      assert.equal(peer.association.stats.receiveWindow, 300_000);
      assert.equal(readSack(peer.takeChunks()[0]!).cumulative, 2);
    });
  });

  test('two messages whose fragments come mixed are kept apart', () => {
    const peer = new ScriptedPeer().connect();
    const piece = (i: number, flags: number, stream: number): Uint8Array =>
      dataChunk({ tsn: PEER_TSN + i, flags, stream, payload: bytes(10, i) });
    const all = [piece(0, BEGIN, 1), piece(1, 0, 1), piece(2, END, 1), piece(3, BEGIN, 2), piece(4, END, 2)];
    for (const i of [4, 1, 3, 2, 0]) peer.send([all[i]!]);
    assert.deepEqual(
      peer.seen.messages.map(({ stream, bytes: b }) => [stream, b.length]),
      [
        [2, 20],
        [1, 30],
      ],
    );
  });

  test('fragments that make no message are dropped and do not stay', () => {
    const cases: Array<[name: string, flags: number[], streams?: number[]]> = [
      ['a message that begins twice', [BEGIN, BEGIN, END]],
      ['an end without a beginning', [END, 3]],
      ['a middle without a beginning', [0, 0, 3]],
      ['a message that changes its stream', [BEGIN, END], [1, 2]],
      ['a middle behind an end', [BEGIN, END, 0]],
    ];
    for (const [name, flags, streams] of cases)
      for (const order of permutations(flags.map((_, i) => i))) {
        const peer = new ScriptedPeer({ receiveWindow: 300_000 }).connect();
        for (const i of order)
          peer.send([dataChunk({ tsn: PEER_TSN + i, flags: flags[i]!, stream: streams?.[i] ?? 1 })]);
        assert.ok(peer.association.stats.drops['broken-message'] > 0, `${name}, ${order}`);
        assert.equal(peer.association.stats.receiveWindow, 300_000, `${name}, ${order}: nothing stays`);
        assert.equal(readSack(peer.takeChunks()[0]!).cumulative, PEER_TSN + flags.length - 1, name);
      }
  });

  test('a message is delivered in memory of its own', () => {
    const p = connectedPair();
    for (const length of [100, 5_000, 5_000, 64]) p.a.send(1, 51, bytes(length), 0, length, ORDERED, p.now);
    p.run(1_000);
    assert.deepEqual(
      p.atB.messages.map(({ bytes: { buffer } }) => buffer.byteLength),
      [100, 5_000, 5_000, 64],
    );
  });

  test('a message out of a Buffer is no Buffer, and does not change with it', () => {
    const peer = new ScriptedPeer().connect();
    const chunk = dataChunk({ tsn: PEER_TSN, payload: bytes(9) });
    const packet = Buffer.from(packetOf([chunk], peer.tag));
    peer.association.receive(packet, 0, packet.length, 0);
    packet.fill(0);
    peer.association.drain(peer.seen);
    assert.deepEqual(peer.seen.messages[0]!.bytes, bytes(9));
    assert.equal(Object.getPrototypeOf(peer.seen.messages[0]!.bytes), Uint8Array.prototype);
  });
});

describe('RFC 9260 §6.10 bundling', () => {
  test('small messages share a packet', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 40; i++) sending(peer, 12);
    const packets = peer.take();
    assert.deepEqual(
      packets.map(({ chunks }) => chunks.length),
      [40],
    );
  });

  test('bundled chunks are taken in their order', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 100);
    peer.take();
    peer.send([
      sackChunk({ cumulative: 100 }),
      dataChunk({ tsn: PEER_TSN, ppid: 1 }),
      dataChunk({ tsn: PEER_TSN + 1, ssn: 1, ppid: 2 }),
    ]);
    assert.equal(peer.association.stats.bytesInFlight, 0);
    assert.deepEqual(
      peer.seen.messages.map(({ ppid }) => ppid),
      [1, 2],
    );
  });

  test('a packet never outgrows the room it is given', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 5_000);
    for (let room = 0; room < 200; room++) {
      const out = new Uint8Array(300).fill(0xee);
      const length = peer.association.transmit(out, 10, 10 + room, 0);
      assert.ok(length <= room && out.subarray(10 + length).every((byte) => byte === 0xee), `${room}`);
    }
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
