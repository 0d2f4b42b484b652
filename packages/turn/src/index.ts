export { TURN_ERROR } from './attributes.ts';
export { CHANNEL_HEADER_BYTES } from './channel-data.ts';
export { DROP_REASONS, type TurnDrop } from './drops.ts';
export { TurnError, type TurnErrorCode } from './errors.ts';
export { TURN_DEFAULTS, type TurnOptions, type TurnTunables } from './options.ts';
export type { TurnAllocation, TurnEnd, TurnEndCode, TurnSink } from './sink.ts';
export { StreamFramer } from './stream-framer.ts';
export { TurnClient, type TurnState } from './turn-client.ts';
