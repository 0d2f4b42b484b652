// Whatever a peer can make grow has a cap: each is met here at the cap and at one more.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { add32, u16, u32 } from '@millrace/sans-io';
import { CHUNK, makeChunk } from '../src/packet/chunks.ts';
import { CAUSE, makeAbortChunk } from '../src/packet/error-causes.ts';
import { parseInit } from '../src/packet/init.ts';
import { putLatestRun, writeLatestTsnsHeader } from '../src/packet/latest-tsns.ts';
import { concatParts, makeParameter, PARAMETER, walkParameters } from '../src/packet/parameters.ts';
import { makeOutgoingReset, makeReconfigChunk } from '../src/packet/re-config.ts';
import { iDataChunk } from './rfc8260/chunks.ts';
import {
  bytes,
  dataChunk,
  forwardTsnChunk,
  initChunk,
  PEER_TSN,
  readSack,
  ScriptedPeer,
  sackChunk,
} from './scripted-peer.ts';

const BEGIN = 2;
const { DATA, I_DATA, I_FORWARD_TSN, HEARTBEAT, HEARTBEAT_ACK, ERROR, INIT, LATEST_TSNS } = CHUNK;

/** How many parameters the INIT ACK reports as not known. */
function parseReports(initAck: Uint8Array): number {
  let reports = 0;
  walkParameters(initAck, 20, initAck.length, (type) => {
    if (type === PARAMETER.UNRECOGNIZED) reports++;
    return true;
  });
  return reports;
}

describe('caps of what a peer can make grow', () => {
  test('receiveWindow: bytes held for reassembly', () => {
    const peer = new ScriptedPeer({ receiveWindow: 10_000, maxMessageSize: 10_000 }).connect();
    // Held: the payload and 64 bytes for the run.
    peer.send([dataChunk({ tsn: PEER_TSN + 1, flags: 0, payload: bytes(9_935) })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, flags: 0, payload: bytes(1) })]);
    assert.equal(peer.association.stats.receiveWindow, 0);
    peer.send([dataChunk({ tsn: PEER_TSN + 3, flags: 0, payload: bytes(1) })]);
    assert.equal(peer.association.stats.drops['window-exceeded'], 1);
    const sack = readSack(peer.takeChunks()[0]!);
    assert.deepEqual([sack.window, sack.gaps], [0, [[2, 3]]]);
  });

  test('beyond the window only what moves the cumulative TSN is taken, and 64 KiB of it', () => {
    const peer = new ScriptedPeer({ receiveWindow: 10_000, maxMessageSize: 10_000 }).connect();
    // Ordered messages without their first one: nothing can be delivered.
    let tsn = PEER_TSN;
    for (; peer.association.stats.drops['window-exceeded'] === 0; tsn++)
      peer.send([dataChunk({ tsn, ssn: 1 + tsn - PEER_TSN, payload: bytes(936) })]);
    assert.ok(tsn - PEER_TSN <= 76 && tsn - PEER_TSN >= 74, `${tsn - PEER_TSN} messages of 1000 bytes`);
    assert.equal(peer.association.stats.receiveWindow, 0);
  });

  test('a window filled behind a lost message of the largest size empties when that message comes', () => {
    const peer = new ScriptedPeer({ receiveWindow: 400_000, maxMessageSize: 256_000 }).connect();
    const { association } = peer;
    let tsn = PEER_TSN + 256;
    for (let ssn = 1; association.stats.drops['window-exceeded'] === 0; ssn++)
      peer.send([dataChunk({ tsn: tsn++, ssn, payload: bytes(1_000) })]);
    for (let i = 0; i < 256; i++)
      peer.send([
        dataChunk({ tsn: PEER_TSN + i, flags: i === 0 ? 2 : i === 255 ? 1 : 0, payload: bytes(1_000) }),
      ]);
    assert.equal(association.stats.drops['window-exceeded'], 1);
    assert.equal(peer.seen.messages[0]?.bytes.length, 256_000);
    assert.equal(association.stats.receiveWindow, 400_000);
  });

  test('a window that was closed and opens again is told to the peer', () => {
    const peer = new ScriptedPeer({ receiveWindow: 10_000, maxMessageSize: 10_000 }).connect();
    for (let i = 1; i < 10; i++) peer.send([dataChunk({ tsn: PEER_TSN + i, ssn: i, payload: bytes(936) })]);
    assert.equal(readSack(peer.takeChunks()[0]!).window, 1_000);
    peer.send([dataChunk({ tsn: PEER_TSN, ssn: 0, payload: bytes(936) })]);
    assert.equal(readSack(peer.takeChunks()[0]!).window, 10_000);
    assert.equal(peer.seen.messages.length, 10);
  });

  test('maxMessageSize: a longer message is discarded and reported; the stream goes on', () => {
    const peer = new ScriptedPeer({ maxMessageSize: 3_000, receiveWindow: 50_000 }).connect();
    const fragment = (i: number, flags: number, length: number): Uint8Array =>
      dataChunk({ tsn: PEER_TSN + i, flags, payload: bytes(length), ssn: i < 3 ? 0 : 1 });
    for (const [i, flags] of [
      [0, 2],
      [1, 0],
      [2, 1],
    ] as const)
      peer.send([fragment(i, flags, 1_000)]);
    assert.equal(peer.seen.messages[0]?.bytes.length, 3_000, 'at the cap');
    peer.send([fragment(3, 2, 1_000), fragment(4, 0, 1_000), fragment(5, 0, 1_000)]);
    peer.send([fragment(6, 0, 1), fragment(7, 0, 1_000)]);
    assert.equal(peer.association.stats.receiveWindow, 50_000 - 64, 'nothing of it is kept');
    peer.send([fragment(8, 1, 9)]);
    assert.deepEqual(peer.seen.dropped, [{ stream: 1, ppid: 51, bytes: 4_010 }]);
    assert.equal(peer.association.stats.drops['message-too-large'], 1);
    peer.send([dataChunk({ tsn: PEER_TSN + 9, ssn: 2 })]);
    assert.equal(peer.seen.messages.length, 2);
    assert.equal(peer.association.stats.receiveWindow, 50_000);
  });

  test('maxMessageSize: the same when its fragments come backwards', () => {
    const peer = new ScriptedPeer({ maxMessageSize: 3_000, receiveWindow: 50_000 }).connect();
    for (let i = 4; i >= 0; i--)
      peer.send([
        dataChunk({ tsn: PEER_TSN + i, flags: (i === 0 ? 2 : 0) | (i === 4 ? 1 : 0), payload: bytes(1_000) }),
      ]);
    assert.deepEqual(peer.seen.dropped, [{ stream: 1, ppid: 51, bytes: 5_000 }]);
    assert.equal(peer.association.stats.receiveWindow, 50_000);
  });

  test('maxMessageSize: an unfragmented message too', () => {
    const peer = new ScriptedPeer({ maxMessageSize: 100 }).connect();
    peer.send([
      dataChunk({ tsn: PEER_TSN, payload: bytes(101) }),
      dataChunk({ tsn: PEER_TSN + 1, ssn: 1, payload: bytes(100) }),
    ]);
    assert.deepEqual([peer.seen.dropped.length, peer.seen.messages.length], [1, 1]);
  });

  test('the memory reserved for a message by the length of the last one stays within the window', () => {
    const peer = new ScriptedPeer({ receiveWindow: 20_000, maxMessageSize: 15_000 }).connect();
    peer.send([
      dataChunk({ tsn: PEER_TSN, flags: 2, payload: bytes(14_000) }),
      dataChunk({ tsn: PEER_TSN + 1, flags: 1 }),
    ]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, flags: BEGIN, ssn: 1, payload: bytes(9_000) })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 4, flags: BEGIN, ssn: 2 })]);
    peer.send([
      dataChunk({ tsn: PEER_TSN + 5, flags: 1, ssn: 2 }),
      dataChunk({ tsn: PEER_TSN + 3, flags: 1, ssn: 1 }),
    ]);
    assert.deepEqual(
      peer.seen.messages.map(({ bytes: b }) => b.length),
      [14_004, 9_004, 8],
    );
  });

  test('maxTsnSpan: how far ahead a TSN may lie', () => {
    const peer = new ScriptedPeer({ maxTsnSpan: 1_000 }).connect();
    peer.send([dataChunk({ tsn: PEER_TSN + 999 })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 1_000 })]);
    assert.equal(peer.association.stats.drops['data-beyond-span'], 1);
    assert.deepEqual(readSack(peer.takeChunks()[0]!).gaps, [[1_000, 1_000]]);
    peer.send([dataChunk({ tsn: add32(PEER_TSN, 0x8000_0000 - 2) })]);
    assert.equal(peer.association.stats.drops['data-beyond-span'], 2);
  });

  test('maxTrackedGaps: separate runs of TSNs', () => {
    const peer = new ScriptedPeer({ maxTrackedGaps: 50 }).connect();
    for (let i = 0; i < 50; i++) peer.send([dataChunk({ tsn: PEER_TSN + 1 + 2 * i, ssn: 1 + 2 * i })]);
    assert.equal(peer.association.stats.drops['too-many-gaps'], 0);
    peer.send([dataChunk({ tsn: PEER_TSN + 101, ssn: 101 })]);
    assert.equal(peer.association.stats.drops['too-many-gaps'], 1);
    peer.send([dataChunk({ tsn: PEER_TSN + 100, ssn: 100 })]);
    assert.equal(peer.association.stats.drops['too-many-gaps'], 1, 'what lengthens a run is welcome');
  });

  test('maxGapBlocks: blocks in a SACK', () => {
    const peer = new ScriptedPeer({ maxGapBlocks: 10 }).connect();
    for (let i = 0; i < 10; i++) peer.send([dataChunk({ tsn: PEER_TSN + 1 + 2 * i, ssn: i })]);
    assert.equal(readSack(peer.takeChunks()[0]!).gaps!.length, 10);
    peer.send([dataChunk({ tsn: PEER_TSN + 21, ssn: 21 })]);
    const { gaps } = readSack(peer.takeChunks()[0]!);
    assert.deepEqual([gaps!.length, gaps![0]], [10, [2, 2]], 'the lowest ones');
  });

  test('outstanding chunks: no two messages of a stream are half the sequence space apart', () => {
    const peer = new ScriptedPeer({ initialWindowPackets: 4_000, maxBurst: 4_000 }).connect();
    for (let i = 0; i < 32_768; i++)
      peer.association.send(1, 51, bytes(1), 0, 1, { ordered: true }, peer.now);
    assert.equal(peer.takeChunks().length, 32_767);
    peer.send([sackChunk({ cumulative: 100 })]);
    assert.equal(peer.takeChunks().length, 1);
  });

  test('gap blocks never outgrow the packet', () => {
    const peer = new ScriptedPeer({ mtu: 576, maxGapBlocks: 192 }).connect();
    for (let i = 0; i < 300; i++) peer.send([dataChunk({ tsn: PEER_TSN + 1 + 2 * i, ssn: i })]);
    const [chunk] = peer.takeChunks();
    assert.ok(chunk!.bytes.length <= 564);
    assert.equal(readSack(chunk!).gaps!.length, (576 - 12 - 16) / 4);
  });

  test('maxDuplicateTsns: duplicates in a SACK', () => {
    const peer = new ScriptedPeer({ maxDuplicateTsns: 3 }).connect();
    for (let i = 0; i < 4; i++) peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.equal(readSack(peer.takeChunks()[0]!).duplicates!.length, 3);
    for (let i = 0; i < 4; i++) peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.equal(readSack(peer.takeChunks()[0]!).duplicates!.length, 3);
  });

  test('maxPendingControl: answers that wait to be sent', () => {
    const peer = new ScriptedPeer({ maxPendingControl: 5 }).connect();
    const heartbeat = makeChunk(HEARTBEAT, 0, Uint8Array.of(0, 1, 0, 4));
    for (let i = 0; i < 6; i++) peer.send([heartbeat]);
    assert.equal(peer.takeTypes().filter((type) => type === HEARTBEAT_ACK).length, 5);
    assert.equal(peer.association.stats.drops['control-overflow'], 1);
  });

  test('a heartbeat is answered up to half a packet', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeChunk(HEARTBEAT, 0, bytes(576))]);
    assert.deepEqual(peer.takeTypes(), [HEARTBEAT_ACK]);
    peer.send([makeChunk(HEARTBEAT, 0, bytes(577))]);
    assert.deepEqual(peer.takeTypes(), []);
  });

  test('an unknown chunk is reported with 256 of its bytes', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeChunk(0xff, 0, bytes(253))]);
    const [error] = peer.takeChunks();
    assert.deepEqual([error!.type, u16(error!.bytes, 6)], [ERROR, 260]);
  });

  test('parameters of INIT that we do not know are reported up to 256 bytes', () => {
    for (const [length, reported] of [
      [252, 1],
      [253, 0],
      [1_400, 0],
    ] as const) {
      const peer = new ScriptedPeer();
      const unknown = makeParameter(0xc123, bytes(length)).subarray(0, 4 + length);
      const init = initChunk();
      const fixed = init.subarray(4, 20);
      peer.send([makeChunk(INIT, 0, concatParts([fixed, unknown]))], 0);
      const [answer] = peer.takeChunks();
      assert.equal(parseReports(answer!.bytes), reported, `${length} bytes`);
      peer.send([init], 0);
      assert.equal(peer.takeChunks().length, 1, 'and what comes after it is answered');
    }
  });

  test('the longest control chunks fit the smallest packet', () => {
    const peer = new ScriptedPeer({ mtu: 576 });
    peer.association.connect(0);
    peer.take();
    const unknown = Array.from({ length: 2 }, () => makeParameter(0xc123, bytes(124)));
    const initAck = initChunk({ cookie: bytes(30) }, CHUNK.INIT_ACK);
    peer.send([makeChunk(CHUNK.INIT_ACK, 0, concatParts([initAck.subarray(4), ...unknown]))]);
    assert.deepEqual(peer.takeTypes(), [CHUNK.COOKIE_ECHO, ERROR]);
    peer.association.abort('x'.repeat(1_000), 0);
    assert.deepEqual(peer.takeTypes(), [CHUNK.ABORT]);
    assert.throws(() => new ScriptedPeer({ mtu: 575 }), { code: 'BAD_OPTION' });
  });

  test('FORWARD TSN may jump as far as serial numbers go, and costs no more for it', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([forwardTsnChunk(add32(PEER_TSN, 0x7fff_fffe))]);
    assert.equal(readSack(peer.takeChunks()[0]!).cumulative, add32(PEER_TSN, 0x7fff_fffe));
  });

  test('65,535 streams cost nothing until they are used', () => {
    const before = process.memoryUsage().heapUsed;
    const peers = Array.from({ length: 50 }, () => new ScriptedPeer().connect().association);
    const each = (process.memoryUsage().heapUsed - before) / peers.length;
    assert.ok(each < 200_000, `${each} bytes each`);
  });

  test('a storm of SACKs, old and new, changes no sum', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.send(1, 51, bytes(40_000), 0, 40_000, { ordered: true }, 0);
    peer.take();
    for (let i = 0; i < 2_000; i++)
      peer.send([sackChunk({ cumulative: 99, gaps: [[2 + (i % 5), 9]], window: i })]);
    const { bytesInFlight } = peer.association.stats;
    assert.ok(bytesInFlight >= 0 && bytesInFlight <= 11_480);
    assert.equal(peer.association.state, 'connected');
  });

  test('LATEST TSNS: 64 runs of one chunk are looked at', () => {
    for (const runs of [64, 65]) {
      const peer = new ScriptedPeer({ initialWindowPackets: 300, maxBurst: 300 }).connect({
        extensions: [LATEST_TSNS],
      });
      const { association } = peer;
      for (let i = 0; i < 200; i++) association.send(1, 51, bytes(1_000), 0, 1_000, { ordered: true }, 0);
      const sent = peer.takeChunks().length;
      assert.equal(sent, 200);
      const each = association.stats.bytesInFlight / sent;
      const latest = new Uint8Array(4 + runs * 8);
      // Newest first; every third TSN from 102 on.
      for (let i = 0; i < runs; i++) {
        const tsn = 102 + 3 * (runs - 1 - i);
        putLatestRun(latest, 0, i, tsn, tsn);
      }
      writeLatestTsnsHeader(latest, 0, runs);
      peer.now = 10;
      peer.send([latest, sackChunk({ cumulative: 99 })]);
      const acknowledged = sent - association.stats.bytesInFlight / each - countLost(peer);
      assert.equal(acknowledged, 64, `${runs} runs`);
    }
  });

  test('LATEST TSNS: no more than 32 runs are told, however many there are', () => {
    for (const holes of [65, 1_000]) {
      const peer = new ScriptedPeer().connect({ extensions: [LATEST_TSNS] });
      for (let i = 0; i < holes; i++) peer.send([dataChunk({ tsn: PEER_TSN + 1 + 2 * i, ssn: i })]);
      const latest = peer.takeChunks().find(({ type }) => type === LATEST_TSNS)!;
      assert.equal(latest.bytes.length, 4 + 32 * 8);
      assert.equal(u32(latest.bytes, 4), PEER_TSN + 2 * holes - 1, 'the newest first');
    }
  });

  test('maxOutstandingChunks, and as far as gap blocks reach towards those without LATEST TSNS', () => {
    for (const [maxOutstandingChunks, extensions, most] of [
      [1_000, [LATEST_TSNS], 1_000],
      [70_000, [], 65_535],
      [70_000, [LATEST_TSNS], 70_000],
    ] as const) {
      const peer = new ScriptedPeer({
        maxOutstandingChunks,
        initialWindowPackets: 10_000,
        maxBurst: 10_000,
      }).connect({ window: 1 << 30, extensions });
      const { association } = peer;
      for (let i = 0; i <= most; i++) association.send(i % 4, 51, bytes(1), 0, 1, { ordered: true }, 0);
      assert.equal(peer.takeChunks().length, most);
      assert.equal(association.totalBuffered, 1);
    }
  });

  test('32 extensions of a Supported Extensions parameter are kept', () => {
    for (const [before, type] of [
      [30, I_DATA],
      [31, DATA],
    ] as const) {
      const peer = new ScriptedPeer().connect({
        extensions: [...Array.from({ length: before }, () => 0xfe), I_DATA, I_FORWARD_TSN],
      });
      peer.association.send(1, 51, bytes(1), 0, 1, { ordered: true }, 0);
      assert.deepEqual(peer.takeTypes(), [type]);
    }
  });

  test('eight parameters of INIT that we do not know are reported', () => {
    for (const [sent, reported] of [
      [8, 8],
      [9, 8],
    ] as const) {
      const peer = new ScriptedPeer();
      const unknown = Array.from({ length: sent }, () => makeParameter(0xc123, bytes(4)));
      peer.send([makeChunk(INIT, 0, concatParts([initChunk().subarray(4, 20), ...unknown]))], 0);
      assert.equal(parseReports(peer.takeChunks()[0]!.bytes), reported);
    }
  });

  test('512 bytes of the reason of an ABORT are kept', () => {
    for (const length of [512, 513]) {
      const peer = new ScriptedPeer().connect();
      peer.send([makeAbortChunk(0, makeParameter(CAUSE.USER_ABORT, new Uint8Array(length).fill(0x78)))]);
      assert.equal(peer.seen.closed?.cause?.text?.length, 512);
    }
  });

  test('Cookie Preservative lengthens the life of a cookie by a minute at most', () => {
    for (const [now, answer] of [
      [119_999, CHUNK.COOKIE_ACK],
      [120_001, ERROR],
    ] as const) {
      const peer = new ScriptedPeer({ cookieLife: 60_000 });
      peer.send([initChunk({ cookiePreservative: 3_600_000 })], 0);
      const initAck = peer.takeChunks()[0]!;
      peer.theirs = parseInit(initAck.bytes, 0, initAck.bytes.length)!;
      peer.now = now;
      peer.send([makeChunk(CHUNK.COOKIE_ECHO, 0, peer.theirs.cookie!)]);
      assert.deepEqual(peer.takeTypes(), [answer]);
    }
  });

  test('what comes behind a stream reset that waits is charged to the window', () => {
    for (const chunk of [dataChunk, iDataChunk]) {
      const peer = new ScriptedPeer({ receiveWindow: 10_000, maxMessageSize: 10_000 }).connect({
        extensions: chunk === dataChunk ? [CHUNK.RE_CONFIG] : [CHUNK.RE_CONFIG, I_DATA, I_FORWARD_TSN],
      });
      const request = { requestSequence: PEER_TSN, responseSequence: 99, lastTsn: PEER_TSN, streams: [] };
      peer.send([makeReconfigChunk([makeOutgoingReset(request)])]);
      // Each costs 64 bytes beside its payload.
      for (let i = 1; i <= 10; i++)
        peer.send([chunk({ tsn: PEER_TSN + i, ssn: i - 1, mid: i - 1, payload: bytes(936) } as never)]);
      assert.equal(peer.association.stats.receiveWindow, 0);
      assert.equal(peer.association.stats.drops['window-exceeded'], 0);
      peer.send([chunk({ tsn: PEER_TSN + 11, ssn: 10, mid: 10, payload: bytes(936) } as never)]);
      assert.equal(peer.association.stats.drops['window-exceeded'], 1);
      peer.send([chunk({ tsn: PEER_TSN })]);
      assert.equal(peer.seen.messages.length, 11);
      assert.equal(peer.association.stats.receiveWindow, 10_000);
    }
  });
});

/** Chunks taken for lost: they are sent again. */
function countLost(peer: ScriptedPeer): number {
  return peer.takeTypes().length;
}
