// The receive window (RFC 9260 §6.2): an honest account of what is held for reassembly, for order, or for a
// reader, and what is left of it for the peer. A reader that is to be slowed down keeps its bytes in here.
import { HELD_OVERHEAD, WINDOW_SLACK } from '../options.ts';

export class ReceiveWindow {
  /** Bytes held, with what it costs to hold them. */
  held = 0;
  readonly #size: number;
  readonly #slack: number;
  #advertised: number;

  constructor(size: number, maxMessageSize: number) {
    this.#size = size;
    // The last chunk within the window may have brought its overhead with it.
    this.#slack = Math.max(WINDOW_SLACK, maxMessageSize + 2 * HELD_OVERHEAD);
    this.#advertised = size;
  }

  take(bytes: number): void {
    this.held += bytes + HELD_OVERHEAD;
  }

  give(bytes: number): void {
    this.held -= bytes + HELD_OVERHEAD;
  }

  get available(): number {
    return Math.max(0, this.#size - this.held);
  }

  /** Whether a chunk may be kept. The one that moves the cumulative TSN always helps, so it gets a little more. */
  admits(bytes: number, isNextTsn: boolean): boolean {
    return this.held + bytes <= (isNextTsn ? this.#size + this.#slack : this.#size);
  }

  /** What to tell the peer now. */
  advertise(): number {
    return (this.#advertised = this.available);
  }

  /** §6.2: whether the window has opened so far since it was last told that the peer should hear of it. */
  get wantsUpdate(): boolean {
    return this.#advertised < this.#size >> 2 && this.available >= this.#size >> 1;
  }
}
