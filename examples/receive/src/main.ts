#!/usr/bin/env -S node --conditions=@millrace/source
// Receives files and folders from another machine, directly.
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import { runParcelProgram } from '@millrace/example-send-file/parcel/command-line';
import { AFTER_HELP, TIMEOUT_HELP } from '@millrace/example-send-file/parcel/options';

const HELP = `Usage: npm run receive -- [DIR] [CODE | INVITE] [options]

Takes the files and folders that another machine sends and puts them into DIR (default: the current directory), over
a direct, encrypted connection. What is there is not replaced; what is there and the same need not come again. On a
terminal it asks for the code if none is given.

  npm run receive -- downloads 4-piano-river

Options:
  --force            replace files that are there
${TIMEOUT_HELP}${AFTER_HELP}`;

await runParcelProgram({
  role: 'receive',
  help: HELP,
  other: 'send -- PATH',
  options: { force: { type: 'boolean', default: false } },
  prepare: ({ force }, [directory = '.', ...rest]) => {
    if (rest.length > 0) throw new Failure(`what is '${rest[0]}'?`, EXIT.usage);
    return async (command) => {
      const { receiveCommand } = await import('@millrace/example-send-file/parcel/receive-command'); // the connection's code
      return receiveCommand({ ...command, directory, force: force === true });
    };
  },
});
