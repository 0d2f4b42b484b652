// Hot: events on their way to the sink. Records are used again; `drain` is the only place that calls out.
import { Ring } from '@millrace/sans-io';
import type { CloseReason, SctpSink } from './sink.ts';
import type { SendQueue } from './tx/send-queue.ts';

type Kind =
  | 'connected'
  | 'restarted'
  | 'message'
  | 'message-dropped'
  | 'streams-reset'
  | 'reset-done'
  | 'reset-failed';

interface Event {
  kind: Kind;
  stream: number;
  ppid: number;
  message: Uint8Array | undefined;
  bytes: number;
  streams: readonly number[];
}

const NO_STREAMS: readonly number[] = [];
/** Records kept for reuse, by all associations together. */
const KEPT_EVENTS = 4_096;
const freeEvents: Event[] = [];

export class EventQueue {
  readonly #waiting = new Ring<Event>();
  /** The last event of all. */
  #closed: CloseReason | undefined;
  #isOver = false;

  connected(): void {
    this.#push('connected');
  }

  restarted(): void {
    this.#push('restarted');
  }

  /** `message` is handed over. */
  message(stream: number, ppid: number, message: Uint8Array): void {
    const event = this.#push('message');
    event.stream = stream;
    event.ppid = ppid;
    event.message = message;
  }

  messageDropped(stream: number, ppid: number, bytes: number): void {
    const event = this.#push('message-dropped');
    event.stream = stream;
    event.ppid = ppid;
    event.bytes = bytes;
  }

  streamsReset(streams: readonly number[]): void {
    this.#push('streams-reset').streams = streams;
  }

  resetDone(streams: readonly number[]): void {
    this.#push('reset-done').streams = streams;
  }

  resetFailed(streams: readonly number[]): void {
    this.#push('reset-failed').streams = streams;
  }

  closed(reason: CloseReason): void {
    this.#closed ??= reason;
  }

  /** Hands everything to `sink`, then what left `queue`, then the end if it has come. */
  drain(sink: SctpSink, queue: SendQueue): boolean {
    if (this.#isOver) return false;
    let any = false;
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      any = true;
      this.#dispatch(event, sink);
    }
    for (let stream = queue.unreported.shift(); stream !== undefined; stream = queue.unreported.shift()) {
      any = true;
      const bytes = stream.unreported;
      stream.unreported = 0;
      sink.onSent(stream.id, bytes);
    }
    if (this.#closed === undefined || this.#isOver) return any;
    this.#isOver = true;
    sink.onClosed(this.#closed);
    return true;
  }

  #push(kind: Kind): Event {
    const event = freeEvents.pop() ?? {
      kind,
      stream: 0,
      ppid: 0,
      message: undefined,
      bytes: 0,
      streams: NO_STREAMS,
    };
    event.kind = kind;
    this.#waiting.push(event);
    return event;
  }

  #dispatch(event: Event, sink: SctpSink): void {
    const { kind, stream, ppid, message, bytes, streams } = event;
    event.message = undefined;
    event.streams = NO_STREAMS;
    if (freeEvents.length < KEPT_EVENTS) freeEvents.push(event);
    switch (kind) {
      case 'message':
        sink.onMessage(stream, ppid, message!);
        return;
      case 'connected':
        sink.onConnected();
        return;
      case 'restarted':
        sink.onRestarted?.();
        return;
      case 'message-dropped':
        sink.onMessageDropped?.(stream, ppid, bytes);
        return;
      case 'streams-reset':
        sink.onStreamsReset(streams);
        return;
      case 'reset-done':
        sink.onResetDone(streams);
        return;
      case 'reset-failed':
        sink.onResetFailed(streams);
        return;
    }
  }
}
