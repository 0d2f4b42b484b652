// Connections, each of fresh peers: when its channel was open at either side, and when the first message had come there.
// Both processes read one monotonic clock, that of the machine. What has not happened within `patience` is told as -1.
import { type Flow, PHASES } from '@millrace/bench-harness';

const millis = (): number => Number(process.hrtime.bigint()) / 1e6;
const NEVER = -1;
const MESSAGE_BYTES = 64;

export const flow: Flow = {
  async offerer({ settings, connect, heard, tell }) {
    const { connections, atOnce, apart, patience } = settings as Record<string, number>;
    const measured: Record<string, number[]> = { started: [], offererOpen: [], offererFirst: [] };
    const note = (name: string, id: number, value: number): void => {
      (measured[name] ??= Array.from({ length: connections! }, () => NEVER))[id] = value;
    };
    const over = Array.from({ length: connections! }, () => Promise.withResolvers<void>());
    const listening = (async (): Promise<void> => {
      for (let i = 0; i < connections!; i++) over[await heard()]!.resolve();
    })();
    const attempt = async (id: number): Promise<void> => {
      tell(id);
      note('started', id, millis());
      note('offererOpen', id, NEVER);
      note('offererFirst', id, NEVER);
      try {
        const { channel, phases, close } = await connect(undefined, patience);
        note('offererOpen', id, millis());
        channel.send(new Uint8Array(MESSAGE_BYTES).fill(id));
        for (const phase of PHASES) note(phase, id, phases[phase] ?? NEVER);
        const first = Promise.withResolvers<void>();
        channel.onMessage(() => first.resolve());
        if (await inTime(first.promise, patience!)) note('offererFirst', id, millis());
        await over[id]!.promise;
        close();
      } catch {
        await over[id]!.promise; // not open in time: told as such
      }
      tell(endOf(id));
    };
    const running = new Set<Promise<void>>();
    let last = Number.NEGATIVE_INFINITY;
    for (let id = 0; id < connections!; id++) {
      while (running.size >= atOnce!) await Promise.race(running);
      await sleep(last + apart! - millis());
      last = millis();
      const attempted = attempt(id).finally(() => running.delete(attempted));
      running.add(attempted);
    }
    await Promise.all([...running, listening]);
    return measured;
  },

  async answerer({ settings, accept, heard, tell }) {
    const { connections, patience } = settings as Record<string, number>;
    const answererOpen = Array.from({ length: connections! }, () => NEVER);
    const answererFirst = Array.from({ length: connections! }, () => NEVER);
    const closing = new Map<number, () => void>();
    const attempt = async (id: number): Promise<void> => {
      try {
        const { channel, close } = await accept(1, patience);
        answererOpen[id] = millis();
        closing.set(endOf(id), close);
        channel.send(new Uint8Array(MESSAGE_BYTES).fill(id));
        const first = Promise.withResolvers<void>();
        channel.onMessage(() => first.resolve());
        if (await inTime(first.promise, patience!)) answererFirst[id] = millis();
      } catch {
        // Not open in time: told as such.
      }
      tell(id);
    };
    for (let told = 0; told < 2 * connections!; told++) {
      const id = await heard();
      if (id >= 0) void attempt(id);
      else closing.get(id)?.();
    }
    return { answererOpen, answererFirst };
  },
};

/** How the offering side says that it has closed a connection. */
function endOf(id: number): number {
  return -1 - id;
}

async function inTime(promise: Promise<void>, patience: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), patience);
  const came = await Promise.race([promise.then(() => true), late.promise]);
  clearTimeout(timer);
  return came;
}

function sleep(time: number): Promise<void> | undefined {
  return time > 0 ? new Promise((resolve) => setTimeout(resolve, time)) : undefined;
}
