#!/usr/bin/env -S node --conditions=@millrace/source
// The forwarder on the command line.
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Room } from './room.ts';
import { createForwarder } from './server.ts';

const HELP = `Usage: npm run forwarder -- [options]

One page sends its camera and microphone, any number of others watch, through this process.

Options:
  --host HOST   address to listen on (default 127.0.0.1)
  --port PORT   port to listen on (default 8080; 0 for a free one)
  -h, --help    show this text

Exit codes: 0 ended with Ctrl-C, 1 could not listen, 2 wrong usage.
`;

const options = readArguments();
if (typeof options === 'string') {
  process.stderr.write(`forwarder: ${options}\nTry --help.\n`);
  process.exitCode = 2;
} else if (options.help) process.stdout.write(HELP);
else serve(options.host, options.port);

function serve(host: string, port: number): void {
  const room = new Room();
  const server = createForwarder(room);
  server.once('error', ({ message }) => {
    process.stderr.write(`forwarder: ${message}\n`);
    process.exitCode = 1;
  });
  server.listen(port, host, () => {
    const { port } = server.address() as AddressInfo;
    console.log(`send:  http://${host}:${port}/send\nwatch: http://${host}:${port}/watch`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      room.close();
      server.close();
      server.closeAllConnections();
    });
}

/** What is wrong with them, if something is. */
function readArguments(): { host: string; port: number; help: boolean } | string {
  try {
    const { values } = parseArgs({
      options: {
        host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
        port: { type: 'string', default: process.env.PORT ?? '8080' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : 65_536;
    if (port > 65_535) return `--port must be a number from 0 to 65535, not '${values.port}'`;
    return { ...values, port };
  } catch (error) {
    return (error as Error).message;
  }
}
