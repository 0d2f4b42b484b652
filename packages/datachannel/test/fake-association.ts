// An association without packets: what is sent waits until `deliver`, and arrives whole, once and in order. It
// records each call, so that tests see what real SCTP would be asked to do.
import type { Association, CloseReason, SctpSink, SendOptions } from '@millrace/datachannel';
import type { Millis } from '@millrace/sans-io';

export interface SentMessage {
  readonly stream: number;
  readonly ppid: number;
  readonly bytes: Uint8Array;
  readonly options: SendOptions;
}

export class FakeAssociation implements Association {
  state: Association['state'] = 'new';
  maxOutboundStreams = 65_535;
  maxInboundStreams = 65_535;
  /** Bytes that may wait; more throws QUEUE_FULL. */
  sendQueueLimit: number = Number.POSITIVE_INFINITY;
  totalBuffered = 0;
  /** How often QUEUE_FULL was thrown. */
  refusals = 0;
  canReset = true;
  peer: FakeAssociation | undefined;
  readonly sent: SentMessage[] = [];
  readonly resets: number[] = [];
  readonly priorities: Array<readonly [stream: number, priority: number]> = [];
  #outgoing: Array<SentMessage | { readonly reset: number }> = [];
  #events: Array<(sink: SctpSink) => void> = [];

  /** Bytes in `hold`, not yet `consumed`. */
  unread = 0;

  hold(bytes: number): void {
    this.unread += bytes;
  }

  consumed(bytes: number): void {
    this.unread -= bytes;
  }

  canSend(bytes: number): boolean {
    return this.totalBuffered + bytes <= this.sendQueueLimit;
  }

  send(
    stream: number,
    ppid: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    options: SendOptions,
    _now: Millis,
  ): void {
    if (this.state !== 'connected') throw withCode('CLOSED');
    if (stream >= this.maxOutboundStreams) throw withCode('BAD_STREAM');
    if (end === at) throw withCode('EMPTY_MESSAGE');
    if (!this.canSend(end - at)) {
      this.refusals++;
      throw withCode('QUEUE_FULL');
    }
    const message = { stream, ppid, bytes: bytes.slice(at, end), options };
    this.sent.push(message);
    this.#outgoing.push(message);
    this.totalBuffered += end - at;
  }

  setStreamPriority(stream: number, priority: number): void {
    this.priorities.push([stream, priority]);
  }

  resetStreams(streams: readonly number[], _now: Millis): void {
    if (this.state !== 'connected') throw withCode('CLOSED');
    if (!this.canReset) throw withCode('UNSUPPORTED');
    for (const reset of streams) {
      if (reset >= this.maxOutboundStreams) throw withCode('BAD_STREAM');
      this.resets.push(reset);
      this.#outgoing.push({ reset });
    }
  }

  drain(sink: SctpSink): boolean {
    const events = this.#events;
    this.#events = [];
    for (const event of events) event(sink);
    return events.length > 0;
  }

  /** Something happens. */
  say(event: (sink: SctpSink) => void): void {
    this.#events.push(event);
  }

  /** A message of the peer that its data channels have not sent. */
  hear(stream: number, ppid: number, bytes: Uint8Array): void {
    this.say((sink) => sink.onMessage(stream, ppid, bytes));
  }

  connected(): void {
    this.state = 'connected';
    this.say((sink) => sink.onConnected());
  }

  closed(reason: CloseReason): void {
    this.state = 'closed';
    this.say((sink) => sink.onClosed(reason));
  }

  /** Puts up to `count` of what waits on its way to the peer. Returns how much there was. */
  deliver(count: number = this.#outgoing.length): number {
    const leaving = this.#outgoing.splice(0, count);
    for (const item of leaving) {
      if ('reset' in item) {
        this.peer?.say((sink) => sink.onStreamsReset([item.reset]));
        this.say((sink) => sink.onResetDone([item.reset]));
      } else {
        this.totalBuffered -= item.bytes.length;
        this.peer?.hear(item.stream, item.ppid, item.bytes.slice());
        this.say((sink) => sink.onSent(item.stream, item.bytes.length));
      }
    }
    return leaving.length;
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
