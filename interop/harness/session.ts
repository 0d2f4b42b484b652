// Two ends brought together: the signaling lives here, in memory, with candidates trickled both ways as they come.

import type { CandidateInit, Description } from '../agent/w3c.ts';
import { type ChannelEnd, End, PATIENCE } from './end.ts';
import type { Implementation, Remote } from './implementation.ts';
import { interopOptions } from './options.ts';
import { patient } from './patience.ts';
import { record } from './results.ts';

export interface Party {
  readonly implementation: Implementation;
  readonly remote: Remote;
}

export interface SignalingOptions {
  /** `half-trickle`: the offer waits for gathering to end and carries every candidate; `all-at-once`: so does the answer. */
  readonly candidates: 'trickle' | 'half-trickle' | 'all-at-once';
  /** For both connections. */
  readonly configuration: object;
  /** Looks at a candidate on its way, by itself or in a description, and says whether it may pass. */
  readonly pass: (from: End, candidate: CandidateInit | null) => boolean;
}

const TRICKLE: SignalingOptions = { candidates: 'trickle', configuration: {}, pass: () => true };
const NEXT_CANDIDATE = 250; // ms
const STEP = 5000; // ms
/** Candidates of a restart are looked for this often, with this pause: by then all local ones have come. */
const RESTART_ROUNDS = 10;
/** And no more often than this, until each side has told one. */
const MOST_RESTART_ROUNDS = 200;
const RESTART_PAUSE = 25; // ms

export class Session {
  readonly offerer: End;
  readonly answerer: End;
  readonly #signaling: SignalingOptions;
  readonly descriptions: { offer?: Description; answer?: Description } = {};
  /** Candidates that the far side refused, as `name: message`. */
  readonly refused: string[] = [];
  #ended = false;
  /** Of the pumps: those of connections that were given up come to an end. */
  #generation = 0;
  #pumps: Promise<void>[] = [];

  constructor(offerer: End, answerer: End, signaling: SignalingOptions) {
    this.offerer = offerer;
    this.answerer = answerer;
    this.#signaling = signaling;
  }

  static async between(
    offerer: Party,
    answerer: Party,
    options: Partial<SignalingOptions> = {},
  ): Promise<Session> {
    const signaling = { ...TRICKLE, ...options };
    const end = async ({ implementation, remote }: Party, part: End['part']): Promise<End> =>
      new End(implementation, remote, await remote.call('connect', signaling.configuration), part);
    return new Session(await end(offerer, 'offerer'), await end(answerer, 'answerer'), signaling);
  }

  /** Both directions: what one end does, then the same the other way round. */
  get directions(): Array<[from: End, to: End]> {
    return [
      [this.offerer, this.answerer],
      [this.answerer, this.offerer],
    ];
  }

  other(end: End): End {
    return end === this.offerer ? this.answerer : this.offerer;
  }

  /** One round of offer and answer. The offerer must have a channel by now. */
  async negotiate(from: End = this.offerer): Promise<{ offer: Description; answer: Description }> {
    const to = this.other(from);
    let offer = await settled('offer', from, from.remote.call('offer', from.connection));
    const { candidates } = this.#signaling;
    const isFirst = this.#pumps.length === 0;
    if (candidates !== 'trickle')
      offer = await from.remote.call('gathered', from.connection, patient(PATIENCE));
    const seenOffer = this.#passed(from, offer);
    let answer = await settled('answer', to, to.remote.call('answer', to.connection, seenOffer));
    if (candidates === 'all-at-once')
      answer = await to.remote.call('gathered', to.connection, patient(PATIENCE));
    if (candidates === 'trickle' && isFirst) this.#pumps.push(this.#pump(from, to));
    const seenAnswer = this.#passed(to, answer);
    await settled('acceptAnswer', from, from.remote.call('acceptAnswer', from.connection, seenAnswer));
    if (candidates !== 'all-at-once' && isFirst) this.#pumps.push(this.#pump(to, from));
    return Object.assign(this.descriptions, { offer, answer });
  }

  /** The description with those of its candidates that may pass. */
  #passed(from: End, { type, sdp }: Description): Description {
    const mayPass = (line: string): boolean =>
      !line.startsWith('a=candidate:') || this.#signaling.pass(from, { candidate: line.slice(2).trimEnd() });
    return { type, sdp: sdp.split('\n').filter(mayPass).join('\n') };
  }

  /** A round of offer and answer that restarts ICE, with the candidates of both sides until the connection has moved. */
  async restart(from: End): Promise<{ offer: Description; answer: Description }> {
    const to = this.other(from);
    const offer = await settled('offer', from, from.remote.call('offer', from.connection, true));
    const answer = await settled('answer', to, to.remote.call('answer', to.connection, offer));
    await settled('acceptAnswer', from, from.remote.call('acceptAnswer', from.connection, answer));
    const silent = new Set([from, to]);
    for (const [end, { sdp }] of [[from, offer] as const, [to, answer] as const])
      if (/^a=candidate:/m.test(sdp)) silent.delete(end);
    for (let round = 0; round < (silent.size > 0 ? MOST_RESTART_ROUNDS : RESTART_ROUNDS); round++) {
      for (const [near, far] of this.directions) {
        const { candidates } = await near.remote.call('candidates', near.connection, RESTART_PAUSE);
        for (const candidate of candidates) await this.#hand(far, candidate);
        if (candidates.length > 0) silent.delete(near);
      }
      await new Promise((resolve) => setTimeout(resolve, RESTART_PAUSE));
    }
    return { offer, answer };
  }

  /** A first channel from the offerer, open on both sides. */
  async open(label: string = 'first'): Promise<[ChannelEnd, ChannelEnd]> {
    for (let isAgain = false; ; isAgain = true) {
      const near = await this.offerer.create(label);
      await this.negotiate();
      try {
        const far = await this.answerer.incoming();
        await Promise.all([near.opened(), far.opened()]);
        return [near, far];
      } catch (error) {
        const said = new Error(`${(error as Error).message}\n${await this.#paths()}`, { cause: error });
        if (isAgain || !(await this.#hasGivenUp(said))) throw said;
        await this.#beginAgain();
      }
    }
  }

  /**
   * Whether an end that is known for it has ended its own connection while the other was still waiting for it: then, and
   * if nothing but the first channel is lost by it, the defect is reported and new connections take their place.
   */
  async #hasGivenUp(error: Error): Promise<boolean> {
    for (const [end, other] of this.directions) {
      const { givesUp } = end.implementation;
      if (givesUp === undefined || end.channels + other.channels > 1) continue;
      const { connection } = await end.remote.call('states', end.connection);
      if (connection !== 'closed' && connection !== 'failed') continue;
      const { name } = end.implementation;
      const of = `${name} ${end.implementation.version()}`;
      record(interopOptions().results, {
        kind: 'defect',
        peer: name,
        of,
        claim: 'opens',
        says: givesUp.says,
        met: true,
      });
      console.error(`${of} ${givesUp.says}: ${error.message}`);
      return true;
    }
    return false;
  }

  async #beginAgain(): Promise<void> {
    this.#generation++;
    await Promise.all([
      ...[this.offerer, this.answerer].map((end) => end.replace(this.#signaling.configuration)),
      ...this.#pumps,
    ]);
    this.#pumps = [];
    this.refused.length = 0;
  }

  /** How both ends see the way between them: for the reader of a failure. */
  async #paths(): Promise<string> {
    const seen = async (end: End): Promise<string> => {
      const path = end.remote.call('path', end.connection);
      return `${end.name}: ${await settled('stats', end, path).catch((error) => String(error))}`;
    };
    const lines = await Promise.all([this.offerer, this.answerer].map(seen));
    return [...lines, ...this.refused].join('\n');
  }

  /** Further channels on the open connection. */
  async channel(
    from: End,
    label: string,
    init: Parameters<End['create']>[1] = {},
  ): Promise<[ChannelEnd, ChannelEnd]> {
    const near = await from.create(label, init);
    const far = await this.other(from).incoming();
    await Promise.all([near.opened(), far.opened()]);
    return [near, far];
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#pumps);
  }

  async #pump(from: End, to: End): Promise<void> {
    const generation = this.#generation;
    const isOver = (): boolean => this.#ended || generation !== this.#generation;
    try {
      for (let ended = false; !ended && !isOver(); ) {
        const batch = await from.remote.call('candidates', from.connection, NEXT_CANDIDATE);
        ended = batch.ended;
        if (generation !== this.#generation) return;
        for (const candidate of ended ? [...batch.candidates, null] : batch.candidates) {
          if (this.#signaling.pass(from, candidate)) await this.#hand(to, candidate);
        }
      }
    } catch (error) {
      if (!isOver()) this.refused.push(`${from.name}: ${(error as Error).message}`);
    }
  }

  async #hand(to: End, candidate: CandidateInit | null): Promise<void> {
    try {
      await to.remote.call('addCandidate', to.connection, candidate);
    } catch (error) {
      this.refused.push(`${to.name} refused ${candidate?.candidate ?? null}: ${(error as Error).message}`);
    }
  }
}

async function settled<T>(step: string, { name }: End, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const patience = patient(STEP);
  const timer = setTimeout(
    () => reject(new Error(`${step} of ${name} does not settle within ${patience} ms`)),
    patience,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
