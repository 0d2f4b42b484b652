// A reporter for `node --test` that prints one line per file, each failure in full, and the runner's own closing
// lines. Thousands of passing names are no news.

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect, styleText } from 'node:util';
import { describeGroup } from './test/groups.ts';
import { ROOT } from './workspace.ts';

interface FileTally {
  passed: number;
  failed: number;
}

// The runner asks for a default export.
// biome-ignore lint/style/noDefaultExport: node --test-reporter takes the default export of the module it is given
export default async function* briefReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tallies = new Map<string, FileTally>();
  const failures: string[] = [];
  const path: string[] = [];
  for await (const event of source) {
    switch (event.type) {
      case 'test:start':
        path.length = event.data.nesting;
        path[event.data.nesting] = event.data.name;
        break;
      case 'test:pass':
      case 'test:fail': {
        const { details, file = '', name, nesting } = event.data;
        if (details.type === 'suite') break;
        const tally = tallies.get(file) ?? { passed: 0, failed: 0 };
        tallies.set(file, tally);
        if (event.type === 'test:pass') tally.passed++;
        else {
          tally.failed++;
          failures.push(describeFailure(file, [...path.slice(0, nesting), name], event.data));
        }
        break;
      }
      case 'test:summary': {
        const { file, success, duration_ms, counts } = event.data;
        if (file === undefined) break;
        const mark = success ? styleText('green', '✔') : styleText('red', '✖');
        yield `${mark} ${describeGroup(file) ?? relative(ROOT, file)} ${styleText('gray', `${counts.tests} tests, ${Math.round(duration_ms)} ms`)}\n`;
        break;
      }
      case 'test:stderr':
      case 'test:stdout':
        yield event.data.message;
        break;
      case 'test:diagnostic':
        if (event.data.nesting === 0) yield `ℹ ${event.data.message}\n`;
        break;
    }
  }
  if (failures.length > 0) yield `\n${styleText('red', 'failing tests:')}\n\n${failures.join('\n')}`;
}

function describeFailure(
  file: string,
  names: readonly string[],
  { line, column, details }: { line?: number; column?: number; details: { error: Error } },
): string {
  const cause = details.error.cause ?? details.error;
  const text = cause instanceof Error ? (cause.stack ?? String(cause)) : inspect(cause);
  return `${styleText('red', '✖')} ${names.join(' › ')}\n  at ${relative(ROOT, file)}:${line ?? 0}:${column ?? 0}\n${indent(text)}\n`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
