// Heartbeats on an idle path (RFC 9260 §8.3), and the answer to the peer's (§3.3.6).
import { type Millis, ownCopy, putU32, randomU32, randomUnit, u16, u32 } from '@millrace/sans-io';
import { CHUNK, makeChunk } from '../packet/chunks.ts';
import { makeParameter, PARAMETER } from '../packet/parameters.ts';
import type { AssociationContext } from './context.ts';
import { TIMER } from './timers.ts';

/** Two random numbers: they prove that the answer is to this heartbeat. */
const INFO_BYTES = 8;

export class Heartbeat {
  readonly #context: AssociationContext;
  #sentAt: Millis = 0;
  #nonce: [high: number, low: number] = [0, 0];
  #isWaiting = false;

  constructor(context: AssociationContext) {
    this.#context = context;
  }

  begin(now: Millis): void {
    this.#isWaiting = false;
    this.#schedule(now);
  }

  /** The path may have been idle for long enough. */
  onTimeout(now: Millis): void {
    const context = this.#context;
    const { tcb } = context;
    if (tcb === undefined) return;
    const idle = now - tcb.sender.lastActivity;
    // §8.3: data that was sent or acknowledged is as good as a heartbeat.
    if (tcb.sender.outstanding.count > 0 || idle < context.options.heartbeatInterval) {
      this.#schedule(now);
      return;
    }
    tcb.sender.trim();
    tcb.receiver.tracker.trim();
    this.#sentAt = now;
    this.#nonce = [randomU32(context.options.random), randomU32(context.options.random)];
    this.#isWaiting = true;
    const info = new Uint8Array(INFO_BYTES);
    putU32(info, 0, this.#nonce[0]);
    putU32(info, 4, this.#nonce[1]);
    context.outbox.queue(makeChunk(CHUNK.HEARTBEAT, 0, makeParameter(PARAMETER.HEARTBEAT_INFO, info)));
    context.timers.set(TIMER.HEARTBEAT_ACK, now + context.rto.current);
    this.#schedule(now);
  }

  /** §8.3: no answer within an RTO counts against the path. */
  onAckTimeout(): void {
    this.#isWaiting = false;
    this.#context.rto.backOff();
    this.#context.failPath();
  }

  /** §8.3: the HEARTBEAT chunk `bytes[at, end)` goes back with its information unchanged. */
  onHeartbeat(bytes: Uint8Array, at: number, end: number): void {
    const context = this.#context;
    if (end - at > context.size.mtu >> 1) {
      context.drops.count('bad-chunk');
      return;
    }
    context.outbox.queue(makeChunk(CHUNK.HEARTBEAT_ACK, 0, ownCopy(bytes, at + 4, end)));
  }

  onHeartbeatAck(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const context = this.#context;
    if (context.discovery.onHeartbeatAck(bytes, at, end, context.rto.current, now)) {
      context.errors.clear();
      return;
    }
    const isOurs =
      this.#isWaiting &&
      end - at === 8 + INFO_BYTES &&
      u16(bytes, at + 4) === PARAMETER.HEARTBEAT_INFO &&
      u32(bytes, at + 8) === this.#nonce[0] &&
      u32(bytes, at + 12) === this.#nonce[1];
    if (!isOurs) {
      context.drops.count('unexpected-chunk');
      return;
    }
    this.#isWaiting = false;
    context.timers.stop(TIMER.HEARTBEAT_ACK);
    context.errors.clear();
    context.rto.observe(now - this.#sentAt);
  }

  /** §8.3: the interval, and an RTO with up to half of it more or less. */
  #schedule(now: Millis): void {
    const { options, rto, timers } = this.#context;
    const jitter = (randomUnit(options.random) + 0.5) * rto.current;
    timers.set(TIMER.HEARTBEAT, now + options.heartbeatInterval + jitter);
  }
}
