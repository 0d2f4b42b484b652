// What lies between an RTCDataChannel and the connection that carries it. The connection makes the port (see
// bridge.ts); the channel, which is the only one to use it, connects itself when it is made.
import type { RTCError } from '../errors.ts';
import type { RTCDataChannel } from './rtc-data-channel.ts';

export interface ChannelPort {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number | undefined;
  /** Milliseconds. */
  readonly maxPacketLifeTime: number | undefined;
  readonly priority: number;
  readonly negotiated: boolean;
  /** `undefined` until the DTLS role is known. */
  readonly id: number | undefined;
  /** The peer made the channel: it is open from the start. */
  readonly isRemote: boolean;
  /** Bytes; Infinity for no limit. */
  readonly maxMessageSize: number;

  /** Names the one that is told what happens. Called once, before anything does. */
  connect(receiver: ChannelReceiver): void;

  /**
   * Queues a message and has it sent when the turn of the event loop ends; bytes are borrowed for the call.
   * Returns its length in bytes. Throws `DataChannelError` (NOT_OPEN, TOO_LARGE, QUEUE_FULL or CLOSED) before any
   * state changes.
   */
  send(message: Uint8Array | string): number;

  /** Whether the queue that all channels of the connection share takes a message of common size. */
  readonly hasRoom: boolean;

  /** Has `onSent(0)` called once that queue has room again. */
  waitForRoom(): void;

  /** `bytes` of messages wait for their reader: the peer may send so much less. */
  hold(bytes: number): void;

  /** So many of them have been read. */
  consumed(bytes: number): void;

  /** The channel is about to fire `open`, and `close`. */
  opened(): void;
  ended(channel: RTCDataChannel): void;

  /** Closes once what is queued has been sent. `onClosed` follows, never within the call. */
  close(): void;
}

/** Each is called outside of the application's code and inside the driver's: nothing may be thrown. */
export interface ChannelReceiver {
  onOpen(): void;
  /** `message` is handed over. */
  onMessage(message: Uint8Array | string): void;
  /** `bytes` have been handed to the network. */
  onSent(bytes: number): void;
  /** The peer has begun to close the channel. */
  onClosing(): void;
  /** The end; with an error unless one side has closed the channel or the connection in good order. */
  onClosed(error: RTCError | undefined): void;
}
