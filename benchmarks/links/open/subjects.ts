// Who opens connections: a stack of the harness, millrace in a configuration that has a name here, or pion.
import { type FlowResult, type ImplementationName, PHASES, runFlow } from '@millrace/bench-harness';
import type { Link } from '../../harness/src/link/links.ts';
import { type Attempts, attemptsOf, type Notes } from './attempts.ts';
import { openWithPion } from './pion-connections.ts';

export interface OpenSettings {
  /** Beside those that warm the code up. */
  readonly connections: number;
  readonly warmUp: number;
  /** Most under way at a time, and milliseconds between two starts. */
  readonly atOnce: number;
  readonly apart: number;
  /** Milliseconds after which a connection is given up, and a first message too. */
  readonly patience: number;
}

const FLOW = new URL('./open-flow.ts', import.meta.url).href;

/** `configurations`: of millrace, by the word behind the colon in `millrace:word`. */
export async function openWith(
  subject: string,
  link: Link,
  settings: OpenSettings,
  configurations: ReadonlyMap<string, object>,
): Promise<Attempts | undefined> {
  const { warmUp, atOnce, patience } = settings;
  const all = { ...settings, connections: settings.connections + warmUp };
  if (subject === 'pion') {
    const notes = await openWithPion(link.commandAt, all);
    return notes && attemptsOf(notes, warmUp);
  }
  const [implementation, word] = subject.split(':');
  const configuration = word === undefined ? {} : configurations.get(word);
  if (configuration === undefined) throw new RangeError(`no configuration is called ${word}`);
  const result = await runFlow({
    implementation: implementation as ImplementationName,
    flow: FLOW,
    settings: { ...all },
    timeout: 20_000 + (Math.ceil(all.connections / atOnce) * 2 + 2) * patience,
    path: link.path,
    launch: { environment: { MILLRACE_BENCH_CONFIGURATION: JSON.stringify(configuration) } },
  });
  return attemptsOf(notesOf(result), warmUp);
}

function notesOf({ measurement }: FlowResult): Notes {
  const lists = measurement as unknown as Omit<Notes, 'phases'> & Record<string, readonly number[]>;
  const { started, offererOpen, offererFirst, answererOpen, answererFirst } = lists;
  const phases: Record<string, readonly number[]> = {};
  for (const phase of PHASES) if (lists[phase] !== undefined) phases[phase] = lists[phase];
  return { started, offererOpen, offererFirst, answererOpen, answererFirst, phases };
}
