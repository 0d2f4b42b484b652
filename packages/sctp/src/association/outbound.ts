// Hot: what goes into the next packet, and in which order (RFC 9260 §6.10): cookie, SACK, control, FORWARD TSN, DATA.
import type { Millis } from '@millrace/sans-io';
import type { Checksum } from '../packet/crc32c.ts';
import { HEADER_BYTES, sealPacket } from '../packet/packet.ts';
import type { AssociationContext } from './context.ts';
import type { Shutdown } from './shutdown.ts';
import type { Tcb } from './tcb.ts';
import { TIMER } from './timers.ts';

export class Outbound {
  readonly #context: AssociationContext;
  readonly #shutdown: Shutdown;
  /** Whether the packet just written is longer than the path is known to carry, and no probe (RFC 9260 §6.9). */
  mayFragment = false;
  /** Probes take turns with what else there is to send, which goes first: they are long, and nobody waits for them. */
  #isProbesTurn = false;

  constructor(context: AssociationContext, shutdown: Shutdown) {
    this.#context = context;
    this.#shutdown = shutdown;
  }

  /** Writes the next packet into `out[at, end)`; returns its length, 0 if there is none. */
  write(out: Uint8Array, at: number, end: number, now: Millis): number {
    const context = this.#context;
    const { size, discovery } = context;
    const limit = Math.min(end, at + size.mtu);
    this.mayFragment = false;
    const first = at + HEADER_BYTES;
    if (limit <= first) return 0;
    const lone = context.outbox.takeLone(limit - first);
    if (lone !== undefined) {
      out.set(lone.chunk, first);
      // RFC 9653 §5.2: INIT, and what answers a stranger, always carry a checksum.
      return this.#seal(out, at, first + lone.chunk.length, lone.tag, this.#context.options.checksum);
    }
    const { tcb } = context;
    if (tcb === undefined) return 0;
    const mayProbe =
      discovery.isProbeDue && context.state.name === 'established' && !context.outbox.hasCookie;
    let last = mayProbe && this.#isProbesTurn ? discovery.writeProbe(out, first, end) : first;
    let isProbe = last > first;
    if (!isProbe) {
      last =
        context.state.name === 'cookie-echoed'
          ? this.#writeWithCookie(out, first, limit, tcb, now)
          : this.#writeEstablished(out, first, limit, end, tcb, now);
      if (last === first && mayProbe) {
        last = discovery.writeProbe(out, first, end);
        isProbe = true;
      }
    }
    if (last === first) return 0;
    this.#isProbesTurn = mayProbe && !isProbe;
    if (!isProbe && last - at > size.base) this.#onLongPacket(tcb, last > limit);
    return this.#seal(out, at, last, tcb.peerTag, this.#checksumFor(tcb));
  }

  /** §5.1 C: before the COOKIE ACK, data travels only in the packet of the COOKIE ECHO. */
  #writeWithCookie(out: Uint8Array, first: number, limit: number, tcb: Tcb, now: Millis): number {
    const { outbox, timers } = this.#context;
    let last = outbox.writeCookie(out, first, limit);
    if (last === first) return first;
    last = outbox.writeControl(out, last, limit);
    last = tcb.sender.write(out, last, limit, now);
    // T1 guards this packet, and nothing could be probed for before the COOKIE ACK.
    timers.stop(TIMER.T3_RTX);
    timers.stop(TIMER.LOSS);
    return last;
  }

  /** `room`: how far a chunk may reach that was made for a longer packet than the path carries now. */
  #writeEstablished(
    out: Uint8Array,
    first: number,
    limit: number,
    room: number,
    tcb: Tcb,
    now: Millis,
  ): number {
    const { outbox } = this.#context;
    const { receiver, sender } = tcb;
    let last = outbox.writeCookie(out, first, limit);
    const company = outbox.hasControl || sender.canSend(now);
    if (receiver.wantsSack(company)) last = receiver.writeSack(out, last, limit);
    last = outbox.writeControl(out, last, limit);
    if (!outbox.hasControl) last = sender.write(out, last, limit, now, room);
    // Dropping messages whose time is up can leave nothing to wait for.
    if (last === first) {
      tcb.streamReset.proceed(now);
      this.#shutdown.proceed(now);
      last = outbox.writeControl(out, last, limit);
    }
    return last;
  }

  /** A packet longer than the base: whether it arrives tells whether the path still carries such. */
  #onLongPacket(tcb: Tcb, isTooLong: boolean): void {
    const { blackHoleWatch } = this.#context;
    const { outstanding, lastWrittenTsn, packetNumber } = tcb.sender;
    this.mayFragment = isTooLong;
    if (isTooLong || blackHoleWatch.isWatching || outstanding.packet(lastWrittenTsn) !== packetNumber) return;
    blackHoleWatch.watch(lastWrittenTsn, packetNumber);
  }

  /** RFC 9653 §5.2: none, if the peer takes that. A packet with COOKIE ECHO always has one. */
  #checksumFor(tcb: Tcb): Checksum | undefined {
    const { options, state } = this.#context;
    return tcb.capabilities.zeroChecksum && state.name !== 'cookie-echoed' ? undefined : options.checksum;
  }

  #seal(out: Uint8Array, at: number, last: number, tag: number, checksum: Checksum | undefined): number {
    const { localPort, remotePort } = this.#context.options;
    sealPacket(out, at, last, localPort, remotePort, tag, checksum);
    return last - at;
  }
}
