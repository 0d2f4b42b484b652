// Kernel TCP over the same link, by iperf3: what a data channel is held against.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** iperf3 refuses a second test while the first one's server is still there. */
const PORT = 5201;

export interface IperfOptions {
  readonly commandAt: (end: 'a' | 'b') => readonly string[];
  /** Address of end b on the link. */
  readonly address: string;
  readonly congestionControl: string;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

interface IperfReport {
  readonly end: { readonly sum_received: { readonly bits_per_second: number } };
}

/** Goodput in Mbit/s as the receiver counts it, after the warm-up. */
export async function runIperf(options: IperfOptions): Promise<number> {
  const { commandAt, address, congestionControl, warmUpSeconds, seconds } = options;
  const [serverProgram, ...serverWords] = [...commandAt('b'), 'iperf3'];
  const server = spawn(
    serverProgram!,
    [...serverWords, '-s', '-1', '--forceflush', '-B', address, '-p', String(PORT)],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  try {
    await listening(server);
    const [program, ...words] = [...commandAt('a'), 'iperf3', '-c', address, '-p', String(PORT)];
    const { stdout } = await run(
      program!,
      // What comes in iperf3's own warm-up (-O) is not counted.
      [...words, '-C', congestionControl, '-t', `${seconds}`, '-O', `${warmUpSeconds}`, '-J'],
      { timeout: (warmUpSeconds + seconds) * 1000 + 15_000, maxBuffer: 1 << 26 },
    );
    return (JSON.parse(stdout) as IperfReport).end.sum_received.bits_per_second / 1e6;
  } finally {
    if (server.exitCode === null) {
      const gone = once(server, 'exit');
      server.kill();
      await gone;
    }
  }
}

/** The first thing the server says is that it listens. */
async function listening(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit').then(() => {
    throw new Error('the iperf3 server ended early');
  });
  await Promise.race([once(server.stdout!, 'data'), ended]);
  ended.catch(() => {});
  server.stdout!.resume();
}
