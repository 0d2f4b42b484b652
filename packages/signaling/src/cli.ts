#!/usr/bin/env node
// The signaling server as a command.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatInvite } from './invite.ts';
import { startSignalingServer } from './server.ts';

const HELP = `Usage: millrace-signaling [options]

Runs a signaling server: a place where peers meet to exchange what they need for a direct connection.
Rooms are guarded by a secret token. No token, room, address or record is ever logged.

Options:
  --host HOST          address to listen on (default 127.0.0.1; 0.0.0.0 or :: for every interface)
  --port PORT          port to listen on (default 8737; 0 for a free one)
  --rooms COUNT        most rooms at a time (default 1000)
  --members COUNT      most members of a room (default 32)
  --store STORE        where rooms are kept: memory (default), the path of a file (SQLite), or
                       redis://HOST:PORT for many servers with the same rooms
  --stun-port PORT     answer STUN binding requests too, on this UDP port (3478 is the usual one)
  --tls-cert FILE      speak HTTPS with this certificate (PEM) and
  --tls-key FILE       this key (PEM)
  --behind-proxy       tell clients apart by X-Forwarded-For, which only a proxy may set
  --metrics            answer GET /metrics for Prometheus
  --closed             let nobody create rooms; one is made at the start, and shown
  --origin ORIGIN      let only pages of this origin use the server (may be repeated; default: all)
  --verbose            say on standard error what happens, without names
  -h, --help           show this text

The server ends with Ctrl-C. Exit codes: 0 ended by a signal, 1 could not run, 2 wrong usage.
`;

// A terminal that is closed, or a pipe that nobody reads: no reason to leave rooms.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
try {
  process.exitCode = await main();
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(
    `millrace-signaling: ${message}${cause instanceof Error ? ` (${cause.message})` : ''}\n`,
  );
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
    membersPerRoom: options.members,
    store: options.store,
    behindProxy: options['behind-proxy'],
    metrics: options.metrics,
    openRooms: !options.closed,
    ...(options.stunPort !== undefined && { stunPort: options.stunPort }),
    ...(options.tls && { tls: { cert: readFileSync(options.tls.cert), key: readFileSync(options.tls.key) } }),
    ...(options.origin && { origins: options.origin }),
    ...(options.verbose && { log: (line: string) => void process.stderr.write(`${line}\n`) }),
  });
  process.stdout.write(`Signaling server at ${server.url}\n`);
  if (server.stunPort !== undefined)
    process.stdout.write(`STUN server at stun:${options.host}:${server.stunPort}\n`);
  if (options.closed)
    process.stdout.write(`${formatInvite({ url: server.url, ...(await server.createRoom()) })}\n`);
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
      members: { type: 'string', default: '32' },
      store: { type: 'string', default: 'memory' },
      'stun-port': { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'behind-proxy': { type: 'boolean', default: false },
      metrics: { type: 'boolean', default: false },
      closed: { type: 'boolean', default: false },
      origin: { type: 'string', multiple: true },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { 'stun-port': stunPort, 'tls-cert': cert, 'tls-key': key } = values;
  if ((cert === undefined) !== (key === undefined))
    throw new RangeError('--tls-cert and --tls-key go together');
  return {
    ...values,
    tls: cert !== undefined && key !== undefined ? { cert, key } : undefined,
    stunPort: stunPort === undefined ? undefined : wholeNumber('--stun-port', stunPort, 0, 65535),
    port: wholeNumber('--port', values.port, 0, 65535),
    rooms: wholeNumber('--rooms', values.rooms, 1, 1_000_000),
    members: wholeNumber('--members', values.members, 1, 10_000),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new RangeError(`${name} must be a number from ${least} to ${most}, not '${text}'`);
  return value;
}
