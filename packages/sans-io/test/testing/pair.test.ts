// The pair is shown with the smallest protocol there is: numbered pings, each answered, retried after 100 ms.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Core, type Millis, NEVER } from '../../src/core.ts';
import { Pair } from '../../src/testing/pair.ts';

const RETRY: Millis = 100;

interface PingSink {
  onAnswered(number: number, now: Millis): void;
}

class Pinger implements Core<PingSink> {
  #toSend = -1;
  #answer = -1;
  #retryAt: Millis = NEVER;
  #isDue = false;
  #events: Array<[number, Millis]> = [];

  ping(number: number): void {
    this.#toSend = number;
    this.#isDue = true;
  }

  receive(bytes: Uint8Array, at: number, _end: number, now: Millis): void {
    if (bytes[at] === 0) this.#answer = bytes[at + 1]!;
    else if (bytes[at + 1] === this.#toSend) {
      this.#events.push([this.#toSend, now]);
      this.#toSend = -1;
      this.#retryAt = NEVER;
      this.#isDue = false;
    }
  }

  transmit(out: Uint8Array, at: number, _end: number, now: Millis): number {
    if (this.#answer >= 0) {
      out.set([1, this.#answer], at);
      this.#answer = -1;
      return 2;
    }
    if (!this.#isDue) return 0;
    this.#isDue = false;
    this.#retryAt = now + RETRY;
    out.set([0, this.#toSend], at);
    return 2;
  }

  deadline(): Millis {
    return this.#retryAt;
  }

  expire(now: Millis): void {
    if (now < this.#retryAt) return;
    this.#retryAt = NEVER;
    this.#isDue = true;
  }

  drain(sink: PingSink): boolean {
    const events = this.#events;
    this.#events = [];
    for (const [number, now] of events) sink.onAnswered(number, now);
    return events.length > 0;
  }
}

function pinging(): { pair: Pair<PingSink>; a: Pinger; answered: Array<[number, Millis]> } {
  const [a, b] = [new Pinger(), new Pinger()];
  const answered: Array<[number, Millis]> = [];
  const sinkA = { onAnswered: (number: number, now: Millis) => void answered.push([number, now]) };
  const pair = new Pair({ a, b, sinkA, sinkB: { onAnswered() {} }, wire: { delay: 10 } });
  return { pair, a, answered };
}

describe('two cores on one virtual clock', () => {
  test('a round trip takes twice the delay, and no real time', () => {
    const { pair, a, answered } = pinging();
    a.ping(1);
    // PING -> · <- ANSWER
    assert.ok(pair.run(1_000, () => answered.length > 0));
    assert.deepEqual(answered, [[1, 20]]);
    assert.equal(pair.now, 20);
  });

  test('timers fire at their deadline when the wire loses', () => {
    const { pair, a, answered } = pinging();
    let losses = 2;
    pair.ab.lose = () => losses-- > 0;
    a.ping(1);
    // PING -> lost · PING -> lost · PING -> · <- ANSWER
    pair.run(10_000);
    assert.deepEqual(answered, [[1, 220]]);
    assert.equal(pair.ab.sent, 3);
  });

  test('a run ends when its time is up, and says whether what it waited for came', () => {
    const { pair, a, answered } = pinging();
    pair.ba.lose = () => true;
    a.ping(1);
    assert.equal(
      pair.run(500, () => answered.length > 0),
      false,
    );
    assert.equal(pair.now, 500);
  });

  test('shows every datagram with its sender and time', () => {
    const [a, b] = [new Pinger(), new Pinger()];
    const seen: string[] = [];
    const sink = { onAnswered() {} };
    const pair = new Pair({
      a,
      b,
      sinkA: sink,
      sinkB: sink,
      wire: { delay: 5 },
      onDatagram: (from, bytes, now) => seen.push(`${now} ${from} ${bytes.join(' ')}`),
    });
    a.ping(4);
    pair.run(50);
    assert.deepEqual(seen, ['0 a 0 4', '5 b 1 4']);
  });

  test('a core that never stops sending is found out', () => {
    const endless: Core<object> = {
      receive() {},
      transmit: () => 1,
      deadline: () => NEVER,
      expire() {},
      drain: () => false,
    };
    const pair = new Pair({ a: endless, b: endless, sinkA: {}, sinkB: {}, wire: { loss: 1 } });
    assert.throws(() => pair.run(1), /a never stops sending at 0 ms/);
  });

  test('a core whose deadline never moves on is found out', () => {
    const late: Core<object> = {
      receive() {},
      transmit: () => 0,
      deadline: () => 5,
      expire() {},
      drain: () => false,
    };
    const pair = new Pair({ a: late, b: late, sinkA: {}, sinkB: {} });
    assert.throws(() => pair.run(10), /a deadline at 5 ms never moves on/);
  });
});
