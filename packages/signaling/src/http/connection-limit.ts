// How many connections one client may hold at a time: what one opens and says nothing on, others can't have.
import type { Socket } from 'node:net';
import { networkOf } from './rate-limit.ts';

export class ConnectionLimit {
  readonly #most: number;
  readonly #held = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get clients(): number {
    return this.#held.size;
  }

  /** Counts the connection until it is closed, or closes it at once. */
  take(socket: Socket): void {
    const client = networkOf(socket.remoteAddress ?? '');
    const held = this.#held.get(client) ?? 0;
    if (held >= this.#most) {
      socket.destroy();
      return;
    }
    this.#held.set(client, held + 1);
    socket.once('close', () => {
      const left = this.#held.get(client)! - 1;
      if (left > 0) this.#held.set(client, left);
      else this.#held.delete(client);
    });
  }
}
