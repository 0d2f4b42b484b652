// What `send` and `receive` say of themselves: parts of their help, and the line at the end.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { EXIT, Failure } from '../failure.ts';
import { MEETING_HELP } from '../meeting-place.ts';
import { formatBytes } from '../progress.ts';
import { nameOfSide } from './reunion.ts';

export const TIMEOUT_HELP = `  --timeout SECONDS  give up when nothing has moved for so long (default 300)
  --new              meet somebody new, where an earlier try with the same words is not done
  --no-code          print the invitation only, and announce nothing on the network
  -h, --help         show this text
`;

export const AFTER_HELP: string = `
${MEETING_HELP}With a code, which is a number and two words and is good for one try:
  CODE                           found on the local network by multicast DNS
  CODE --url URL                 on this signaling server; MILLRACE_SERVER=URL says it for both sides
  CODE --host HOST               on the network on which this machine has the address HOST

Whatever ends a transfer: start what has ended again with the same words, and it goes on where it was. Where to meet
is kept for a day in a file that only you can read, until the transfer is done.

Exit codes: 0 everything is there and verified, 1 failed, 2 wrong usage, 3 refused (something is in the way),
4 a checksum is wrong, 5 a code was wrong or is spent, 130 interrupted.
`;

export function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400))
    throw new Failure(`--timeout must be a number of seconds, not '${text}'`, EXIT.usage);
  return seconds * 1000;
}

/** How the other side knows a program again that was started again. */
export function whoIs(room: string, ...paths: readonly string[]): string {
  return nameOfSide(room, hostname(), ...paths.map((path) => resolve(path)));
}

export interface Summary {
  readonly verb: string;
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  /** Bytes that were there before. */
  readonly had: number;
  readonly milliseconds: number;
}

export function printSummary({ verb, name, files, bytes, had, milliseconds }: Summary): void {
  const rate = formatBytes(((bytes - had) / Math.max(milliseconds, 1)) * 1000);
  const before = had > 0 ? `, ${formatBytes(had)} of it there before` : '';
  const count = files === 1 ? '' : `${files} files, `;
  process.stdout.write(
    `${verb} ${name} (${count}${formatBytes(bytes)} in ${(milliseconds / 1000).toFixed(2)} s, ${rate}/s${before}), verified by SHA-256\n`,
  );
}
