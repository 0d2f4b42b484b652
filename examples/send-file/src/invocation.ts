// What people type to start one of these programs, to be printed for the other side.

/**
 * As this process was started: a program that runs from its source is in a clone of the repository, where npm has a
 * script for it. With `-s`, npm writes nothing of its own to standard output.
 */
export function invocationOf(name: string, script: string = process.argv[1] ?? ''): string {
  return /\.ts$/.test(script) ? `npm run -s ${name} --` : `npx millrace-${name}`;
}
