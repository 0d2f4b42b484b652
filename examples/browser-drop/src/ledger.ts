// What is said on the terminal: results on standard output, how far things are on standard error.

import { stripVTControlCharacters } from 'node:util';
import { type Progress, startProgress } from '@millrace/example-send-file/progress';
import type { Reporter, TransferReport } from './guest.ts';
import { formatSize } from './wire/greeting.ts';

export class Ledger implements Reporter {
  /** Transfers under way: a bar is drawn for one alone, others show when they are over. */
  #active = 0;

  begin(verb: 'Receiving' | 'Sending', name: string, size: number): TransferReport {
    const label = `${verb} ${printable(name)}`;
    let bar: Progress | undefined;
    if (this.#active++ === 0) bar = startProgress({ label, total: size });
    const started = performance.now();
    const end = (): void => {
      this.#active--;
      bar?.stop();
      bar = undefined;
    };
    return {
      progress: (bytes) => bar?.update(bytes),
      done: (path, { bytes, sha256 }) => {
        end();
        const seconds = Math.max(performance.now() - started, 1) / 1000;
        const what = `${verb === 'Sending' ? 'Sent' : 'Received'} ${printable(path)}`;
        const rate = `${formatSize(bytes)} in ${seconds.toFixed(2)} s, ${formatSize(Math.round(bytes / seconds))}/s`;
        process.stdout.write(`${what} (${rate})\nSHA-256 ${sha256}\n`);
      },
      failed: (error) => {
        end();
        process.stderr.write(`${label} failed: ${printable(reasonOf(error))}\n`);
      },
    };
  }

  failed(reason: string): void {
    process.stderr.write(`A transfer failed: ${printable(reason)}\n`);
  }
}

/** Names come from the other side: nothing in them moves the cursor or turns text around. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
    .slice(0, 300);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
