import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u16, u24, u32 } from '@millrace/sans-io';
import { Pair } from '@millrace/sans-io/testing';
import { Reception } from '../../src/interceptors/index.ts';
import { AUDIO, ChainEnd, rtp, VIDEO } from '../interceptors/chain-end.ts';

/** Offsets of the packets in a compound, by type. */
function packetsOf(bytes: Uint8Array): Array<{ type: number; count: number; at: number }> {
  const found = [];
  for (let at = 0; at < bytes.length; at += 4 + u16(bytes, at + 2) * 4)
    found.push({ type: bytes[at + 1]!, count: bytes[at]! & 31, at });
  return found;
}

const block = new Uint8Array(24);
function blockOf(
  reception: Reception,
  now = 0,
): { fraction: number; lost: number; highest: number; jitter: number } {
  reception.writeBlock(block, 0, 1, now);
  return {
    fraction: block[4]!,
    lost: (u24(block, 5) << 8) >> 8,
    highest: u32(block, 8),
    jitter: u32(block, 12),
  };
}

describe('RFC 3550 §A.1 RTP data header validity checks', () => {
  test('the highest number counts its cycles', () => {
    const reception = new Reception(90_000);
    for (const sequence of [65_534, 65_535, 0, 1, 65_533])
      assert.ok(reception.onPacket(sequence, 0, 90_000, 0));
    assert.equal(blockOf(reception).highest, 0x1_0001);
  });

  test('a single number far off is a stray, two in a row are a restart', () => {
    const reception = new Reception(90_000);
    for (let sequence = 0; sequence < 10; sequence++) reception.onPacket(sequence, 0, 90_000, 0);
    assert.equal(reception.onPacket(20_000, 0, 90_000, 0), false);
    assert.equal(reception.onPacket(40_000, 0, 90_000, 0), false);
    assert.ok(reception.onPacket(10, 0, 90_000, 0));
    assert.equal(reception.strays, 2);
    assert.equal(reception.onPacket(20_000, 0, 90_000, 0), false);
    assert.equal(reception.onPacket(20_001, 0, 90_000, 0), true);
    assert.equal(reception.restarts, 1);
    assert.deepEqual(blockOf(reception), { fraction: 0, lost: 0, highest: 20_001, jitter: 0 });
  });
});

describe('RFC 3550 §A.3 determining number of packets expected and lost', () => {
  test('the fraction is of the interval, the sum of all time', () => {
    const reception = new Reception(90_000);
    for (let sequence = 0; sequence < 100; sequence++)
      if (sequence % 4 !== 1) reception.onPacket(sequence, 0, 90_000, 0);
    assert.deepEqual(blockOf(reception), { fraction: 64, lost: 25, highest: 99, jitter: 0 });
    for (let sequence = 100; sequence < 200; sequence++) reception.onPacket(sequence, 0, 90_000, 0);
    assert.deepEqual(blockOf(reception), { fraction: 0, lost: 25, highest: 199, jitter: 0 });
  });

  test('duplicates make the loss negative and the fraction nothing', () => {
    const reception = new Reception(90_000);
    for (let i = 0; i < 4; i++) reception.onPacket(7, 0, 90_000, 0);
    assert.deepEqual(blockOf(reception), { fraction: 0, lost: -3, highest: 7, jitter: 0 });
  });
});

describe('RFC 3550 §A.8 estimating the interarrival jitter', () => {
  test('equal transit times are no jitter, whatever the offset of the clocks', () => {
    const reception = new Reception(8_000);
    for (let i = 0; i < 50; i++) reception.onPacket(i, (0xffff_ff00 + i * 160) >>> 0, 8_000, 1_000 + i * 20);
    assert.equal(reception.jitter, 0);
  });

  test('it moves a sixteenth of the way to each difference', () => {
    const reception = new Reception(8_000);
    let expected = 0;
    const late = [0, 5, 0, 10, 3];
    for (const [i, delay] of late.entries()) {
      reception.onPacket(i, i * 160, 8_000, i * 20 + delay);
      if (i > 0) expected += (Math.abs(delay - late[i - 1]!) * 8 - expected) / 16;
    }
    assert.ok(Math.abs(reception.jitter - expected) < 1e-6, `${reception.jitter} for ${expected}`);
  });
});

describe('RFC 3550 §6.4 sender and receiver reports', () => {
  test('a sender report says how much was sent and relates RTP time to wall-clock time', () => {
    const end = new ChainEnd({ reports: { wallClockOffset: 1_700_000_000_000, interval: 1_000 } });
    end.chain.addLocalStream(VIDEO, 0);
    for (let i = 0; i < 3; i++) end.chain.sendRtp(rtp(VIDEO, i, 9_000, 100), 100);
    end.flush(100);
    const [report] = end.flush(600);
    const [sr, sdes] = packetsOf(report!);
    assert.deepEqual([sr!.type, sr!.count, sdes!.type], [200, 0, 202]);
    assert.equal(u32(report!, 4), VIDEO.ssrc);
    assert.equal(u32(report!, 8), 1_700_000_000 + 2_208_988_800);
    assert.equal(u32(report!, 12) >>> 16, Math.floor(0.6 * 65_536));
    assert.equal(u32(report!, 16), 9_000 + 500 * 90);
    assert.equal(u32(report!, 20), 3);
    assert.equal(u32(report!, 24), 300);
  });

  test('whoever has sent nothing since the last report sends a receiver report', () => {
    const end = new ChainEnd({ reports: { interval: 1_000 } });
    end.chain.addLocalStream(AUDIO, 0);
    end.chain.addRemoteStream(VIDEO, 0);
    end.chain.receiveRtp(rtp(VIDEO, 1, 0), 10);
    const [report] = end.flush(2_000);
    assert.deepEqual(
      packetsOf(report!).map(({ type, count }) => [type, count]),
      [
        [201, 1],
        [202, 1],
      ],
    );
    // Nothing new has come: an empty report.
    const [empty] = end.flush(10_000);
    assert.deepEqual(
      packetsOf(empty!).map(({ type, count }) => [type, count]),
      [
        [201, 0],
        [202, 1],
      ],
    );
  });

  test('streams that do not fit in one packet are reported in the next, each once', () => {
    const end = new ChainEnd({ maxStreams: 100 });
    for (let ssrc = 1; ssrc <= 100; ssrc++) {
      const info = { ...VIDEO, ssrc, rtxSsrc: undefined };
      end.chain.addRemoteStream(info, 0);
      end.chain.receiveRtp(rtp(info, 1, 0), 10);
    }
    const reported: number[] = [];
    for (const report of end.flush(2_000)) {
      assert.ok(report.length <= 1_200);
      for (const { type, count, at } of packetsOf(report))
        if (type === 201) for (let i = 0; i < count; i++) reported.push(u32(report, at + 8 + i * 24));
    }
    assert.deepEqual(
      reported,
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  test('both ends learn the round-trip time and what the other received', () => {
    const a = new ChainEnd({ seed: 1 });
    const b = new ChainEnd({ seed: 2, reports: { wallClockOffset: 5_000_000 } });
    const sending = a.chain.addLocalStream(VIDEO, 0);
    b.chain.addRemoteStream(VIDEO, 0);
    const back = b.chain.addLocalStream(AUDIO, 0);
    a.chain.addRemoteStream(AUDIO, 0);
    let sequence = 0;
    a.nextSend = 0;
    a.onSend = (now) => {
      a.chain.sendRtp(rtp(VIDEO, sequence & 0xffff, sequence * 900), now);
      b.chain.sendRtp(rtp(AUDIO, sequence & 0xffff, sequence * 480), now);
      sequence++;
      a.nextSend = now + 10;
    };
    const pair = new Pair({ a, b, sinkA: {}, sinkB: {}, wire: { delay: 40 } });
    let dropped = 0;
    pair.ab.lose = (bytes) => bytes[1] === 96 && ++dropped % 10 === 0;
    pair.run(10_000);
    assert.ok(Math.abs(a.roundTripTime.smoothed - 80) < 1, `${a.roundTripTime.smoothed}`);
    assert.ok(Math.abs(b.roundTripTime.smoothed - 80) < 1, `${b.roundTripTime.smoothed}`);
    const transmission = a.reports.transmission(sending)!;
    assert.ok(Math.abs(transmission.fractionLost - 0.1) < 0.02, `${transmission.fractionLost}`);
    assert.ok(transmission.packetsLost > 50);
    assert.equal(b.reports.transmission(back)!.packetsLost, 0);
  });

  test('a round-trip time that cannot be is not believed', () => {
    const end = new ChainEnd();
    end.chain.addLocalStream(VIDEO, 0);
    const report = new Uint8Array(32);
    report.set([0x81, 201, 0, 7]);
    report.set([0x9a, 0xbc, 0xde, 0xf0], 8);
    for (const [lastReport, delay] of [
      [0xff00_0000, 1],
      [1, 0xffff_ffff],
      [0x7fff_ffff, 0x7fff_ffff],
      [0, 0],
    ]) {
      for (let i = 0; i < 4; i++) {
        report[24 + i] = lastReport! >>> (24 - i * 8);
        report[28 + i] = delay! >>> (24 - i * 8);
      }
      end.chain.receiveRtcp(report, 0, 32, 1_000);
    }
    assert.equal(end.roundTripTime.samples, 0);
    assert.equal(end.roundTripTime.smoothed, 100);
  });

  test('reports of streams that are none of ours, and reports cut short, are dropped and counted', () => {
    const end = new ChainEnd();
    end.chain.addLocalStream(VIDEO, 0);
    const full = new Uint8Array(52);
    full.set([0x81, 200, 0, 12]);
    end.chain.receiveRtcp(full, 0, 52, 0);
    assert.equal(end.reports.drops.counts['unknown-stream'], 2);
    for (let words = 0; words < 12; words++) {
      full[3] = words;
      end.chain.receiveRtcp(full, 0, 4 + words * 4, 0);
    }
    assert.equal(end.reports.drops.counts.malformed, 12);
  });
});

describe('RFC 3550 §6.6 BYE', () => {
  test('a stream that is removed says good-bye, and the other end hears of it', () => {
    const a = new ChainEnd();
    const b = new ChainEnd();
    const stream = a.chain.addLocalStream(VIDEO, 0);
    b.chain.addRemoteStream(VIDEO, 0);
    a.chain.sendRtp(rtp(VIDEO, 1, 0), 0);
    a.flush(0);
    a.chain.removeStream(stream);
    const sent = a.flush(1);
    assert.equal(sent.length, 1);
    b.receive(sent[0]!, 0, sent[0]!.length, 2);
    const gone: number[] = [];
    assert.ok(b.chain.drain({ onBye: ({ ssrc }) => void gone.push(ssrc) }));
    assert.deepEqual(gone, [VIDEO.ssrc]);
    assert.equal(b.chain.drain({}), false);
  });

  test('a stream that never sent anything goes in silence', () => {
    const a = new ChainEnd();
    a.chain.removeStream(a.chain.addLocalStream(VIDEO, 0));
    assert.deepEqual(a.flush(1), []);
  });
});
