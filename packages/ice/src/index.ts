export type { TransportAddress } from '@millrace/stun';
export { IceAgent, type IceSink, type IceStats } from './agent/agent.ts';
export type { LocalCandidateInit, ServerReflexiveInit } from './agent/candidates.ts';
export { drawParameters } from './agent/credentials.ts';
export type { RestartOptions } from './agent/generations.ts';
export type { IceState } from './agent/session.ts';
export {
  type Candidate,
  type CandidateExtension,
  type CandidateTransport,
  type CandidateType,
  candidatePriority,
  DISCARD_PORT,
  type LocalCandidate,
  type Route,
  type TcpType,
} from './candidate.ts';
export { formatCandidate, parseCandidate } from './candidate-line.ts';
export { DROP_REASONS, type IceDrop } from './drops.ts';
export { IceError, type IceErrorCode } from './errors.ts';
export { FRAME_HEADER_BYTES, FrameReader, writeFrameHeader } from './framing.ts';
export {
  ICE_DEFAULTS,
  type IceAgentOptions,
  type IceParameters,
  type IceRole,
  type IceTunables,
  type Nomination,
  type RemoteIceParameters,
} from './options.ts';
export type { CandidatePair, PairState } from './pair.ts';
export type { Piggyback } from './piggyback.ts';
