// The alert that ends a connection. It is not acknowledged, so it is said again to a peer that keeps talking, a few
// times. RFC 5246 §7.2.1, §7.2.2.
import type { Millis } from '@millrace/sans-io';

const MAX_REPEATS = 5;
const REPEAT_INTERVAL: Millis = 50;

export class Farewell {
  readonly level: number;
  readonly description: number;
  readonly epoch: number;
  #pending = true;
  #repeats: number;
  #sentAt: Millis;

  constructor(level: number, description: number, epoch: number, now: Millis, maySayAgain: boolean) {
    this.level = level;
    this.description = description;
    this.epoch = epoch;
    this.#sentAt = now;
    this.#repeats = maySayAgain ? MAX_REPEATS : 0;
  }

  get isPending(): boolean {
    return this.#pending;
  }

  onSent(): void {
    this.#pending = false;
  }

  onPeerTalks(now: Millis): void {
    if (this.#pending || this.#repeats === 0 || now - this.#sentAt < REPEAT_INTERVAL) return;
    this.#repeats--;
    this.#sentAt = now;
    this.#pending = true;
  }
}
