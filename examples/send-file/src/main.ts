#!/usr/bin/env -S node --conditions=@millrace/source
// Sends a file from one machine to another, directly. This file reads the command line and prints the results.
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, Failure, interruptible, runProgram, wrongArguments } from './failure.ts';
import {
  chooseMeetingPlace,
  MEETING_ARGUMENTS,
  MEETING_HELP,
  type MeetingPlace,
  takeInvite,
} from './meeting-place.ts';
import { formatBytes } from './progress.ts';
import type { TransferResult } from './transfer.ts';

const HELP = `Usage: millrace-send-file send PATH [INVITE] [options]
       millrace-send-file receive [DIR] [INVITE] [options]

Sends a file from one machine to another over a direct, encrypted connection. One side makes a meeting place
and prints an invitation, the other side is given it; it does not matter which is which.

  millrace-send-file send holiday.mp4 --serve
  millrace-send-file receive http://192.168.1.5:41234/rooms/...#...

${MEETING_HELP}
Options:
  --force            replace a file of the same name (receive)
  --timeout SECONDS  give up when nothing moves for so long (default 30)
  -h, --help         show this text

Exit codes: 0 sent and verified, 1 failed, 2 wrong usage, 3 refused (the file exists), 4 the checksum is wrong,
130 interrupted.
`;

await runProgram('millrace-send-file', main);

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const invite = values.invite ?? takeInvite(positionals);
  const [command, path, ...rest] = positionals;
  if (command !== 'send' && command !== 'receive') throw usage("say 'send PATH' or 'receive [DIR]'");
  if (command === 'send' && path === undefined) throw usage('say which file to send');
  if (rest.length > 0) throw usage(`what is '${rest[0]}'?`);
  const { signal } = interruptible();
  const timeout = parseTimeout(values.timeout);
  const open = chooseMeetingPlace({ ...values, invite });
  const openPlace = async (): Promise<MeetingPlace> => {
    const place = await open(signal);
    printInvitations(command === 'send' ? 'receive' : 'send PATH', place.invitations);
    return place;
  };
  if (command === 'send') {
    const { sendCommand } = await import('./send.ts'); // the connection's code, only once it is wanted
    print('Sent', path!, await sendCommand({ path: path!, timeout, signal, openPlace }));
  } else {
    const { receiveCommand } = await import('./receive.ts');
    const options = { directory: path ?? '.', force: values.force, timeout, signal, openPlace };
    const result = await receiveCommand(options);
    print('Received', result.path, result);
  }
  return EXIT.ok;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...MEETING_ARGUMENTS,
        force: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '30' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400))
    throw usage(`--timeout must be a number of seconds, not '${text}'`);
  return seconds * 1000;
}

function printInvitations(command: string, [first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  process.stdout.write(`On the other side:\n\n  npx millrace-send-file ${command} '${first}'\n\n`);
  if (others.length > 0) process.stdout.write(`or, if that does not reach this machine:\n`);
  for (const other of others) process.stdout.write(`  ${other}\n`);
}

function print(verb: string, path: string, { bytes, milliseconds, sha256 }: TransferResult): void {
  const rate = formatBytes((bytes / Math.max(milliseconds, 1)) * 1000);
  const seconds = (milliseconds / 1000).toFixed(2);
  process.stdout.write(
    `${verb} ${path} (${formatBytes(bytes)} in ${seconds} s, ${rate}/s)\nSHA-256 ${sha256}\n`,
  );
}

function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}
