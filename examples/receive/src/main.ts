#!/usr/bin/env -S node --conditions=@millrace/source
// Receives files and folders from another machine, directly. This file reads the command line and prints the results.
import { parseArgs } from 'node:util';
import {
  EXIT,
  type ExitCode,
  Failure,
  interruptible,
  runProgram,
  wrongArguments,
} from '@millrace/example-send-file/failure';
import { chooseMeetingPlace, MEETING_ARGUMENTS } from '@millrace/example-send-file/meeting-place';
import {
  AFTER_HELP,
  parseTimeout,
  printInvitations,
  printSummary,
  TIMEOUT_HELP,
  TRANSFER_ARGUMENTS,
} from '@millrace/example-send-file/parcel/options';
import { takePairing } from '@millrace/example-send-file/parcel/pairing';

const HELP = `Usage: npm run receive -- [DIR] [INVITE] [options]

Takes the files and folders that another machine sends and puts them into DIR (default: the current directory), over
a direct, encrypted connection. What is there is not replaced; what is there and the same need not come again.

  npm run receive -- downloads 'http://192.168.1.5:41234/rooms/...#...'

Options:
  --force            replace files that are there
${TIMEOUT_HELP}${AFTER_HELP}`;

await runProgram('receive', main);

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const { invite, token, secret } = takePairing(values, positionals);
  const [directory = '.', ...rest] = positionals;
  if (rest.length > 0) throw new Failure(`what is '${rest[0]}'?`, EXIT.usage);
  const timeout = parseTimeout(values.timeout);
  const { signal } = interruptible();
  const open = chooseMeetingPlace({ ...values, invite, token });
  const { receiveCommand } = await import('@millrace/example-send-file/parcel/receive-command'); // the connection's code
  const summary = await receiveCommand({
    directory,
    force: values.force,
    timeout,
    signal,
    secret,
    openPlace: async () => {
      const place = await open(signal);
      printInvitations('send -- PATH', place.invitations, secret);
      return place;
    },
    onNotice: (line) => process.stderr.write(`${line}\n`),
  });
  printSummary(summary);
  return EXIT.ok;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { ...MEETING_ARGUMENTS, ...TRANSFER_ARGUMENTS, force: { type: 'boolean', default: false } },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}
