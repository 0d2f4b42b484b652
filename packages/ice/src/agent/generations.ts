// The ICE sessions of one agent: one, or during a restart the new one and those before it. RFC 8445 §9, RFC 8839
// §4.4.3; how the states follow from each other is W3C webrtc-pc §5.6.4 (RTCIceTransportState).
//
// The newest session is checked while the one before it carries the data. Until the peer's new parameters have come
// the restart can be taken back. Once the newest has selected a pair, the others retire: they answer what the peer
// still asks on its way over, and are forgotten after that.
import { type Millis, NEVER, Ring } from '@millrace/sans-io';
import type { LocalCandidate } from '../candidate.ts';
import type { IceAgentOptions, IceParameters } from '../options.ts';
import type { CheckPair } from '../pair.ts';
import { settle } from './conclusion.ts';
import { type IceEvent, IceSession, type IceState } from './session.ts';

export interface RestartOptions {
  /** Our new username fragment and password; drawn if left out. */
  readonly local?: IceParameters | undefined;
  /** Sockets that are not taken along, since nothing can be sent from them any more. */
  readonly without?: ReadonlySet<number> | undefined;
}

interface Counts {
  requestsSent: number;
  requestsReceived: number;
  responsesSent: number;
  responsesReceived: number;
}

/** How long a session answers after another has taken its place: the peer moves over within a few round trips. */
const RETIREMENT: Millis = 5_000;

/** The newest, the one to return to, the one that carries data, and one that retires. */
const MAX_SESSIONS = 4;

export class Generations {
  readonly events: Ring<IceEvent> = new Ring();
  readonly #options: IceAgentOptions;
  /** Newest first. Those behind it are: the one to return to, the one that carries data, the one that retires. */
  #live: readonly IceSession[];
  readonly #past: Counts = { requestsSent: 0, requestsReceived: 0, responsesSent: 0, responsesReceived: 0 };
  #state: IceState = 'new';
  #selected: CheckPair | undefined = undefined;

  constructor(options: IceAgentOptions) {
    this.#options = options;
    this.#live = [new IceSession(options)];
  }

  /** Newest first, never empty. The array does not change. */
  get live(): readonly IceSession[] {
    return this.#live;
  }

  get newest(): IceSession {
    return this.#live[0]!;
  }

  get state(): IceState {
    return this.#state;
  }

  /** Nothing may be sent or learned. After a failure, until a restart has been begun. */
  get isOver(): boolean {
    for (const session of this.#live) if (!session.isOver) return false;
    return true;
  }

  /** The pair that carries data, of whichever session. */
  get selected(): CheckPair | undefined {
    return this.#selected;
  }

  get counts(): Counts {
    const sum = { ...this.#past };
    for (const session of this.#live) add(sum, session);
    return sum;
  }

  /** The session that a candidate of the peer's belongs to. RFC 8838 §13 */
  ofRemote(usernameFragment: string | undefined): IceSession {
    for (const session of this.#live)
      if (usernameFragment !== undefined && session.remote?.usernameFragment === usernameFragment)
        return session;
    return this.newest;
  }

  restart({ local, without }: RestartOptions): void {
    const before = this.#predecessor();
    // RFC 8445 §6.1.1: a restart does not settle anew who controls.
    const session = new IceSession({ ...this.#options, role: before.role, local }, before.drops);
    session.tieBreaker = before.tieBreaker;
    for (const [socket, time] of before.serverRoundTrips) session.serverRoundTrips.set(socket, time);
    // RFC 8445 §9: the same sockets may be used again; only the credentials have to be others.
    const mine = (candidate: LocalCandidate): LocalCandidate => ({
      ...candidate,
      foundation: session.foundationOf(candidate.foundation, ''),
      usernameFragment: session.local.usernameFragment,
    });
    session.bases = before.bases.filter(({ socket }) => !without?.has(socket)).map(mine);
    for (const known of before.reflexive)
      if (known.type === 'srflx' && !without?.has(known.socket)) session.reflexive.push(mine(known));
    if (this.newest !== before) this.#end(this.newest);
    this.#live = [session, ...this.#live.filter((each) => each !== session)];
  }

  /** The session a restart begins from; a restart that nobody has answered is replaced. */
  #predecessor(): IceSession {
    const [newest, next] = this.#live;
    const isOpen = newest!.remote === undefined && next !== undefined && next.retiresAt === NEVER;
    return isOpen ? next : newest!;
  }

  abandon(): boolean {
    const before = this.#predecessor();
    const { newest } = this;
    if (before === newest) return false;
    this.#end(newest);
    // Sockets opened meanwhile are of use in any generation.
    const { usernameFragment } = before.local;
    for (const base of newest.bases)
      if (before.baseOf(base.socket) === undefined)
        before.bases = before.bases.concat({ ...base, usernameFragment });
    return true;
  }

  /** The peer has answered: there is no way back, and nothing to be had from what does not carry data. */
  commit(): void {
    for (const session of this.#live.slice(1)) if (!canCarry(session)) this.#end(session);
  }

  close(): void {
    for (const session of this.#live.slice(1)) this.#end(session);
    const { newest } = this;
    newest.select(undefined);
    newest.setState('closed');
    newest.silence();
    newest.events.clear();
    this.#tellPair(undefined);
    this.#tellState('closed');
  }

  /** Called after anything that could change selection, consent or state. */
  settle(now: Millis): void {
    if (this.#live.length === 1) {
      settle(this.newest, now);
      this.collect();
      return;
    }
    for (const session of this.#live) if (session.retiresAt === NEVER) settle(session, now);
    const hasTakenOver = this.newest.selected !== undefined;
    for (const session of this.#live.slice(1)) {
      const isUseless = session.isOver && this.newest.remote !== undefined;
      if (isUseless || session.retiresAt <= now) this.#end(session);
      else if (hasTakenOver && session.retiresAt === NEVER) {
        session.quieten();
        session.retiresAt = now + RETIREMENT;
      }
    }
    // However fast restarts follow each other, one session retires at a time.
    for (const session of this.#live.slice(MAX_SESSIONS)) this.#end(session);
    this.collect();
  }

  /** Tells what the sessions have to tell, as of one agent. */
  collect(): void {
    const { newest } = this;
    const inPlace = this.#live.filter((session) => session.retiresAt === NEVER);
    for (const session of this.#live.slice(1)) session.events.clear();
    for (let event = newest.events.shift(); event !== undefined; event = newest.events.shift()) {
      if (event.kind === 'role') this.events.push(event);
      // While another session carries the data, what becomes of this one shows only when it takes over.
      else if (inPlace.length > 1) continue;
      else if (event.kind === 'selected-pair') this.#tellPair(event.pair);
      else if (event.state !== 'checking' || this.#selected === undefined) this.#tellState(event.state);
    }
    this.#tellPair(inPlace.find(({ selected }) => selected !== undefined)?.selected);
    const state = combinedState(inPlace);
    // Whoever begins anew, because nothing was left, has been there already.
    this.#tellState(state === 'new' && this.#state !== 'new' ? 'checking' : state);
  }

  #tellState(state: IceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.events.push({ kind: 'state', state });
  }

  #tellPair(pair: CheckPair | undefined): void {
    if (this.#selected === pair) return;
    this.#selected = pair;
    this.events.push({ kind: 'selected-pair', pair });
  }

  #end(session: IceSession): void {
    session.silence();
    session.events.clear();
    add(this.#past, session);
    this.#live = this.#live.filter((each) => each !== session);
  }
}

function canCarry(session: IceSession): boolean {
  return session.retiresAt !== NEVER || (session.selected !== undefined && !session.isOver);
}

/**
 * W3C webrtc-pc §5.6.4: a restart takes `completed` to `connected`, and `disconnected` and `failed` to `checking`.
 * Deviation: W3C has a restart that leads nowhere fail the transport. What worked before goes on working here.
 */
function combinedState([newest, ...older]: readonly IceSession[]): IceState {
  const { state, remote } = newest!;
  if (older.length === 0) return state;
  const before = combinedState(older);
  if (before === 'completed' || before === 'connected') return 'connected';
  if (remote === undefined) return before;
  return state === 'failed' ? before : 'checking';
}

function add(to: Counts, from: Counts): void {
  to.requestsSent += from.requestsSent;
  to.requestsReceived += from.requestsReceived;
  to.responsesSent += from.responsesSent;
  to.responsesReceived += from.responsesReceived;
}
