// What an association tells the layer above, in the order in which it happened, from `drain` only.

/** Why an association ended. */
export interface CloseReason {
  /** Whose doing it was: ours, the peer's, or nobody's (the path went silent). */
  readonly by: 'local' | 'remote' | 'timeout';
  readonly code: CloseCode;
  /** The first error cause of an ABORT chunk (RFC 9260 §3.3.10), if there was one. */
  readonly cause?: ErrorCause;
}

export type CloseCode =
  /** Graceful: everything that was queued has been acknowledged (RFC 9260 §9.2). */
  | 'SHUTDOWN'
  /** An ABORT chunk was sent or received (RFC 9260 §9.1). */
  | 'ABORTED'
  /** The handshake was not answered (RFC 9260 §5.1). */
  | 'HANDSHAKE_TIMEOUT'
  /** The peer stopped acknowledging (RFC 9260 §8.1). */
  | 'PEER_UNREACHABLE'
  /** The shutdown was not answered (RFC 9260 §9.2, T5). */
  | 'SHUTDOWN_TIMEOUT'
  /** The peer broke the protocol and an ABORT chunk was sent. */
  | 'PROTOCOL_VIOLATION';

export interface ErrorCause {
  /** RFC 9260 §3.3.10: 12 is a user-initiated abort, 13 a protocol violation. */
  readonly code: number;
  /** Human-readable text, empty if the cause carries none. */
  readonly text: string;
}

export interface SctpSink {
  /**
   * Both ends have agreed; `maxOutboundStreams` and `maxInboundStreams` hold from now on. What is sent before the next
   * `transmit` goes with the COOKIE ECHO, if there is one to go, and what does not fit there when it has been answered. Once;
   * should no answer come, `onClosed` says so.
   */
  onConnected(): void;
  /** A whole message. `message` is handed over: it is the receiver's own memory. */
  onMessage(stream: number, ppid: number, message: Uint8Array): void;
  /** The peer has reset its outgoing side of these streams: their next message starts afresh. */
  onStreamsReset(streams: readonly number[]): void;
  /** Our own reset of these outgoing streams has been performed: their ids may be used again. */
  onResetDone(streams: readonly number[]): void;
  /** The peer refused to reset these streams, or does not know how to. */
  onResetFailed(streams: readonly number[]): void;
  /** `bytes` of user data of `stream` have left the send queue: `bufferedAmount` fell by that much. */
  onSent(stream: number, bytes: number): void;
  /** The end; nothing follows. */
  onClosed(reason: CloseReason): void;
  /** The peer lost its state and started anew (RFC 9260 §5.2.4 A): what was in flight is lost, queued data stays. */
  onRestarted?(): void;
  /** A message longer than `maxMessageSize` was discarded. */
  onMessageDropped?(stream: number, ppid: number, bytes: number): void;
}
