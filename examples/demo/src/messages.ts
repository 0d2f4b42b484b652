// What the demo and its two peer processes tell each other over the channel that fork() makes.
import type { ExitCode } from '@millrace/example-send-file/failure';
import type { TransferResult } from '@millrace/example-send-file/transfer';
import type { Invite } from '@millrace/signaling/client';
import type { OpeningMarks } from './opening.ts';

/** The only message to a peer: what to do. */
export interface Assignment {
  readonly invite: Invite;
  readonly task:
    | { readonly role: 'sender'; readonly path: string; readonly pings: number }
    | { readonly role: 'receiver'; readonly directory: string };
  /** Milliseconds without progress after which to give up. */
  readonly timeout: number;
}

/** Milliseconds. */
export interface RoundTrips {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'open'; readonly marks: OpeningMarks | undefined }
  | { readonly type: 'progress'; readonly bytes: number }
  | { readonly type: 'transferred'; readonly result: TransferResult }
  | { readonly type: 'pinged'; readonly roundTrips: RoundTrips }
  | { readonly type: 'failed'; readonly message: string; readonly exitCode: ExitCode };
