// What data channels need of the association below them. `SctpAssociation` of @millrace/sctp is one.
import type { Millis } from '@millrace/sans-io';
import type { CloseReason, SctpSink, SendOptions } from '@millrace/sctp';

export interface Association {
  /** `new` before the handshake, `connected` from `onConnected` on. */
  readonly state: 'new' | 'connecting' | 'connected' | 'closing' | 'closed';
  readonly maxOutboundStreams: number;
  readonly maxInboundStreams: number;
  /** Bytes in the send queue. */
  readonly totalBuffered: number;
  /** Whether a message of that many bytes finds room in the send queue. */
  canSend(bytes: number): boolean;
  /** `bytes` of messages it has delivered wait for their reader, and keep its receive window shut by as much. */
  hold(bytes: number): void;
  /** So many of the bytes in `hold` have been read. */
  consumed(bytes: number): void;
  /** Throws an error with the code QUEUE_FULL or CLOSED, before any state changes; bytes are borrowed for the call. */
  send(
    stream: number,
    ppid: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    options: SendOptions,
    now: Millis,
  ): void;
  /** Resets our outgoing side of the streams once all that is queued on them has been acknowledged (RFC 6525). */
  resetStreams(streams: readonly number[], now: Millis): void;
  /** The weight of a stream among the others, until it is reset (RFC 8831 §6.4). Without it all weigh the same. */
  setStreamPriority?(stream: number, priority: number): void;
  drain(sink: SctpSink): boolean;
}

export type { CloseReason, SctpSink, SendOptions };
