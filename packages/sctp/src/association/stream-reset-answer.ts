// The peer's stream reset requests (RFC 6525 §5.2): outgoing resets are performed once all data before them has
// come; a request to reset our own streams starts a reset of ours; resets of TSNs and more streams are denied.
import { add32, after32 } from '@millrace/sans-io';
import {
  type IncomingResetRequest,
  makeReconfigChunk,
  makeReconfigResponse,
  type OtherRequest,
  type OutgoingResetRequest,
  RESULT,
} from '../packet/re-config.ts';
import type { AssociationContext } from './context.ts';
import type { StreamReset } from './stream-reset.ts';
import type { Tcb } from './tcb.ts';

export class StreamResetAnswer {
  readonly #context: AssociationContext;
  readonly #tcb: Tcb;
  readonly #reset: StreamReset;
  #lastResult: number = RESULT.NOTHING_TO_DO;
  /** A reset that waits for data before it (§5.2.2 E2). */
  #deferred: OutgoingResetRequest | undefined;
  /** The last request, if it has been deferred and then performed. */
  #performedLate: OutgoingResetRequest | undefined;

  constructor(context: AssociationContext, tcb: Tcb, reset: StreamReset) {
    this.#context = context;
    this.#tcb = tcb;
    this.#reset = reset;
  }

  onRequest(request: OutgoingResetRequest | IncomingResetRequest | OtherRequest): void {
    const sequence = request.requestSequence;
    // §5.2.1: the last request once more has the last answer once more.
    if (sequence === this.#reset.lastPeerSequence) {
      const isOver =
        this.#lastResult === RESULT.IN_PROGRESS && this.#deferred === undefined && this.#reset.isIdle;
      this.#respond(sequence, isOver ? RESULT.PERFORMED : this.#lastResult);
      return;
    }
    if (sequence !== add32(this.#reset.lastPeerSequence, 1)) {
      this.#context.drops.count('bad-reset');
      this.#respond(sequence, RESULT.BAD_SEQUENCE_NUMBER);
      return;
    }
    // One request at a time. Chromium's older dcSCTP repeats a deferred one with the next number: that is the same,
    // and once performed it must not be performed again, or it would hit the next channel on the stream.
    if (this.#deferred !== undefined && !isSame(this.#deferred, request)) {
      this.#respond(sequence, RESULT.ALREADY_IN_PROGRESS);
      return;
    }
    this.#reset.lastPeerSequence = sequence;
    this.#lastResult = this.#wasPerformed(request) ? RESULT.PERFORMED : this.#perform(request);
    this.#respond(sequence, this.#lastResult);
  }

  /** The cumulative TSN may have moved: a deferred reset may be due. */
  onCumulativeTsn(): void {
    const deferred = this.#deferred;
    if (deferred === undefined || after32(deferred.lastTsn, this.#tcb.receiver.tracker.cumulative)) return;
    this.#performNow(deferred.streams);
    this.#performedLate = deferred;
    this.#lastResult = RESULT.PERFORMED;
    // The peer would ask again in an RTO; it need not wait.
    this.#respond(this.#reset.lastPeerSequence, RESULT.PERFORMED);
  }

  /** Whether it is the last request with another number; a reset anew has data, or an OPEN, before it. */
  #wasPerformed(request: OutgoingResetRequest | IncomingResetRequest | OtherRequest): boolean {
    const last = this.#performedLate;
    this.#performedLate = undefined;
    if (last === undefined || request.kind !== 'outgoing-reset') return false;
    return request.lastTsn === last.lastTsn && isSame(last, request);
  }

  #perform(request: OutgoingResetRequest | IncomingResetRequest | OtherRequest): number {
    const { receiver, inboundStreams } = this.#tcb;
    switch (request.kind) {
      case 'other-request':
        return RESULT.DENIED;
      case 'incoming-reset':
        return this.#resetOurs(request.streams);
      case 'outgoing-reset': {
        // §5.2.2 E1: a stream that does not exist.
        for (const stream of request.streams) if (stream >= inboundStreams) return RESULT.WRONG_SSN;
        if (after32(request.lastTsn, receiver.tracker.cumulative)) {
          this.#deferred = request;
          receiver.deferReset(request.streams, request.lastTsn);
          return RESULT.IN_PROGRESS;
        }
        this.#performNow(request.streams);
        return RESULT.PERFORMED;
      }
    }
  }

  #performNow(streams: readonly number[]): void {
    const { receiver } = this.#tcb;
    this.#deferred = undefined;
    this.#context.events.streamsReset(receiver.reset(streams));
    receiver.endDeferral();
  }

  /** §5.2.3: our outgoing streams are to be reset. Our own request follows when they are drained. */
  #resetOurs(streams: readonly number[]): number {
    const { queue } = this.#context;
    let any = streams.length === 0 && queue.beginResetOfAll();
    for (const id of streams) if (queue.stream(id) !== undefined) any = queue.beginReset(id) || any;
    return any ? RESULT.IN_PROGRESS : RESULT.NOTHING_TO_DO;
  }

  #respond(sequence: number, result: number): void {
    this.#context.outbox.queue(makeReconfigChunk([makeReconfigResponse(sequence, result)]));
  }
}

function isSame(
  deferred: OutgoingResetRequest,
  request: OutgoingResetRequest | IncomingResetRequest | OtherRequest,
): boolean {
  return (
    request.kind === 'outgoing-reset' &&
    request.streams.length === deferred.streams.length &&
    request.streams.every((stream, i) => stream === deferred.streams[i])
  );
}
