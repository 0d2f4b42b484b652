// A client and a server in virtual time, with everything the client says written down.
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import type { TransportAddress } from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import {
  type TurnAllocation,
  TurnClient,
  type TurnEnd,
  type TurnOptions,
  type TurnSink,
} from '@millrace/turn';
import { PASSWORD, TurnServer, USER } from './turn-server.ts';

export class Meeting implements TurnSink {
  readonly server: TurnServer = new TurnServer();
  readonly client: TurnClient;
  now = 1_000;
  /** Datagrams that the client has sent and that are no requests. */
  readonly relayed: Uint8Array[] = [];
  readonly allocations: TurnAllocation[] = [];
  readonly data: Array<[peer: TransportAddress, text: string]> = [];
  readonly refused: Array<[peer: TransportAddress, code: number | undefined]> = [];
  readonly ends: TurnEnd[] = [];
  refreshes = 0;
  /** When each request was sent. */
  readonly sentAt: number[] = [];
  readonly #out = new Uint8Array(4_000);

  constructor(options: Partial<TurnOptions> = {}) {
    this.client = new TurnClient({
      username: USER,
      password: PASSWORD,
      crypto: nodeStunCrypto,
      random: new SeededRandom(1),
      ...options,
    });
  }

  /** Started, and as far as it comes without time passing. */
  begin(): this {
    this.client.start();
    this.settle();
    return this;
  }

  settle(): void {
    // What goes out at one instant is all on its way before the first answer can come.
    const responses: Uint8Array[] = [];
    for (let turns = 0; turns < 100; turns++) {
      this.client.drain(this);
      const length = this.client.transmit(this.#out, 3, this.#out.length, this.now);
      if (length === 0) {
        if (responses.length === 0) return;
        for (const response of responses.splice(0)) this.give(response);
        continue;
      }
      const sent = this.#out.slice(3, 3 + length);
      if (sent[0]! >> 6 === 1) {
        this.relayed.push(sent);
        continue;
      }
      this.sentAt.push(this.now);
      const response = this.server.handle(sent);
      if (response !== undefined) responses.push(response);
    }
    throw new Error('the client never comes to rest');
  }

  give(bytes: Uint8Array): void {
    this.client.receive(bytes, 0, bytes.length, this.now);
    this.client.drain(this);
  }

  /** Lets time pass. */
  run(duration: number): void {
    const end = this.now + duration;
    for (let next = this.client.deadline(); next <= end; next = this.client.deadline()) {
      if (next === NEVER) break;
      this.now = Math.max(this.now, next);
      this.client.expire(this.now);
      this.settle();
    }
    this.now = end;
  }

  /** What is to be sent for a datagram with this text; empty if it waits or is dropped. */
  send(text: string, peer: TransportAddress): Uint8Array {
    const bytes = new TextEncoder().encode(text);
    const length = this.client.wrap(bytes, 0, bytes.length, peer, this.#out, 0, this.#out.length);
    const wrapped = this.#out.slice(0, length);
    this.settle();
    return wrapped;
  }

  onAllocated(allocation: TurnAllocation): void {
    this.allocations.push(allocation);
  }

  onRefreshed(): void {
    this.refreshes++;
  }

  onData(bytes: Uint8Array, at: number, end: number, peer: TransportAddress): void {
    this.data.push([peer, new TextDecoder().decode(bytes.subarray(at, end))]);
  }

  onPeerRefused(peer: TransportAddress, errorCode: number | undefined): void {
    this.refused.push([peer, errorCode]);
  }

  onEnd(end: TurnEnd): void {
    this.ends.push(end);
  }
}

export const PEER: TransportAddress = { address: '203.0.113.9', port: 40_000 };
export const OTHER: TransportAddress = { address: '203.0.113.9', port: 40_001 };

/** Text as ChannelData on `channel`. */
export function onChannel(channel: number, text: string): Uint8Array {
  return Uint8Array.from([channel >> 8, channel & 0xff, 0, text.length, ...new TextEncoder().encode(text)]);
}
