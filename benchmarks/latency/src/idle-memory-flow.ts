// What an idle connection with one open channel holds in memory, in each process: the growth of the resident set over
// many connections, garbage collected before both readings. The first few, which pay for code and pools, are left
// out.
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection, Flow } from '@millrace/bench-harness';

/** Connections that are made at once. */
const AT_ONCE = 8;
const SETTLE_MS = 300;

export const flow: Flow = {
  async offerer({ settings, connect, heard, tell }) {
    const grown = await grow(settings.warmUp!, settings.connections!, connect, async () => {
      tell(0);
      await heard();
    });
    return {
      offererBytes: grown.resident,
      offererScriptBytes: grown.script,
    };
  },

  async answerer({ settings, accept, heard, tell }) {
    const grown = await grow(settings.warmUp!, settings.connections!, accept, async () => {
      tell(0);
      await heard();
    });
    return {
      answererBytes: grown.resident,
      answererScriptBytes: grown.script,
    };
  },
};

interface Held {
  /** Bytes of the resident set. */
  readonly resident: number;
  /** Bytes that belong to JavaScript: V8's heap and the memory of array buffers. */
  readonly script: number;
}

/** Growth per connection. */
async function grow(
  warmUp: number,
  connections: number,
  join: () => Promise<Connection>,
  meet: () => Promise<void>,
): Promise<Held> {
  const kept: Connection[] = [];
  await open(warmUp);
  const before = await held();
  await open(connections);
  const after = await held();
  await meet();
  for (const { close } of kept) close();
  return {
    resident: (after.resident - before.resident) / connections,
    script: (after.script - before.script) / connections,
  };

  async function open(count: number): Promise<void> {
    for (let left = count; left > 0; left -= AT_ONCE)
      kept.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, () => join()))));
    await meet();
  }
}

async function held(): Promise<Held> {
  await pause(SETTLE_MS);
  globalThis.gc?.();
  await pause(20);
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, script: heapUsed + external };
}
