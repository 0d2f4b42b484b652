#!/usr/bin/env -S node --conditions=@millrace/source
// Sends files and folders to another machine, directly.
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import { runParcelProgram } from '@millrace/example-send-file/parcel/command-line';
import { AFTER_HELP, TIMEOUT_HELP } from '@millrace/example-send-file/parcel/options';

const HELP = `Usage: npm run send -- PATH... [CODE | INVITE] [options]

Sends files and folders to another machine over a direct, encrypted connection, and prints a code for the other side.
Where the receiver has made the meeting place, its code or invitation is given here.

  npm run send -- holiday.mp4 photos
  npm run receive -- 4-piano-river

Options:
${TIMEOUT_HELP}${AFTER_HELP}`;

await runParcelProgram({
  role: 'send',
  help: HELP,
  other: 'receive --',
  options: {},
  prepare: (_, paths) => {
    if (paths.length === 0) throw new Failure('say what to send', EXIT.usage);
    return async (command) => {
      const { sendCommand } = await import('@millrace/example-send-file/parcel/send-command'); // the connection's code
      return sendCommand({ ...command, paths });
    };
  },
});
