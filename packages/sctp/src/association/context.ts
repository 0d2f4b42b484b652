// What the procedures of an association share: its state, its queues and counters, and the two ways to end it.
import { type Drops, type Millis, randomU32, TimerTable } from '@millrace/sans-io';
import { type DropReason, sctpDrops } from '../drops.ts';
import { EventQueue } from '../events.ts';
import { MemoryAccount } from '../memory-budget.ts';
import { type ResolvedOptions, resolveOptions, type SctpOptions } from '../options.ts';
import { CAUSE, makeAbortChunk, makeTextCause } from '../packet/error-causes.ts';
import { BlackHoleWatch } from '../path/black-hole-watch.ts';
import { PathPacketSize } from '../path/packet-size.ts';
import { PathMtuDiscovery } from '../path/path-mtu-discovery.ts';
import { ReceiveWindow } from '../rx/receive-window.ts';
import type { CloseReason } from '../sink.ts';
import { Rto } from '../tx/rto.ts';
import {
  SCHEDULERS,
  type SchedulerFactory,
  type SchedulerName,
  type StreamScheduler,
} from '../tx/scheduler.ts';
import { SendQueue } from '../tx/send-queue.ts';
import { Outbox } from './outbox.ts';
import { PathErrors } from './path-errors.ts';
import type { State } from './state.ts';
import type { Tcb } from './tcb.ts';
import { TIMER_COUNT } from './timers.ts';

const T1_ROUND_TRIPS = 1.25;
/** What the other side may take beside the path, in milliseconds. */
const T1_SLACK: Millis = 25;
const T1_RETRIES_BEFORE_BACKOFF = 2;

export class AssociationContext {
  readonly options: ResolvedOptions;
  readonly timers: TimerTable = new TimerTable(TIMER_COUNT);
  readonly drops: Drops<DropReason> = sctpDrops();
  readonly events: EventQueue = new EventQueue();
  readonly outbox: Outbox;
  readonly queue: SendQueue;
  readonly errors: PathErrors;
  readonly rto: Rto;
  readonly memory: MemoryAccount;
  readonly window: ReceiveWindow;
  readonly size: PathPacketSize;
  readonly discovery: PathMtuDiscovery;
  readonly blackHoleWatch: BlackHoleWatch = new BlackHoleWatch();
  state: State = { name: 'new' };
  /** Our Initiate Tag: the verification tag of what comes in. A restart changes it. */
  localTag: number;
  readonly initialTsn: number;

  constructor(options: SctpOptions) {
    this.options = resolveOptions(options);
    this.outbox = new Outbox(this.options.maxPendingControl, this.drops);
    this.queue = new SendQueue(schedulerOf(this.options.scheduler), this.options.messagePool);
    this.errors = new PathErrors(this.options.maxRetransmits);
    this.rto = new Rto(this.options);
    this.memory = new MemoryAccount(this.options.memory);
    this.window = new ReceiveWindow(this.options, this.memory);
    const { mtu, maxMtu, random } = this.options;
    this.size = new PathPacketSize(mtu);
    this.discovery = new PathMtuDiscovery(
      this.size,
      maxMtu,
      this.timers,
      random,
      this.options.probeAfterBytes,
    );
    this.localTag = this.options.initiateTag ?? this.newTag();
    // RFC 9260 §3.3.2: any number. One below 2^31 is a small integer to V8, and so are all that follow for a good while:
    // others would cost an object each time a function returns one.
    this.initialTsn = this.options.initialTsn ?? randomU32(this.options.random) >>> 1;
  }

  /** The association's TCB, if it has one. */
  get tcb(): Tcb | undefined {
    return 'tcb' in this.state ? this.state.tcb : undefined;
  }

  /** RFC 9260 §5.3.1: a random tag, never 0. */
  newTag(): number {
    return randomU32(this.options.random) || 1;
  }

  /** Ends the association. Packets of their own that are queued still go out. */
  close(reason: CloseReason): void {
    if (this.state.name === 'closed') return;
    this.state = { name: 'closed', reason };
    this.timers.stopAll();
    this.outbox.clearControl();
    this.events.closed(reason);
    this.queue.giveUp();
    this.settleMemory();
  }

  /** Charges what is held now to the memory that associations share. */
  settleMemory(): void {
    const { held, unread } = this.window;
    this.memory.settle(this.state.name === 'closed' ? unread : held + unread + this.queue.heldBytes);
  }

  /** RFC 9260 §9.1: sends ABORT with `cause` and ends the association. */
  abort(cause: Uint8Array | undefined, reason: CloseReason): void {
    const { tcb } = this;
    if (tcb !== undefined) this.outbox.queueAlone(makeAbortChunk(0, cause), tcb.peerTag);
    this.close(reason);
  }

  /** An acknowledgement was refused. Of what was never sent it can only be meant to make us send faster. */
  onAckRefused(reason: DropReason): void {
    this.drops.count(reason);
    if (reason !== 'optimistic-ack') return;
    const cause = makeTextCause(CAUSE.PROTOCOL_VIOLATION, 'acknowledges what was never sent');
    this.abort(cause, { by: 'local', code: 'PROTOCOL_VIOLATION' });
  }

  /** Long packets do not come through any more (RFC 8899 §4.3). */
  onBlackHole(now: Millis): void {
    this.blackHoleWatch.reset();
    this.discovery.onBlackHole(this.rto.current, now);
  }

  /** A timer ran out without an answer: counts it, and ends the association when there were too many. */
  failPath(): void {
    this.errors.fail();
    this.closeIfUnreachable();
  }

  /** RFC 9260 §8.1. */
  closeIfUnreachable(): void {
    if (this.errors.isUnreachable) this.abort(undefined, { by: 'timeout', code: 'PEER_UNREACHABLE' });
  }

  /**
   * T1 after so many retransmissions. Deviation: RFC 9260 §6.3.1 starts with a second and §6.3.3 doubles each time. ICE
   * has measured the path, so that an answer that is late by a quarter of a round trip is lost; and where packets are lost
   * the second loss should not cost more than the first.
   */
  handshakeTimeout(retransmits: number): Millis {
    const { roundTripTime, rtoInitial, t1Min, backoffMax } = this.options;
    const known = roundTripTime !== undefined;
    const first = known ? Math.max(t1Min, T1_ROUND_TRIPS * roundTripTime + T1_SLACK) : rtoInitial;
    const doublings = Math.max(0, retransmits - (known ? T1_RETRIES_BEFORE_BACKOFF - 1 : 0));
    return Math.min(first * 2 ** Math.min(doublings, 30), Math.max(first, backoffMax));
  }
}

function schedulerOf(scheduler: SchedulerName | SchedulerFactory): StreamScheduler {
  return typeof scheduler === 'function' ? scheduler() : SCHEDULERS[scheduler]();
}
