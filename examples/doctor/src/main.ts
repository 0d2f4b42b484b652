#!/usr/bin/env -S node --conditions=@millrace/source
// How this computer connects to others, and why it does not. This file reads the command line.
import { parseArgs } from 'node:util';
import {
  EXIT,
  type ExitCode,
  Failure,
  runProgram,
  wrongArguments,
} from '@millrace/example-send-file/failure';
import { MEETING_ARGUMENTS, MEETING_HELP, takeInvite } from '@millrace/example-send-file/meeting-place';

const MAX_SECONDS = 600;

const HELP = `Usage: npm run doctor -- [SERVER...] [INVITE] [options]

Tells which addresses this computer offers, what its servers make of them, what kind of NAT is in between, by which pair
connections open and how fast, and what is wrong, in plain words.

  npm run doctor -- stun:stun.example.org
  npm run doctor -- stun:stun.example.org turn:turn.example.org turns:turn.example.org:443 --username u --credential p

A STUN server with two addresses (RFC 5780) shows most of a NAT; two servers at different addresses show half of it.

Options:
  --username NAME    for the TURN servers
  --credential WORD  their password; or in the environment, as MILLRACE_TURN_CREDENTIAL
  --timeout SECONDS  that one server or one connection may take (default 10)
  --json             the findings as JSON
  -h, --help         show this text

With a meeting place, a second doctor elsewhere is connected to, and by which pair is told.
${MEETING_HELP}
Exit codes: 0 all is fine, 1 problems were found, 2 wrong usage, 130 interrupted.
`;

await runProgram('millrace-doctor', main);
// Whoever interrupts does not wait for what servers may still say.
if (process.exitCode === EXIT.interrupted) process.exit();

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const invite = values.invite ?? takeInvite(positionals);
  const place = { ...values, invite };
  const meets = Object.keys(MEETING_ARGUMENTS).some(
    (name) => place[name as keyof typeof place] !== undefined,
  );
  const patience = secondsOf(values.timeout) * 1000;
  // The connection's code, only once it is wanted.
  const { parseServer } = await import('./server.ts');
  const credential = values.credential ?? process.env.MILLRACE_TURN_CREDENTIAL;
  const odd = positionals.find((text) => /^https?:/i.test(text));
  if (odd !== undefined)
    throw new Failure(`not a STUN or TURN URL, nor a whole invitation: ${odd}`, EXIT.usage);
  const servers = positionals.map((url) => parseServer(url, values.username, credential));
  const { diagnose } = await import('./diagnosis.ts');
  const { findings, advice } = await diagnose({
    servers,
    patience,
    place: meets ? place : undefined,
    isQuiet: values.json,
  });
  const { printReport } = await import('./report.ts');
  if (values.json) process.stdout.write(`${JSON.stringify({ ...findings, advice }, null, 2)}\n`);
  else process.stdout.write(printReport(findings, advice));
  return advice.some(({ level }) => level === 'problem') ? EXIT.failed : EXIT.ok;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...MEETING_ARGUMENTS,
        username: { type: 'string' },
        credential: { type: 'string' },
        timeout: { type: 'string', default: '10' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= MAX_SECONDS))
    throw new Failure(`--timeout must be a number above 0, up to ${MAX_SECONDS}, not '${text}'`, EXIT.usage);
  return seconds;
}
