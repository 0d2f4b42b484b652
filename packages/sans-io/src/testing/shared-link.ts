// Several pairs of cores, one link between all of them and one virtual clock: a bottleneck that flows share. Nothing
// here waits for real time; a run is over when its time is up or when nothing is left to happen.
import { type Core, type Millis, NEVER } from '../core.ts';
import { SeededRandom } from './seeded-random.ts';
import { Wire } from './wire.ts';
import type { WireOptions } from './wire-options.ts';

const SLOT_BYTES = 65_536;
/** A core that wants to send more than this at one instant is stuck in a loop. */
const MAX_BURST = 100_000;
/** Of a quotient of times, so that a multiple of a step is seen as one. */
const ROUNDING = 1e-6;
/** Sets the losses of one direction apart from those of the other, so that neither depends on the other's traffic. */
const BACKWARD_SEED = 0x2545f491;

export interface SharedLinkOptions {
  /** Same seed, same losses. Default 1. */
  readonly seed?: number;
  /** Both directions; the fields `ab` and `ba` can be changed later. */
  readonly wire?: WireOptions;
  /** Deadlines are met at multiples of so many milliseconds, as by a coarse timer. Default 0: at once. */
  readonly timerStep?: Millis;
  /** Datagrams are handed over at multiples of so many milliseconds, as by a driver that reads batches. Default 0. */
  readonly receiveStep?: Millis;
}

export interface FlowOptions<SinkA, SinkB> {
  readonly a: Core<SinkA>;
  readonly b: Core<SinkB>;
  readonly sinkA: SinkA;
  readonly sinkB: SinkB;
  /** Milliseconds from either end to the link, over a path of the flow's own. Default 0. */
  readonly access?: Millis;
  /** Sees every datagram as it is sent. Borrowed for the call. */
  readonly onDatagram?: (from: 'a' | 'b', bytes: Uint8Array, now: Millis) => void;
}

/** One pair of cores on a shared link. */
export class Flow {
  /** Bytes of datagrams handed to b, and to a. */
  bytesToB = 0;
  bytesToA = 0;
  readonly a: FlowEnd;
  readonly b: FlowEnd;

  constructor(a: FlowEnd, b: FlowEnd) {
    this.a = a;
    this.b = b;
  }
}

interface FlowEnd {
  readonly name: 'a' | 'b';
  readonly core: Core<unknown>;
  readonly sink: unknown;
  /** The way to the link; undefined if the end stands right before it. */
  readonly access: Wire<FlowTag> | undefined;
  readonly onDatagram: FlowOptions<unknown, unknown>['onDatagram'];
  /** Something has happened to it since it had nothing left to send. */
  isDue: boolean;
}

/** `undefined` stands for the first flow, so that a test may put a datagram on the wire by hand. */
export type FlowTag = Flow | undefined;

interface Action {
  readonly time: Millis;
  readonly act: () => void;
}

export class SharedLink {
  now: Millis = 0;
  readonly ab: Wire<FlowTag>;
  readonly ba: Wire<FlowTag>;
  readonly flows: Flow[] = [];
  readonly #seed: number;
  readonly #timerStep: Millis;
  readonly #receiveStep: Millis;
  readonly #slot = new Uint8Array(SLOT_BYTES);
  readonly #actions: Action[] = [];
  /** The first of all cores, as of the last look. */
  #deadline: Millis = NEVER;

  constructor(options: SharedLinkOptions = {}) {
    const { seed = 1, wire, timerStep = 0, receiveStep = 0 } = options;
    this.#seed = seed;
    this.#timerStep = timerStep;
    this.#receiveStep = receiveStep;
    this.ab = new Wire(new SeededRandom(seed), wire);
    this.ba = new Wire(new SeededRandom(seed ^ BACKWARD_SEED), wire);
  }

  /** Puts a pair of cores on the link; from now on they take part in every run. */
  join<SinkA, SinkB>(options: FlowOptions<SinkA, SinkB>): Flow {
    const flow = new Flow(this.#end('a', options), this.#end('b', options));
    this.flows.push(flow);
    return flow;
  }

  /** Takes a pair of cores off the link; what it has under way is lost. */
  leave(flow: Flow): void {
    const index = this.flows.indexOf(flow);
    if (index >= 0) this.flows.splice(index, 1);
  }

  /** Has `act` called at `time`, in the middle of a run: a change of route, another flow. */
  at(time: Millis, act: () => void): void {
    const after = this.#actions.findIndex((action) => action.time > time);
    this.#actions.splice(after < 0 ? this.#actions.length : after, 0, { time, act });
  }

  /** Lets every core act at this instant: events first, then whatever they want to send. */
  settle(): void {
    this.#touchAll();
    this.#settle();
  }

  /** Runs for `duration` of virtual milliseconds, or until `until` says so. Returns whether it did. */
  run(duration: Millis, until?: () => boolean): boolean {
    const end = this.now + duration;
    this.#touchAll();
    for (let stuck = 0; ; ) {
      this.#settle();
      if (until !== undefined) {
        if (until()) return true;
        this.#touchAll();
      }
      const next = this.#next();
      if (next > end || next === NEVER) {
        this.now = Math.max(this.now, end === NEVER ? this.now : end);
        return until?.() ?? false;
      }
      stuck = next > this.now ? 0 : stuck + 1;
      if (stuck > MAX_BURST) throw new Error(`a deadline at ${next} ms never moves on`);
      this.now = Math.max(this.now, next);
      if (this.#actions.length > 0 && this.#actions[0]!.time <= this.now) this.#act();
      if (this.#deadline <= this.now) this.#expire();
      this.#deliver();
    }
  }

  #end<SinkA, SinkB>(name: 'a' | 'b', options: FlowOptions<SinkA, SinkB>): FlowEnd {
    const { access = 0, onDatagram } = options;
    return {
      name,
      core: options[name],
      sink: name === 'a' ? options.sinkA : options.sinkB,
      access: access > 0 ? new Wire(new SeededRandom(this.#seed), { delay: access }) : undefined,
      onDatagram,
      isDue: true,
    };
  }

  #settle(): void {
    do this.#flush();
    while (this.#deliver());
  }

  /** Somebody else has had a hand in it: any core may have something to do. */
  #touchAll(): void {
    for (const { a, b } of this.flows) {
      a.isDue = true;
      b.isDue = true;
    }
  }

  #act(): void {
    while (this.#actions.length > 0 && this.#actions[0]!.time <= this.now) this.#actions.shift()!.act();
    this.#touchAll();
  }

  #expire(): void {
    for (const { a, b } of this.flows) {
      this.#expireEnd(a);
      this.#expireEnd(b);
    }
  }

  #expireEnd(end: FlowEnd): void {
    if (end.core.deadline() > this.now) return;
    end.core.expire(this.now);
    end.isDue = true;
  }

  #next(): Millis {
    let deadline = NEVER;
    let arrival = Math.min(this.ab.next(), this.ba.next());
    for (const { a, b } of this.flows) {
      deadline = Math.min(deadline, a.core.deadline(), b.core.deadline());
      if (a.access !== undefined) arrival = Math.min(arrival, a.access.next());
      if (b.access !== undefined) arrival = Math.min(arrival, b.access.next());
    }
    const action = this.#actions.length > 0 ? this.#actions[0]!.time : NEVER;
    this.#deadline = action < deadline ? Number.NEGATIVE_INFINITY : deadline; // what acts may set another
    return Math.min(
      action,
      this.#timerStep > 0 ? ceil(deadline, this.#timerStep) : deadline,
      this.#receiveStep > 0 ? ceil(arrival, this.#receiveStep) : arrival,
    );
  }

  /** Hands over what has arrived; true if there was any. */
  #deliver(): boolean {
    const step = this.#receiveStep;
    const until = step > 0 ? Math.floor(this.now / step + ROUNDING) * step : this.now;
    for (const { a, b } of this.flows) {
      if (a.access !== undefined) this.#forward(a.access, this.ab);
      if (b.access !== undefined) this.#forward(b.access, this.ba);
    }
    let any = false;
    for (let got = this.ab.take(until); got; got = this.ab.take(until)) {
      const flow = got.tag ?? this.flows[0];
      if (flow === undefined || !this.flows.includes(flow)) continue;
      flow.bytesToB += got.bytes.length;
      this.#receive(flow.b, got.bytes);
      any = true;
    }
    for (let got = this.ba.take(until); got; got = this.ba.take(until)) {
      const flow = got.tag ?? this.flows[0];
      if (flow === undefined || !this.flows.includes(flow)) continue;
      flow.bytesToA += got.bytes.length;
      this.#receive(flow.a, got.bytes);
      any = true;
    }
    return any;
  }

  #receive(end: FlowEnd, bytes: Uint8Array): void {
    end.core.receive(bytes, 0, bytes.length, this.now);
    end.isDue = true;
    this.#drain(end);
  }

  /** Sinks may act on any core. */
  #drain({ core, sink }: FlowEnd): void {
    if (core.drain(sink)) this.#touchAll();
  }

  #forward(access: Wire<FlowTag>, link: Wire<FlowTag>): void {
    for (let got = access.take(this.now); got; got = access.take(this.now))
      link.send(got.bytes, 0, got.bytes.length, got.arrival, got.tag);
  }

  #flush(): void {
    for (const flow of this.flows) {
      if (flow.a.isDue) this.#flushEnd(flow, flow.a, flow.a.access ?? this.ab);
      if (flow.b.isDue) this.#flushEnd(flow, flow.b, flow.b.access ?? this.ba);
    }
  }

  #flushEnd(flow: Flow, end: FlowEnd, wire: Wire<FlowTag>): void {
    const { core, name, onDatagram } = end;
    this.#drain(end);
    end.isDue = false;
    for (let burst = 0; ; burst++) {
      if (burst > MAX_BURST) throw new Error(`${name} never stops sending at ${this.now} ms`);
      const length = core.transmit(this.#slot, 0, SLOT_BYTES, this.now);
      if (length === 0) break;
      onDatagram?.(name, this.#slot.subarray(0, length), this.now);
      wire.send(this.#slot, 0, length, this.now, flow);
    }
    if (onDatagram !== undefined) this.#touchAll();
    this.#drain(end);
  }
}

/** The first multiple of `step` that is not before `time`. */
function ceil(time: Millis, step: Millis): Millis {
  const multiple = Math.ceil(time / step) * step;
  return multiple < time ? multiple + step : multiple;
}
