// The receive window (RFC 9260 §6.2): an honest account of what is held for reassembly, for order, or for a
// reader, and what is left of it for the peer. A reader that is to be slowed down keeps its bytes in here.
import { HELD_OVERHEAD, WINDOW_SLACK } from '../options.ts';

export class ReceiveWindow {
  /** Bytes held, with what it costs to hold them. */
  held = 0;
  /** Part of it: interleaved messages that are not whole yet. */
  #unfinished = 0;
  readonly #maxUnfinished: number;
  readonly #size: number;
  readonly #slack: number;
  #advertised: number;

  constructor(size: number, maxMessageSize: number, maxUnfinished: number) {
    this.#maxUnfinished = maxUnfinished;
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

  takeUnfinished(bytes: number): void {
    this.take(bytes);
    this.#unfinished += bytes + HELD_OVERHEAD;
  }

  growUnfinished(bytes: number): void {
    this.held += bytes;
    this.#unfinished += bytes;
  }

  giveUnfinished(bytes: number): void {
    this.give(bytes);
    this.#unfinished -= bytes + HELD_OVERHEAD;
  }

  get available(): number {
    return Math.max(0, this.#size - this.#charged);
  }

  /**
   * Messages that come interleaved could fill the window with none of them whole, and it would never empty. So as
   * much of them as is allowed for that is not counted.
   */
  get #charged(): number {
    return this.held - Math.min(this.#unfinished, this.#maxUnfinished);
  }

  /** Whether a chunk may be kept. The one that moves the cumulative TSN always helps, so it gets a little more. */
  admits(bytes: number, isNextTsn: boolean): boolean {
    return this.#charged + bytes <= (isNextTsn ? this.#size + this.#slack : this.#size);
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
