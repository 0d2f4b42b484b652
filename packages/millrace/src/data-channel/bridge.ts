// From the data channels of a connection to RTCDataChannel objects and back: one bridge per connection, which is
// the sink of its `DataChannels`, and one port per channel.
import {
  type Channel,
  type ChannelCloseReason,
  type ChannelInit,
  type ChannelsSink,
  type CloseReason,
  DataChannelError,
  type DataChannels,
} from '@millrace/datachannel';
import { LeanSet, type Millis } from '@millrace/sans-io';
import { exception, RTCError } from '../errors.ts';
import type { ChannelPort, ChannelReceiver } from './port.ts';
import { RTCDataChannel } from './rtc-data-channel.ts';

export interface BridgeOptions {
  readonly channels: DataChannels;
  readonly now: () => Millis;
  /** Something wants to be sent: flush when this turn of the event loop ends. Cheap when that is already so. */
  readonly wake: () => void;
  /** The peer has opened a channel; fire `datachannel` for it, by `queueTask`. Its own events come after. */
  readonly onChannel: (channel: RTCDataChannel) => void;
  /** A channel is about to fire `open`, or `close`. */
  readonly onOpened?: () => void;
  readonly onEnded?: (channel: RTCDataChannel) => void;
  readonly onConnected?: () => void;
  readonly onAssociationClosed?: (reason: CloseReason) => void;
}

export class ChannelBridge implements ChannelsSink {
  readonly #options: BridgeOptions;
  /** Channels that wait for room in the queue they share. */
  readonly #waiting = new LeanSet<Channel>();
  /** Counters for statistics. */
  opened = 0;
  closed = 0;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /**
   * A channel of this side, of an `init` that `parseDataChannelInit` has made.
   *
   * @throws {DOMException} OperationError if its id is in use or no id is left
   */
  open(init: ChannelInit): RTCDataChannel {
    const { channels, now, wake } = this.#options;
    try {
      const port = new Port(channels.open(init, now()), false, this.#options, this.#waiting);
      wake();
      return new RTCDataChannel(port);
    } catch (error) {
      if (!(error instanceof DataChannelError)) throw error;
      throw exception(error.code === 'CLOSED' ? 'InvalidStateError' : 'OperationError', error.message);
    }
  }

  onChannel(channel: Channel): void {
    this.#options.onChannel(new RTCDataChannel(new Port(channel, true, this.#options, this.#waiting)));
  }

  onOpen(channel: Channel): void {
    this.opened++;
    receiverOf(channel).onOpen();
  }

  onMessage(channel: Channel, message: Uint8Array | string): void {
    receiverOf(channel).onMessage(message);
  }

  onSent(channel: Channel, bytes: number): void {
    receiverOf(channel).onSent(bytes);
    if (this.#waiting.size === 0 || !this.#options.channels.hasRoom) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const other of waiting) receiverOf(other).onSent(0);
  }

  onClosing(channel: Channel): void {
    receiverOf(channel).onClosing();
  }

  onClosed(channel: Channel, reason: ChannelCloseReason): void {
    this.closed++;
    this.#waiting.delete(channel);
    receiverOf(channel).onClosed(errorOf(reason));
  }

  onConnected(): void {
    this.#options.onConnected?.();
  }

  onAssociationClosed(reason: CloseReason): void {
    this.#options.onAssociationClosed?.(reason);
  }
}

class Port implements ChannelPort {
  readonly isRemote: boolean;
  readonly #channel: Channel;
  readonly #options: BridgeOptions;
  readonly #waiting: LeanSet<Channel>;

  constructor(channel: Channel, isRemote: boolean, options: BridgeOptions, waiting: LeanSet<Channel>) {
    this.#channel = channel;
    this.isRemote = isRemote;
    this.#options = options;
    this.#waiting = waiting;
  }

  get label(): string {
    return this.#channel.label;
  }

  get protocol(): string {
    return this.#channel.protocol;
  }

  get ordered(): boolean {
    return this.#channel.ordered;
  }

  get maxRetransmits(): number | undefined {
    return this.#channel.maxRetransmits;
  }

  get maxPacketLifeTime(): number | undefined {
    return this.#channel.maxPacketLifeTime;
  }

  get priority(): number {
    return this.#channel.priority;
  }

  get negotiated(): boolean {
    return this.#channel.negotiated;
  }

  get id(): number | undefined {
    return this.#channel.id;
  }

  get maxMessageSize(): number {
    return this.#options.channels.maxMessageSize;
  }

  connect(receiver: ChannelReceiver): void {
    this.#channel.owner = receiver;
  }

  get hasRoom(): boolean {
    return this.#options.channels.hasRoom;
  }

  waitForRoom(): void {
    this.#waiting.add(this.#channel);
  }

  send(message: Uint8Array | string): number {
    // Only a lifetime needs the time, and asking for it costs as much as queueing a short message.
    const now = this.#channel.maxPacketLifeTime === undefined ? 0 : this.#options.now();
    const length = this.#options.channels.send(this.#channel, message, now);
    this.#options.wake();
    return length;
  }

  hold(bytes: number): void {
    this.#options.channels.hold(bytes);
  }

  consumed(bytes: number): void {
    this.#options.channels.consumed(bytes);
    this.#options.wake(); // the peer may have to hear of it
  }

  opened(): void {
    this.#options.onOpened?.();
  }

  ended(channel: RTCDataChannel): void {
    this.#options.onEnded?.(channel);
  }

  close(): void {
    this.#options.channels.close(this.#channel, this.#options.now());
    this.#options.wake();
  }
}

function receiverOf(channel: Channel): ChannelReceiver {
  return channel.owner as ChannelReceiver;
}

/** RFC 9260 §3.3.10.12: the peer's application wanted the association to end. */
const USER_INITIATED_ABORT = 12;

function errorOf({ by, code, association }: ChannelCloseReason): RTCError | undefined {
  switch (code) {
    case 'CLOSED':
      return undefined;
    case 'ASSOCIATION_CLOSED':
      // A connection closed here is no failure, nor is one that was shut down in good order.
      if (by === 'local' || association?.code === 'SHUTDOWN') return undefined;
      return association?.cause === undefined
        ? new RTCError({ errorDetail: 'sctp-failure' }, `the association has ended: ${association?.code}`)
        : new RTCError(
            { errorDetail: 'sctp-failure', sctpCauseCode: association.cause.code },
            association.cause.code === USER_INITIATED_ABORT
              ? 'the peer has closed the connection'
              : `the peer has aborted the association: ${association.cause.text}`,
          );
    case 'RESTARTED':
      return new RTCError({ errorDetail: 'sctp-failure' }, 'the peer has restarted the association');
    case 'MESSAGE_TOO_LARGE':
      return failure('the peer has sent a message longer than it may');
    case 'PROTOCOL_VIOLATION':
      return failure('the peer has opened another channel on the same stream');
    case 'CLOSE_TIMEOUT':
      return failure('the peer has not answered the closing of the channel');
    case 'NO_FREE_ID':
      return failure('there is no stream for the channel');
  }
}

function failure(message: string): RTCError {
  return new RTCError({ errorDetail: 'data-channel-failure' }, message);
}
