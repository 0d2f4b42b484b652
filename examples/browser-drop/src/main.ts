#!/usr/bin/env -S node --conditions=@millrace/source
// A page that exchanges files with this machine. This file reads the command line and says what happens.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  EXIT,
  type ExitCode,
  Failure,
  interruptible,
  runProgram,
  wrongArguments,
} from '@millrace/example-send-file/failure';
import { prepareFolder } from './folder.ts';
import { Ledger } from './ledger.ts';
import { lookAtFiles } from './offered.ts';

const HELP = `Usage: npm run browser-drop -- [FILE...] [options]

Shows an address. Whoever opens it in a browser can drop files onto the page, which arrive here, and take the files
that are named here. They travel directly and encrypted between the browser and this machine.

  npm run browser-drop -- --files ~/Downloads
  npm run browser-drop -- holiday.mp4 notes.txt

Options:
  --files DIR        where files go that are dropped onto the page (default: the current folder). They get harmless
                     names, and none that exists is touched: 'name (1).ext'
  --no-receive       take no files, only give
  --host HOST        address to listen on (default 0.0.0.0, every interface; 127.0.0.1 for this machine alone)
  --port PORT        port to listen on (default: a free one)
  --url URL          where others reach this server, if that is another address: a proxy that speaks https
  --once             end when the first page has gone
  -h, --help         show this text

Exit codes: 0 ended with Ctrl-C, or with --once when all files were verified; 1 failed, or with --once a file was not
verified; 2 wrong usage; 130 interrupted while a file was under way.
`;

await runProgram('browser-drop', main);

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const receives = !values['no-receive'];
  if (!receives && values.files !== undefined) throw usage('--files and --no-receive exclude each other');
  if (!receives && positionals.length === 0) throw usage('name a file, or leave --no-receive out');
  const [port, url] = [parsePort(values.port), parseUrl(values.url)];
  const leaving = interruptible();
  const offers = await lookAtFiles(positionals);
  const folder = receives ? resolve(values.files ?? '.') : undefined;
  if (folder !== undefined) await prepareFolder(folder);

  const { Door } = await import('./door.ts'); // the connection's code, only once it is wanted
  const ended = Promise.withResolvers<ExitCode>();
  const door = await Door.open({
    host: values.host,
    port,
    url,
    offers,
    folder,
    reporter: new Ledger(),
    signal: leaving.signal,
    onArrival: () => process.stdout.write('A browser is connected\n'),
    onDeparture: (guest) => {
      process.stdout.write('A browser has gone\n');
      if (values.once) ended.resolve(guest.failed > 0 ? EXIT.failed : EXIT.ok);
    },
  });
  leaving.signal.addEventListener('abort', () => ended.resolve(door.active > 0 ? EXIT.interrupted : EXIT.ok));
  if (leaving.signal.aborted) ended.resolve(EXIT.ok);
  printAddresses(door.addresses);
  try {
    return await ended.promise;
  } finally {
    leaving.abort();
    await door.close();
  }
}

function printAddresses([first, ...others]: readonly string[]): void {
  process.stdout.write(`Open in a browser:\n\n  ${first}\n\n`);
  if (others.length > 0) process.stdout.write('or, if that does not reach this machine:\n');
  for (const other of others) process.stdout.write(`  ${other}\n`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        files: { type: 'string' },
        'no-receive': { type: 'boolean', default: false },
        host: { type: 'string', default: '0.0.0.0' },
        port: { type: 'string', default: '0' },
        url: { type: 'string' },
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  if (port > 65_535) throw usage(`--port must be a number from 0 to 65535, not '${text}'`);
  return port;
}

function parseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^https?:\/\/[^#?]+$/.test(text) || !URL.canParse(text))
    throw usage(`--url must be an http or https address, not '${text}'`);
  return text;
}

function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}
