// All scenarios against one peer, the subject offering first and answering second.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { scenarios } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { subjects } from '../subjects.ts';
import type { Defect, Implementation, LaunchOptions, Remote } from './implementation.ts';
import { type InteropOptions, interopOptions } from './options.ts';
import { patient } from './patience.ts';
import { withPeer } from './peer-here.ts';
import { type Roles, Run, Stop } from './run.ts';
import { inTurn } from './turns.ts';

const LAUNCH_PATIENCE = 180_000; // ms
/** Until its turn comes, while scenarios of others have the machine to themselves. */
const TURN_PATIENCE = 1_200_000; // ms
const AS_EVER: LaunchOptions = { hideAddresses: false, interleave: false, trials: [], anyCertificate: false };

export function interop(peer: Implementation): void {
  const options = interopOptions();
  const subject = subjects[options.subject];
  if (subject === undefined) {
    throw new Error(`no subject '${options.subject}': there are ${Object.keys(subjects).join(', ')}`);
  }
  const missing = peer.missing() ?? subject.missing();
  const version = missing === undefined ? peer.version() : undefined;
  withPeer(peer.name, version, missing, () => meet(peer, subject, options));
}

function meet(peer: Implementation, subject: Implementation, options: InteropOptions): void {
  describe(`${peer.name} ${peer.version()}`, () => {
    const pair = new Pair(subject, peer);
    const lookedFor = new Set<Defect>();
    before(() => inTurn(options.results, false, () => pair.launch()), {
      timeout: LAUNCH_PATIENCE + TURN_PATIENCE,
    });
    after(() => pair.close(), { timeout: LAUNCH_PATIENCE });
    for (const offers of ['subject', 'peer'] as const) {
      describe(`${offers === 'subject' ? subject.name : peer.name} offers`, () => {
        for (const scenario of scenarios.filter((each) => runs(each, peer, options))) {
          const timeout = patient(scenario.patience) + LAUNCH_PATIENCE + TURN_PATIENCE;
          test(scenario.title, { timeout }, (context) =>
            inTurn(options.results, scenario.alone === true, () =>
              pair.run(scenario, (roles) => new Run(context, { ...roles, offers, lookedFor })),
            ),
          );
        }
      });
    }
    if (options.scenario === '' && !options.packetPath) {
      test('every pinned defect that can show here was looked for', () => {
        const unseen = peer.defects.filter((defect) => canShow(defect, subject) && !lookedFor.has(defect));
        const names = unseen.map(({ claim, at }) => `${claim} at ${at}`);
        assert.deepEqual(names, [], 'no claim has these names, or an earlier failure hid them');
      });
    }
  });
}

function canShow({ against, onlyAsSubject }: Defect, subject: Implementation): boolean {
  return onlyAsSubject !== true && (against === undefined || against.includes(subject.name));
}

function runs(scenario: Scenario, peer: Implementation, options: InteropOptions): boolean {
  if (options.packetPath && !scenario.packetPath) return false;
  if (scenario.needs !== undefined && peer.lacks?.includes(scenario.needs)) return false;
  if (scenario.hiddenAddresses === true && !peer.canHideAddresses) return false;
  const isMillrace = options.subject === 'millrace';
  if (scenario.trials !== undefined && !(peer.hasTrials && isMillrace)) return false;
  if (scenario.dtls13 && !(peer.speaksDtls13 && isMillrace)) return false;
  return scenario.title.includes(options.scenario) && (!scenario.interleaved || peer.canInterleave);
}

/** The two implementations, launched once and again whenever a scenario leaves one of them in doubt. */
class Pair {
  readonly #subject: Implementation;
  readonly #peer: Implementation;
  #remotes: Promise<[Remote, Remote]> | undefined;

  constructor(subject: Implementation, peer: Implementation) {
    this.#subject = subject;
    this.#peer = peer;
  }

  async launch(options: LaunchOptions = AS_EVER): Promise<void> {
    this.#remotes = both(this.#subject.launch(AS_EVER), this.#peer.launch(options));
    await this.#remotes;
  }

  async close(): Promise<void> {
    const remotes = await this.#remotes?.catch(() => undefined);
    this.#remotes = undefined;
    await Promise.all(remotes?.map((remote) => remote.close()) ?? []);
  }

  async run(scenario: Scenario, makeRun: (roles: Omit<Roles, 'offers' | 'lookedFor'>) => Run): Promise<void> {
    const hideAddresses = scenario.hiddenAddresses !== undefined && this.#peer.canHideAddresses;
    const isSpecial =
      hideAddresses ||
      scenario.interleaved === true ||
      scenario.trials !== undefined ||
      scenario.anyCertificate === true;
    if (isSpecial) await this.close();
    if (this.#remotes === undefined)
      await this.launch({
        hideAddresses,
        interleave: scenario.interleaved === true,
        trials: scenario.trials ?? [],
        anyCertificate: scenario.anyCertificate === true,
      });
    const [subject, peer] = await this.#remotes!;
    const run = makeRun({
      subject: { implementation: this.#subject, remote: subject },
      peer: { implementation: this.#peer, remote: peer },
    });
    let isClean = false;
    try {
      isClean = await withinPatience(scenario, run);
    } finally {
      const mayGoOn = isClean && !isSpecial;
      if (!((await run.end()) && mayGoOn && (await reset([subject, peer])))) await this.close();
    }
  }
}

/** Whether both ends are fit for the next scenario. */
async function withinPatience(scenario: Scenario, run: Run): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const patience = patient(scenario.patience);
  const timer = setTimeout(() => reject(new Error(`not done within ${patience} ms`)), patience);
  try {
    await Promise.race([scenario.run(run), late]);
    return true;
  } catch (error) {
    if (error instanceof Stop) return error.isExpected;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function reset(remotes: readonly Remote[]): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), 3000);
  const done = Promise.all(remotes.map((remote) => remote.call('reset'))).then(
    () => true,
    () => false,
  );
  const isClean = await Promise.race([done, late]);
  clearTimeout(timer);
  return isClean;
}

/** Both, or an error after neither is left running. */
async function both(one: Promise<Remote>, other: Promise<Remote>): Promise<[Remote, Remote]> {
  const outcomes = await Promise.allSettled([one, other]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return Promise.all([one, other]);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.close();
  throw failed.reason;
}
