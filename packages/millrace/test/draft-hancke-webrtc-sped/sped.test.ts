// What of a handshake rides with checks, by itself: datagrams out of thin air, no agent and no DTLS.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER, putU32, u32 } from '@millrace/sans-io';
import { crc32 } from '@millrace/stun';
import fc from 'fast-check';
import {
  MAX_ACKNOWLEDGEMENTS_READ,
  MAX_FLIGHT_DATAGRAMS,
  MAX_WAITING_DATAGRAMS,
  SPED_DATAGRAM_BYTES,
  Sped,
} from '../../src/transport/sped.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const OPTIONS = ['ice2', 'trickle', 'sped', 'googspedv1'];
const ROOM = 1_000;

/** A datagram as DTLS would begin it. */
function datagram(number: number, length = 100): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i === 0 ? 22 : (number * 31 + i) & 0xff));
}

/** DTLS that has these datagrams to send, once. */
function flight(...datagrams: Uint8Array[]): {
  transmit(out: Uint8Array, at: number, end: number): number;
} {
  const left = [...datagrams];
  return {
    transmit(out, at) {
      const next = left.shift();
      if (next === undefined) return 0;
      out.set(next, at);
      return next.length;
    },
  };
}

function agreed(): Sped {
  const sped = new Sped(true);
  sped.settle(OPTIONS, OPTIONS);
  return sped;
}

/** What a message with these attributes brings. */
function bring(sped: Sped, data: Uint8Array | undefined, ack: Uint8Array | undefined): void {
  const bytes = new Uint8Array(4_000);
  if (data) bytes.set(data, 40);
  if (ack) bytes.set(ack, 2_000);
  sped.receive(
    bytes,
    data ? 40 : -1,
    data ? 40 + data.length : -1,
    ack ? 2_000 : -1,
    ack ? 2_000 + ack.length : -1,
  );
}

function acknowledgementOf(...datagrams: Uint8Array[]): Uint8Array {
  const value = new Uint8Array(4 * datagrams.length);
  for (const [i, bytes] of datagrams.entries()) putU32(value, 4 * i, crc32(bytes, 0, bytes.length));
  return value;
}

function acknowledged(sped: Sped): number[] {
  const { acknowledgements } = sped;
  return Array.from({ length: acknowledgements.length / 4 }, (_, i) => u32(acknowledgements, 4 * i));
}

const EMPTY = new Uint8Array(0);

describe('draft-hancke-webrtc-sped §4.2 negotiation', () => {
  test('an answer takes what the offer has, and says nothing of it otherwise', () => {
    assert.deepEqual(new Sped(true).offeredOptions, ['sped', 'googspedv1']);
    assert.deepEqual(new Sped(true).answeredOptions(['trickle', 'googspedv1']), ['googspedv1']);
    assert.deepEqual(new Sped(true).answeredOptions(['trickle', 'goog-sped-v1']), []);
    assert.deepEqual(new Sped(false).offeredOptions, []);
    assert.deepEqual(new Sped(false).answeredOptions(OPTIONS), []);
  });

  const cases: ReadonlyArray<readonly [readonly string[], readonly string[], boolean]> = [
    [OPTIONS, OPTIONS, true],
    [['sped'], ['sped', 'x'], true],
    [OPTIONS, ['trickle'], false],
    [['trickle'], OPTIONS, false],
    [['sped'], ['googspedv1'], false],
  ];
  for (const [ours, theirs, isAgreed] of cases)
    test(`${ours.join(' ')} and ${theirs.join(' ')}: ${isAgreed ? 'both do it' : 'nobody does'}`, () => {
      const sped = new Sped(true);
      sped.settle(ours, theirs);
      assert.deepEqual([sped.isAgreed, sped.isOn], [isAgreed, isAgreed]);
    });

  test('what the first descriptions have settled holds', () => {
    const sped = new Sped(true);
    sped.settle(OPTIONS, []);
    sped.offer(OPTIONS);
    sped.settle(OPTIONS, OPTIONS);
    assert.equal(sped.isOn, false);
  });

  test('switched off it takes and says nothing, whatever comes', () => {
    const sped = new Sped(false);
    sped.offer(OPTIONS);
    sped.settle(OPTIONS, OPTIONS);
    bring(sped, datagram(1), EMPTY);
    sped.capture(flight(datagram(2)), false, 0);
    assert.deepEqual(
      [sped.isOn, sped.take(), sped.next(ROOM, 0), sped.pending],
      [false, undefined, undefined, 0],
    );
    assert.equal(sped.transmit(flight(datagram(3)), new Uint8Array(200), 0, 200, 0), 100);
  });

  test('§4.2.2: what comes before the answer is kept and acknowledged, and nothing rides yet', () => {
    const sped = new Sped(true);
    sped.offer(OPTIONS);
    assert.deepEqual([sped.isOn, sped.isAgreed], [true, false]);
    bring(sped, datagram(1), EMPTY);
    assert.deepEqual(acknowledged(sped), [crc32(datagram(1), 0, 100)]);
    assert.deepEqual(sped.take(), datagram(1));
    bring(sped, undefined, undefined);
    sped.settle(OPTIONS, OPTIONS);
    assert.equal(sped.isAgreed, true);
  });
});

describe('draft-hancke-webrtc-sped §5.2 what rides', () => {
  test('the datagrams of a flight take turns, and those that are too long for the room are passed over', () => {
    const sped = agreed();
    const [a, b, c] = [datagram(1), datagram(2, 500), datagram(3)];
    sped.capture(flight(a, b, c), false, 0);
    assert.deepEqual([sped.pending, sped.flight], [3, 1]);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => sped.next(ROOM, 0)),
      [a, b, c, a],
    );
    assert.deepEqual([sped.next(200, 0), sped.next(200, 0), sped.next(50, 0)], [c, a, undefined]);
    assert.equal(sped.datagramsSent, 6);
  });

  test('a flight that is sent again, or the next one, takes its place; nothing new leaves it', () => {
    const sped = agreed();
    sped.capture(flight(datagram(1), datagram(2)), false, 0);
    sped.capture(flight(), false, 1);
    assert.deepEqual([sped.flight, sped.pending], [1, 2]);
    sped.capture(flight(datagram(3)), false, 2);
    assert.deepEqual([sped.flight, sped.pending, sped.next(ROOM, 2)], [2, 1, datagram(3)]);
  });

  test('DTLS is asked for datagrams of 900 bytes', () => {
    let asked = 0;
    const transmit = (_out: Uint8Array, at: number, end: number): number => {
      asked = end - at;
      return 0;
    };
    agreed().capture({ transmit }, false, 0);
    assert.equal(asked, SPED_DATAGRAM_BYTES);
  });

  test('of a flight of more datagrams than the cap the rest does not ride, and is counted', () => {
    const sped = agreed();
    const many = Array.from({ length: MAX_FLIGHT_DATAGRAMS + 1 }, (_, i) => datagram(i));
    sped.capture(flight(...many.slice(1)), false, 0);
    assert.deepEqual([sped.pending, sped.drops.counts['flight-too-long']], [MAX_FLIGHT_DATAGRAMS, 0]);
    sped.capture(flight(...many), false, 0);
    assert.deepEqual([sped.pending, sped.drops.counts['flight-too-long']], [MAX_FLIGHT_DATAGRAMS, 1]);
  });

  test('what is acknowledged rides no more; other numbers change nothing', () => {
    const sped = agreed();
    const [a, b, c] = [datagram(1), datagram(2), datagram(3)];
    sped.capture(flight(a, b, c), false, 0);
    bring(sped, undefined, acknowledgementOf(datagram(9), b));
    assert.deepEqual(
      [1, 2, 3].map(() => sped.next(ROOM, 0)),
      [a, c, a],
    );
    bring(sped, undefined, acknowledgementOf(b, b, a, c));
    assert.deepEqual([sped.pending, sped.next(ROOM, 0), sped.isOn], [0, undefined, true]);
  });

  test('an acknowledgement that is no list of numbers, or too long a one, is counted and not read', () => {
    const sped = agreed();
    const a = datagram(1);
    sped.capture(flight(a), false, 0);
    const ack = acknowledgementOf(a);
    for (const length of [1, 2, 3, 5])
      bring(sped, undefined, new Uint8Array([...ack, 0, 0]).slice(0, length));
    const full = new Uint8Array(4 * MAX_ACKNOWLEDGEMENTS_READ + 4);
    full.set(ack);
    bring(sped, undefined, full);
    assert.deepEqual([sped.drops.counts['bad-acknowledgement'], sped.pending], [5, 1]);
    bring(sped, undefined, full.slice(4));
    bring(sped, undefined, full.slice(0, -4));
    assert.deepEqual([sped.drops.counts['bad-acknowledgement'], sped.pending], [5, 0]);
  });
});

describe('draft-hancke-webrtc-sped §5.3 what has come', () => {
  test('is for DTLS, once, and is acknowledged: the last four', () => {
    const sped = agreed();
    const all = Array.from({ length: 6 }, (_, i) => datagram(i));
    for (const bytes of all) bring(sped, bytes, EMPTY);
    bring(sped, all[5], EMPTY);
    bring(sped, all[0], EMPTY);
    assert.deepEqual(
      Array.from({ length: 7 }, () => sped.take()),
      [...all, undefined],
    );
    assert.deepEqual(
      acknowledged(sped),
      all.slice(2).map((bytes) => crc32(bytes, 0, bytes.length)),
    );
    assert.deepEqual([sped.drops.counts.repeated, sped.datagramsReceived], [2, 8]);
  });

  test('§5.4: what comes over the path is acknowledged too, and is no news if it rode before', () => {
    const sped = agreed();
    bring(sped, datagram(1), EMPTY);
    assert.equal(sped.isNews(datagram(1), 0, 100), false);
    assert.equal(sped.isNews(datagram(2), 0, 100), true);
    bring(sped, datagram(2), EMPTY);
    assert.deepEqual([sped.take(), sped.take()], [datagram(1), undefined]);
    assert.equal(acknowledged(sped).length, 2);
  });

  test('once connected, what comes over the path is DTLS’s to judge: a replay is counted there', () => {
    const sped = agreed();
    sped.onConnected(true);
    sped.capture(flight(datagram(1)), true, 0);
    assert.deepEqual(
      [sped.isOn, sped.isNews(datagram(2), 0, 100), sped.isNews(datagram(2), 0, 100)],
      [true, true, true],
    );
  });

  test('an empty attribute, and what is not DTLS by its first byte, is nothing for DTLS', () => {
    const sped = agreed();
    bring(sped, EMPTY, EMPTY);
    for (const first of [0, 19, 64, 128, 255]) bring(sped, Uint8Array.of(first, 1, 2), EMPTY);
    assert.deepEqual([sped.take(), acknowledged(sped), sped.drops.counts['not-dtls']], [undefined, [], 5]);
    for (const first of [20, 63]) bring(sped, Uint8Array.of(first, 1, 2), EMPTY);
    assert.deepEqual([sped.take()?.[0], sped.take()?.[0]], [20, 63]);
  });

  test('more than may wait is dropped, counted, and not acknowledged', () => {
    const sped = agreed();
    for (let i = 0; i <= MAX_WAITING_DATAGRAMS; i++) bring(sped, datagram(i), EMPTY);
    assert.equal(sped.drops.counts['too-many-waiting'], 1);
    const last = datagram(MAX_WAITING_DATAGRAMS);
    assert.equal(acknowledged(sped).includes(crc32(last, 0, last.length)), false);
    sped.take();
    bring(sped, last, EMPTY);
    assert.equal(acknowledged(sped).at(-1), crc32(last, 0, last.length));
  });
});

describe('draft-hancke-webrtc-sped §5.4 once there is a path', () => {
  const over = (sped: Sped): Array<Uint8Array | undefined> => {
    const out = new Uint8Array(1_500);
    const sent: Uint8Array[] = [];
    for (let length = 1; length > 0; ) {
      length = sped.transmit(flight(), out, 0, out.length, 0);
      if (length > 0) sent.push(out.slice(0, length));
    }
    return sent;
  };

  test('what waits goes there, once, and no check is sent for it alone', () => {
    const sped = agreed();
    const [a, b, c] = [datagram(1), datagram(2), datagram(3)];
    sped.capture(flight(a, b, c), false, 0);
    sped.next(ROOM, 0);
    bring(sped, undefined, acknowledgementOf(b));
    sped.capture(flight(), true, 50);
    assert.deepEqual([sped.pending, over(sped), over(sped)], [0, [a, c], []]);
    assert.deepEqual([sped.next(ROOM, 50), sped.next(ROOM, 50)], [c, a]);
  });

  test('what is not acknowledged a round trip and a quarter later is worth a check, as long as it is not', () => {
    const sped = agreed();
    assert.equal(sped.checkDueAt, NEVER);
    sped.setPath(100);
    sped.capture(flight(datagram(1)), true, 10);
    sped.transmit(flight(), new Uint8Array(200), 0, 200, 10);
    assert.equal(sped.checkDueAt, 135);
    sped.next(ROOM, 135);
    assert.equal(sped.checkDueAt, 260);
    sped.next(0, 260);
    assert.equal(sped.checkDueAt, 385);
    bring(sped, undefined, acknowledgementOf(datagram(1)));
    assert.equal(sped.checkDueAt, NEVER);
  });

  test('connected, and the last flight is the peer’s: it is over, and DTLS goes its own way', () => {
    const sped = agreed();
    sped.capture(flight(datagram(1)), true, 0);
    sped.onConnected(false);
    assert.deepEqual(
      [sped.isOn, sped.isAgreed, sped.next(ROOM, 0), over(sped)],
      [false, false, undefined, []],
    );
    assert.equal(sped.isNews(datagram(7), 0, 100), true);
    bring(sped, datagram(2), EMPTY);
    assert.equal(sped.take(), undefined);
  });

  test('connected, and the last flight is ours: it rides until it is acknowledged', () => {
    const sped = agreed();
    sped.onConnected(true);
    sped.capture(flight(datagram(1)), true, 0);
    bring(sped, datagram(5), acknowledgementOf(datagram(9)));
    assert.deepEqual([sped.isOn, sped.next(ROOM, 0)], [true, datagram(1)]);
    bring(sped, undefined, acknowledgementOf(datagram(1)));
    assert.equal(sped.isOn, false);
  });

  test('a peer that says nothing of it any more has everything', () => {
    const sped = agreed();
    sped.onConnected(true);
    sped.capture(flight(datagram(1)), true, 0);
    bring(sped, undefined, undefined);
    assert.equal(sped.isOn, false);
  });

  test('a peer that never acknowledges the last flight is not told it for ever', () => {
    const sped = agreed();
    sped.onConnected(true);
    sped.capture(flight(datagram(1)), true, 0);
    let times = 0;
    while (sped.next(ROOM, times) && times < 1_000) times++;
    assert.equal(times, 16);
    assert.equal(sped.isOn, false);
  });

  test('a peer that agreed and does not do it: what has not gone out waits for the path', () => {
    const sped = agreed();
    sped.capture(flight(datagram(1), datagram(2)), false, 0);
    bring(sped, undefined, undefined);
    assert.deepEqual([sped.isOn, sped.next(ROOM, 0)], [false, undefined]);
    sped.capture(flight(), true, 50);
    assert.deepEqual(over(sped), [datagram(1), datagram(2)]);
  });
});

test(`whatever comes, in whatever order, nothing throws and every cap holds (seed ${seed})`, () => {
  const step = fc.oneof(
    fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 200 })).map(
      ([data, ack]) =>
        (sped: Sped) =>
          bring(sped, data, ack),
    ),
    fc.nat(5).map((n) => (sped: Sped) => bring(sped, datagram(n), acknowledgementOf(datagram(n + 1)))),
    fc.constant((sped: Sped) => bring(sped, undefined, undefined)),
    fc.tuple(fc.nat(20), fc.boolean()).map(
      ([n, hasPath]) =>
        (sped: Sped) =>
          sped.capture(flight(...Array.from({ length: n }, (_, i) => datagram(i))), hasPath, 0),
    ),
    fc.nat(1_200).map((room) => (sped: Sped) => void sped.next(room, 0)),
    fc.constant((sped: Sped) => void sped.take()),
    fc.boolean().map((isLast) => (sped: Sped) => sped.onConnected(isLast)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sped = agreed();
      for (const each of steps) {
        each(sped);
        assert.ok(sped.pending <= MAX_FLIGHT_DATAGRAMS);
        assert.ok(sped.acknowledgements.length <= 16);
      }
      let waiting = 0;
      while (sped.take()) waiting++;
      assert.ok(waiting <= MAX_WAITING_DATAGRAMS);
    }),
    { seed, numRuns: 300 },
  );
});
