// What a scenario has in hand while it runs: the two parties, sessions between them, and claims.
//
// A claim is one sentence about what an implementation does. Normally it must hold. Where the implementation has
// a pinned defect of that name, the claim must fail in the way the defect describes.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { End } from './end.ts';
import type { Defect, Implementation } from './implementation.ts';
import { type InteropOptions, interopOptions } from './options.ts';
import { hastily } from './patience.ts';
import { record } from './results.ts';
import { type Party, Session, type SignalingOptions } from './session.ts';

const END_PATIENCE = 2000; // ms

/** Whom a claim is about: `from` acts, `to` sees it happen. */
export interface Ends {
  readonly from: End;
  readonly to?: End;
}

/** Ends a scenario early and quietly; what there was to report has been reported. */
export class Stop extends Error {
  /** Nothing unexpected happened: the ends can be used again once their connections are closed. */
  readonly isExpected: boolean;

  constructor(claim: string, isExpected: boolean) {
    super(claim);
    this.isExpected = isExpected;
  }
}

export interface Roles {
  readonly subject: Party;
  readonly peer: Party;
  readonly offers: 'subject' | 'peer';
  /** The pinned defects that claims have met so far, or not met though they stood in their way. */
  readonly lookedFor: Set<Defect>;
}

export class Run {
  readonly roles: Roles;
  readonly options: InteropOptions = interopOptions();
  readonly #test: TestContext;
  readonly #sessions: Session[] = [];

  constructor(test: TestContext, roles: Roles) {
    this.#test = test;
    this.roles = roles;
  }

  get offerer(): Party {
    return this.roles.offers === 'subject' ? this.roles.subject : this.roles.peer;
  }

  get answerer(): Party {
    return this.roles.offers === 'subject' ? this.roles.peer : this.roles.subject;
  }

  /** The smaller capacity counts: a transfer has two ends. */
  capacity(
    name:
      | 'bulkBytes'
      | 'bulkBytesQuick'
      | 'bulkMessageBytes'
      | 'burstMessages'
      | 'rateMessages'
      | 'drainMessages',
  ): number {
    const { subject, peer } = this.roles;
    return Math.min(subject.implementation.capacity[name], peer.implementation.capacity[name]);
  }

  get stallMs(): number {
    const { subject, peer } = this.roles;
    return Math.max(subject.implementation.capacity.stallMs, peer.implementation.capacity.stallMs);
  }

  async session(options: Partial<SignalingOptions> = {}): Promise<Session> {
    const session = await Session.between(this.offerer, this.answerer, options);
    this.#sessions.push(session);
    return session;
  }

  /**
   * Claims `sentence` of the implementations at the two ends. Returns whether it holds; a claim that should hold and
   * does not ends the scenario.
   */
  async claim(name: string, sentence: string, ends: Ends, body: () => Promise<void>): Promise<boolean> {
    const found = findDefect(name, ends);
    if (found === undefined) return this.#mustHold(name, sentence, body);
    const { defect, of } = found;
    this.roles.lookedFor.add(defect);
    let met = false;
    let failed = true;
    await this.#test.test(`${sentence} [defect of ${of.name}: ${defect.says}]`, async () => {
      met = await failsAs(defect, of, body);
      failed = false;
    });
    this.#record(failed ? 'fails' : met ? 'defect' : 'holds', name, sentence);
    record(this.options.results, {
      kind: 'defect',
      peer: this.roles.peer.implementation.name,
      of: `${of.name} ${of.version()}`,
      claim: defect.claim,
      says: defect.says,
      met,
    });
    if (failed || (met && defect.breaksConnection)) throw new Stop(name, !failed);
    return !met;
  }

  /** A number worth a column in the table. */
  measure(name: string, value: number, unit: string): void {
    this.#test.diagnostic(`${name}: ${value.toFixed(value < 10 ? 1 : 0)} ${unit}`);
    const peer = this.roles.peer.implementation.name;
    record(this.options.results, { kind: 'measure', peer, part: this.roles.offers, name, value });
  }

  note(text: string): void {
    this.#test.diagnostic(text);
  }

  /** Whether all signaling has come to rest. An implementation may never settle a promise of a closed connection. */
  async end(): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), END_PATIENCE);
    const rest = Promise.all(this.#sessions.map((session) => session.end())).then(() => true);
    const isAtRest = await Promise.race([rest, late]);
    clearTimeout(timer);
    return isAtRest;
  }

  async #mustHold(name: string, sentence: string, body: () => Promise<void>): Promise<boolean> {
    let holds = false;
    await this.#test.test(sentence, async () => {
      await body();
      holds = true;
    });
    this.#record(holds ? 'holds' : 'fails', name, sentence);
    if (!holds) throw new Stop(name, false);
    return true;
  }

  #record(outcome: 'holds' | 'fails' | 'defect', claim: string, says: string): void {
    const peer = this.roles.peer.implementation.name;
    record(this.options.results, { kind: 'claim', peer, part: this.roles.offers, claim, says, outcome });
  }
}

function findDefect(claim: string, { from, to }: Ends): { defect: Defect; of: Implementation } | undefined {
  const defect = defectOf(claim, 'from', from, to);
  if (defect !== undefined) return { defect, of: from.implementation };
  if (to === undefined) return undefined;
  const other = defectOf(claim, 'to', to, from);
  return other === undefined ? undefined : { defect: other, of: to.implementation };
}

function defectOf(claim: string, at: Defect['at'], end: End, far: End | undefined): Defect | undefined {
  return end.implementation.defects.find(
    (defect) =>
      defect.at === at &&
      (defect.as ?? end.part) === end.part &&
      (defect.against === undefined || defect.against.includes(far?.name ?? '')) &&
      (defect.claim.endsWith('*') ? claim.startsWith(defect.claim.slice(0, -1)) : claim === defect.claim),
  );
}

/** Runs a claim that a defect says cannot hold. Returns whether the defect was met this time. */
async function failsAs(defect: Defect, of: Implementation, body: () => Promise<void>): Promise<boolean> {
  try {
    await hastily(defect.seen, body);
  } catch (error) {
    const { message } = error as Error;
    assert.match(message, defect.failure, `${of.name} fails in another way than its pinned defect`);
    return true;
  }
  if (defect.seen === 'sometimes') return false;
  assert.fail(`${of.name} ${of.version()} no longer has this defect: take it out of its table`);
}
