// pion (Go) opens connections: pion/main.go at both ends, which talk to each other through this process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildPion } from '../pion-program.ts';
import type { Notes } from './attempts.ts';
import type { OpenSettings } from './subjects.ts';

const PROGRAM = new URL('./pion/main.go', import.meta.url);
const NEVER = -1;

interface Line {
  readonly id: number;
  readonly type: string;
  readonly millis?: number;
}

type Times = Record<'started' | 'opened' | 'first' | 'ice' | 'dtls', number[]>;

/** `commandAt`: what a program at one end is started through. undefined: there is no pion here. */
export async function openWithPion(
  commandAt: ((end: 'a' | 'b') => readonly string[]) | undefined,
  { connections, atOnce, apart, patience }: OpenSettings,
): Promise<Notes | undefined> {
  const program = await buildPion(PROGRAM);
  if (program === undefined) return undefined;
  const start = (end: 'a' | 'b'): ChildProcess => {
    const [command, ...words] = [...(commandAt?.(end) ?? []), program];
    return spawn(command!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  };
  const offerer = start('a');
  const answerer = start('b');
  const times = { offerer: noTimes(connections), answerer: noTimes(connections) };
  const settled = Array.from({ length: connections }, () => Promise.withResolvers<void>());
  const listen = (from: ChildProcess, to: ChildProcess, noted: Times): void => {
    createInterface(from.stdout!).on('line', (text) => {
      const { id, type, millis } = JSON.parse(text) as Line;
      if (millis === undefined) {
        to.stdin!.write(`${text}\n`);
        return;
      }
      const list = noted[type as keyof Times];
      if (list[id] === NEVER) list[id] = millis;
      if (times.offerer.first[id] !== NEVER && times.answerer.first[id] !== NEVER) settled[id]!.resolve();
    });
  };
  listen(offerer, answerer, times.offerer);
  listen(answerer, offerer, times.answerer);
  const attempt = async (id: number): Promise<void> => {
    offerer.stdin!.write(`${JSON.stringify({ id, type: 'open' })}\n`);
    const timer = setTimeout(() => settled[id]!.resolve(), patience);
    await settled[id]!.promise;
    clearTimeout(timer);
    for (const peer of [offerer, answerer]) peer.stdin!.write(`${JSON.stringify({ id, type: 'close' })}\n`);
  };
  try {
    const running = new Set<Promise<void>>();
    for (let id = 0; id < connections; id++) {
      while (running.size >= atOnce) await Promise.race(running);
      if (apart > 0) await new Promise((resolve) => setTimeout(resolve, apart));
      const attempted = attempt(id).finally(() => running.delete(attempted));
      running.add(attempted);
    }
    await Promise.all(running);
  } finally {
    for (const child of [offerer, answerer])
      if (child.exitCode === null && child.signalCode === null) {
        child.kill();
        await once(child, 'exit');
      }
  }
  const { started, opened, first, ice, dtls } = times.offerer;
  const since = (list: readonly number[]): number[] =>
    list.map((time, id) => (time === NEVER ? NEVER : time - started[id]!));
  return {
    started,
    offererOpen: opened,
    offererFirst: first,
    answererOpen: times.answerer.opened,
    answererFirst: times.answerer.first,
    phases: { ice: since(ice), dtls: since(dtls) },
  };
}

function noTimes(connections: number): Times {
  const none = (): number[] => Array.from({ length: connections }, () => NEVER);
  return { started: none(), opened: none(), first: none(), ice: none(), dtls: none() };
}
