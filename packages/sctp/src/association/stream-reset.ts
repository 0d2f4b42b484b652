// Our own stream resets (RFC 6525 §5.1): streams are reset when all they had to send has been acknowledged, many
// in one request, one request at a time. The peer's requests are in stream-reset-answer.ts.
import { add32, type Millis } from '@millrace/sans-io';
import { HEADER_BYTES } from '../packet/packet.ts';
import { makeOutgoingReset, makeReconfigChunk, RESULT, type ReconfigResponse } from '../packet/re-config.ts';
import type { AssociationContext } from './context.ts';
import type { Tcb } from './tcb.ts';
import { TIMER } from './timers.ts';

/** Header of the packet, of the chunk, of the parameter, and room for a SACK. */
const REQUEST_OVERHEAD = HEADER_BYTES + 4 + 16 + 64;

interface Request {
  readonly sequence: number;
  readonly streams: readonly number[];
  readonly chunk: Uint8Array;
}

export class StreamReset {
  readonly #context: AssociationContext;
  readonly #tcb: Tcb;
  #nextSequence: number;
  #request: Request | undefined;
  /** The peer has the request but cannot perform it yet; asking again is no failure. */
  #isInProgress = false;
  /** Sequence number of the peer's last request, which every request of ours repeats. */
  lastPeerSequence: number;

  constructor(context: AssociationContext, tcb: Tcb) {
    this.#context = context;
    this.#tcb = tcb;
    // RFC 6525 §5.1.1: requests are numbered from the initial TSN on.
    this.#nextSequence = tcb.localInitialTsn;
    this.lastPeerSequence = add32(tcb.peerInitialTsn, -1);
  }

  /** Whether no stream waits to be reset. */
  get isIdle(): boolean {
    return this.#request === undefined && this.#context.queue.drained.length === 0;
  }

  /** Sends a request if there are streams to reset and none is under way. */
  proceed(now: Millis): void {
    const { queue, size, outbox } = this.#context;
    if (queue.drained.length === 0 || this.#request !== undefined) return;
    const most = (size.base - REQUEST_OVERHEAD) >> 1;
    const streams: number[] = [];
    while (streams.length < most) {
      const stream = queue.drained.shift();
      if (stream === undefined) break;
      stream.phase = 'resetting';
      streams.push(stream.id);
    }
    if (!this.#tcb.capabilities.reconfig) {
      this.#fail(streams);
      return;
    }
    const sequence = this.#nextSequence;
    const parameter = makeOutgoingReset({
      requestSequence: sequence,
      responseSequence: this.lastPeerSequence,
      lastTsn: this.#tcb.sender.lastTsn,
      streams,
    });
    this.#request = { sequence, streams, chunk: makeReconfigChunk([parameter]) };
    this.#nextSequence = add32(sequence, 1);
    outbox.queue(this.#request.chunk);
    this.#startTimer(now);
  }

  /** RFC 6525 §5.1.1: T-reconfig ran out: the same request goes out again. */
  onTimeout(now: Millis): void {
    const context = this.#context;
    if (this.#request === undefined) return;
    if (!this.#isInProgress) {
      context.rto.backOff();
      context.failPath();
      if (context.tcb === undefined) return;
    }
    this.#isInProgress = false;
    context.outbox.queue(this.#request.chunk);
    this.#startTimer(now);
  }

  /** RFC 6525 §5.2.7. */
  onResponse(response: ReconfigResponse, now: Millis): void {
    const context = this.#context;
    const request = this.#request;
    if (request === undefined || request.sequence !== response.responseSequence) {
      context.drops.count('bad-reset');
      return;
    }
    context.errors.clear();
    switch (response.result) {
      case RESULT.NOTHING_TO_DO:
      case RESULT.PERFORMED:
        this.#end();
        for (const id of request.streams) context.queue.endReset(id, true);
        context.events.resetDone(request.streams);
        break;
      case RESULT.IN_PROGRESS:
      case RESULT.ALREADY_IN_PROGRESS:
        this.#isInProgress = true;
        this.#startTimer(now);
        return;
      default:
        this.#end();
        this.#fail(request.streams);
    }
    this.proceed(now);
  }

  #end(): void {
    this.#request = undefined;
    this.#isInProgress = false;
    this.#context.timers.stop(TIMER.RECONFIG);
  }

  #fail(streams: readonly number[]): void {
    for (const id of streams) this.#context.queue.endReset(id, false);
    this.#context.events.resetFailed(streams);
  }

  #startTimer(now: Millis): void {
    this.#context.timers.set(TIMER.RECONFIG, now + this.#context.rto.current);
  }
}
