// A Redis of the test's own, on a free port, with nothing on disk.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';

/** Where no system takes the ports from that it hands out itself: nobody gets one of them by chance, here or at a restart. */
const [FIRST_PORT, LAST_PORT] = [15_000, 30_000];

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  /** On the port it had, empty. */
  start(): Promise<void>;
}

/** `undefined` where no server is installed. */
export async function startRedis(): Promise<RedisServer | undefined> {
  if (spawnSync('redis-server', ['--version']).error) return undefined;
  let child: ChildProcess | undefined;
  let port = 0;
  /** False where the port is somebody else's. */
  const runs = async (): Promise<boolean> => {
    child = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    for await (const line of child.stdout!)
      if (String(line).includes('Ready to accept connections')) return true;
    await stop();
    return false;
  };
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    while (!(await runs()));
  };
  do port = randomInt(FIRST_PORT, LAST_PORT);
  while (!(await runs()));
  return { url: `redis://127.0.0.1:${port}`, port, start, stop, [Symbol.asyncDispose]: stop };
}
