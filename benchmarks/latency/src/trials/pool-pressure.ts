// Acquiring under pressure: memory for 1024 buffers of which nearly all are held, so that taking one is now quick, now
// needs the next slab, now fails. Each acquisition is timed by itself; reading the clock twice is in it, for all alike.
import { LatencyRecorder, type OperationSettings, type Trial } from '@millrace/bench-harness';
import { BufferPool, type Lease } from '@millrace/buffer-pool';
import { SeededRandom } from '@millrace/sans-io/testing';

const BUFFER_BYTES = 1_200;
const BUFFERS = 1_024;
/** How many are held on average wanders around this; above `BUFFERS` there is nothing to take. */
const TARGET = 1_000;
const SWING = 48;
/** What is given back at once where there was nothing to take: back-pressure passes when packets have left. */
const RELIEF = 8;

interface Subject<Held> {
  acquire(): Held | undefined;
  release(held: Held): void;
  /** What is still out when everything has been released. */
  leaks(): number;
}

export const trial: Trial = {
  millrace(settings) {
    const pool = new BufferPool({ classes: [BUFFER_BYTES], maxBytes: BUFFERS * BUFFER_BYTES });
    return press<Lease>(settings, {
      acquire: () => pool.acquire(BUFFER_BYTES),
      release: (lease) => lease.release(),
      leaks: () => pool.stats.leases,
    });
  },
  'free-list'(settings) {
    const free: Uint8Array[] = [];
    let made = 0;
    return press<Uint8Array>(settings, {
      acquire() {
        const known = free.pop();
        if (known !== undefined || made === BUFFERS) return known;
        made++;
        return new Uint8Array(BUFFER_BYTES);
      },
      release: (bytes) => void free.push(bytes),
      leaks: () => made - free.length,
    });
  },
  allocUnsafe(settings) {
    let out = 0;
    return press<Uint8Array>(settings, {
      // The cap is the caller's here.
      acquire() {
        if (out === BUFFERS) return undefined;
        out++;
        return Buffer.allocUnsafe(BUFFER_BYTES);
      },
      release: () => void out--,
      leaks: () => out,
    });
  },
};

function press<Held>({ rounds }: OperationSettings, subject: Subject<Held>): Record<string, number | string> {
  const random = new SeededRandom(7);
  const hits = new LatencyRecorder();
  const misses = new LatencyRecorder();
  const held: Held[] = [];
  let occupancy = 0;
  const warmUp = (rounds as number) / 10;
  for (let round = -warmUp; round < (rounds as number); round++) {
    // Up and down around the target, and over the edge now and then.
    const wanted = TARGET + SWING * Math.sin(round / 5_000) + random.below(16);
    if (held.length < wanted) {
      const before = performance.now();
      const got = subject.acquire();
      const after = performance.now();
      if (round >= 0) (got === undefined ? misses : hits).recordMillis(after - before);
      if (got !== undefined) held.push(got);
      else for (let i = 0; i < RELIEF; i++) giveBack();
    } else giveBack();
    if (round >= 0) occupancy += held.length;
  }
  for (const one of held.splice(0)) subject.release(one);
  return {
    latency: hits.encode(),
    missLatency: misses.encode(),
    missPercent: (100 * misses.count) / (hits.count + misses.count),
    occupancyPercent: (100 * occupancy) / (rounds as number) / BUFFERS,
    leaks: subject.leaks(),
  };

  /** Any of them, as packets are acknowledged out of order. */
  function giveBack(): void {
    const index = random.below(held.length);
    const last = held.pop()!;
    if (index < held.length) {
      subject.release(held[index]!);
      held[index] = last;
    } else subject.release(last);
  }
}
