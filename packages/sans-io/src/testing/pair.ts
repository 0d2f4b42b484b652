// Two cores, two wires and one virtual clock: the place where protocols are tested. Nothing here waits for
// real time; a run is over when its time is up or when nothing is left to happen.
import { type Core, type Millis, NEVER } from '../core.ts';
import { SeededRandom } from './seeded-random.ts';
import { Wire, type WireOptions } from './wire.ts';

const SLOT_BYTES = 65_536;
/** A core that wants to send more than this at one instant is stuck in a loop. */
const MAX_BURST = 100_000;

export interface PairOptions<SinkA, SinkB> {
  readonly a: Core<SinkA>;
  readonly b: Core<SinkB>;
  readonly sinkA: SinkA;
  readonly sinkB: SinkB;
  readonly seed?: number;
  /** Both directions; the fields `ab` and `ba` of the pair can be changed later. */
  readonly wire?: WireOptions;
  /** Sees every datagram as it is sent. Borrowed for the call. */
  readonly onDatagram?: (from: 'a' | 'b', bytes: Uint8Array, now: Millis) => void;
}

export class Pair<SinkA, SinkB = SinkA> {
  now: Millis = 0;
  readonly ab: Wire;
  readonly ba: Wire;
  readonly #options: PairOptions<SinkA, SinkB>;
  readonly #slot = new Uint8Array(SLOT_BYTES);

  constructor(options: PairOptions<SinkA, SinkB>) {
    this.#options = options;
    const random = new SeededRandom(options.seed ?? 1);
    this.ab = new Wire(random, options.wire);
    this.ba = new Wire(random, options.wire);
  }

  /** Lets both cores act at this instant: events first, then whatever they want to send. */
  settle(): void {
    const { a, b, sinkA, sinkB } = this.#options;
    do {
      this.#flush(a, sinkA, this.ab, 'a');
      this.#flush(b, sinkB, this.ba, 'b');
    } while (this.#deliver());
  }

  /** Runs for `duration` of virtual milliseconds, or until `until` says so. Returns whether it did. */
  run(duration: Millis, until?: () => boolean): boolean {
    const { a, b } = this.#options;
    const end = this.now + duration;
    for (let stuck = 0; ; ) {
      this.settle();
      if (until?.()) return true;
      const next = Math.min(a.deadline(), b.deadline(), this.ab.next(), this.ba.next());
      if (next > end || next === NEVER) {
        this.now = Math.max(this.now, end === NEVER ? this.now : end);
        return until?.() ?? false;
      }
      stuck = next > this.now ? 0 : stuck + 1;
      if (stuck > MAX_BURST) throw new Error(`a deadline at ${next} ms never moves on`);
      this.now = Math.max(this.now, next);
      if (a.deadline() <= this.now) a.expire(this.now);
      if (b.deadline() <= this.now) b.expire(this.now);
    }
  }

  /** Hands over one batch of what has arrived; true if there was any. */
  #deliver(): boolean {
    const { a, b, sinkA, sinkB } = this.#options;
    let any = false;
    for (let got = this.ab.take(this.now); got; got = this.ab.take(this.now)) {
      b.receive(got.bytes, 0, got.bytes.length, this.now);
      b.drain(sinkB);
      any = true;
    }
    for (let got = this.ba.take(this.now); got; got = this.ba.take(this.now)) {
      a.receive(got.bytes, 0, got.bytes.length, this.now);
      a.drain(sinkA);
      any = true;
    }
    return any;
  }

  #flush<Sink>(core: Core<Sink>, sink: Sink, wire: Wire, from: 'a' | 'b'): void {
    core.drain(sink);
    for (let burst = 0; ; burst++) {
      if (burst > MAX_BURST) throw new Error(`${from} never stops sending at ${this.now} ms`);
      const length = core.transmit(this.#slot, 0, SLOT_BYTES, this.now);
      if (length === 0) break;
      this.#options.onDatagram?.(from, this.#slot.subarray(0, length), this.now);
      wire.send(this.#slot, 0, length, this.now);
    }
    core.drain(sink);
  }
}
