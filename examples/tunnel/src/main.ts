#!/usr/bin/env -S node --conditions=@millrace/source
// Publishes an HTTP service to another machine, directly. This file knows the commands; each reads its own arguments.
import { EXIT, type ExitCode, Failure, runProgram } from '@millrace/example-send-file/failure';
import { MEETING_HELP } from '@millrace/example-send-file/meeting-place';
import { weighExternalMemory } from './external-memory.ts';
import { LIMITS } from './options.ts';

const HELP = `Usage: npm run tunnel -- publish URL [URL...] [options]
       npm run tunnel -- connect INVITE [options]
       npm run tunnel -- key [--keys FILE] [--name NAME]

Publishes an HTTP service of this machine, or several that are alike, to others over direct, encrypted connections;
connect gives them a port of their own where it is reached. Streams both ways, server-sent events and WebSockets
included. No public address is needed.

  npm run tunnel -- publish http://127.0.0.1:8080 --serve
  npm run tunnel -- connect http://192.168.1.5:41234/rooms/...#... --listen 127.0.0.1:9000

${MEETING_HELP}
Options of publish:
  --sticky NAME        all requests with the same header NAME (or cookie:NAME) go to the same service
  --completions        check the bodies of completion requests (POST .../chat/completions) before passing them on
  --keys FILE          only requests with a key out of FILE: Authorization: Bearer KEY
  --max-body BYTES     the most bytes of a request body (default: no limit)
  --log                a line about each request, without its query, on standard error
  --idle SECONDS       how long a service may say nothing (default ${LIMITS.idleMillis / 1000})

Options of connect:
  --listen HOST:PORT   where to listen (default 127.0.0.1 and a free port)
  --header-bytes N     the most bytes of a request's head (default ${LIMITS.headerBytes})

Options of both:
  --max-requests N     the most requests at one time (default ${LIMITS.requests})
  -h, --help           show this text

key prints a new API key and, with --keys, adds its hash to FILE; a key is revoked by taking its line out.

Answers of the tunnel's own: 400 what it can't forward, 401 no valid key, 413 and 431 too large, 502 the service can't
be reached, 503 the other side is not connected, or too many requests, 504 the service says nothing.

Exit codes: 0 left, 1 failed, 2 wrong usage.
`;

weighExternalMemory();
await runProgram('millrace-tunnel', main);

async function main(): Promise<ExitCode> {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined) throw new Failure('say what to do: publish, connect or key', EXIT.usage);
  if (args.includes('--help') || args.includes('-h') || command === '--help' || command === '-h') {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  // The connection's code is loaded only once it is wanted.
  switch (command) {
    case 'publish':
      return (await import('./commands/publish.ts')).publish(args);
    case 'connect':
      return (await import('./commands/connect.ts')).connect(args);
    case 'key':
      return (await import('./commands/key.ts')).key(args);
    default:
      throw new Failure(`there is no command '${command}': publish, connect or key`, EXIT.usage);
  }
}
