// The two ends of a tunnel as child processes, and a service of the test's own behind them.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export function run(t: TestContext, ...args: string[]): Command {
  const command = new Command(MAIN, args, tmpdir());
  t.after(() => command.child.kill('SIGKILL'));
  return command;
}

export interface Service {
  readonly server: Server;
  readonly url: string;
}

export async function serve(t: TestContext, listener: RequestListener): Promise<Service> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export interface Tunnel {
  /** Where the client reaches the service. */
  readonly url: string;
  readonly publish: Command;
  readonly connect: Command;
}

export async function tunnel(
  t: TestContext,
  upstreams: readonly string[],
  options: readonly string[] = [],
  connectOptions: readonly string[] = [],
): Promise<Tunnel> {
  const publish = run(t, 'publish', ...upstreams, '--serve', '--host', '127.0.0.1', ...options);
  const invitation = await publish.printed(/connect '(http:\S+)'/);
  const connect = run(t, 'connect', invitation, ...connectOptions);
  const url = await connect.printed(/listening at (\S+)/);
  await connect.printed(/\* connected/);
  return { url, publish, connect };
}

/** An address nobody listens at: those that the system gives somebody may have by the next moment. */
export const DEAD_URL = 'http://127.0.0.1:9';
