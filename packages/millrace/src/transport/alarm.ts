// The driver's clock and the process's one timer. Every connection has an alarm; the alarms stand in a heap and one
// sleeper serves them all. Deadlines move with every packet, mostly later; an alarm is left alone then, goes off too
// early, finds nothing due and is set anew. That is far cheaper than a timer per packet, per layer or per connection.
import { performance } from 'node:perf_hooks';
import { type Millis, NEVER } from '@millrace/sans-io';

/** Milliseconds on the process's monotonic clock: the `now` of every core. */
export const now: () => Millis = performance.now.bind(performance);

/** setTimeout's limit; a longer sleep is taken in stages. */
const LONGEST_SLEEP = 0x7fff_ffff;

/** One sleeping timer for any number of alarms. It runs, and keeps the process alive, while an alarm is set. */
export class Sleeper {
  readonly #now: () => Millis;
  /** Binary min-heap on `wakesAt`. */
  readonly #heap: Alarm[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sleepsUntil: Millis = NEVER;

  constructor(clock: () => Millis) {
    this.#now = clock;
  }

  set(alarm: Alarm, wakesAt: Millis, at: Millis): void {
    alarm.wakesAt = wakesAt;
    if (alarm.place < 0) alarm.place = this.#heap.push(alarm) - 1;
    this.#rise(alarm);
    if (alarm.place === 0) this.#sleep(at);
  }

  remove(alarm: Alarm): void {
    const last = this.#heap.pop()!;
    if (last !== alarm) {
      last.place = alarm.place;
      this.#heap[last.place] = last;
      this.#sink(last);
      this.#rise(last);
    }
    alarm.place = -1;
    alarm.wakesAt = NEVER;
    if (this.#heap.length === 0) this.#stop();
  }

  #sleep(at: Millis): void {
    const { wakesAt } = this.#heap[0]!;
    if (wakesAt >= this.#sleepsUntil) return;
    this.#stop();
    this.#sleepsUntil = wakesAt;
    // Timers count whole milliseconds, rounded down: one more keeps us from waking just too early, again and again.
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(Math.ceil(wakesAt - at), 1), LONGEST_SLEEP));
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sleepsUntil = NEVER;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#sleepsUntil = NEVER;
    const at = this.#now();
    try {
      // Each alarm is taken out before it goes off: it may set itself anew, or throw.
      for (let first = this.#heap[0]; first !== undefined && first.wakesAt <= at; first = this.#heap[0]) {
        this.remove(first);
        first.wake();
      }
    } finally {
      if (this.#heap.length > 0) this.#sleep(this.#now());
    }
  };

  #rise(alarm: Alarm): void {
    while (alarm.place > 0) {
      const parent = this.#heap[(alarm.place - 1) >> 1]!;
      if (parent.wakesAt <= alarm.wakesAt) return;
      this.#swap(alarm, parent);
    }
  }

  #sink(alarm: Alarm): void {
    for (;;) {
      const left = this.#heap[2 * alarm.place + 1];
      const right = this.#heap[2 * alarm.place + 2];
      const least = right !== undefined && right.wakesAt < left!.wakesAt ? right : left;
      if (least === undefined || least.wakesAt >= alarm.wakesAt) return;
      this.#swap(alarm, least);
    }
  }

  #swap(a: Alarm, b: Alarm): void {
    const { place } = a;
    a.place = b.place;
    b.place = place;
    this.#heap[a.place] = a;
    this.#heap[b.place] = b;
  }
}

const processSleeper = new Sleeper(now);

export class Alarm {
  readonly wake: () => void;
  /** When it goes off. The sleeper's. */
  wakesAt: Millis = NEVER;
  /** Its place in the heap, -1 while it isn't set. The sleeper's. */
  place = -1;
  readonly #sleeper: Sleeper;

  /** `wake` is called at the deadline or earlier; it sets the alarm anew. */
  constructor(wake: () => void, sleeper: Sleeper = processSleeper) {
    this.wake = wake;
    this.#sleeper = sleeper;
  }

  /** Makes sure that `wake` is called by `deadline`. */
  set(deadline: Millis, at: Millis): void {
    if (deadline < this.wakesAt) this.#sleeper.set(this, deadline, at);
  }

  stop(): void {
    if (this.place >= 0) this.#sleeper.remove(this);
  }
}
