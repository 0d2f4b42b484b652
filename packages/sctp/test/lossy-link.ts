// A bulk transfer over a link with a rate, a queue of one bandwidth-delay product and random loss, in virtual time.
import { megabits, SharedLink } from '@millrace/sans-io/testing';
import type { CongestionControlName } from '@millrace/sctp';
import { Recorder, testAssociation } from '@millrace/sctp/testing';

const MESSAGE = new Uint8Array(16_384);
const RATE = megabits(100);

/** Share of 100 Mbit/s that each flow's application gets, from `from` to `to` ms; each begins `stagger` ms after the one before. */
export function shares(
  controls: readonly CongestionControlName[],
  roundTripTime: number,
  loss: number,
  from: number,
  to: number,
  stagger = 0,
): number[] {
  const queue = RATE * roundTripTime;
  const link = new SharedLink({ seed: 1, wire: { delay: roundTripTime / 2, rate: RATE, loss, queue } });
  const received = controls.map(() => 0);
  for (const [i, congestionControl] of controls.entries()) {
    const options = { congestionControl, roundTripTime, receiveWindow: 1 << 27 };
    const a = testAssociation(i * 2 + 1, options);
    const b = testAssociation(i * 2 + 2, options);
    const sinkA = new Recorder();
    const sinkB = new Recorder();
    const feed = (): void => {
      if (a.state !== 'connected' || link.now < i * stagger) return;
      while (a.totalBuffered < 1 << 20)
        a.send(1, 53, MESSAGE, 0, MESSAGE.length, { ordered: true }, link.now);
    };
    sinkA.onConnected = feed;
    sinkA.onSent = feed;
    sinkB.onMessage = (_stream, _ppid, bytes) => void (received[i]! += bytes.length);
    link.join({ a, b, sinkA, sinkB });
    a.connect(0);
    link.at(i * stagger, feed);
  }
  link.run(from);
  const before = [...received];
  link.run(to - from);
  return received.map((bytes, i) => (bytes - before[i]!) / ((to - from) * RATE));
}

/** Jain's index: 1 when all shares are equal. */
export function fairness(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  return (sum * sum) / (shares.length * shares.reduce((total, share) => total + share * share, 0));
}
