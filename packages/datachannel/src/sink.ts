import type { CloseReason } from './association.ts';
import type { Channel, ChannelCloseReason } from './channel.ts';

/** What `drain` tells, oldest first. */
export interface ChannelsSink {
  /** The peer has opened a channel. `onOpen` follows. */
  onChannel(channel: Channel): void;
  /** The channel can send. */
  onOpen(channel: Channel): void;
  /** `message` is handed over: a string, or bytes in memory of their own. */
  onMessage(channel: Channel, message: Uint8Array | string): void;
  /** The peer has begun to close the channel; what it had sent has come. */
  onClosing(channel: Channel): void;
  /** The end of the channel; nothing follows. */
  onClosed(channel: Channel, reason: ChannelCloseReason): void;
  /** `bytes` of messages have been handed to the network: `bufferedAmount` fell by that much. */
  onSent(channel: Channel, bytes: number): void;
  /** The association is up. */
  onConnected?(): void;
  /** The association has ended; every channel has been closed before. */
  onAssociationClosed?(reason: CloseReason): void;
}

/** Whom nobody listens to: outside of `drain` there is no sink. */
export const NO_SINK: ChannelsSink = {
  onChannel() {},
  onOpen() {},
  onMessage() {},
  onClosing() {},
  onClosed() {},
  onSent() {},
};
