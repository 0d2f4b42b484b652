// Two cores, two wires and one virtual clock: the place where protocols are tested. A link that only two share.
import type { Millis } from '../core.ts';
import { type FlowOptions, type FlowTag, SharedLink, type SharedLinkOptions } from './shared-link.ts';
import type { Wire } from './wire.ts';

export interface PairOptions<SinkA, SinkB>
  extends SharedLinkOptions,
    Omit<FlowOptions<SinkA, SinkB>, 'access'> {}

/** Two cores and the wires between them on a virtual clock. */
export class Pair<SinkA, SinkB = SinkA> {
  readonly ab: Wire<FlowTag>;
  readonly ba: Wire<FlowTag>;
  readonly #link: SharedLink;

  constructor(options: PairOptions<SinkA, SinkB>) {
    this.#link = new SharedLink(options);
    this.#link.join(options);
    this.ab = this.#link.ab;
    this.ba = this.#link.ba;
  }

  /** The virtual clock. */
  get now(): Millis {
    return this.#link.now;
  }

  /** Has `act` called at `time`, in the middle of a run. */
  at(time: Millis, act: () => void): void {
    this.#link.at(time, act);
  }

  /** Lets both cores act at this instant: events first, then whatever they want to send. */
  settle(): void {
    this.#link.settle();
  }

  /** Runs for `duration` of virtual milliseconds, or until `until` says so. Returns whether it did. */
  run(duration: Millis, until?: () => boolean): boolean {
    return this.#link.run(duration, until);
  }
}
