#!/usr/bin/env -S node --conditions=@millrace/source
// Sends files and folders to another machine, directly. This file reads the command line and prints the results.
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

const HELP = `Usage: npm run send -- PATH... [INVITE] [options]

Sends files and folders to another machine over a direct, encrypted connection. One side makes a meeting place and
prints an invitation, the other side is given it; it does not matter which is which.

  npm run send -- holiday.mp4 photos --serve
  npm run receive -- 'http://192.168.1.5:41234/rooms/...#...'

Options:
${TIMEOUT_HELP}${AFTER_HELP}`;

await runProgram('send', main);

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const { invite, token, secret } = takePairing(values, positionals);
  if (positionals.length === 0) throw new Failure('say what to send', EXIT.usage);
  const timeout = parseTimeout(values.timeout);
  const { signal } = interruptible();
  const open = chooseMeetingPlace({ ...values, invite, token });
  const { sendCommand } = await import('@millrace/example-send-file/parcel/send-command'); // the connection's code
  const summary = await sendCommand({
    paths: positionals,
    timeout,
    signal,
    secret,
    openPlace: async () => {
      const place = await open(signal);
      printInvitations('receive --', place.invitations, secret);
      return place;
    },
    onNotice: (line) => process.stderr.write(`${line}\n`),
  });
  printSummary(summary);
  return EXIT.ok;
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { ...MEETING_ARGUMENTS, ...TRANSFER_ARGUMENTS } });
  } catch (error) {
    throw wrongArguments(error);
  }
}
