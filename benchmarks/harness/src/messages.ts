// What the parent and the processes it starts say to each other over IPC.
import type { OperationSettings } from './benchmark.ts';
import type { Measurement, ProcessCost, Settings } from './flow.ts';
import type { ImplementationName, Signal } from './implementation.ts';

export type Role = 'offerer' | 'answerer';

/** The argument of a peer process, as JSON. */
export interface PeerArguments {
  readonly role: Role;
  readonly implementation: ImplementationName;
  readonly flow: string;
  readonly settings: Settings;
  /** Where a STUN responder listens on 127.0.0.1; 0: nowhere yet. */
  readonly stunPort: number;
}

export type FromPeer =
  | { readonly type: 'ready'; readonly version: string }
  | { readonly type: 'unavailable'; readonly reason: string }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'done'; readonly measurement: Measurement | undefined; readonly cost: ProcessCost }
  | Between;

/** Passed on by the parent to the other peer as it is. */
export type Between =
  | { readonly type: 'signal'; readonly connection: number; readonly signal: Signal }
  | { readonly type: 'tell'; readonly value: number };

export type ToPeer = { readonly type: 'start' } | { readonly type: 'exit' } | Between;

/** The argument of an operation's or a trial's process, as JSON. */
export interface SubjectArguments {
  readonly kind: 'operation' | 'trial';
  readonly module: string;
  readonly subject: string;
  readonly settings: OperationSettings;
  /** Operations: how long to measure. 0: once through, to show that it works. */
  readonly seconds: number;
  /** Operations: so many at a time are timed for the percentiles. 0: none are. */
  readonly sample: number;
  /** Operations: measures whenever the parent says that it is its turn. */
  readonly inTurns?: boolean;
  /** Operations: does exactly so many and nothing else, for tools that count instructions. */
  readonly exactly?: number;
}

export type FromSubject =
  | { readonly type: 'unavailable'; readonly reason: string }
  | { readonly type: 'failed'; readonly reason: string }
  | {
      readonly type: 'done';
      readonly version: string;
      readonly measurement: Measurement;
      readonly cost: ProcessCost;
    }
  | { readonly type: 'ready' }
  | { readonly type: 'turn'; readonly nanosPerOperation: number };

export type ToSubject = { readonly type: 'turn'; readonly millis: number } | { readonly type: 'finish' };
