import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  RTCP_KIND,
  RtcpReader,
  readTransportSequenceNumber,
  TransportWideFeedback,
  TransportWideWriter,
} from '../../src/index.ts';
import {
  BandwidthEstimate,
  RoundTripTime,
  TransportFeedback,
  TransportStamper,
} from '../../src/interceptors/index.ts';
import { ChainEnd, isRtcp, rtp, VIDEO, view } from './chain-end.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

const reader = new RtcpReader();
const feedback = new TransportWideFeedback();

/** Numbers and times that feedback tells of, in ms. */
function told(bytes: Uint8Array): Array<[number, number]> {
  assert.ok(reader.begin(bytes, 0, bytes.length) && reader.next());
  assert.equal(reader.kind, RTCP_KIND.transportWideFeedback);
  assert.ok(feedback.read(reader));
  const found: Array<[number, number]> = [];
  while (feedback.next()) if (feedback.isReceived) found.push([feedback.sequenceNumber, feedback.arrival]);
  return found;
}

function receiver(options = {}): ChainEnd {
  const end = new ChainEnd({
    outer: [new TransportFeedback(options)],
    reports: { interval: 60_000 },
    generator: { giveUpAfter: 1 },
  });
  end.chain.addRemoteStream({ ...VIDEO, feedback: ['transport-cc'] }, 0);
  return end;
}

function get(end: ChainEnd, transportNumber: number, now: number): void {
  const packet = rtp(VIDEO, 0, 0);
  packet.bytes[17] = transportNumber >> 8;
  packet.bytes[18] = transportNumber;
  end.chain.receiveRtp(packet, now);
}

function after(end: ChainEnd, now: number): Uint8Array[] {
  end.chain.expire(now);
  return end.flush(now);
}

describe('draft-holmer-rmcat-transport-wide-cc-extensions §3: telling', () => {
  test('what came since the last feedback is told once in an interval, reordered or not', () => {
    const end = receiver({ interval: 50 });
    for (const [number, now] of [
      [65_534, 10],
      [0, 12.5],
      [65_535, 13],
      [3, 20],
    ] as const)
      get(end, number, now);
    assert.deepEqual(after(end, 59), []);
    assert.equal(end.chain.deadline(), 60);
    const [sent] = after(end, 60);
    assert.deepEqual(told(sent!), [
      [65_534, 10],
      [65_535, 13],
      [0, 12.5],
      [3, 20],
    ]);
    assert.deepEqual(after(end, 200), []);
    get(end, 4, 210);
    get(end, 2, 211);
    assert.deepEqual(told(after(end, 260)[0]!), [
      [2, 211],
      [3, 20],
      [4, 210],
    ]);
  });

  test('duplicates are told with their first time; jumps of numbers begin anew within the memory', () => {
    const end = receiver({ window: 64 });
    get(end, 1, 0);
    get(end, 1, 5);
    get(end, 20_000, 10);
    get(end, 19_000, 11);
    assert.deepEqual(told(after(end, 200)[0]!), [[20_000, 10]]);
    const twcc = end.chain.interceptors[0] as TransportFeedback;
    assert.deepEqual({ ...twcc.drops.counts }, { 'sequence-jump': 1, 'too-old': 1 });
  });

  test('a flood of packets is told in as many packets as it takes', () => {
    const end = receiver();
    for (let i = 0; i < 2_000; i++) get(end, i, i * 14.7);
    const numbers = after(end, 29_999).flatMap((bytes) => told(bytes).map(([number]) => number));
    assert.deepEqual(
      numbers,
      Array.from({ length: 2_000 }, (_, i) => i),
    );
  });
});

describe('draft-holmer-rmcat-transport-wide-cc-extensions §2: stamping, and what is believed', () => {
  function sender(): { end: ChainEnd; stamper: TransportStamper; estimate: BandwidthEstimate } {
    const estimate = new BandwidthEstimate(new RoundTripTime(50));
    const stamper = new TransportStamper(estimate, { window: 256 });
    const end = new ChainEnd({ outer: [stamper], reports: { interval: 60_000 } });
    end.chain.addLocalStream(VIDEO, 0);
    return { end, stamper, estimate };
  }

  function feedbackOf(count: number, base: number, packets: ReadonlyArray<[number, number]>): Uint8Array {
    const out = new Uint8Array(1_400);
    const writer = new TransportWideWriter();
    assert.ok(writer.begin(out, 0, out.length, 1, VIDEO.ssrc, count, base, Math.round(packets[0]![1] * 4)));
    for (const [number, arrival] of packets) assert.ok(writer.add(number, Math.round(arrival * 4)));
    return out.slice(0, writer.finish());
  }

  test('each packet that leaves has the next number, retransmissions too', () => {
    const { end } = sender();
    for (let i = 0; i < 3; i++) end.chain.sendRtp(rtp(VIDEO, i, 0), 0);
    const numbers = end.flush(0).map((bytes) => readTransportSequenceNumber(view(bytes), 5));
    end.chain.receiveRtcp(
      Uint8Array.of(0x81, 205, 0, 3, 0, 0, 0, 1, 0x9a, 0xbc, 0xde, 0xf0, 0, 1, 0, 0),
      0,
      16,
      1,
    );
    numbers.push(...end.flush(1).map((bytes) => readTransportSequenceNumber(view(bytes), 5)));
    assert.deepEqual(numbers, [0, 1, 2, 3]);
  });

  test('a packet without room for the number gets it if there is room behind it, or goes without', () => {
    const { end, stamper } = sender();
    const bare = { ...VIDEO, transportSequenceId: 0 };
    end.chain.sendRtp(rtp(bare, 0, 0), 0);
    const [sent] = end.flush(0);
    assert.equal(readTransportSequenceNumber(view(sent!), 5), 0);
    end.chain.sendRtp(rtp(bare, 1, 0), 0);
    const tight = new Uint8Array(112);
    assert.equal(end.chain.transmit(tight, 0, tight.length, 0), 112);
    assert.equal(stamper.drops.counts['no-room'], 1);
  });

  test(`feedback on what was never sent, told twice, or of times that cannot be, does no harm (SEED=${seed})`, () => {
    const { end, stamper, estimate } = sender();
    const random = new SeededRandom(seed);
    let now = 0;
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 5; i++) end.chain.sendRtp(rtp(VIDEO, (round * 5 + i) & 0xffff, 0, 1_000), now);
      end.flush(now);
      const base = random.below(65_536);
      const honest = round % 3 === 0;
      const start = honest ? (round * 5) & 0xffff : base;
      const time = honest ? now : random.below(64 * 2 ** 23);
      const bytes = feedbackOf(round & 0xff, start, [
        [start, time],
        [(start + random.below(50) + 1) & 0xffff, time + random.below(1_000)],
      ]);
      for (let copies = 0; copies < 3; copies++) end.chain.receiveRtcp(bytes, 0, bytes.length, now);
      if (random.chance(0.3)) {
        bytes[random.below(bytes.length - 4) + 4] = random.below(256);
        end.chain.receiveRtcp(bytes, 0, bytes.length, now);
      }
      now += 20;
      const rate = estimate.bitsPerSecond;
      assert.ok(rate >= 30_000 && rate <= 20_000_000, `${rate}`);
    }
    assert.ok(stamper.drops.counts['unknown-packet'] > 100);
  });

  test('a peer that claims impossibly quick arrival does not get more than the highest bit rate', () => {
    const { end, estimate } = sender();
    let number = 0;
    for (let now = 0; now < 20_000; now += 20) {
      const packets: Array<[number, number]> = [];
      for (let i = 0; i < 8; i++) {
        end.chain.sendRtp(rtp(VIDEO, number & 0xffff, 0, 1_000), now);
        packets.push([number++ & 0xffff, 1_000 + now / 50]); // its clock runs fifty times slower
      }
      end.flush(now);
      const bytes = feedbackOf(0, packets[0]![0], packets);
      end.chain.receiveRtcp(bytes, 0, bytes.length, now + 1);
    }
    assert.ok(estimate.bitsPerSecond <= 20_000_000);
  });

  test('no feedback at all: the rate falls while packets are sent', () => {
    const { end, estimate } = sender();
    end.chain.sendRtp(rtp(VIDEO, 0, 0), 0);
    end.flush(0);
    const bytes = feedbackOf(0, 0, [[0, 10]]);
    end.chain.receiveRtcp(bytes, 0, bytes.length, 10);
    for (let now = 20; now < 10_000; now += 20) {
      end.chain.sendRtp(rtp(VIDEO, now, 0), now);
      assert.ok(end.flush(now).every((sent) => !isRtcp(sent)));
      estimate.onTime(now);
    }
    assert.ok(estimate.bitsPerSecond < 100_000, `${estimate.bitsPerSecond}`);
  });
});
