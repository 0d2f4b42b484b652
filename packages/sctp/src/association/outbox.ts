// Control chunks on their way out. Those that need a packet of their own (INIT, INIT ACK, ABORT, SHUTDOWN COMPLETE,
// answers to strangers) carry their tag; the others share packets with SACK and DATA.
import { type Drops, Ring } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';

interface LonePacket {
  readonly chunk: Uint8Array;
  readonly tag: number;
}

export class Outbox {
  readonly #lone = new Ring<LonePacket>();
  readonly #control = new Ring<Uint8Array>();
  /** COOKIE ECHO or COOKIE ACK: goes before all else in a packet (RFC 9260 §5.1). */
  #cookie: Uint8Array | undefined;
  readonly #limit: number;
  readonly #drops: Drops<DropReason>;

  constructor(limit: number, drops: Drops<DropReason>) {
    this.#limit = limit;
    this.#drops = drops;
  }

  get hasCookie(): boolean {
    return this.#cookie !== undefined;
  }

  get hasControl(): boolean {
    return this.#cookie !== undefined || this.#control.length > 0;
  }

  /** The chunk is kept, and leaves in a packet of its own with `tag`. */
  queueAlone(chunk: Uint8Array, tag: number): void {
    if (this.#lone.length >= this.#limit) this.#drops.count('control-overflow');
    else this.#lone.push({ chunk, tag });
  }

  /** The chunk is kept, and leaves with whatever else goes to the peer. */
  queue(chunk: Uint8Array): void {
    if (this.#control.length >= this.#limit) this.#drops.count('control-overflow');
    else this.#control.push(chunk);
  }

  /** The chunk is kept; it takes the place of one that has not left yet. */
  queueCookie(chunk: Uint8Array): void {
    this.#cookie = chunk;
  }

  /** Forgets what was to be sent to the peer; packets of their own stay. */
  clearControl(): void {
    this.#control.clear();
    this.#cookie = undefined;
  }

  /** The oldest packet that stands alone, if it is no longer than `room`; removed. */
  takeLone(room: number): LonePacket | undefined {
    const packet = this.#lone.at(0);
    return packet === undefined || packet.chunk.length > room ? undefined : this.#lone.shift();
  }

  /** Writes the cookie chunk into `out[at, limit)`; returns where it ends. */
  writeCookie(out: Uint8Array, at: number, limit: number): number {
    const chunk = this.#cookie;
    if (chunk === undefined || at + chunk.length > limit) return at;
    this.#cookie = undefined;
    out.set(chunk, at);
    return at + chunk.length;
  }

  /** Writes as many control chunks as fit into `out[at, limit)`; returns where they end. */
  writeControl(out: Uint8Array, at: number, limit: number): number {
    for (let chunk = this.#control.at(0); chunk !== undefined; chunk = this.#control.at(0)) {
      if (at + chunk.length > limit) break;
      this.#control.shift();
      out.set(chunk, at);
      at += chunk.length;
    }
    return at;
  }
}
