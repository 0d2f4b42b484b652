#!/usr/bin/env node
// The signaling server as a command.
import { parseArgs } from 'node:util';
import { startSignalingServer } from './server.ts';

const HELP = `Usage: millrace-signaling [options]

Runs a signaling server: a place where peers meet to exchange what they need for a direct connection.
Rooms are kept in memory and guarded by a secret token. No token, room or message is ever logged.

Options:
  --host HOST          address to listen on (default 127.0.0.1; 0.0.0.0 or :: for every interface)
  --port PORT          port to listen on (default 8737; 0 for a free one)
  --rooms COUNT        most rooms at a time (default 1000)
  --peers COUNT        most peers in a room (default 32)
  --origin ORIGIN      let only pages of this origin use the server (may be repeated; default: all)
  --verbose            say on standard error what happens, without names
  -h, --help           show this text

The server ends with Ctrl-C. Exit codes: 0 ended by a signal, 1 could not run, 2 wrong usage.
`;

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`millrace-signaling: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments();
  } catch (error) {
    process.stderr.write(`millrace-signaling: ${(error as Error).message}\nTry --help.\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const server = await startSignalingServer({
    host: options.host,
    port: options.port,
    rooms: options.rooms,
    peersPerRoom: options.peers,
    ...(options.origin && { origins: options.origin }),
    ...(options.verbose && { log: (line: string) => void process.stderr.write(`${line}\n`) }),
  });
  process.stdout.write(`Signaling server at ${server.url}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await server.close();
  return 0;
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8737' },
      rooms: { type: 'string', default: '1000' },
      peers: { type: 'string', default: '32' },
      origin: { type: 'string', multiple: true },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    ...values,
    port: wholeNumber('--port', values.port, 0, 65535),
    rooms: wholeNumber('--rooms', values.rooms, 1, 1_000_000),
    peers: wholeNumber('--peers', values.peers, 1, 10_000),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new RangeError(`${name} must be a number from ${least} to ${most}, not '${text}'`);
  return value;
}
