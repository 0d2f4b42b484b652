// pion (Go) over an emulated link: pion/main.go.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildPion } from './pion-program.ts';

const PROGRAM = new URL('./pion/main.go', import.meta.url);

export interface PionTiming {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Goodput in Mbit/s of 64 KiB messages one way; undefined if there is no pion here. */
export async function runPion(
  commandAt: (end: 'a' | 'b') => readonly string[],
  { warmUpSeconds, seconds }: PionTiming,
): Promise<number | undefined> {
  const program = await buildPion(PROGRAM);
  if (program === undefined) return undefined;
  const start = (end: 'a' | 'b', role: string): ChildProcess => {
    const [command, ...words] = commandAt(end);
    const all = [...words, program, role, String(warmUpSeconds), String(seconds)];
    return spawn(command!, all, { stdio: ['pipe', 'pipe', 'inherit'] });
  };
  const offerer = start('a', 'offer');
  const answerer = start('b', 'answer');
  const timer = setTimeout(() => answerer.kill(), (warmUpSeconds + seconds + 30) * 1000);
  try {
    const offers = createInterface(offerer.stdout!)[Symbol.asyncIterator]();
    const answers = createInterface(answerer.stdout!)[Symbol.asyncIterator]();
    answerer.stdin!.write(`${(await offers.next()).value}\n`);
    offerer.stdin!.write(`${(await answers.next()).value}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error('the answering pion ended without a result');
    return Number(value);
  } finally {
    clearTimeout(timer);
    for (const child of [offerer, answerer])
      if (child.exitCode === null && child.signalCode === null) {
        child.kill();
        await once(child, 'exit');
      }
  }
}
