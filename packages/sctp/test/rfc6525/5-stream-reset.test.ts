import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u32 } from '@millrace/sans-io';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK } from '../../src/packet/chunks.ts';
import { makeParameter, PARAMETER } from '../../src/packet/parameters.ts';
import {
  makeIncomingReset,
  makeOutgoingReset,
  makeReconfigChunk,
  makeReconfigResponse,
  type OutgoingResetRequest,
  parseReconfig,
  RESULT,
} from '../../src/packet/re-config.ts';
import {
  bytes,
  type Chunk,
  dataChunk,
  PEER_TSN,
  readData,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

const ORDERED = { ordered: true };
const { RE_CONFIG, DATA } = CHUNK;

function sending(peer: ScriptedPeer, length: number, stream = 1): void {
  peer.association.send(stream, 51, bytes(length), 0, length, ORDERED, peer.now);
}

function requestsOf(chunks: readonly Chunk[]): OutgoingResetRequest[] {
  return parametersOf(chunks).filter((parameter) => parameter.kind === 'outgoing-reset');
}

function resultsOf(chunks: readonly Chunk[]): Array<[sequence: number, result: number]> {
  return parametersOf(chunks).flatMap((p) => (p.kind === 'response' ? [[p.responseSequence, p.result]] : []));
}

function parametersOf(chunks: readonly Chunk[]): NonNullable<ReturnType<typeof parseReconfig>> {
  return chunks
    .filter(({ type }) => type === RE_CONFIG)
    .flatMap(({ bytes: b }) => parseReconfig(b, 0, b.length)!);
}

function resetChunk(requestSequence: number, lastTsn: number, streams: readonly number[]): Uint8Array {
  return makeReconfigChunk([makeOutgoingReset({ requestSequence, responseSequence: 0, lastTsn, streams })]);
}

describe('RFC 6525 §5.1 sender side', () => {
  test('a stream that is idle is reset at once', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.resetStreams([5], 0);
    const [request] = requestsOf(peer.takeChunks());
    assert.deepEqual(request, {
      kind: 'outgoing-reset',
      requestSequence: 100,
      responseSequence: PEER_TSN - 1,
      lastTsn: 99,
      streams: [5],
    });
  });

  test('data on it goes first, and is acknowledged', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 3_000);
    peer.association.resetStreams([1], 0);
    assert.deepEqual(new Set(peer.takeTypes()), new Set([DATA]));
    peer.send([sackChunk({ cumulative: 101 })]);
    assert.deepEqual(peer.take(), []);
    peer.send([sackChunk({ cumulative: 102 })]);
    assert.equal(requestsOf(peer.takeChunks())[0]?.lastTsn, 102);
  });

  test('data on other streams does not hold it back', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 3_000, 2);
    peer.association.resetStreams([1], 0);
    assert.ok(peer.takeTypes().includes(RE_CONFIG));
  });

  test('streams closed together share a request; there is one request at a time', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.resetStreams([1], 0);
    peer.association.resetStreams([2, 3], 0);
    assert.deepEqual(
      requestsOf(peer.takeChunks()).map(({ streams }) => streams),
      [[1]],
    );
    peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.PERFORMED)])]);
    assert.deepEqual(
      requestsOf(peer.takeChunks()).map(({ requestSequence, streams }) => [requestSequence, streams]),
      [[101, [2, 3]]],
    );
    peer.send([makeReconfigChunk([makeReconfigResponse(101, RESULT.NOTHING_TO_DO)])]);
    assert.deepEqual(peer.seen.resetDone, [[1], [2, 3]]);
  });

  test('a thousand streams take two requests, each in one packet', () => {
    const p = connectedPair({ wire: { delay: 5 } });
    const streams = Array.from({ length: 1_000 }, (_, i) => i);
    p.forget();
    p.a.resetStreams(streams, p.now);
    p.run(1_000);
    assert.deepEqual(p.atA.resetDone.flat(), streams);
    assert.deepEqual(p.atB.streamsReset.flat(), streams);
    assert.equal(p.chunks.filter(({ from, type }) => from === 'a' && type === RE_CONFIG).length, 2);
  });

  test('afterwards sequence numbers start at 0, and what was sent meanwhile follows', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10);
    sending(peer, 10);
    peer.association.resetStreams([1], 0);
    sending(peer, 20);
    assert.deepEqual(
      peer.takeChunks().map((chunk) => readData(chunk).ssn),
      [0, 1],
    );
    peer.send([sackChunk({ cumulative: 101 })]);
    assert.deepEqual(peer.takeTypes(), [RE_CONFIG]);
    assert.equal(peer.association.bufferedAmount(1), 20);
    peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.PERFORMED)])]);
    const [data] = peer.takeChunks().map(readData);
    assert.deepEqual([data!.ssn, data!.payload.length], [0, 20]);
  });

  test('the request is repeated, unchanged, until it is answered; in the end the peer is given up', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 3 }).connect();
    peer.association.resetStreams([1], 0);
    const sent = peer.wait(60_000);
    const requests = sent.slice(0, 4).map(({ packet }) => packet.chunks[0]!.bytes);
    for (const request of requests) assert.deepEqual(request, requests[0]);
    assert.deepEqual(
      sent.slice(0, 4).map(({ now }) => now),
      [0, 1_000, 3_000, 6_000],
    );
    assert.equal(peer.seen.closed?.code, 'PEER_UNREACHABLE');
  });

  test('in progress: asked again after an RTO, and that is no failure', () => {
    const peer = new ScriptedPeer({ maxRetransmits: 3 }).connect();
    peer.association.resetStreams([1], 0);
    peer.take();
    for (let i = 0; i < 10; i++) {
      peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.IN_PROGRESS)])]);
      assert.deepEqual(peer.take(), []);
      const [again] = peer.wait(1_000);
      assert.equal(requestsOf(again!.packet.chunks)[0]!.requestSequence, 100);
    }
    assert.deepEqual([peer.seen.resetDone, peer.seen.resetFailed], [[], []]);
    peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.PERFORMED)])]);
    assert.deepEqual(peer.seen.resetDone, [[1]]);
  });

  for (const result of [RESULT.DENIED, RESULT.WRONG_SSN, RESULT.BAD_SEQUENCE_NUMBER, 99])
    test(`result ${result} is a failure; numbering goes on`, () => {
      const peer = new ScriptedPeer().connect();
      sending(peer, 10);
      peer.take();
      peer.send([sackChunk({ cumulative: 100 })]);
      peer.association.resetStreams([1], 0);
      sending(peer, 10);
      peer.take();
      peer.send([makeReconfigChunk([makeReconfigResponse(100, result)])]);
      assert.deepEqual(peer.seen.resetFailed, [[1]]);
      assert.equal(readData(peer.takeChunks()[0]!).ssn, 1);
    });

  test('an answer to nothing is dropped', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.PERFORMED)])]);
    assert.equal(peer.association.stats.drops['bad-reset'], 1);
    assert.deepEqual(peer.seen.resetDone, []);
  });

  test('towards a peer that does not know RE-CONFIG it fails at once', () => {
    const peer = new ScriptedPeer().connect({ extensions: [] });
    peer.association.resetStreams([1, 2], 0);
    assert.deepEqual(peer.take(), []);
    assert.deepEqual(peer.seen.resetFailed, [[1, 2]]);
  });

  test('asked for during the handshake it follows it', () => {
    const p = connectedPair({ connect: 'none', wire: { delay: 10 } });
    p.a.send(3, 51, bytes(10), 0, 10, ORDERED, 0);
    p.a.resetStreams([3], 0);
    p.a.connect(0);
    p.run(2_000);
    assert.deepEqual(p.atB.log, ['connected', 'message 3', 'reset 3']);
    assert.deepEqual(p.atA.resetDone, [[3]]);
  });
});

describe('RFC 6525 §5.2 receiver side', () => {
  test('§5.2.2: the next message of the stream is number 0', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN, ssn: 0 }), dataChunk({ tsn: PEER_TSN + 1, ssn: 1 })]);
    peer.take();
    peer.send([resetChunk(PEER_TSN, PEER_TSN + 1, [1])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.PERFORMED]]);
    peer.send([dataChunk({ tsn: PEER_TSN + 2, ssn: 0 })]);
    assert.deepEqual(peer.seen.log, ['connected', 'message 1', 'message 1', 'reset 1', 'message 1']);
  });

  test('no streams means all that were used', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([dataChunk({ tsn: PEER_TSN, stream: 4 }), dataChunk({ tsn: PEER_TSN + 1, stream: 9 })]);
    peer.send([resetChunk(PEER_TSN, PEER_TSN + 1, [])]);
    assert.deepEqual(peer.seen.streamsReset, [[4, 9]]);
  });

  test('the same request again has the same answer and no effect', () => {
    const peer = new ScriptedPeer().connect();
    for (let i = 0; i < 3; i++) {
      peer.send([resetChunk(PEER_TSN, PEER_TSN - 1, [1])]);
      assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.PERFORMED]]);
    }
    assert.deepEqual(peer.seen.streamsReset, [[1]]);
  });

  test('a sequence number out of turn is refused', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([resetChunk(PEER_TSN + 1, PEER_TSN - 1, [1])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN + 1, RESULT.BAD_SEQUENCE_NUMBER]]);
    assert.deepEqual(peer.seen.streamsReset, []);
  });

  test('a stream that does not exist is refused', () => {
    const peer = new ScriptedPeer({ inboundStreams: 10 }).connect();
    peer.send([resetChunk(PEER_TSN, PEER_TSN - 1, [3, 10])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.WRONG_SSN]]);
    assert.deepEqual(peer.seen.streamsReset, []);
  });

  test('E2: data before it is missing: in progress; performed, and said so, when the data has come', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([resetChunk(PEER_TSN, PEER_TSN + 1, [1])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.IN_PROGRESS]]);
    // Of the next life, but early: it must wait.
    peer.send([dataChunk({ tsn: PEER_TSN + 2, ssn: 0, ppid: 3 })]);
    peer.send([dataChunk({ tsn: PEER_TSN + 1, ssn: 1, ppid: 2 })]);
    assert.deepEqual(peer.seen.messages, []);
    peer.take();
    peer.send([dataChunk({ tsn: PEER_TSN, ssn: 0, ppid: 1 })]);
    assert.deepEqual(peer.seen.log, ['connected', 'message 1', 'message 1', 'reset 1', 'message 1']);
    assert.deepEqual(
      peer.seen.messages.map(({ ppid }) => ppid),
      [1, 2, 3],
    );
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.PERFORMED]]);
    peer.send([resetChunk(PEER_TSN, PEER_TSN + 1, [1])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.PERFORMED]], 'also when asked again');
    assert.equal(peer.association.stats.receiveWindow, peer.association.stats.receiveWindowSize);
  });

  test('a deferred request repeated with the next number, as older Chromium does it', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([resetChunk(PEER_TSN, PEER_TSN, [1])]);
    peer.send([resetChunk(PEER_TSN + 1, PEER_TSN, [1])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [
      [PEER_TSN, RESULT.IN_PROGRESS],
      [PEER_TSN + 1, RESULT.IN_PROGRESS],
    ]);
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN + 1, RESULT.PERFORMED]]);
    assert.deepEqual(peer.seen.streamsReset, [[1]]);
    peer.send([resetChunk(PEER_TSN + 2, PEER_TSN, [1])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN + 2, RESULT.PERFORMED]]);
    assert.deepEqual(peer.seen.streamsReset, [[1]], 'once');
    peer.send([dataChunk({ tsn: PEER_TSN + 1 })]);
    peer.send([resetChunk(PEER_TSN + 3, PEER_TSN + 1, [1])]);
    assert.deepEqual(peer.seen.streamsReset, [[1], [1]], 'a reset of its next life');
  });

  test('another request while one is deferred has to wait', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([resetChunk(PEER_TSN, PEER_TSN, [1])]);
    peer.send([resetChunk(PEER_TSN + 1, PEER_TSN, [2])]);
    assert.deepEqual(resultsOf(peer.takeChunks())[1], [PEER_TSN + 1, RESULT.ALREADY_IN_PROGRESS]);
  });

  test('§5.2.3: a request for our streams to be reset is followed by our own', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, 4);
    peer.take();
    peer.send([makeReconfigChunk([makeIncomingReset(PEER_TSN, [4, 6])])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.IN_PROGRESS]]);
    peer.send([sackChunk({ cumulative: 100 })]);
    const [request] = requestsOf(peer.takeChunks());
    assert.deepEqual([request!.streams, request!.responseSequence], [[4], PEER_TSN]);
    peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.PERFORMED)])]);
    assert.deepEqual(peer.seen.resetDone, [[4]]);
    peer.send([makeReconfigChunk([makeIncomingReset(PEER_TSN, [4, 6])])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.PERFORMED]]);
  });

  test('§5.2.3: of streams that were never used there is nothing to reset', () => {
    const peer = new ScriptedPeer().connect();
    peer.send([makeReconfigChunk([makeIncomingReset(PEER_TSN, [4])])]);
    assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.NOTHING_TO_DO]]);
  });

  for (const [name, type] of [
    ['§5.2.4 a reset of all TSNs', PARAMETER.SSN_TSN_RESET_REQUEST],
    ['§5.2.5 more outgoing streams', PARAMETER.ADD_OUTGOING_STREAMS_REQUEST],
    ['§5.2.6 more incoming streams', PARAMETER.ADD_INCOMING_STREAMS_REQUEST],
  ] as const)
    test(`${name} is denied`, () => {
      const peer = new ScriptedPeer().connect();
      const value = Uint8Array.of(0, 0, PEER_TSN >> 8, PEER_TSN & 0xff, 0, 9, 0, 0);
      peer.send([makeReconfigChunk([makeParameter(type, value)])]);
      assert.deepEqual(resultsOf(peer.takeChunks()), [[PEER_TSN, RESULT.DENIED]]);
    });

  test('a request and a response in one chunk are both heard', () => {
    const peer = new ScriptedPeer().connect();
    peer.association.resetStreams([1], 0);
    peer.take();
    const request = makeOutgoingReset({
      requestSequence: PEER_TSN,
      responseSequence: 100,
      lastTsn: PEER_TSN - 1,
      streams: [1],
    });
    peer.send([makeReconfigChunk([makeReconfigResponse(100, RESULT.PERFORMED), request])]);
    assert.deepEqual([peer.seen.resetDone, peer.seen.streamsReset], [[[1]], [[1]]]);
  });
});

describe('RFC 9260 §5.2.4 A and RFC 6525: a reset outlives a restart of the peer', () => {
  test('the request that was under way is asked again of the new peer', () => {
    const peer = new ScriptedPeer().connect();
    sending(peer, 10, 1);
    peer.association.resetStreams([1, 2], 0);
    assert.deepEqual(
      requestsOf(peer.takeChunks()).map(({ streams }) => streams),
      [[2]],
    );
    peer.connect({ initiateTag: 777, initialTsn: 50 });
    assert.deepEqual(peer.seen.log, ['connected', 'restarted']);
    const streams: number[] = [];
    for (let sequence = peer.theirs!.initialTsn, i = 0; i < 2; i++, sequence = (sequence + 1) >>> 0) {
      const [again] = requestsOf(peer.wait(1_500).flatMap(({ packet }) => packet.chunks));
      streams.push(...(again?.streams ?? []));
      peer.send([makeReconfigChunk([makeReconfigResponse(sequence, RESULT.PERFORMED)])]);
    }
    assert.deepEqual(peer.seen.resetDone.flat().sort(), [1, 2], `asked for ${streams}`);
  });
});

describe('RFC 6525: ids are used again', () => {
  test('a stream lives a hundred lives, on a wire that loses and reorders', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const wire = { delay: 10, jitter: 5, loss: 0.1, reorder: 0.1 };
      const p = connectedPair({ seed, wire, both: { roundTripTime: 25, initialTsn: 0xffff_fff0 } });
      for (let life = 0; life < 20; life++) {
        for (let i = 0; i < 3; i++) p.a.send(1, life * 10 + i, bytes(700), 0, 700, ORDERED, p.now);
        p.a.resetStreams([1], p.now);
        assert.ok(
          p.run(60_000, () => p.atA.resetDone.length === life + 1),
          `seed ${seed} life ${life}`,
        );
      }
      p.run(5_000);
      const expected = Array.from({ length: 20 }, (_, life) => [0, 1, 2].map((i) => life * 10 + i)).flat();
      assert.deepEqual(
        p.atB.messages.map(({ ppid }) => ppid),
        expected,
        `seed ${seed}`,
      );
      assert.equal(p.atB.streamsReset.length, 20, `seed ${seed}`);
    }
  });

  test('both sides reset the same stream at once', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const p = connectedPair({ seed, wire: { delay: 10, loss: 0.1 }, both: { roundTripTime: 20 } });
      for (const side of [p.a, p.b]) {
        side.send(1, 51, bytes(100), 0, 100, ORDERED, p.now);
        side.resetStreams([1], p.now);
      }
      p.run(30_000);
      for (const seen of [p.atA, p.atB]) {
        assert.deepEqual(
          seen.log.slice().sort(),
          ['connected', 'message 1', 'reset 1', 'reset done 1'],
          `seed ${seed}`,
        );
        assert.ok(seen.log.indexOf('message 1') < seen.log.indexOf('reset 1'), `seed ${seed}`);
      }
    }
  });

  test('the last TSN in a request is the last one given', () => {
    const p = connectedPair({ wire: { delay: 10 }, a: { initialTsn: 0xffff_ffff } });
    p.forget();
    for (let i = 0; i < 3; i++) p.a.send(1, 51, bytes(9), 0, 9, ORDERED, p.now);
    p.a.resetStreams([1], p.now);
    p.run(1_000);
    const request = p.chunks.find(({ from, type }) => from === 'a' && type === RE_CONFIG)!;
    assert.equal(u32(request.bytes, 16), 1);
  });
});
