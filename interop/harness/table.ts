// The table at the end of a run: one row for each peer, then the pinned defects that were met.

import type { Outcome } from './results.ts';

const HEAD = [
  'peer',
  'version',
  'offers',
  'claims',
  'failed',
  'defects',
  'open ms',
  'out Mbit/s',
  'in Mbit/s',
];

export function table(subject: string, outcomes: readonly Outcome[]): string {
  const peers = [...new Set(outcomes.map(({ peer }) => peer))];
  const rows = peers.flatMap((peer) => rowsOf(peer, subject, of(peer, outcomes)));
  const defects = peers.flatMap((peer) => defectsOf(peer, of(peer, outcomes)));
  const failures = peers.flatMap((peer) => failuresOf(peer, of(peer, outcomes)));
  const parts = [aligned([HEAD, ...rows])];
  if (defects.length > 0) parts.push(`Pinned defects:\n${defects.join('\n')}`);
  if (failures.length > 0) parts.push(`Failed:\n${failures.join('\n')}`);
  return parts.join('\n\n');
}

function of(peer: string, outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter((outcome) => outcome.peer === peer);
}

function rowsOf(peer: string, subject: string, outcomes: readonly Outcome[]): string[][] {
  const missing = outcomes.find((outcome) => outcome.kind === 'missing');
  if (missing?.kind === 'missing') return [[peer, `skipped: ${missing.reason}`]];
  const version = outcomes.find((outcome) => outcome.kind === 'version');
  return ['subject', 'peer'].map((part) => {
    const claims = outcomes
      .filter((outcome) => outcome.kind === 'claim')
      .filter((each) => each.part === part);
    const failed = claims.filter(({ outcome }) => outcome === 'fails');
    return [
      peer,
      version?.kind === 'version' ? version.version : '',
      part === 'subject' ? subject : peer,
      String(claims.length),
      String(failed.length),
      String(claims.filter(({ outcome }) => outcome === 'defect').length),
      ...['open', 'out', 'in'].map((name) => measured(outcomes, part, name)),
    ];
  });
}

function measured(outcomes: readonly Outcome[], part: string, name: string): string {
  const measures = outcomes.filter((outcome) => outcome.kind === 'measure');
  const found = measures.find((measure) => measure.part === part && measure.name === name);
  return found === undefined ? '' : String(Math.round(found.value));
}

function defectsOf(peer: string, outcomes: readonly Outcome[]): string[] {
  const seen = new Map<string, { says: string; met: number; runs: number }>();
  for (const outcome of outcomes) {
    if (outcome.kind !== 'defect') continue;
    const key = `${outcome.of}, ${outcome.claim}`;
    const entry = seen.get(key) ?? { says: outcome.says, met: 0, runs: 0 };
    seen.set(key, { ...entry, met: entry.met + (outcome.met ? 1 : 0), runs: entry.runs + 1 });
  }
  return [...seen].map(
    ([key, { says, met, runs }]) => `  with ${peer}: ${key}: ${says} (met ${met} of ${runs} times)`,
  );
}

function failuresOf(peer: string, outcomes: readonly Outcome[]): string[] {
  const failed = outcomes
    .filter((outcome) => outcome.kind === 'claim')
    .filter((each) => each.outcome === 'fails');
  return failed.map(({ claim, part, says }) => `  with ${peer} (${part} offers): ${claim}: ${says}`);
}

function aligned(rows: readonly string[][]): string {
  const widths = HEAD.map((_, column) => {
    const cells = rows.filter((row) => row.length > 2).map((row) => row[column]?.length ?? 0);
    return Math.max(...cells);
  });
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
