// What the command lines of `send` and `receive` have in common: reading the arguments, opening the meeting place, and
// printing how the other side gets there and how it went.
import { type ParseArgsOptionsConfig, parseArgs, styleText } from 'node:util';
import { EXIT, type ExitCode, Failure, interruptible, runProgram, wrongArguments } from '../failure.ts';
import { MEETING_ARGUMENTS } from '../meeting-place.ts';
import { chooseEncounter, type Encounter, type PassOn } from './encounter.ts';
import { parseTimeout, printSummary, type Summary } from './options.ts';

export interface ParcelProgram {
  readonly role: 'send' | 'receive';
  readonly help: string;
  /** What the other side types before the code or the invitation. */
  readonly other: string;
  /** Options that are this program's own. */
  readonly options: ParseArgsOptionsConfig;
  /** Throws a usage failure unless `positionals`, without what says where to meet, are right; gives what there is to do. */
  prepare(
    values: Readonly<Record<string, unknown>>,
    positionals: readonly string[],
  ): (command: ParcelCommand) => Promise<Summary>;
}

export interface ParcelCommand {
  /** Milliseconds without any progress after which the transfer is given up. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  openPlace(): Promise<Pick<Encounter, 'place' | 'secret'>>;
  onNotice(line: string): void;
}

const ARGUMENTS = {
  ...MEETING_ARGUMENTS,
  'no-code': { type: 'boolean', default: false },
  new: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '300' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Ends after which the same words shall lead to the same place. */
const MAY_GO_ON: readonly ExitCode[] = [EXIT.failed, EXIT.interrupted];

export function runParcelProgram(program: ParcelProgram): Promise<void> {
  const { role, help, other, options } = program;
  return runProgram(role, async () => {
    const { values, positionals } = readArguments(options);
    if (values.help) {
      process.stdout.write(help);
      return EXIT.ok;
    }
    const open = chooseEncounter(values, positionals, role);
    const timeout = parseTimeout(values.timeout);
    const run = program.prepare(values, positionals);
    const { signal } = interruptible();
    const burned = new AbortController();
    const onNotice = (line: string): void => void process.stderr.write(`${line}\n`);
    let encounter: Encounter | undefined;
    const command: ParcelCommand = {
      timeout,
      signal: AbortSignal.any([signal, burned.signal]),
      openPlace: async () => {
        encounter = await open({ signal, onBurned: (reason) => burned.abort(reason) });
        if (encounter.isAgain) onNotice('where it was before; --new to meet somebody else');
        if (encounter.passOn) printPassOn(other, encounter.passOn);
        return encounter;
      },
      onNotice,
    };
    try {
      printSummary(await run(command));
    } catch (error) {
      if (error instanceof Failure && !MAY_GO_ON.includes(error.exitCode)) await encounter?.forget();
      throw error;
    }
    await encounter?.forget();
    return EXIT.ok;
  });
}

function readArguments(options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ allowPositionals: true, options: { ...options, ...ARGUMENTS } });
  } catch (error) {
    throw wrongArguments(error);
  }
}

function printPassOn(other: string, { code, invitations, url }: PassOn): void {
  const [first, ...more] = invitations;
  const line = (words: string): string =>
    `  ${styleText('bold', `npm run ${other} ${words}`, { stream: process.stdout })}\n`;
  const server = url === undefined ? '' : ` --url ${url}`;
  if (code === undefined) process.stdout.write(`On the other side:\n\n${line(`'${first}'`)}\n`);
  else {
    process.stdout.write(`On the other side, once:\n\n${line(code + server)}\n`);
    process.stdout.write(`or, if that does not find this machine:\n\n  npm run ${other} '${first}'\n\n`);
  }
  if (more.length > 0) process.stdout.write('or, if that does not reach it:\n');
  for (const each of more) process.stdout.write(`  ${each}\n`);
}
