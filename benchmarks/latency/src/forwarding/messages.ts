// What the forwarder's process and the two it starts, the sender and the receivers, say to each other over IPC.
import type { Settings } from '@millrace/bench-harness';

export type Description = { readonly type: 'offer' | 'answer'; readonly sdp: string };

/** The argument of an end's process, as JSON. */
export interface EndArguments {
  readonly role: 'sender' | 'receivers';
  readonly settings: Settings;
}

/** The sender's connection to the forwarder is 0, those of the receivers follow, and the last goes past the forwarder. */
export interface Signal {
  readonly type: 'signal';
  readonly connection: number;
  readonly description: Description;
}

export type ToEnd =
  | Signal
  | { readonly type: 'go' }
  | { readonly type: 'report' }
  | { readonly type: 'exit' };

export type FromEnd =
  | Signal
  | { readonly type: 'connected'; readonly connection: number }
  /** The sender: packets count from here on. */
  | { readonly type: 'measuring' }
  /** The sender: that was the last of them. */
  | { readonly type: 'sent'; readonly packets: number }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'failed'; readonly reason: string };

export interface Report {
  /** Packets that came through the forwarder, of those that count. */
  readonly received: number;
  /** Packets of the receiver that has the fewest. */
  readonly least: number;
  /** Encoded histograms: beyond the same packet's way past the forwarder; from its writing; and that way itself. */
  readonly added: string;
  readonly whole: string;
  readonly direct: string;
}
