// An allocation at a TURN server, and the port that its relayed address is for ICE: datagrams sent from the port go
// to the server wrapped, and what the server wraps comes out as if the port had received it.
import type { TransportAddress } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';
import { CHANNEL_HEADER_BYTES, TurnClient, type TurnEnd, type TurnOptions } from '@millrace/turn';
import { now as clock } from '../transport/alarm.ts';
import type { DatagramPort, DatagramRun } from '../transport/datagram-port.ts';
import type { ServerLink } from './server-link.ts';
import type { TurnTransport } from './turn-transport.ts';

export interface TurnHandlers {
  /** `port` sends from the relayed address; `mapped` is how the server sees us. */
  onAllocated(port: DatagramPort, mapped: TransportAddress | undefined): void;
  /** A peer's datagram to the relayed address. Borrowed for the call. */
  onDatagram(bytes: Uint8Array, at: number, end: number, peer: TransportAddress): void;
  onEnd(end: TurnEnd): void;
}

/** Longest control message: with realm, nonce and user name of their longest. */
const CONTROL_BYTES = 3_072;
/** A run of datagrams as the driver makes them, each with its header and padding. */
const RUN_BYTES = 65_536 + 64 * 8;

export class TurnLink implements ServerLink {
  readonly socket: number;
  readonly remote: TransportAddress;
  readonly client: TurnClient;
  readonly #transport: TurnTransport;
  readonly #handlers: TurnHandlers;
  #port: RelayPort | undefined;
  /** Who wants to know whether the allocation is there still. */
  #asking: Array<(isThere: boolean) => void> = [];

  constructor(
    socket: number,
    remote: TransportAddress,
    transport: TurnTransport,
    options: TurnOptions,
    handlers: TurnHandlers,
  ) {
    this.socket = socket;
    this.remote = remote;
    this.client = new TurnClient({ ...options, isReliable: transport.isReliable });
    this.#transport = transport;
    this.#handlers = handlers;
  }

  get port(): DatagramPort | undefined {
    return this.#port;
  }

  start(): void {
    if (this.client.state === 'new') this.client.start();
  }

  /** Whether the server has the allocation still. */
  check(): Promise<boolean> {
    if (this.client.state !== 'allocated') return Promise.resolve(false);
    this.client.refresh();
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    this.client.receive(bytes, at, end, now);
    this.#drain();
  }

  flush(now: Millis): void {
    for (let count = 0; count < 64 && !this.#transport.isBusy; count++) {
      const out = new Uint8Array(CONTROL_BYTES);
      const length = this.client.transmit(out, 0, out.length, now);
      if (length === 0) return;
      this.#transport.send(out, 0, length, length);
    }
  }

  deadline(): Millis {
    return this.client.deadline();
  }

  expire(now: Millis): void {
    this.client.expire(now);
    this.#drain();
  }

  close(now: Millis): void {
    this.client.close();
    this.#answer(false);
    this.flush(now);
    this.#transport.close();
  }

  #drain(): void {
    this.client.drain({
      onAllocated: ({ relayed, mapped }) => {
        this.#port = new RelayPort(this.client, this.#transport, relayed, () => this.flush(clock()));
        this.#handlers.onAllocated(this.#port, mapped);
      },
      onData: (bytes, at, end, peer) => this.#handlers.onDatagram(bytes, at, end, peer),
      onPeerRefused: () => {}, // its pair fails, as with any address that does not answer
      onRefreshed: () => this.#answer(true),
      onEnd: (end) => {
        this.#port?.close();
        this.#handlers.onEnd(end);
        this.#answer(false);
      },
    });
  }

  #answer(isThere: boolean): void {
    for (const resolve of this.#asking.splice(0)) resolve(isThere);
  }
}

/** The relayed address as a port among others. */
class RelayPort implements DatagramPort {
  readonly local: TransportAddress;
  /** What wrapping adds to a datagram, and a network may add that IPv6 reaches through a translator. */
  readonly overheadBytes: number;
  readonly #client: TurnClient;
  readonly #transport: TurnTransport;
  readonly #flush: () => void;
  #room = new Uint8Array(RUN_BYTES);
  #isOpen = true;

  constructor(client: TurnClient, transport: TurnTransport, local: TransportAddress, flush: () => void) {
    this.#flush = flush;
    this.local = local;
    this.overheadBytes = client.overhead;
    this.#client = client;
    this.#transport = transport;
  }

  get isBusy(): boolean {
    return this.#isOpen && this.#transport.isBusy;
  }

  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: TransportAddress): boolean {
    // What finds the way to the server full is lost: the caller's bytes need not be kept.
    if (!this.#isOpen || this.#transport.isBusy) return true;
    let used = 0;
    for (; at < end; at += segmentBytes) {
      const until = Math.min(at + segmentBytes, end);
      used += this.#client.wrap(bytes, at, until, remote, this.#room, used, this.#room.length);
    }
    // A new peer: the request for its channel goes now, and this behind it.
    if (used === 0) {
      this.#flush();
      return true;
    }
    this.#transport.send(this.#room, 0, used, segmentBytes + CHANNEL_HEADER_BYTES);
    if (this.#transport.isBusy) this.#room = new Uint8Array(RUN_BYTES);
    return true;
  }

  sendMany(runs: readonly DatagramRun[], count: number): boolean {
    for (let i = 0; i < count; i++) {
      const { bytes, at, end, segmentBytes, remote } = runs[i]!;
      this.send(bytes, at, end, segmentBytes, remote);
    }
    return true;
  }

  close(): void {
    this.#isOpen = false;
  }
}
