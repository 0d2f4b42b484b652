// What the command lines of `send` and `receive` have in common.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { EXIT, Failure } from '../failure.ts';
import { MEETING_HELP } from '../meeting-place.ts';
import { formatBytes } from '../progress.ts';
import { nameOfSide } from './reunion.ts';

export const TRANSFER_ARGUMENTS = {
  timeout: { type: 'string', default: '300' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const TIMEOUT_HELP = `  --timeout SECONDS  give up when nothing has moved for so long (default 300)
  -h, --help         show this text
`;

export const AFTER_HELP: string = `
${MEETING_HELP}
Whatever ends a transfer: start what has ended again, and it goes on where it was. Where the side with --serve has
ended, start both, with the new invitation.

Exit codes: 0 everything is there and verified, 1 failed, 2 wrong usage, 3 refused (something is in the way),
4 a checksum is wrong, 130 interrupted.
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

export function printInvitations(command: string, invitations: readonly string[], secret: string): void {
  const [first, ...others] = invitations.map((invitation) => `${invitation}.${secret}`);
  if (first === undefined) return;
  const line = styleText('bold', `npm run ${command} '${first}'`, { stream: process.stdout });
  process.stdout.write(`On the other side:\n\n  ${line}\n\n`);
  if (others.length > 0) process.stdout.write(`or, if that does not reach this machine:\n`);
  for (const other of others) process.stdout.write(`  ${other}\n`);
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
