// Starts the relay in a process of its own, so that what it costs is not counted as the cost of what it carries.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WireStats } from '@millrace/sans-io/testing';
import { type LinkSettings, printLinkSettings } from './link-settings.ts';
import type { Address, Face } from './relay.ts';

const RELAY_PROCESS = fileURLToPath(new URL('./relay-process.ts', import.meta.url));

type Counts = Pick<WireStats, 'sent' | 'delivered' | 'lostBy' | 'maxQueueBytes' | 'maxQueueDelay'>;

export type FromRelay =
  | { readonly type: 'ready'; readonly a: number; readonly b: number }
  | { readonly type: 'stats'; readonly ab: Counts; readonly ba: Counts };

export type ToRelay =
  | { readonly type: 'peer'; readonly face: Face; readonly peer: Address }
  | { readonly type: 'change'; readonly words: readonly string[] }
  | { readonly type: 'stats' };

export interface Relay {
  readonly ports: Readonly<Record<Face, number>>;
  setPeer(face: Face, peer: Address): void;
  /** Sets the link anew while it runs. */
  change(settings: LinkSettings): void;
  /** What has become of the datagrams so far; `ab` are those that peer A sent. */
  stats(): Promise<{ readonly ab: Counts; readonly ba: Counts }>;
  close(): Promise<void>;
}

export async function startRelay(settings: LinkSettings, seed = 1): Promise<Relay> {
  const child = fork(RELAY_PROCESS, [...printLinkSettings(settings), `seed=${seed}`], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--conditions=@millrace/source'],
  });
  const tell = (message: ToRelay): void => {
    child.send(message, () => {});
  };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  child.once('exit', (code) => failed.reject(new Error(`the relay ended early (exit code ${code})`)));
  const next = async (): Promise<FromRelay> => {
    const [message] = await Promise.race([once(child, 'message'), failed.promise]);
    return message as FromRelay;
  };
  const ready = await next();
  if (ready.type !== 'ready') throw new Error('the relay does not say its ports');
  return {
    ports: { a: ready.a, b: ready.b },
    setPeer: (face, peer) => tell({ type: 'peer', face, peer }),
    change: (changed) => tell({ type: 'change', words: printLinkSettings(changed) }),
    async stats() {
      tell({ type: 'stats' });
      const stats = await next();
      if (stats.type !== 'stats') throw new Error('the relay does not say its counts');
      return stats;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
