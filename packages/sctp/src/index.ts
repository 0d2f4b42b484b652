export {
  SctpAssociation,
  type SctpPath,
  type SctpStats,
  type SendOptions,
} from './association/association.ts';
export { type FixedSctpOptions, isSignaledInit, signaledInit } from './association/signaled-init.ts';
export type { AssociationState, StateName } from './association/state.ts';
export { DROP_REASONS, type DropReason } from './drops.ts';
export { SctpError, type SctpErrorCode } from './errors.ts';
export { MemoryBudget } from './memory-budget.ts';
export { DEFAULTS, type SctpOptions } from './options.ts';
export { type Checksum, crc32c } from './packet/crc32c.ts';
export type { PacketSize } from './path/packet-size.ts';
export type { CloseCode, CloseReason, ErrorCause, SctpSink } from './sink.ts';
export { type PacketTrace, packetLine, type TraceDirection } from './trace.ts';
export { bbr } from './tx/congestion/bbr/bbr.ts';
export type {
  AckSample,
  CongestionControl,
  CongestionControlFactory,
  CongestionPath,
} from './tx/congestion/congestion-control.ts';
export { cubic } from './tx/congestion/cubic.ts';
export { newReno } from './tx/congestion/new-reno.ts';
export type { CongestionControlName } from './tx/congestion/registry.ts';
export { createMessagePool } from './tx/message-memory.ts';
export type { OutgoingMessage, OutgoingStream } from './tx/outgoing-stream.ts';
export type {
  SchedulerFactory,
  SchedulerName,
  StreamScheduler,
} from './tx/scheduler.ts';
