// Shown with the plainest sender there is: so many datagrams of 100 bytes per millisecond, from a to b.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Core, type Millis, NEVER } from '../../src/core.ts';
import { growth } from '../../src/testing/growth.ts';
import { SharedLink } from '../../src/testing/shared-link.ts';
import { megabits } from '../../src/testing/wire-options.ts';

interface Arrivals {
  onArrival(now: Millis): void;
}

class Source implements Core<Arrivals> {
  #due: Millis;
  readonly #gap: Millis;

  constructor(gap: Millis, start = 0) {
    this.#gap = gap;
    this.#due = start;
  }

  receive(): void {}

  transmit(out: Uint8Array, at: number, _end: number, now: Millis): number {
    if (now < this.#due) return 0;
    this.#due += this.#gap;
    out.fill(1, at, at + 100);
    return 100;
  }

  deadline(): Millis {
    return this.#due;
  }

  expire(): void {}

  drain(): boolean {
    return false;
  }
}

class Drain implements Core<Arrivals> {
  #arrivals: Millis[] = [];

  receive(_bytes: Uint8Array, _at: number, _end: number, now: Millis): void {
    this.#arrivals.push(now);
  }

  transmit(): number {
    return 0;
  }

  deadline(): Millis {
    return NEVER;
  }

  expire(): void {}

  drain(sink: Arrivals): boolean {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const now of arrivals) sink.onArrival(now);
    return arrivals.length > 0;
  }
}

const ignore: Arrivals = { onArrival() {} };

function flow(
  link: SharedLink,
  gap: Millis,
  options: { access?: Millis; start?: Millis } = {},
): { arrivals: Millis[]; flow: ReturnType<SharedLink['join']> } {
  const arrivals: Millis[] = [];
  return {
    arrivals,
    flow: link.join({
      a: new Source(gap, options.start),
      b: new Drain(),
      sinkA: ignore,
      sinkB: { onArrival: (now) => arrivals.push(now) },
      access: options.access ?? 0,
    }),
  };
}

describe('flows on one link', () => {
  test('share its rate and its queue, and each gets its own datagrams', () => {
    const link = new SharedLink({ wire: { rate: 100, queue: 1_000, delay: 5 } });
    const fast = flow(link, 0.93); // alone it would fill the link
    const slow = flow(link, 1.37);
    link.run(1_000);
    assert.ok(link.ab.stats.lostBy.queue > 400, String(link.ab.stats.lostBy.queue));
    const total = fast.flow.bytesToB + slow.flow.bytesToB;
    assert.ok(total > 98_000 && total <= 100_000, String(total));
    assert.equal(fast.arrivals.length * 100, fast.flow.bytesToB);
    assert.equal(slow.arrivals.length * 100, slow.flow.bytesToB);
    assert.ok(slow.arrivals.length > 100);
    assert.ok(link.ab.stats.maxQueueDelay > 8.5 && link.ab.stats.maxQueueDelay < 9.001);
  });

  test('may stand farther from the link than others', () => {
    const link = new SharedLink({ wire: { delay: 5 } });
    const near = flow(link, 1_000);
    const far = flow(link, 1_000, { access: 30 });
    link.run(100);
    assert.deepEqual([near.arrivals, far.arrivals], [[5], [35]]);
  });

  test('come and go in the middle of a run, as the link changes', () => {
    const link = new SharedLink();
    const first = flow(link, 1);
    const late: { arrivals?: Millis[] } = {};
    link.at(50, () => link.leave(first.flow));
    link.at(20, () => link.ab.change({ delay: 10 }));
    link.at(70, () => {
      late.arrivals = flow(link, 10, { start: link.now }).arrivals;
    });
    link.run(100);
    // What the first had under way when it left is lost.
    assert.deepEqual(
      first.arrivals,
      Array.from({ length: 50 }, (_, i) => i).filter((i) => i < 20 || i >= 30),
    );
    assert.deepEqual(late.arrivals, [80, 90, 100]);
  });

  test('losses in one direction do not depend on what the other carries', () => {
    const arrivals = (backward: boolean): Millis[] => {
      const link = new SharedLink({ seed: 5, wire: { loss: 0.3 } });
      const forward = flow(link, 1);
      if (backward) link.join({ a: new Drain(), b: new Source(0.7), sinkA: ignore, sinkB: ignore });
      link.run(200);
      return forward.arrivals;
    };
    assert.deepEqual(arrivals(true), arrivals(false));
  });

  test('a coarse timer and a driver that reads batches are part of the world', () => {
    const timers = new SharedLink({ timerStep: 4 });
    const sent = flow(timers, 1);
    timers.run(9);
    assert.deepEqual(sent.arrivals, [0, 4, 4, 4, 4, 8, 8, 8, 8]);
    const batches = new SharedLink({ receiveStep: 4, wire: { delay: 0.5 } });
    const received = flow(batches, 1);
    batches.run(8);
    assert.deepEqual(received.arrivals, [4, 4, 4, 4, 8, 8, 8, 8]);
  });

  test('a minute of a full 100 Mbit/s link costs no more each second than a few seconds do', () => {
    // 1,472 bytes and an acknowledgement for every other one, as of a transfer; the cores cost next to nothing.
    class Sender extends Source {
      override transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
        return super.transmit(out, at, end, now) === 0 ? 0 : 1_472;
      }
    }
    class Receiver extends Drain {
      #unanswered = 0;

      override receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
        super.receive(bytes, at, end, now);
        this.#unanswered++;
      }

      override transmit(): number {
        if (this.#unanswered < 2) return 0;
        this.#unanswered = 0;
        return 40;
      }
    }
    const rate = megabits(100);
    const wire = { delay: 25, rate, queue: rate * 50, overhead: 28, loss: 0.001 };
    const cpuTime = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    };
    // What is quadratic costs sixty-four times as much for a minute as for an eighth of it.
    const prepare = (time: Millis) => {
      const link = new SharedLink({ wire });
      link.join({ a: new Sender(0.11), b: new Receiver(), sinkA: ignore, sinkB: ignore });
      return (): void => {
        link.run(time);
        assert.ok(link.ab.stats.deliveredBytes > time * rate * 0.95, `${link.ab.stats.deliveredBytes} bytes`);
      };
    };
    const ratio = growth({ clock: cpuTime, count: 7_500, times: 8, prepare, most: 24 });
    assert.ok(ratio <= 24, `a minute costs ${ratio.toFixed(1)} times as much as an eighth of it`);
  });
});
