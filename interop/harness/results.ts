// Outcomes on their way from a peer's test process to the table at the end of a run.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';

export type Outcome =
  | {
      readonly kind: 'claim';
      peer: string;
      part: string;
      claim: string;
      says: string;
      outcome: 'holds' | 'fails' | 'defect';
    }
  | { readonly kind: 'defect'; peer: string; of: string; claim: string; says: string; met: boolean }
  | { readonly kind: 'measure'; peer: string; part: string; name: string; value: number }
  | { readonly kind: 'missing'; peer: string; reason: string }
  | { readonly kind: 'version'; peer: string; version: string };

export function record(file: string | undefined, outcome: Outcome): void {
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(outcome)}\n`);
}

export function readResults(file: string): Outcome[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Outcome);
}
