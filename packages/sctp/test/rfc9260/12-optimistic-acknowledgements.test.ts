// RFC 9260 §12 (and Savage et al., 1999): a peer that acknowledges what is under way before it has come, or though it was
// lost, would have us send faster than its path carries. Now and then a TSN is left out; see src/tx/ack-challenge.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { atOrAfter32, putU32, u32 } from '@millrace/sans-io';
import { megabits, SeededRandom } from '@millrace/sans-io/testing';
import { connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk } from '../../src/packet/chunks.ts';
import { putLatestRun, writeLatestTsnsHeader } from '../../src/packet/latest-tsns.ts';
import { bytes, type Chunk, readData, ScriptedPeer, sackChunk } from '../scripted-peer.ts';

const { DATA, FORWARD_TSN, ABORT, SHUTDOWN } = CHUNK;
const MESSAGE = bytes(1_100);
/** By then a challenge has come, and been failed: 1 MiB, at most 1 MiB more, and what was in flight. */
const CAUGHT_WITHIN = 3 * 1024 * 1024;

function keepFull(peer: ScriptedPeer): void {
  while (peer.association.state === 'connected' && peer.association.totalBuffered < 1 << 20)
    peer.association.send(1, 51, MESSAGE, 0, MESSAGE.length, { ordered: true }, peer.now);
}

/** The TSN of a chunk of data; what else there is does not count. */
function tsnsOf(chunks: readonly Chunk[]): number[] {
  return chunks.filter(({ type }) => type === DATA).map((chunk) => readData(chunk).tsn);
}

/** Sends until `answer` has brought the association to its end; returns the bytes it took, at most `limit`. */
function sendUntilClosed(
  peer: ScriptedPeer,
  limit: number,
  answer: (tsns: readonly number[], chunks: readonly Chunk[]) => void,
): number {
  let sent = 0;
  while (peer.association.state === 'connected' && sent < limit) {
    keepFull(peer);
    const chunks = peer.wait(1).flatMap(({ packet }) => packet.chunks);
    const tsns = tsnsOf(chunks);
    sent += tsns.length * MESSAGE.length;
    peer.now += 9;
    if (chunks.length > 0) answer(tsns, chunks);
  }
  return sent;
}

function isAborted(peer: ScriptedPeer): void {
  assert.deepEqual(
    [peer.seen.closed?.by, peer.seen.closed?.code, peer.association.stats.drops['optimistic-ack']],
    ['local', 'PROTOCOL_VIOLATION', 1],
  );
  assert.ok(peer.takeTypes().includes(ABORT));
}

/** The SACK of a receiver that is honest about `got`. */
function honestSack(got: ReadonlySet<number>, cumulative: number, highest: number): Uint8Array {
  const gaps: Array<[number, number]> = [];
  for (let tsn = cumulative + 2; tsn <= highest; tsn++) {
    if (!got.has(tsn)) continue;
    const last = gaps.at(-1);
    if (last !== undefined && last[1] === tsn - 1 - cumulative) last[1]++;
    else gaps.push([tsn - cumulative, tsn - cumulative]);
  }
  return sackChunk({ cumulative, gaps: gaps.slice(0, 100) });
}

/** Of a peer that is told to skip a TSN by FORWARD TSN, and of one that gets it late. */
const PEERS = [
  ['a TSN of no message', [CHUNK.FORWARD_TSN, CHUNK.PAD, CHUNK.LATEST_TSNS]],
  ['a TSN withheld', [CHUNK.LATEST_TSNS]],
] as const;

for (const [kind, extensions] of PEERS)
  describe(`RFC 9260 §12 optimistic acknowledgements: ${kind}`, () => {
    const connected = (): ScriptedPeer => new ScriptedPeer().connect({ forwardTsn: false, extensions });

    test('a peer that acknowledges whatever must be under way is found out, and the association is aborted', () => {
      const peer = connected();
      let highest = 99;
      // It sees no packet but the first: it knows when and how fast TSNs must be going out, and acknowledges them.
      const sent = sendUntilClosed(peer, CAUGHT_WITHIN, (tsns) => {
        highest = Math.max(highest, ...tsns);
        peer.send([sackChunk({ cumulative: highest })]);
      });
      isAborted(peer);
      assert.ok(sent > 1024 * 1024, `${sent} bytes: short transfers meet no challenge`);
    });

    test('one that conceals what its path loses is found out too', () => {
      const peer = connected();
      const random = new SeededRandom(3);
      let highest = 99;
      sendUntilClosed(peer, CAUGHT_WITHIN, (tsns) => {
        for (const tsn of tsns) if (!random.chance(0.05)) highest = Math.max(highest, tsn);
        peer.send([sackChunk({ cumulative: highest })]);
      });
      isAborted(peer);
    });

    test('so is one that does it by gap blocks', () => {
      const peer = connected();
      let highest = 99;
      sendUntilClosed(peer, CAUGHT_WITHIN, (tsns) => {
        const before = highest;
        highest = Math.max(highest, ...tsns);
        // What was sent first comes last, again and again.
        if (highest > before + 1)
          peer.send([sackChunk({ cumulative: before, gaps: [[2, highest - before]] })]);
        peer.send([sackChunk({ cumulative: highest })]);
      });
      isAborted(peer);
    });

    test('by LATEST TSNS', () => {
      const peer = connected();
      const got = new Set<number>();
      let cumulative = 99;
      let highest = 99;
      sendUntilClosed(peer, CAUGHT_WITHIN, (tsns) => {
        for (const tsn of tsns) got.add(tsn);
        highest = Math.max(highest, ...tsns);
        while (got.has(cumulative + 1)) cumulative++;
        const latest = new Uint8Array(12);
        putLatestRun(latest, 0, 0, cumulative + 2, highest);
        writeLatestTsnsHeader(latest, 0, 1);
        // With a hole there is something to gain: the run covers it and what comes after.
        if (highest > cumulative + 1) putLatestRun(latest, 0, 0, cumulative + 1, highest);
        peer.send([latest, honestSack(got, cumulative, highest)]);
      });
      isAborted(peer);
    });

    test('and by SHUTDOWN', () => {
      const peer = connected();
      const got = new Set<number>();
      let cumulative = 99;
      sendUntilClosed(peer, CAUGHT_WITHIN, (tsns) => {
        for (const tsn of tsns) got.add(tsn);
        while (got.has(cumulative + 1)) cumulative++;
        const highest = Math.max(cumulative, ...tsns);
        if (highest === cumulative) return peer.send([sackChunk({ cumulative })]);
        const value = new Uint8Array(4);
        putU32(value, 0, highest);
        peer.send([makeChunk(SHUTDOWN, 0, value)]);
      });
      isAborted(peer);
    });

    test('a peer that never tells of gaps meets a timeout, and is not called a liar for what it is then told to skip', () => {
      const peer = connected();
      const got = new Set<number>();
      let cumulative = 99;
      let forwarded = 0;
      sendUntilClosed(peer, 2 * CAUGHT_WITHIN, (tsns, chunks) => {
        for (const tsn of tsns) got.add(tsn);
        for (const { type, bytes: chunk } of chunks)
          if (type === FORWARD_TSN) {
            forwarded++;
            cumulative = Math.max(cumulative, u32(chunk, 4));
          }
        while (got.has(cumulative + 1)) cumulative++;
        peer.send([sackChunk({ cumulative })]);
      });
      assert.equal(peer.association.state, 'connected');
      assert.ok(peer.association.stats.timeouts > 0);
      assert.equal(forwarded > 0, kind === PEERS[0][0]);
    });
  });

describe('RFC 9260 §12 honest receivers', () => {
  test('what is withheld comes a round trip later, without any loss or timeout being seen', () => {
    const peer = new ScriptedPeer().connect({ forwardTsn: false, extensions: [CHUNK.RE_CONFIG] });
    const got = new Set<number>();
    let cumulative = 99;
    let highest = 99;
    let late = 0;
    sendUntilClosed(peer, 3 * CAUGHT_WITHIN, (tsns) => {
      for (const tsn of tsns) {
        assert.ok(!got.has(tsn), 'nothing comes twice');
        got.add(tsn);
        if (tsn < highest) late++;
        highest = Math.max(highest, tsn);
      }
      while (got.has(cumulative + 1)) cumulative++;
      peer.send([honestSack(got, cumulative, highest)]);
    });
    const { state, timeouts, fastRecoveries, drops } = peer.association.stats;
    assert.deepEqual([state, timeouts, fastRecoveries, drops['optimistic-ack']], ['connected', 0, 0, 0]);
    assert.ok(late > 0 && late <= 9, `${late}`);
    assert.ok(highest - cumulative < 100);
  });

  for (const [name, wire, options] of [
    ['on a clean path', { delay: 10 }, {}],
    ['with interleaving off', { delay: 10 }, { interleaving: false }],
    [
      'where packets are lost, doubled and overtake',
      { delay: 10, loss: 0.02, duplicate: 0.02, jitter: 3 },
      {},
    ],
    ['across the wrap of TSNs', { delay: 10, loss: 0.01 }, { initialTsn: 0xffff_f800 }],
  ] as const)
    test(`an honest peer passes: ${name}`, () => {
      const pair = connectedPair({ seed: 11, wire, both: options });
      const { a, b, atB, atA, chunks, run } = pair;
      const total = 12_000;
      let sent = 0;
      const keepSending = (): void => {
        for (; sent < total && a.totalBuffered < 1 << 20; sent++) {
          const length = sent % 97 === 0 ? 20_000 : MESSAGE.length;
          const message = bytes(length, sent & 0xff);
          a.send(sent % 3, 51, message, 0, length, { ordered: sent % 5 !== 0 }, pair.now);
        }
      };
      atA.onSent = keepSending;
      keepSending();
      assert.ok(run(600_000, () => atB.messages.length === total));
      assert.deepEqual([a.state, b.state], ['connected', 'connected']);
      const skips = chunks.filter(({ from, type }) => from === 'a' && (type === FORWARD_TSN || type === 194));
      assert.ok(skips.length > 0, 'there were challenges');
      run(5_000);
      assert.equal(a.stats.sendMemory, 0);
      assert.equal(b.stats.receiveWindow, b.stats.receiveWindowSize);
      if (!('loss' in wire)) assert.equal(a.stats.retransmittedChunks, 0);
    });

  test('a TSN left out holds up nobody, and costs a SACK more now and then', () => {
    const pair = connectedPair({
      seed: 12,
      wire: { delay: 10, rate: megabits(100), queue: 1_000_000 },
    });
    const { a, b, atA, atB, chunks, run } = pair;
    const total = 15_000;
    let sent = 0;
    const keepSending = (): void => {
      for (; sent < total && a.totalBuffered < 1 << 20; sent++)
        a.send(1, 51, MESSAGE, 0, MESSAGE.length, { ordered: true }, pair.now);
    };
    atA.onSent = keepSending;
    let held = 0;
    atB.onMessage = (stream, ppid, message) => {
      atB.messages.push({ stream, ppid, bytes: message });
      held = Math.max(held, b.stats.receiveWindowSize - b.stats.receiveWindow);
    };
    keepSending();
    assert.ok(run(60_000, () => atB.messages.length === total));
    run(1_000);
    const data = chunks.filter(({ from, type }) => from === 'a' && (type === DATA || type === 64));
    const skips = chunks.filter(({ from, type }) => from === 'a' && (type === FORWARD_TSN || type === 194));
    const left = new Set(data.map(({ bytes: chunk }) => u32(chunk, 4)));
    const first = u32(data[0]!.bytes, 4);
    const span = u32(data.at(-1)!.bytes, 4) - first + 1;
    const challenges = span - left.size;
    assert.ok(challenges >= 2 && challenges <= 16, `${challenges}`);
    assert.ok(atOrAfter32(u32(skips.at(-1)!.bytes, 4), first));
    assert.equal(held, 0, 'no message waited at the receiver');
    assert.equal(a.stats.fastRecoveries + a.stats.timeouts + a.stats.retransmittedChunks, 0);
  });
});
