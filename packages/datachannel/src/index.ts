export type { Association, CloseReason, SctpSink, SendOptions } from './association.ts';
export type { Channel, ChannelCloseCode, ChannelCloseReason, ChannelInit, ChannelState } from './channel.ts';
export { DataChannels } from './channels.ts';
export { ACK, type DcepMessage, type Open, parseDcep, writeOpen } from './dcep.ts';
export { DROP_REASONS, type DropReason } from './drops.ts';
export { DataChannelError, type DataChannelErrorCode } from './errors.ts';
export {
  type DataChannelsOptions,
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_PRIORITY,
  MAX_CHANNELS,
  MAX_NAME_BYTES,
} from './options.ts';
export type { ChannelsSink } from './sink.ts';
export { type DtlsRole, MAX_ID } from './stream-ids.ts';
export { utf8Length } from './text.ts';
