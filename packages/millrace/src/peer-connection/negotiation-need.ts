// When the application is to be asked for negotiation. W3C webrtc-pc §4.7.3.
import { dataSection } from '@millrace/sdp';
import type { Transceivers } from '../media/transceivers.ts';
import { queueTask } from '../task-queue.ts';
import type { Negotiator } from './negotiator.ts';
import type { OperationsChain } from './operations-chain.ts';

/** The connection, as this sees it. */
export interface NegotiationNeedHost {
  isClosed(): boolean;
  /** Whether there are data channels to negotiate for. */
  wantsData(): boolean;
  /** Called in a task. */
  ask(): void;
}

export class NegotiationNeed {
  readonly #negotiator: Negotiator;
  readonly #transceivers: Transceivers;
  readonly #chain: OperationsChain;
  readonly #host: NegotiationNeedHost;
  #isNeeded = false;

  constructor(
    negotiator: Negotiator,
    transceivers: Transceivers,
    chain: OperationsChain,
    host: NegotiationNeedHost,
  ) {
    this.#negotiator = negotiator;
    this.#transceivers = transceivers;
    this.#chain = chain;
    this.#host = host;
  }

  /** Negotiation is over: what is wanted from now on is asked for anew. */
  forget(): void {
    this.#isNeeded = false;
  }

  /** Asks once, when nothing else is going on. */
  check(): void {
    if (this.#isNeeded || this.#host.isClosed()) return;
    if (this.#negotiator.descriptions.state !== 'stable') return;
    const needsData = this.#host.wantsData() && !this.#hasNegotiatedData();
    if (!needsData && !this.#negotiator.needsRestart && !this.#mediaNeedsNegotiation()) return;
    this.#isNeeded = true;
    queueTask(this.#ask, undefined);
  }

  readonly #ask = (): void => {
    const isIdle = !this.#host.isClosed() && this.#negotiator.descriptions.state === 'stable';
    // Otherwise the question comes up again when the chain has run empty.
    if (this.#isNeeded && isIdle && this.#chain.isEmpty) this.#host.ask();
    else this.#isNeeded = false;
  };

  #mediaNeedsNegotiation(): boolean {
    const { currentLocal, currentRemote } = this.#negotiator.descriptions;
    return this.#transceivers.needsNegotiation(
      currentLocal?.data,
      currentRemote?.data,
      currentLocal?.type === 'offer',
    );
  }

  #hasNegotiatedData(): boolean {
    const { currentLocal, currentRemote } = this.#negotiator.descriptions;
    return [currentLocal, currentRemote].every((side) => side && dataSection(side.data));
  }
}
