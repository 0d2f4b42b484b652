// One question to a STUN server from one of our sockets.
import type { TransportAddress } from '@millrace/ice';
import type { Millis, RandomSource } from '@millrace/sans-io';
import { BindingQuery, type BindingSink } from '@millrace/stun';
import type { DatagramPort } from '../transport/datagram-port.ts';
import type { ServerLink } from './server-link.ts';

/** Sent at 0, 0.2, 0.6, 1.4, 3 and 6.2 s and given up at 7.8 s: users wait for gathering to be complete. */
export const SERVER_PATIENCE = { rto: 200, rtoMax: 3_200, sends: 6, lastWait: 8 } as const;

const scratch = new Uint8Array(64);

export class StunLink implements ServerLink {
  readonly socket: number;
  readonly remote: TransportAddress;
  readonly #port: DatagramPort;
  readonly #sink: BindingSink;
  readonly #query: BindingQuery;

  constructor(
    socket: number,
    port: DatagramPort,
    remote: TransportAddress,
    random: RandomSource,
    sink: BindingSink,
  ) {
    this.socket = socket;
    this.remote = remote;
    this.#port = port;
    this.#sink = sink;
    this.#query = new BindingQuery(random, SERVER_PATIENCE);
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    this.#query.receive(bytes, at, end, now);
    this.#query.drain(this.#sink);
  }

  flush(now: Millis): void {
    // A busy port still reads from what it was given last.
    if (this.#port.isBusy) return;
    const length = this.#query.transmit(scratch, 0, scratch.length, now);
    if (length > 0) this.#port.send(scratch.slice(0, length), 0, length, length, this.remote);
  }

  deadline(): Millis {
    return this.#query.deadline();
  }

  expire(now: Millis): void {
    this.#query.expire(now);
    this.#query.drain(this.#sink);
  }

  close(): void {}
}
