// Graceful shutdown (RFC 9260 §9.2): everything that is queued is sent and acknowledged first, on both sides.
//
//   A -> SHUTDOWN -> Z,  Z -> SHUTDOWN ACK -> A,  A -> SHUTDOWN COMPLETE -> Z
import { type Millis, putU32, u32 } from '@millrace/sans-io';
import { CHUNK, makeChunk, NO_VALUE, T_BIT } from '../packet/chunks.ts';
import type { AssociationContext } from './context.ts';
import type { Tcb } from './tcb.ts';
import { TIMER } from './timers.ts';

export class Shutdown {
  readonly #context: AssociationContext;
  /** Asked for before the handshake was over. */
  #isWanted = false;

  constructor(context: AssociationContext) {
    this.#context = context;
  }

  /** Whether the user has asked for it, or the peer, or all is over: nothing more may be sent. */
  get isUnderWay(): boolean {
    if (this.#isWanted) return true;
    switch (this.#context.state.name) {
      case 'new':
      case 'cookie-wait':
      case 'cookie-echoed':
      case 'established':
        return false;
      default:
        return true;
    }
  }

  /** The user is done. */
  begin(now: Millis): void {
    const context = this.#context;
    const { state } = context;
    switch (state.name) {
      case 'new':
        context.close({ by: 'local', code: 'SHUTDOWN' });
        return;
      case 'cookie-wait':
      case 'cookie-echoed':
        this.#isWanted = true;
        return;
      case 'established':
        this.#isWanted = true;
        state.tcb.sender.isShuttingDown = true;
        context.state = { name: 'shutdown-pending', tcb: state.tcb };
        this.proceed(now);
        return;
    }
  }

  onEstablished(now: Millis): void {
    if (this.#isWanted) this.begin(now);
  }

  /** Goes on once all data has been acknowledged. Call whenever that may have come true. */
  proceed(now: Millis): void {
    const context = this.#context;
    const { state } = context;
    if (state.name === 'shutdown-pending' && state.tcb.sender.isDone) {
      context.state = { name: 'shutdown-sent', tcb: state.tcb };
      context.timers.set(TIMER.T5_SHUTDOWN_GUARD, now + context.options.shutdownGuard);
      this.#sendShutdown(state.tcb, now);
    } else if (state.name === 'shutdown-received' && state.tcb.sender.isDone)
      this.#sendShutdownAck(state.tcb, 'remote', now);
  }

  /** Takes the SHUTDOWN chunk at `bytes[at]`. */
  onShutdown(bytes: Uint8Array, at: number, now: Millis): void {
    const context = this.#context;
    const { state } = context;
    switch (state.name) {
      case 'established':
      case 'shutdown-pending':
      case 'shutdown-received':
        this.#acknowledge(state.tcb, bytes, at, now);
        if (context.state.name === 'closed') return;
        state.tcb.sender.isShuttingDown = true;
        context.state = { name: 'shutdown-received', tcb: state.tcb };
        this.proceed(now);
        return;
      case 'shutdown-sent':
        // §9.2: both at once.
        this.#sendShutdownAck(state.tcb, 'local', now);
        return;
      case 'shutdown-ack-sent':
        context.outbox.queue(makeChunk(CHUNK.SHUTDOWN_ACK, 0, NO_VALUE));
        return;
      default:
        context.drops.count('unexpected-chunk');
        return;
    }
  }

  /** Takes a SHUTDOWN ACK chunk from a packet with verification tag `tag`. */
  onShutdownAck(tag: number): void {
    const context = this.#context;
    const { state } = context;
    switch (state.name) {
      case 'shutdown-sent':
      case 'shutdown-ack-sent': {
        const by = state.name === 'shutdown-sent' ? 'local' : state.by;
        context.outbox.queueAlone(makeChunk(CHUNK.SHUTDOWN_COMPLETE, 0, NO_VALUE), state.tcb.peerTag);
        context.close({ by, code: 'SHUTDOWN' });
        return;
      }
      case 'new':
      case 'closed':
      case 'cookie-wait':
      case 'cookie-echoed':
        // §8.5.1 E, §8.4 (5): the peer still ends an association that we know nothing of.
        context.drops.count('out-of-the-blue');
        context.outbox.queueAlone(makeChunk(CHUNK.SHUTDOWN_COMPLETE, T_BIT, NO_VALUE), tag);
        return;
      default:
        context.drops.count('unexpected-chunk');
        return;
    }
  }

  onShutdownComplete(): void {
    const context = this.#context;
    const { state } = context;
    if (state.name !== 'shutdown-ack-sent') {
      context.drops.count('unexpected-chunk');
      return;
    }
    context.close({ by: state.by, code: 'SHUTDOWN' });
  }

  /** Data came after our SHUTDOWN: it is answered with a SACK and another SHUTDOWN (§9.2). */
  onDataAfterShutdown(now: Millis): void {
    const { state } = this.#context;
    if (state.name === 'shutdown-sent') this.#sendShutdown(state.tcb, now);
  }

  /** T2-shutdown ran out. */
  onTimeout(now: Millis): void {
    const context = this.#context;
    context.rto.backOff();
    context.failPath();
    const { state } = context;
    if (state.name === 'shutdown-sent') this.#sendShutdown(state.tcb, now);
    else if (state.name === 'shutdown-ack-sent') this.#sendShutdownAck(state.tcb, state.by, now);
  }

  /** T5-shutdown-guard ran out. */
  onGuardTimeout(): void {
    this.#context.abort(undefined, { by: 'timeout', code: 'SHUTDOWN_TIMEOUT' });
  }

  /** A SHUTDOWN acknowledges data as a SACK without gap blocks does (§9.2). */
  #acknowledge(tcb: Tcb, bytes: Uint8Array, at: number, now: Millis): void {
    const drop = tcb.sender.onShutdown(u32(bytes, at + 4), now);
    if (drop !== undefined) this.#context.onAckRefused(drop);
  }

  #sendShutdown(tcb: Tcb, now: Millis): void {
    const context = this.#context;
    const value = new Uint8Array(4);
    putU32(value, 0, tcb.receiver.tracker.cumulative);
    context.outbox.queue(makeChunk(CHUNK.SHUTDOWN, 0, value));
    context.timers.set(TIMER.T2_SHUTDOWN, now + context.rto.current);
  }

  #sendShutdownAck(tcb: Tcb, by: 'local' | 'remote', now: Millis): void {
    const context = this.#context;
    context.state = { name: 'shutdown-ack-sent', tcb, by };
    context.outbox.queue(makeChunk(CHUNK.SHUTDOWN_ACK, 0, NO_VALUE));
    context.timers.set(TIMER.T2_SHUTDOWN, now + context.rto.current);
  }
}
