// The data of one ICE generation: credentials, candidates, pairs and what waits to be sent. The procedures in
// the files beside it work on it. During an ICE restart (RFC 8445 §9) there is a second one: see generations.ts.
import { Drops, LeanMap, LeanSet, type Millis, NEVER, Ring, randomBytes, u32 } from '@millrace/sans-io';
import { type ClientTransaction, shortTermKey } from '@millrace/stun';
import type { Candidate, LocalCandidate, Route } from '../candidate.ts';
import { Checklist } from '../checklist.ts';
import { DROP_REASONS, type IceDrop } from '../drops.ts';
import {
  type IceAgentOptions,
  type IceParameters,
  type IceRole,
  type IceTunables,
  iceTunables,
  type RemoteIceParameters,
} from '../options.ts';
import type { CheckPair } from '../pair.ts';
import type { Piggyback } from '../piggyback.ts';
import type { Check } from './check.ts';
import { checkLocalParameters, drawParameters } from './credentials.ts';
import { RemoteCandidates } from './remote-candidates.ts';
import type { Reply } from './replies.ts';

export type IceState = 'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed';

export type IceEvent =
  | { readonly kind: 'state'; readonly state: IceState }
  | { readonly kind: 'selected-pair'; readonly pair: CheckPair | undefined }
  | { readonly kind: 'role'; readonly role: IceRole };

export class IceSession {
  readonly tunables: IceTunables;
  readonly crypto: IceAgentOptions['crypto'];
  readonly random: IceAgentOptions['random'];
  /** We are a lite agent: see lite.ts. */
  readonly lite: boolean;
  readonly piggyback: Piggyback | undefined;
  /** Bytes of its datagrams that have gone to addresses which had not proven themselves. */
  carriedBytes = 0;
  readonly events: Ring<IceEvent> = new Ring();
  readonly drops: Drops<IceDrop>;
  state: IceState = 'new';
  /** Where what `writeNext` has just written goes. */
  route: Route = { socket: -1, remote: { address: '0.0.0.0', port: 0 } };
  /** Until then a session whose place another has taken still answers. `NEVER`: it has its place. */
  retiresAt: Millis = NEVER;

  role: IceRole;
  tieBreaker: bigint;
  roleSwitches = 0;

  readonly local: IceParameters;
  readonly localKey: Uint8Array;
  remote: RemoteIceParameters | undefined = undefined;
  remoteKey: Uint8Array = new Uint8Array(0);

  /** One for each socket; `socket` is unique. */
  bases: readonly LocalCandidate[] = [];
  /** Ours as the peer has seen them, beside the bases. RFC 8445 §7.2.5.3.1 */
  readonly reflexive: LocalCandidate[] = [];
  readonly remotes: RemoteCandidates = new RemoteCandidates();
  /** Those of them that were learned from the peer's checks and not signalled since. */
  readonly learned: LeanSet<Candidate> = new LeanSet();
  localEnded = false;
  remoteEnded = false;

  readonly checklist: Checklist;
  /** Some pair's check has succeeded, be it long ago. Until then nothing can be selected, and nobody need look. */
  hasSucceeded = false;
  selected: CheckPair | undefined = undefined;
  /** The pair by which the peer's data came last. */
  heard: CheckPair | undefined = undefined;
  /** The selected pair has not answered for a while. */
  silent = false;

  readonly triggered: Ring<CheckPair> = new Ring();
  /** Pairs in reserve that are to be asked. See renomination.ts */
  readonly probes: Ring<CheckPair> = new Ring();
  /** When they are to be asked next; `NEVER`: there is no selected pair, or nobody renominates. */
  backupsAt: Millis = NEVER;
  /** The number of our last nomination that had one: USE-CANDIDATE counts as the first. */
  nominations = 1;
  /** When we last nominated anew. */
  switchedAt: Millis = Number.NEGATIVE_INFINITY;
  readonly replies: Ring<Reply> = new Ring();
  readonly checks: LeanMap<number, Check> = new LeanMap();
  /** Those answered last, while something may ride with another answer. */
  readonly answered: ClientTransaction[] = [];
  readonly resends: Ring<Check> = new Ring();
  /** By socket: the round trip to a server beyond it, in milliseconds. See round-trips.ts */
  readonly serverRoundTrips: LeanMap<number, Millis> = new LeanMap();
  /** When the next ordinary check may go out. */
  nextCheckAt: Millis = Number.NEGATIVE_INFINITY;
  /** Regular nomination waits no longer than this. */
  nominateAt: Millis = NEVER;
  /** RFC 8863 §3: until then nothing fails. `NEVER` once it is over, or not begun. */
  patienceUntil: Millis = NEVER;
  impatient = false;

  /** The pair whose consent is kept fresh. */
  consentPair: CheckPair | undefined = undefined;
  /** When the next consent check is due; `NEVER` while one waits for `transmit`. */
  consentAt: Millis = NEVER;
  /** When it would be due if nothing were amiss. */
  consentRegularAt: Millis = NEVER;
  consentDue = false;
  consentUnanswered = 0;
  /** When the first of those was sent. */
  consentAskedAt: Millis = NEVER;

  /** Of a lite agent: when the selected pair's last request came. `NEVER`: there is nobody to be heard. */
  heardAt: Millis = NEVER;
  /** Of a lite agent: when the selected pair was last nominated. */
  nominatedAt: Millis = NEVER;

  requestsSent = 0;
  requestsReceived = 0;
  responsesSent = 0;
  responsesReceived = 0;

  /** What each is of, and then itself. */
  #foundations: readonly string[] = [];
  #foundationCount = 0;

  /** `drops` is shared by all sessions of an agent. */
  constructor(options: IceAgentOptions, drops: Drops<IceDrop> = new Drops(DROP_REASONS)) {
    this.drops = drops;
    this.tunables = iceTunables(options);
    if (options.local !== undefined) checkLocalParameters(options.local, options.longFragment);
    this.crypto = options.crypto;
    this.random = options.random;
    this.piggyback = options.piggyback;
    this.lite = options.lite ?? false;
    this.role = options.role;
    this.tieBreaker = this.drawTieBreaker();
    this.local = options.local ?? drawParameters(options.random);
    this.localKey = shortTermKey(this.local.password);
    this.checklist = new Checklist(this.tunables.maxPairs);
  }

  /** Whether both sides have said that nominations have numbers. */
  get renominates(): boolean {
    const { lite, remote } = this;
    return this.tunables.renomination && !lite && remote?.renomination === true && remote.lite !== true;
  }

  /** Whether anything may still be sent or learned. */
  get isOver(): boolean {
    return this.state === 'failed' || this.state === 'closed';
  }

  /** RFC 8445 §16.1: 64 random bits. */
  drawTieBreaker(): bigint {
    const bytes = randomBytes(this.random, 8);
    return (BigInt(u32(bytes, 0)) << 32n) | BigInt(u32(bytes, 4));
  }

  /** RFC 8445 §5.1.1.3: one foundation for each kind, base and transport. Numbered, so that it tells no address. */
  foundationOf(type: string, baseAddress: string): string {
    const key = `${type} ${baseAddress}`;
    const known = this.#foundations.indexOf(key);
    if (known >= 0) return this.#foundations[known + 1]!;
    const foundation = this.newFoundation();
    this.#foundations = this.#foundations.concat(key, foundation);
    return foundation;
  }

  /** RFC 8445 §7.3.1.3: a foundation like no other. */
  newFoundation(): string {
    return String(++this.#foundationCount);
  }

  setState(state: IceState): void {
    if (this.state === state) return;
    this.state = state;
    this.events.push({ kind: 'state', state });
  }

  select(pair: CheckPair | undefined): void {
    if (this.selected === pair) return;
    this.selected = pair;
    this.silent = false;
    this.events.push({ kind: 'selected-pair', pair });
  }

  baseOf(socket: number): LocalCandidate | undefined {
    for (const base of this.bases) if (base.socket === socket) return base;
    return undefined;
  }

  /** Forgets everything that would be sent, and whom to trust. */
  silence(): void {
    this.quieten();
    this.replies.clear();
    for (const pair of this.checklist.pairs) pair.verified = false;
  }

  /** Asks nothing any more; what the peer asks is answered. */
  quieten(): void {
    this.triggered.clear();
    this.probes.clear();
    this.backupsAt = NEVER;
    this.resends.clear();
    this.checks.clear();
    this.answered.length = 0;
    this.nominateAt = NEVER;
    this.patienceUntil = NEVER;
    this.consentAt = NEVER;
    this.consentDue = false;
    this.consentPair = undefined;
    for (const pair of this.checklist.pairs) {
      pair.check = undefined;
      pair.triggered = false;
    }
  }
}
