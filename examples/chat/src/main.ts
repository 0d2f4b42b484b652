#!/usr/bin/env -S node --conditions=@millrace/source
// A chat in the terminal: everybody is connected to everybody, directly and encrypted. This file reads the command
// line and ties the conversation to the screen.
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
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
  takeInvite,
} from '@millrace/example-send-file/meeting-place';
import type { Conversation } from './conversation.ts';
import { Screen } from './screen.ts';
import { cleanName, MAX_NAME, MAX_TEXT } from './text.ts';

const HELP = `Usage: npm run chat -- [INVITE] [options]

Talks to the others in a room over direct, encrypted connections. One makes a meeting place and passes the printed
invitation on; everybody who has it can come in.

  npm run chat -- --serve --name Ada
  npm run chat -- http://192.168.1.5:41234/rooms/...#... --name Grace

${MEETING_HELP}
Options:
  --name NAME        how others see you, ${MAX_NAME} characters at most (default: your user name)
  -h, --help         show this text

In the chat: /who lists who is here and how they are connected, /quit or Ctrl-D or Ctrl-C leaves. Where standard input is no terminal its
lines are said when somebody is here, and its end leaves.

Exit codes: 0 left, 1 failed, 2 wrong usage.
`;

await runProgram('millrace-chat', main);

async function main(): Promise<ExitCode> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const invite = values.invite ?? takeInvite(positionals);
  if (positionals.length > 0) throw usage(`'${positionals[0]}' is not an invitation`);
  const name = cleanName(values.name ?? userName());
  const open = chooseMeetingPlace({ ...values, invite });
  const leaving = interruptible();

  await using cleanup = new AsyncDisposableStack();
  const place = await open(leaving.signal);
  cleanup.defer(() => place.close());
  const screen = new Screen(name);
  cleanup.defer(() => screen.close());
  printInvitations(screen, place.invitations);
  const { Conversation } = await import('./conversation.ts'); // the connection's code, only once it is wanted
  const conversation = new Conversation(place, name, {
    onArrival: (who) => {
      screen.showPresent(conversation.names.length);
      screen.notice(`${who} is here`);
    },
    onDeparture: (who) => {
      screen.showPresent(conversation.names.length);
      screen.notice(`${who} has left`);
    },
    onConnection: (who, isThere) =>
      screen.notice(isThere ? `${who} is connected again` : `the connection to ${who} is interrupted`),
    onText: (who, text) => screen.message(who, text),
    onUnreachable: (reason) => screen.notice(`somebody cannot be reached: ${reason}`),
  });
  cleanup.defer(() => conversation.close());
  conversation.run().catch((error: Error) => {
    if (!leaving.signal.aborted) screen.notice(`nobody else can come in: ${error.message}`);
  });
  if (!screen.isTerminal) await Promise.race([conversation.complete, aborted(leaving.signal)]);
  await talk(conversation, screen, name, leaving);
  return EXIT.ok;
}

/** Until the input ends, or whoever types wants to leave. */
async function talk(
  conversation: Conversation,
  screen: Screen,
  name: string,
  leaving: AbortController,
): Promise<void> {
  const left = Promise.withResolvers<void>();
  let saying: Promise<void> = Promise.resolve();
  leaving.signal.addEventListener('abort', () => left.resolve());
  if (leaving.signal.aborted) return;
  screen.input.on('SIGINT', () => left.resolve()); // Ctrl-C on a terminal in raw mode
  screen.input.on('close', () => left.resolve());
  screen.input.on('line', (line) => {
    const text = line.trim();
    if (text === '/quit') left.resolve();
    else if (text === '/who') screen.notice(`here: ${listOf(name, conversation)}`);
    else if (text.startsWith('/')) screen.notice(`there is no ${text.split(' ', 1)[0]}, only /who and /quit`);
    else if (text !== '') saying = saying.then(() => say(conversation, screen, name, text));
    else if (screen.isTerminal) screen.input.prompt();
  });
  screen.start();
  await left.promise;
  await saying;
}

function listOf(name: string, { roster }: Conversation): string {
  return [`${name} (you)`, ...roster.map((each) => `${each.name} (${each.connection})`)].join(', ');
}

async function say(conversation: Conversation, screen: Screen, name: string, text: string): Promise<void> {
  if (text.length > MAX_TEXT) screen.notice(`that was too long: ${MAX_TEXT} characters at most`);
  else if ((await conversation.say(text)) === 0) screen.notice('nobody is here to hear that');
  else screen.own(name, text);
}

function printInvitations(screen: Screen, [first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  process.stdout.write(`Others come in with:\n\n  ${invocationOf('chat')} '${first}'\n\n`);
  for (const other of others) screen.notice(`or, if that does not reach this machine: ${other}`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...MEETING_ARGUMENTS,
        name: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody'; // a user without an entry, as in some containers
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}
