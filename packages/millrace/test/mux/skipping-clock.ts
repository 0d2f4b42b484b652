// A clock that goes as it should, and over which time can be skipped. To be imported before millrace.
interface Waiting {
  readonly run: () => void;
  readonly dueAt: number;
  timer: NodeJS.Timeout;
  keepsProcess: boolean;
}

const real = performance.now.bind(performance);
const { setTimeout: later, clearTimeout: cancel } = globalThis;
const waiting = new Map<NodeJS.Timeout, Waiting>();
let skipped = 0;

performance.now = () => real() + skipped;

globalThis.setTimeout = ((run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) => {
  const handle = later(() => {}, 0x7fff_ffff); // known by that one, whichever timer wakes it
  handle.unref();
  const one: Waiting = {
    dueAt: performance.now() + delay,
    run: () => {
      forget(handle);
      run(...args);
    },
    timer: later(() => one.run(), delay),
    keepsProcess: true,
  };
  waiting.set(handle, one);
  handle.unref = () => {
    one.keepsProcess = false;
    one.timer.unref();
    return handle;
  };
  return handle;
}) as typeof globalThis.setTimeout;

globalThis.clearTimeout = ((handle: NodeJS.Timeout) => {
  if (!forget(handle)) cancel(handle);
}) as typeof globalThis.clearTimeout;

function forget(handle: NodeJS.Timeout): boolean {
  const one = waiting.get(handle);
  if (!one) return false;
  cancel(one.timer);
  cancel(handle);
  return waiting.delete(handle);
}

/** Everything that would have been due in the next `milliseconds` is, now. */
export function skip(milliseconds: number): void {
  skipped += milliseconds;
  const now = performance.now();
  for (const [handle, one] of [...waiting].sort(([, a], [, b]) => a.dueAt - b.dueAt)) {
    if (!waiting.has(handle)) continue; // cleared by one that was due before it
    cancel(one.timer);
    if (one.dueAt <= now) one.run();
    else {
      one.timer = later(one.run, one.dueAt - now);
      if (!one.keepsProcess) one.timer.unref();
    }
  }
}
