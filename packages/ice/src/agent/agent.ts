import type { Core, Millis } from '@millrace/sans-io';
import type { Candidate, LocalCandidate, Route } from '../candidate.ts';
import type { IceAgentOptions, IceParameters, IceRole, RemoteIceParameters } from '../options.ts';
import type { CandidatePair } from '../pair.ts';

export type IceState = 'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed';

export interface IceSink {
  onStateChange(state: IceState): void;
  /** Application datagrams go another way from now on; `undefined` when there is none left. */
  onSelectedPair(pair: CandidatePair | undefined): void;
  onRoleChange(role: IceRole): void;
}

/** What `addLocalCandidate` needs to know of a bound socket. */
export interface HostCandidateInit {
  readonly socket: number;
  readonly address: string;
  readonly port: number;
  readonly type?: 'host' | undefined;
  /** RFC 8445 §5.1.2.1 local preference, 0 to 65535; by default the earlier candidate is preferred. */
  readonly preference?: number | undefined;
}

export interface IceStats {
  readonly requestsSent: number;
  readonly requestsReceived: number;
  readonly responsesSent: number;
  readonly responsesReceived: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly pairs: readonly CandidatePair[];
  readonly localCandidates: readonly LocalCandidate[];
  readonly remoteCandidates: readonly Candidate[];
}

export declare class IceAgent implements Core<IceSink, Route> {
  constructor(options: IceAgentOptions);
  readonly route: Route;
  get role(): IceRole;
  get state(): IceState;
  get localParameters(): IceParameters;
  get remoteParameters(): RemoteIceParameters | undefined;
  get selectedPair(): CandidatePair | undefined;
  get selectedRoute(): Route | undefined;
  get usableRoute(): Route | undefined;
  get roundTripTime(): Millis | undefined;
  get stats(): IceStats;
  setRole(role: IceRole): void;
  setRemoteParameters(parameters: RemoteIceParameters, now: Millis): void;
  addLocalCandidate(init: HostCandidateInit, now: Millis): LocalCandidate;
  endLocalCandidates(now: Millis): void;
  addRemoteCandidate(candidate: Candidate, now: Millis): void;
  endRemoteCandidates(now: Millis): void;
  isVerified(route: Route): boolean;
  onUnreachable(route: Route, now: Millis): void;
  close(now: Millis): void;
  receive(bytes: Uint8Array, at: number, end: number, now: Millis, route: Route): void;
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number;
  deadline(): Millis;
  expire(now: Millis): void;
  drain(sink: IceSink): boolean;
}
