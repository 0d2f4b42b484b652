// How the example programs end: an exit code for each way to fail, and one line that says why.

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  corrupt: 4,
  code: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure the user is told about in one line. */
export class Failure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** What `node:util` parseArgs complains about, as wrong usage; its advice after the first sentence is left out. */
export function wrongArguments(error: unknown): Failure {
  return new Failure((error as Error).message.split('. ', 1)[0]!, EXIT.usage);
}

/** Runs a program's main function; prints what goes wrong and sets the exit code. */
export async function runProgram(name: string, main: () => Promise<ExitCode>): Promise<void> {
  // A terminal that is closed, or a pipe that nobody reads: no reason to leave without cleaning up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    process.exitCode = await main();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name}: ${message.replaceAll('\n', ' ')}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : EXIT.failed;
    if (process.exitCode === EXIT.usage) process.stderr.write('Try --help.\n');
    if (process.env.MILLRACE_DEBUG) console.error(error);
  }
}

/** A controller that Ctrl-C, a polite kill or a closed terminal aborts; a second Ctrl-C ends the process as it is. */
export function interruptible(): AbortController {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new Failure('interrupted', EXIT.interrupted));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, interrupt);
  return controller;
}
