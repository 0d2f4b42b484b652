import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u16, u32 } from '@millrace/sans-io';
import { PacketHistory, RtpStream } from '../../src/interceptors/index.ts';
import { ChainEnd, isRtcp, rtp, VIDEO, view } from '../interceptors/chain-end.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

/** Sequence numbers that a NACK asks for. */
function asked(bytes: Uint8Array): number[] {
  assert.deepEqual([bytes[0], bytes[1]], [0x81, 205]);
  assert.equal(u16(bytes, 2) * 4 + 4, bytes.length);
  assert.equal(u32(bytes, 8), VIDEO.ssrc);
  const numbers: number[] = [];
  for (let at = 12; at < bytes.length; at += 4) {
    numbers.push(u16(bytes, at));
    for (let bit = 0; bit < 16; bit++)
      if ((u16(bytes, at + 2) >> bit) & 1) numbers.push((u16(bytes, at) + 1 + bit) & 0xffff);
  }
  return numbers;
}

function receiver(options = {}): ChainEnd {
  const end = new ChainEnd({ reports: { interval: 60_000 }, ...options });
  end.chain.addRemoteStream(VIDEO, 0);
  return end;
}

function get(end: ChainEnd, sequenceNumber: number, now: number): void {
  end.chain.receiveRtp(rtp(VIDEO, sequenceNumber & 0xffff, 0), now);
}

function nack(sequenceNumbers: readonly number[], ssrc = VIDEO.ssrc): Uint8Array {
  const bytes = new Uint8Array(12 + sequenceNumbers.length * 4);
  const data = new DataView(bytes.buffer);
  data.setUint32(0, (0x81cd << 16) | (2 + sequenceNumbers.length));
  data.setUint32(8, ssrc);
  for (const [i, number] of sequenceNumbers.entries()) data.setUint16(12 + i * 4, number);
  return bytes;
}

describe('RFC 4585 §6.2.1 generic NACK, asking', () => {
  test('what a gap leaves out is asked for at once, across the wrap, as id and mask', () => {
    const end = receiver();
    for (const n of [65_533, 0, 1, 20]) get(end, n, 0);
    const [first] = end.flush(0);
    assert.deepEqual(asked(first!), [65_534, 65_535, ...Array.from({ length: 18 }, (_, i) => i + 2)]);
    assert.equal(first!.length, 12 + 2 * 4);
    assert.deepEqual(end.flush(1), []);
  });

  test('it is asked for again after a round trip until it comes', () => {
    const end = receiver();
    get(end, 1, 0);
    get(end, 4, 0);
    assert.deepEqual(asked(end.flush(0)[0]!), [2, 3]);
    get(end, 3, 50);
    end.chain.expire(109);
    assert.deepEqual(end.flush(109), []);
    assert.equal(end.chain.deadline(), 110);
    end.chain.expire(110);
    assert.deepEqual(asked(end.flush(110)[0]!), [2]);
    get(end, 2, 200);
    end.chain.expire(300);
    assert.deepEqual(end.flush(300), []);
    assert.equal(end.generator.recovered, 2);
  });

  test('it is given up after so many tries, and the application hears of it', () => {
    const end = receiver({ generator: { maxTries: 3 } });
    get(end, 1, 0);
    get(end, 3, 0);
    let nacks = 0;
    for (let now = 0; now < 2_000; now += 10) {
      end.chain.expire(now);
      nacks += end.flush(now).length;
    }
    assert.equal(nacks, 3);
    const lost: number[] = [];
    end.chain.drain({ onPacketLost: (_, number) => void lost.push(number) });
    assert.deepEqual(lost, [2]);
    assert.equal(end.generator.givenUp, 1);
  });

  test('reordering within the delay that is allowed for is not asked for', () => {
    const end = receiver({ generator: { reorderDelay: 5 } });
    get(end, 1, 0);
    get(end, 3, 0);
    assert.deepEqual(end.flush(0), []);
    get(end, 2, 4);
    end.chain.expire(5);
    assert.deepEqual(end.flush(5), []);
    get(end, 5, 10);
    end.chain.expire(15);
    assert.deepEqual(asked(end.flush(15)[0]!), [4]);
  });

  test('a jump of sequence numbers asks for nothing; a gap as large as allowed asks within its caps', () => {
    const end = receiver({ generator: { maxGap: 300, maxMissing: 200, maxAsked: 100 } });
    get(end, 0, 0);
    get(end, 302, 0);
    assert.deepEqual(end.flush(0), []);
    assert.equal(end.generator.drops.counts['sequence-jump'], 1);
    get(end, 602, 0); // 299 are missing: 99 of them are given up
    const counts = end.flush(0).map((bytes) => asked(bytes).length);
    assert.equal(
      counts.reduce((a, b) => a + b),
      200,
    );
    assert.ok(Math.max(...counts) <= 116, String(counts));
    assert.equal(end.generator.givenUp, 99);
  });

  test('what falls out of the window is given up', () => {
    const end = receiver({ generator: { window: 64 } });
    get(end, 1, 0);
    for (let n = 3; n < 64; n++) get(end, n, 0);
    assert.equal(end.generator.givenUp, 0);
    for (let n = 64; n < 68; n++) get(end, n, 0);
    assert.equal(end.generator.givenUp, 1);
    assert.equal(end.generator.missing(end.chain.remoteStream(VIDEO.ssrc)!), 0);
  });

  test(`random losses, repairs and jumps leave the books in order (SEED=${seed})`, () => {
    const end = receiver({ generator: { window: 128, maxGap: 100, maxMissing: 40 } });
    const stream = end.chain.remoteStream(VIDEO.ssrc)!;
    let state = seed;
    const dice = (bound: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (state >> 8) % bound;
    };
    let highest = 0;
    for (let i = 0; i < 50_000; i++) {
      const step = dice(20);
      if (step === 0) get(end, highest - dice(150), i);
      else if (step === 1 && dice(50) === 0) get(end, (highest += dice(30_000)), i);
      else get(end, (highest += 1 + (dice(10) === 0 ? dice(60) : 0)), i);
      const missing = end.generator.missing(stream);
      assert.ok(missing >= 0 && missing <= 40, `${missing} missing`);
      if (i % 7 === 0) {
        end.chain.expire(i);
        end.flush(i);
        end.chain.drain({});
      }
    }
  });
});

describe('RFC 4585 §6.2.1 generic NACK, answering', () => {
  const plain = { ...VIDEO, rtxSsrc: undefined, payloads: [{ payloadType: 96, clockRate: 90_000 }] };

  function sender(options = {}, stream = plain, packets = 100): ChainEnd {
    const end = new ChainEnd({ reports: { interval: 60_000 }, ...options });
    end.chain.addLocalStream(stream, 0);
    for (let i = 0; i < packets; i++) end.chain.sendRtp(rtp(stream, (65_500 + i) & 0xffff, i, 1_000), 0);
    end.flush(0);
    return end;
  }

  test('packets asked for are sent again as they were', () => {
    const end = sender();
    const bytes = nack([65_535, 3]);
    bytes[15] = 1; // and the one behind 65,535
    end.chain.receiveRtcp(bytes, 0, bytes.length, 10);
    const again = end.flush(10).filter((sent) => !isRtcp(sent));
    assert.deepEqual(
      again.map((sent) => view(sent).sequenceNumber),
      [65_535, 0, 3],
    );
    for (const sent of again)
      assert.deepEqual(sent, rtp(plain, u16(sent, 2), u32(sent, 4), 1_000).bytes.slice(0, 1_020));
    assert.equal(end.responder.nackCount(end.chain.localStream(VIDEO.ssrc)!), 1);
  });

  test('a peer that asks for everything over and over gets no more than its share', () => {
    const end = sender({ responder: { burstBytes: 20_000 } });
    let bytes = 0;
    const everything = nack(Array.from({ length: 100 }, (_, i) => (65_500 + i) & 0xffff));
    for (let now = 0; now < 10_000; now++) {
      end.chain.receiveRtcp(everything, 0, everything.length, now);
      for (const sent of end.flush(now)) bytes += sent.length;
    }
    assert.ok(bytes <= 20_000, `${bytes} bytes`);
    assert.ok(end.responder.drops.counts['over-budget'] > 0);
    // A budget that binds does not bind any more when media goes on.
    for (let i = 0; i < 10; i++) end.chain.sendRtp(rtp(plain, 1_000 + i, i, 1_000), 10_000);
    end.flush(10_000);
    const one = nack([1_000]);
    end.chain.receiveRtcp(one, 0, one.length, 10_001);
    assert.equal(end.flush(10_001).length, 1);
  });

  test('one packet is not sent again within a round trip, nor without end', () => {
    const end = sender({ responder: { maxResends: 3, holdOff: 1 } });
    const one = nack([0]);
    const times: number[] = [];
    for (let now = 0; now < 2_000; now += 10) {
      end.chain.receiveRtcp(one, 0, one.length, now);
      if (end.flush(now).length > 0) times.push(now);
    }
    assert.deepEqual(times, [0, 100, 200]);
    assert.ok(end.responder.drops.counts['too-often'] > 100);
  });

  test('packets never sent, or forgotten, and streams of nobody are counted', () => {
    const end = sender({ responder: { historyPackets: 64 } });
    for (const bytes of [nack([65_500]), nack([5_000]), nack([0], 77), nack([])]) {
      end.chain.receiveRtcp(bytes, 0, bytes.length, 1);
      assert.deepEqual(end.flush(1), []);
    }
    const { counts } = end.responder.drops;
    assert.deepEqual([counts['not-in-history'], counts['unknown-stream'], counts.malformed], [2, 1, 1]);
  });

  test('retransmissions that wait are bounded', () => {
    const end = sender({ responder: { maxPending: 10 } });
    const many = nack(Array.from({ length: 60 }, (_, i) => i));
    end.chain.receiveRtcp(many, 0, many.length, 1);
    assert.equal(end.flush(1).length, 10);
    assert.equal(end.responder.drops.counts['too-many-pending'], 50);
  });

  test('a removed stream answers nothing, even what was asked before', () => {
    const end = sender();
    const bytes = nack([0, 1]);
    end.chain.receiveRtcp(bytes, 0, bytes.length, 1);
    end.chain.removeStream(new RtpStream(plain, true, 5)); // not one of the chain
    end.chain.removeStream(end.chain.localStream(VIDEO.ssrc)!);
    assert.deepEqual(
      end.flush(1).filter((sent) => !isRtcp(sent)),
      [],
    );
  });
});

describe('a history of packets', () => {
  test('holds what was put last, as much as its bytes and places allow, and gives it back unchanged', () => {
    const history = new PacketHistory(8_192, 32);
    const bytes = new Uint8Array(1_500);
    const out = new Uint8Array(1_500);
    for (let n = 0; n < 5_000; n++) {
      const length = 100 + ((n * 37) % 1_000);
      bytes.fill(n & 0xff, 7, 7 + length);
      assert.ok(history.put(n, bytes, 7, 7 + length, n));
      assert.equal(history.put(n, bytes, 7, 7 + length, n), false);
      let held = 0;
      for (let back = 0; back < 40 && n - back >= 0; back++) {
        if (!history.has(n - back)) continue;
        const kept = history.lengthOf(n - back);
        held += kept;
        history.copy(n - back, 0, kept, out, 0);
        assert.equal(out[0], (n - back) & 0xff);
        assert.equal(out[kept - 1], (n - back) & 0xff);
        assert.equal(history.sentAt(n - back), n - back);
      }
      assert.ok(held <= 8_192 && held >= Math.min(length, 1), `${held}`);
      if (n > 100) assert.ok(held > 3_000, `${held} bytes at ${n}`);
    }
  });
});
