// What the harness knows of an implementation: how to start it, what it cannot do, and which of its defects are
// pinned. One adapter per folder beside this one.

import type { Arguments, Command, Result } from '../agent/commands.ts';

/** An agent that runs somewhere else. */
export interface Remote {
  call<C extends Command>(command: C, ...args: Arguments<C>): Promise<Result<C>>;
  /** Ends the process by its own handle, whatever state it is in. */
  close(): Promise<void>;
}

/** What is tried out and has to be turned on: the SCTP INIT in descriptions, DTLS inside STUN. */
export type Trial = 'snap' | 'sped';

export interface LaunchOptions {
  /** Host candidates carry mDNS names in the place of addresses. Browsers only. */
  readonly hideAddresses: boolean;
  /** Messages are interleaved with whoever can (RFC 8260), where that has to be asked for. */
  readonly interleave: boolean;
  readonly trials: readonly Trial[];
  /** A TLS server's certificate need not be vouched for. Browsers only. */
  readonly anyCertificate: boolean;
}

/**
 * Something an implementation does wrong and we have measured. A claim that a defect names is run all the same
 * and must fail in the way described; once it holds, the run fails and says that the entry can go.
 */
export interface Defect {
  /** The name of the claim that does not hold; a `*` at its end stands for any rest. */
  readonly claim: string;
  /** Where the implementation stands in it: `from` acts (sends, opens, closes, offers), `to` sees it happen. */
  readonly at: 'from' | 'to';
  /** What happens instead, in one sentence. */
  readonly says: string;
  /** Where to look it up: a measurement of ours, or the place in its source. */
  readonly evidence: string;
  /** The message of the failing claim. */
  readonly failure: RegExp;
  /** `sometimes`: seen in some runs only, so both outcomes pass and the outcome is reported. */
  readonly seen: 'always' | 'sometimes';
  /** The connection is of no use afterwards: the rest of the scenario is not run. */
  readonly breaksConnection?: true;
  /** Only when the implementation has this part in the signaling. */
  readonly as?: 'offerer' | 'answerer';
  /** Shows only in the place under test, not as a peer. */
  readonly onlyAsSubject?: true;
  /** Only when one of these is at the other end. */
  readonly against?: readonly string[];
}

/** Amounts an implementation manages in reasonable time. Less than `EVERYTHING` needs a reason. */
export interface Capacity {
  readonly bulkBytes: number;
  readonly bulkBytesQuick: number;
  readonly bulkMessageBytes: number;
  readonly burstMessages: number;
  /** Of 800 bytes, in two seconds on a machine that has other work as well. */
  readonly rateMessages: number;
  readonly drainMessages: number;
  /** No data for this long means that a transfer has stalled. */
  readonly stallMs: number;
  readonly reason: string;
}

const MIB = 1024 * 1024;

export const EVERYTHING: Capacity = {
  bulkBytes: 64 * MIB,
  bulkBytesQuick: 64 * MIB,
  bulkMessageBytes: 65_536,
  burstMessages: 2000,
  rateMessages: 500,
  drainMessages: 200,
  stallMs: 8000,
  reason: '',
};

/** Resolving `.local` names; candidates over TCP (RFC 6544); TURN servers by TCP and TLS; a username fragment of the application's; TLS_AES_256_GCM_SHA384. */
export type Lacking = 'mDNS' | 'TCP' | 'TURN over TCP' | 'TURN over TLS' | 'munging' | 'AES-256-GCM';

export interface Implementation {
  readonly name: string;
  /** Why it cannot be run here, or undefined if it can. */
  missing(): string | undefined;
  version(): string;
  launch(options: LaunchOptions): Promise<Remote>;
  readonly canHideAddresses: boolean;
  /** What it does not have, and scenarios may ask for. */
  readonly lacks?: readonly Lacking[];
  /** Interleaves messages (RFC 8260), if it is asked to. */
  readonly canInterleave: boolean;
  /** Has the trials of `LaunchOptions`. */
  readonly hasTrials?: true;
  /** With a peer that does so too; all the others speak 1.2. */
  readonly speaksDtls13: boolean;
  /** A later offer of its own says `active` or `passive`, the DTLS role already held, and not `actpass`. */
  readonly offersHeldRole: boolean;
  readonly capacity: Capacity;
  /** Now and then a connection of its own ends while it opens, by no fault of the other side: it is opened again, once. */
  readonly givesUp?: { readonly says: string; readonly evidence: string };
  readonly defects: readonly Defect[];
}
