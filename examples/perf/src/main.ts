#!/usr/bin/env -S node --conditions=@millrace/source
// Measures the connection between two machines. This file reads the command line and prints the results.
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
  takeInvite,
} from '@millrace/example-send-file/meeting-place';
import { DIRECTIONS, MAX_CHANNELS, MAX_SECONDS, MAX_SIZE, parseParameters } from './parameters.ts';
import type { Interval, Result } from './result.ts';

const HELP = `Usage: npm run perf -- server --serve [options]
       npm run perf -- client INVITE [options]

Measures a direct, encrypted connection between two machines: throughput, round trips, CPU. The server serves one client
after another, with whatever the clients ask for.

  npm run perf -- server --serve
  npm run perf -- client http://192.168.1.5:41234/rooms/...#... --direction both --latency

${MEETING_HELP}
Options of the client:
  --seconds N        how long (default 10, at most ${MAX_SECONDS})
  --size BYTES       of a message, 64K for 65536 (default 64K, at most ${MAX_SIZE / 1024}K)
  --direction WAY    ${DIRECTIONS.join(', ')} (default up: from client to server)
  --channels N       spread over so many channels (default 1, at most ${MAX_CHANNELS})
  --unordered        messages may overtake each other
  --latency          measure round trips meanwhile, each 10 ms; with --direction none, of an idle connection
  --plot             draw the rates as they come, on a terminal

Options of the server:
  --once             end after one client

Options of both:
  --json             print the result as JSON: of the client one document, of the server a line for each client
  --timeout SECONDS  in which a server that is there must be connected (default 30)
  -h, --help         show this text

Exit codes: 0 measured, 1 failed, 2 wrong usage, 3 the server refuses, 130 interrupted.
`;

/** What the other has no use for. */
const ONLY_OF: Readonly<Record<string, 'client' | 'server'>> = {
  seconds: 'client',
  size: 'client',
  direction: 'client',
  channels: 'client',
  unordered: 'client',
  latency: 'client',
  once: 'server',
};

await runProgram('millrace-perf', main);
if (process.exitCode === EXIT.interrupted) process.exit(); // whoever interrupts does not wait

async function main(): Promise<ExitCode> {
  const { values, positionals, tokens } = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const invite = values.invite ?? takeInvite(positionals);
  const [role, ...rest] = positionals;
  if (role !== 'server' && role !== 'client') throw usage("say 'server' or 'client'");
  if (rest.length > 0) throw usage(`'${rest[0]}' is not an invitation`);
  for (const token of tokens)
    if (token.kind === 'option' && ONLY_OF[token.name] === (role === 'server' ? 'client' : 'server'))
      throw usage(`--${token.name} is for the ${ONLY_OF[token.name]}`);
  const seconds = Number(values.timeout);
  if (!(seconds > 0 && seconds <= 86_400)) throw usage('--timeout must be a number of seconds');
  const parameters = parseParameters(values);
  const open = chooseMeetingPlace({ ...values, invite });
  const { signal } = interruptible();

  await using cleanup = new AsyncDisposableStack();
  const place = await open(signal);
  cleanup.defer(() => place.close());
  printInvitations(role === 'server' ? 'client' : 'server', place.invitations);
  const { describeParameters, summary } = await import('./report.ts'); // the connection's code, only once it is wanted
  const onInterval = await intervalPrinter(values.json, values.plot);
  if (role === 'client') {
    const { runClient } = await import('./client.ts');
    const result = await runClient(place, {
      parameters,
      timeout: seconds * 1000,
      signal,
      onConnected: async () => {
        if (!values.serve) await place.close(); // the next client should not meet this one
        notice(describeParameters(parameters));
      },
      onWait: () => notice('the server serves another client'),
      onInterval,
    });
    process.stdout.write(
      values.json ? `${JSON.stringify(result, null, 2)}\n` : summary(result, process.stdout),
    );
    return EXIT.ok;
  }
  const { runServer } = await import('./server.ts');
  await runServer(place, {
    once: values.once,
    signal,
    onClient: (asked) => notice(`a client: ${describeParameters(asked)}`),
    onInterval,
    onResult: (result: Result) =>
      void process.stdout.write(
        values.json ? `${JSON.stringify(result)}\n` : summary(result, process.stdout),
      ),
    onFailure: ({ message }) => notice(`a client was not served: ${message}`),
  });
  return EXIT.ok;
}

/** Lines and charts are for people: with --json, charts go to standard error, and lines are left out. */
async function intervalPrinter(json: boolean, plot: boolean): Promise<(interval: Interval) => void> {
  const stream = json ? process.stderr : process.stdout;
  const { intervalLine } = await import('./report.ts');
  if (plot && stream.isTTY) {
    const { Plot } = await import('./plot.ts');
    const chart = new Plot(stream);
    return (interval) => chart.add(interval, intervalLine(interval, stream));
  }
  if (json) return () => {};
  return (interval) => void stream.write(`${intervalLine(interval, stream)}\n`);
}

function printInvitations(role: string, [first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  process.stderr.write(`On the other side:\n\n  ${invocationOf('perf')} ${role} '${first}'\n\n`);
  if (others.length > 0) process.stderr.write(`or, if that does not reach this machine:\n`);
  for (const other of others) process.stderr.write(`  ${other}\n`);
}

function notice(text: string): void {
  process.stderr.write(`${styleText('dim', `* ${text}`, { stream: process.stderr })}\n`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      tokens: true,
      options: {
        ...MEETING_ARGUMENTS,
        seconds: { type: 'string', default: '10' },
        size: { type: 'string', default: '64K' },
        direction: { type: 'string', default: 'up' },
        channels: { type: 'string', default: '1' },
        unordered: { type: 'boolean', default: false },
        latency: { type: 'boolean', default: false },
        plot: { type: 'boolean', default: false },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '30' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}
