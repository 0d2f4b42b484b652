// Hot: what goes into the next packet, and in which order (RFC 9260 §6.10): cookie, SACK, control, FORWARD TSN, DATA.
import type { Millis } from '@millrace/sans-io';
import { HEADER_BYTES, sealPacket } from '../packet/packet.ts';
import type { AssociationContext } from './context.ts';
import type { Shutdown } from './shutdown.ts';
import type { Tcb } from './tcb.ts';
import { TIMER } from './timers.ts';

export class Outbound {
  readonly #context: AssociationContext;
  readonly #shutdown: Shutdown;

  constructor(context: AssociationContext, shutdown: Shutdown) {
    this.#context = context;
    this.#shutdown = shutdown;
  }

  /** Writes the next packet into `out[at, end)`; returns its length, 0 if there is none. */
  write(out: Uint8Array, at: number, end: number, now: Millis): number {
    const context = this.#context;
    const limit = Math.min(end, at + context.size.mtu);
    const first = at + HEADER_BYTES;
    if (limit <= first) return 0;
    const lone = context.outbox.takeLone(limit - first);
    if (lone !== undefined) {
      out.set(lone.chunk, first);
      return this.#seal(out, at, first + lone.chunk.length, lone.tag);
    }
    const { tcb } = context;
    if (tcb === undefined) return 0;
    const last =
      context.state.name === 'cookie-echoed'
        ? this.#writeWithCookie(out, first, limit, tcb, now)
        : this.#writeEstablished(out, first, limit, tcb, now);
    return last === first ? 0 : this.#seal(out, at, last, tcb.peerTag);
  }

  /** §5.1 C: before the COOKIE ACK, data travels only in the packet of the COOKIE ECHO. */
  #writeWithCookie(out: Uint8Array, first: number, limit: number, tcb: Tcb, now: Millis): number {
    const { outbox, timers } = this.#context;
    let last = outbox.writeCookie(out, first, limit);
    if (last === first) return first;
    last = outbox.writeControl(out, last, limit);
    last = tcb.sender.write(out, last, limit, now);
    timers.stop(TIMER.T3_RTX); // T1 guards this packet
    return last;
  }

  #writeEstablished(out: Uint8Array, first: number, limit: number, tcb: Tcb, now: Millis): number {
    const { outbox } = this.#context;
    const { receiver, sender } = tcb;
    let last = outbox.writeCookie(out, first, limit);
    const company = outbox.hasControl || sender.canSend(now);
    if (receiver.wantsSack(company)) last = receiver.writeSack(out, last, limit);
    last = outbox.writeControl(out, last, limit);
    if (!outbox.hasControl) last = sender.write(out, last, limit, now);
    // Dropping messages whose time is up can leave nothing to wait for.
    if (last === first) {
      tcb.streamReset.proceed(now);
      this.#shutdown.proceed(now);
      last = outbox.writeControl(out, last, limit);
    }
    return last;
  }

  #seal(out: Uint8Array, at: number, last: number, tag: number): number {
    const { localPort, remotePort, checksum } = this.#context.options;
    sealPacket(out, at, last, localPort, remotePort, tag, checksum);
    return last - at;
  }
}
