// What the parent and its two peer processes say to each other over IPC.
import type { Measurement, ProcessCost, Settings } from './flow.ts';
import type { ImplementationName, Signal } from './implementation.ts';

export type Role = 'offerer' | 'answerer';

/** The argument of a peer process, as JSON. */
export interface PeerArguments {
  readonly role: Role;
  readonly implementation: ImplementationName;
  readonly flow: string;
  readonly settings: Settings;
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
