#!/usr/bin/env -S node --conditions=@millrace/source
// Standard input and output of two machines, connected directly. This file reads the command line.
import { fstatSync } from 'node:fs';
import { parseArgs, styleText } from 'node:util';
import {
  EXIT,
  type ExitCode,
  Failure,
  interruptible,
  runProgram,
  wrongArguments,
} from '@millrace/example-send-file/failure';
import { invocationOf } from '@millrace/example-send-file/invocation';
import {
  chooseMeetingPlace,
  MEETING_ARGUMENTS,
  MEETING_HELP,
  type MeetingPlace,
  takeInvite,
} from '@millrace/example-send-file/meeting-place';
import { formatBytes } from '@millrace/example-send-file/progress';
import type { ExchangeResult } from './exchange.ts';

const STDIN = 0;

const HELP = `Usage: npm run -s pipe -- [INVITE] [options]

Connects standard input here with standard output elsewhere, and the other way round, over a direct, encrypted
connection. One side makes a meeting place and prints an invitation (on standard error), the other side is given it.

  npm run -s pipe -- --serve > backup.tar
  tar c directory | npm run -s pipe -- http://192.168.1.5:41234/rooms/...#...

The end of the input is passed on; the program ends when both directions have ended and everything is written. To send
only, or to receive only, that is all: whoever has nothing to say says </dev/null.

${MEETING_HELP}
Options:
  --timeout SECONDS  in which somebody who is there must be connected (default 30)
  -v, --verbose      tell on standard error when the line is open, and what went through it
  -h, --help         show this text

Exit codes: 0 every byte has arrived both ways, 1 failed, 2 wrong usage, 3 a reader closed its end of a pipe and did
not want the rest, 130 interrupted.
`;

await runProgram('millrace-pipe', main);
// Whoever interrupts does not wait for a reader that takes nothing.
if (process.exitCode === EXIT.interrupted) process.exit();

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const invite = values.invite ?? takeInvite(positionals);
  if (positionals.length > 0) throw usage(`'${positionals[0]}' is not an invitation`);
  const timeout = parseTimeout(values.timeout);
  const open = chooseMeetingPlace({ ...values, invite });
  if (isDirectory(STDIN)) throw new Failure('standard input is a directory'); // Node would take it for an empty file
  const { signal } = interruptible();
  const tell = (line: string): void => {
    if (values.verbose) process.stderr.write(`${dim(`* ${line}`)}\n`);
  };
  const { isCutShort, bytesSent, bytesReceived } = await connectStreams(open, timeout, signal, tell);
  tell(`sent ${formatBytes(bytesSent)}, received ${formatBytes(bytesReceived)}`);
  if (isCutShort) tell('a reader did not want the rest');
  return isCutShort ? EXIT.refused : EXIT.ok;
}

async function connectStreams(
  open: (signal: AbortSignal) => Promise<MeetingPlace>,
  timeout: number,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<ExchangeResult> {
  await using cleanup = new AsyncDisposableStack();
  const place = await open(signal);
  cleanup.defer(() => place.close());
  printInvitations(place.invitations);
  // The connection's code, only once it is wanted.
  const [{ openLine }, { exchange }, { standardStreams }] = await Promise.all([
    import('./line.ts'),
    import('./exchange.ts'),
    import('./standard-streams.ts'),
  ]);
  const line = await openLine(place, timeout, signal);
  cleanup.defer(() => line.cut());
  tell('connected');
  const ends = standardStreams();
  cleanup.defer(() => ends.release());
  const interrupted = Promise.withResolvers<never>();
  const onAbort = (): void => interrupted.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const work = exchange(line.channel, line.messages, ends, line.maxMessageSize);
  const result = await Promise.race([work, interrupted.promise]);
  await line.close();
  return result;
}

/** Standard output is for data. */
function printInvitations([first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  process.stderr.write(`On the other side:\n\n  ${invocationOf('pipe')} '${first}'\n\n`);
  if (others.length > 0) process.stderr.write(`or, if that does not reach this machine:\n`);
  for (const other of others) process.stderr.write(`  ${other}\n`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...MEETING_ARGUMENTS,
        timeout: { type: 'string', default: '30' },
        verbose: { type: 'boolean', short: 'v', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function isDirectory(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isDirectory();
  } catch {
    return false; // closed from the beginning
  }
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400))
    throw usage(`--timeout must be a number of seconds, not '${text}'`);
  return seconds * 1000;
}

function dim(line: string): string {
  return styleText('dim', line, { stream: process.stderr });
}

function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}
