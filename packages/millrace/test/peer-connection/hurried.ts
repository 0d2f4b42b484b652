// A clock that runs twenty times faster than it should, for what takes half a minute. To be imported before millrace.
// It counts no more than two milliseconds between two looks at it: where the machine is busy and this process has to wait, so
// does the clock, and what arrives meanwhile is not late.
const HURRY = 20;
const LONGEST_TURN = 2; // ms

const now = performance.now.bind(performance);
const cancel = globalThis.clearTimeout;
const pending = new Set<HurriedTimer>();
let hurried = now();
let last = now();

class HurriedTimer {
  readonly due: number;
  readonly run: () => void;
  #keepsAwake = true;

  constructor(run: () => void, delay: number) {
    this.run = run;
    this.due = hurried + delay;
    pending.add(this);
    stayAwake();
  }

  hasRef(): boolean {
    return this.#keepsAwake;
  }

  ref(): this {
    this.#keepsAwake = true;
    stayAwake();
    return this;
  }

  unref(): this {
    this.#keepsAwake = false;
    stayAwake();
    return this;
  }
}

const ticker = setInterval(() => {
  const at = now();
  hurried += Math.min(at - last, LONGEST_TURN) * HURRY;
  last = at;
  const due = [...pending].filter((timer) => timer.due <= hurried).sort((a, b) => a.due - b.due);
  // Each in a turn of its own, unless one before it has taken it back.
  for (const timer of due)
    setImmediate(() => {
      if (!pending.delete(timer)) return;
      stayAwake();
      timer.run();
    });
}, 1);

function stayAwake(): void {
  for (const timer of pending) if (timer.hasRef()) return void ticker.ref();
  ticker.unref();
}
stayAwake();

performance.now = () => hurried;
globalThis.setTimeout = ((run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) =>
  new HurriedTimer(() => run(...args), delay)) as unknown as typeof globalThis.setTimeout;
globalThis.clearTimeout = ((timer: unknown) => {
  if (!(timer instanceof HurriedTimer)) return cancel(timer as NodeJS.Timeout);
  pending.delete(timer);
  stayAwake();
}) as typeof globalThis.clearTimeout;
