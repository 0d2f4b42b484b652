// A signaling server and its client, for peers that want to meet. Browsers import `@millrace/signaling/client`.
export {
  type Clock,
  createRoom,
  type Fetch,
  formatInvite,
  type Invite,
  isInvite,
  type JoinOptions,
  joinRoom,
  parseInvite,
  type SignalingClientOptions,
  SignalingError,
  type SignalingErrorCode,
  type SignalingEvent,
  SignalingRoom,
  type SignalingRoomState,
} from './client.ts';
export {
  DEFAULT_LIMITS,
  type RoomKey,
  type SignalingLimits,
  type SignalingServer,
  type SignalingServerOptions,
  startSignalingServer,
} from './server.ts';
