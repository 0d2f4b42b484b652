// An SCTP association over a path that somebody else secures (RFC 9260, RFC 8261): the one class that users see.
// It only routes: packets, time and requests to the procedure they belong to. One path, so no multihoming (§6.4).
import { type Core, type DropCounts, type Millis, NEVER } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import { SctpError } from '../errors.ts';
import { MAX_MTU, type SctpOptions } from '../options.ts';
import { CAUSE, makeCause, makeTextCause } from '../packet/error-causes.ts';
import type { SctpSink } from '../sink.ts';
import { expiryOf } from '../tx/send-queue.ts';
import { Connect } from './connect.ts';
import { AssociationContext } from './context.ts';
import { Heartbeat } from './heartbeat.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';
import { Shutdown } from './shutdown.ts';
import { readSignaledInit } from './signaled-init.ts';
import { type AssociationState, type StateName, seenAs } from './state.ts';
import type { Tcb } from './tcb.ts';
import { TIMER } from './timers.ts';

/** A send queue is never worth less than this. */
const MIN_SEND_BUFFER = 256 * 1024;

export interface SendOptions {
  /** Whether the message is delivered behind those sent before it on its stream. */
  readonly ordered: boolean;
  /** Give the message up when it would have to be retransmitted more often than this (RFC 7496 §3.1). Default: never. */
  readonly maxRetransmits?: number;
  /** Give the message up when this many milliseconds have passed (RFC 3758 §4.1). Default: never. */
  readonly maxPacketLifeTime?: Millis;
}

/** What is known of the way to the peer beforehand. */
export interface SctpPath {
  /**
   * Longest packet worth asking the path about, in bytes with checksum and padding. Where it is no longer than the
   * `mtu` option nothing is searched.
   */
  readonly limit: number;
  /** No packet leaves this machine, so the path can never become narrower: chunks may be as long as packets. */
  readonly isLocal?: boolean;
  /** In ms, if it has been measured. */
  readonly roundTripTime?: Millis;
}

/** A moment's copy of what there is to know. */
export interface SctpStats {
  readonly state: AssociationState;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly retransmittedChunks: number;
  readonly abandonedMessages: number;
  /** Times that T3-rtx ran out. */
  readonly timeouts: number;
  readonly fastRecoveries: number;
  /** Fast recoveries and timeouts taken back, because nothing had been lost. */
  readonly spuriousRecoveries: number;
  readonly tailLossProbes: number;
  readonly smoothedRoundTripTime: Millis | undefined;
  readonly rto: Millis;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
  /** Bytes per ms at which packets leave; infinite if nothing but the window limits them. */
  readonly pacingRate: number;
  readonly bytesInFlight: number;
  /** What the peer last said it can take. */
  readonly peerWindow: number;
  /** What we can take now. */
  readonly receiveWindow: number;
  /** What we could take if nothing were held: grows with what arrives in a round trip. */
  readonly receiveWindowSize: number;
  /** Bytes in `hold`, not yet `consumed`. */
  readonly unreadBytes: number;
  /** Bytes of messages held for sending, until they are acknowledged. */
  readonly sendMemory: number;
  /** Longest packet that the path is known to carry. */
  readonly mtu: number;
  readonly mtuProbesSent: number;
  /** How often long packets vanished and `mtu` fell back. */
  readonly blackHoles: number;
  readonly drops: DropCounts<DropReason>;
}

/** One end of an SCTP association. */
export class SctpAssociation implements Core<SctpSink> {
  readonly #context: AssociationContext;
  readonly #connect: Connect;
  readonly #shutdown: Shutdown;
  readonly #heartbeat: Heartbeat;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  /** `setPath` has been called: the next call is about another path. */
  #hasPath = false;
  /** `onConnected` has been raised. */
  #isTold = false;
  #packetsSent = 0;
  #packetsReceived = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #messagesSent = 0;

  constructor(options: SctpOptions) {
    const context = new AssociationContext(options);
    this.#context = context;
    this.#shutdown = new Shutdown(context);
    this.#heartbeat = new Heartbeat(context);
    this.#connect = new Connect(context, {
      onAgreed: () => this.#tellConnected(),
      onEstablished: (tcb, isRestart, now) => this.#onEstablished(tcb, isRestart, now),
    });
    this.#inbound = new Inbound(context, this.#connect, this.#shutdown, this.#heartbeat);
    this.#outbound = new Outbound(context, this.#shutdown);
  }

  get state(): AssociationState {
    return seenAs(this.#context.state.name);
  }

  /** The state by its name in RFC 9260 §4. */
  get phase(): StateName {
    return this.#context.state.name;
  }

  /** Streams we may send on: ids below this. What we asked for until the handshake is over. */
  get maxOutboundStreams(): number {
    return this.#context.tcb?.outboundStreams ?? this.#context.options.outboundStreams;
  }

  get maxInboundStreams(): number {
    return this.#context.tcb?.inboundStreams ?? this.#context.options.inboundStreams;
  }

  /** Whether the peer can give up messages; if not, they are all reliable. Known once connected. */
  get hasPartialReliability(): boolean {
    return this.#context.tcb?.capabilities.forwardTsn ?? false;
  }

  /** Whether the peer can reset streams; if not, `resetStreams` ends in `onResetFailed`. Known once connected. */
  get hasStreamReset(): boolean {
    return this.#context.tcb?.capabilities.reconfig ?? false;
  }

  /** Whether there was no handshake, since both INITs had come by signaling. */
  get isSignaled(): boolean {
    return this.#context.tcb?.isSignaled ?? false;
  }

  /** Whether messages of different streams may take turns (RFC 8260). Known once connected. */
  get hasInterleaving(): boolean {
    return this.#context.tcb?.capabilities.interleaving ?? false;
  }

  /** Whether packets may go out without a checksum (RFC 9653). Known once connected. */
  get hasZeroChecksum(): boolean {
    return this.#context.tcb?.capabilities.zeroChecksum ?? false;
  }

  /** User bytes of all streams accepted by `send` and not yet put into a packet. */
  get totalBuffered(): number {
    return this.#context.queue.bufferedBytes;
  }

  /** User bytes of one stream accepted by `send` and not yet put into a packet. */
  bufferedAmount(stream: number): number {
    return this.#context.queue.stream(stream)?.bufferedBytes ?? 0;
  }

  /** Whether `send` would take a message of `bytes` now. */
  canSend(bytes: number): boolean {
    return (
      this.#isOpenForSending &&
      bytes > 0 &&
      this.totalBuffered + bytes <= this.#context.options.sendQueueLimit &&
      this.#hasBudgetFor(bytes) &&
      this.#context.queue.hasMemoryFor(bytes)
    );
  }

  /**
   * Bytes worth having in the send queue: twice what the path takes in a round trip. More only grows old there; less
   * may leave the path idle until the sender's next turn.
   */
  get sendBufferTarget(): number {
    const { tcb, options } = this.#context;
    const wanted = Math.max(2 * (tcb?.sender.congestion.window ?? 0), MIN_SEND_BUFFER);
    return Math.min(wanted, options.sendQueueLimit);
  }

  /**
   * `bytes` of messages that the sink was given wait for their reader. They stay in the receive window until `consumed`,
   * so that a peer whose messages are not read has to stop sending. The window is the association's, and so is the stop.
   */
  hold(bytes: number): void {
    this.#context.window.unread += bytes;
    this.#context.settleMemory();
  }

  /** So many of the bytes in `hold` have been read. Call `transmit` next: the peer may have to hear of it. */
  consumed(bytes: number): void {
    const { window } = this.#context;
    if (!(bytes >= 0 && bytes <= window.unread))
      throw new SctpError('NOT_HELD', `${bytes} of ${window.unread}`);
    window.unread -= bytes;
    this.#context.settleMemory();
  }

  /**
   * Begins the handshake. Both ends may; harmless when the peer was quicker. With the peer's INIT chunk, if it has come
   * by signaling and ours (`signaledInit`) has gone there, it is over at once. Throws CLOSED or BAD_INIT.
   */
  connect(now: Millis, remoteInit?: Uint8Array): void {
    if (this.state === 'closed') throw new SctpError('CLOSED');
    if (remoteInit === undefined) {
      this.#connect.begin(now);
      return;
    }
    const init = readSignaledInit(remoteInit);
    if (init === undefined) throw new SctpError('BAD_INIT', `${remoteInit.length} bytes`);
    this.#connect.adopt(init, now);
  }

  /**
   * Queues the message `bytes[at, end)`, borrowed for the call. May be called before the handshake is over. Throws
   * CLOSED, EMPTY_MESSAGE, BAD_STREAM, TOO_LARGE or QUEUE_FULL, and has then changed nothing.
   */
  send(
    stream: number,
    ppid: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    options: SendOptions,
    now: Millis,
  ): void {
    const { queue, options: tunables } = this.#context;
    const length = end - at;
    if (!this.#isOpenForSending) throw new SctpError('CLOSED');
    if (!(length > 0)) throw new SctpError('EMPTY_MESSAGE');
    this.#requireStream(stream);
    if (length > tunables.sendQueueLimit) throw new SctpError('TOO_LARGE', `${length} bytes`);
    if (queue.bufferedBytes + length > tunables.sendQueueLimit || !this.#hasBudgetFor(length))
      throw new SctpError('QUEUE_FULL');
    const isQueued = queue.push(
      stream,
      ppid,
      bytes,
      at,
      end,
      options.ordered,
      options.maxRetransmits ?? Number.POSITIVE_INFINITY,
      expiryOf(options.maxPacketLifeTime, now),
    );
    if (!isQueued) throw new SctpError('QUEUE_FULL');
    this.#messagesSent++;
    this.#context.settleMemory();
    const { discovery, rto } = this.#context;
    if (discovery.isDeferred) discovery.onQueued(length, rto.current, now);
  }

  /**
   * Resets our side of `streams` when what has been sent on them is acknowledged; ends in `onResetDone` or
   * `onResetFailed`. Messages sent on them from now on wait, and belong to the stream's next life.
   */
  resetStreams(streams: readonly number[], now: Millis): void {
    const { queue, tcb } = this.#context;
    if (this.state === 'closed') throw new SctpError('CLOSED');
    for (const stream of streams) this.#requireStream(stream);
    for (const stream of streams) queue.beginReset(stream);
    if (tcb !== undefined && this.phase === 'established') tcb.streamReset.proceed(now);
  }

  /**
   * The weight of `stream` among the others, or its rank with the `priority` scheduler: 1 to 65535, 256 unless set
   * (RFC 8831 §6.4). Holds at once, and until the stream has been reset.
   */
  setStreamPriority(stream: number, priority: number): void {
    this.#requireStream(stream);
    if (!(priority >= 1 && priority <= 0xffff))
      throw new SctpError('BAD_OPTION', `a priority must lie in 1..65535, not ${priority}`);
    this.#context.queue.setPriority(stream, priority);
  }

  /**
   * Holds messages back until they fill packets, for who is about to send many small ones over several turns of the
   * event loop; within a turn they share packets anyway. Comes out by `uncork`, by closing, or after `corkLimit`.
   */
  cork(now: Millis): void {
    const { tcb, timers, options } = this.#context;
    if (tcb === undefined || tcb.sender.isCorked) return;
    tcb.sender.isCorked = true;
    timers.set(TIMER.CORK, now + options.corkLimit);
  }

  /** Lets go what `cork` has held back: ask for packets after this. */
  uncork(_now: Millis): void {
    const { tcb, timers } = this.#context;
    timers.stop(TIMER.CORK);
    if (tcb !== undefined) tcb.sender.isCorked = false;
  }

  /** Closes once everything queued has been acknowledged. */
  shutdown(now: Millis): void {
    this.uncork(now);
    this.#shutdown.begin(now);
  }

  /** Closes at once. `reason` is told to the peer, cut to what fits an error cause. */
  abort(reason: string | undefined, _now: Millis): void {
    const cause =
      reason === undefined ? makeCause(CAUSE.USER_ABORT) : makeTextCause(CAUSE.USER_ABORT, reason);
    this.#context.abort(cause, { by: 'local', code: 'ABORTED' });
  }

  /**
   * Packets take another path from now on, or the first one is known: the search for its MTU (RFC 8899) begins again
   * at the `mtu` option, and what was learnt of another path's length and width is forgotten. What is outstanding stays so.
   */
  setPath(path: SctpPath, now: Millis): void {
    const { limit, isLocal = false, roundTripTime } = path;
    if (!(limit >= 0 && limit <= MAX_MTU)) throw new SctpError('BAD_OPTION', `limit ${limit}`);
    const { discovery, blackHoleWatch, rto, tcb } = this.#context;
    blackHoleWatch.reset();
    const isOther = this.#hasPath && tcb !== undefined;
    this.#hasPath = true;
    if (isOther) rto.restart(roundTripTime);
    const isFirstMeasured = roundTripTime !== undefined && rto.smoothedRoundTripTime === undefined;
    if (isOther) rto.restart(roundTripTime);
    else if (isFirstMeasured) rto.observe(roundTripTime);
    discovery.setPath(limit, isLocal, rto.current, now);
    // A congestion control that was made before the path was known has begun with a guess at its length.
    if (isOther || (isFirstMeasured && tcb?.sender.outstanding.count === 0)) tcb?.sender.onNewPath(now);
  }

  /** A packet of `bytes` was refused by a router (ICMP) or by this host (EMSGSIZE) because of its length. */
  onPacketTooBig(bytes: number, now: Millis): void {
    const { discovery, rto } = this.#context;
    discovery.onPacketTooBig(bytes, rto.current, now);
  }

  /**
   * Whether the packet that `transmit` wrote last is longer than the path is known to carry, because a chunk of it was
   * made when the path carried more: IP may have to fragment it (RFC 9260 §6.9).
   */
  get mayFragment(): boolean {
    return this.#outbound.mayFragment;
  }

  /** Room that `transmit` needs for any packet or probe that may be next. */
  get maxPacketBytes(): number {
    const { discovery, size } = this.#context;
    return Math.max(discovery.limit, size.longest);
  }

  /** Takes one packet. Its checksum field is cleared in place; nothing of `bytes` is kept. */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    this.#packetsReceived++;
    this.#bytesReceived += end - at;
    const { trace } = this.#context.options;
    if (trace?.isOn) trace.onPacket('in', bytes, at, end);
    this.#inbound.onPacket(bytes, at, end, now);
    this.#context.settleMemory();
  }

  /** Writes one packet. Room for `maxPacketBytes` is needed for every packet to fit. */
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    const length = this.#outbound.write(out, at, end, now);
    if (length > 0) {
      this.#packetsSent++;
      this.#bytesSent += length;
      const { trace } = this.#context.options;
      if (trace?.isOn) trace.onPacket('out', out, at, at + length);
    }
    return length;
  }

  deadline(): Millis {
    return this.state === 'closed' ? NEVER : this.#context.timers.next();
  }

  expire(now: Millis): void {
    const { timers, tcb, discovery, rto } = this.#context;
    if (timers.next() > now) return;
    this.#context.queue.trim(now);
    if (timers.take(TIMER.T1, now)) this.#connect.onTimeout(now);
    if (timers.take(TIMER.DELAYED_ACK, now)) tcb?.receiver.onAckTimeout();
    if (timers.take(TIMER.T3_RTX, now) && tcb !== undefined) {
      tcb.sender.onTimeout(now);
      this.#context.onBlackHole(now);
      this.#context.closeIfUnreachable();
    }
    if (timers.take(TIMER.LOSS, now)) tcb?.sender.onLossTimer(now);
    if (timers.take(TIMER.CORK, now)) this.uncork(now);
    timers.take(TIMER.PACING, now); // the driver asks for packets after this anyway
    if (timers.take(TIMER.RECONFIG, now)) tcb?.streamReset.onTimeout(now);
    if (timers.take(TIMER.T2_SHUTDOWN, now)) this.#shutdown.onTimeout(now);
    if (timers.take(TIMER.T5_SHUTDOWN_GUARD, now)) this.#shutdown.onGuardTimeout();
    if (timers.take(TIMER.HEARTBEAT_ACK, now)) this.#heartbeat.onAckTimeout();
    if (timers.take(TIMER.HEARTBEAT, now)) this.#heartbeat.onTimeout(now);
    if (timers.take(TIMER.PATH_MTU, now)) discovery.onTimeout(rto.current, now);
  }

  drain(sink: SctpSink): boolean {
    return this.#context.events.drain(sink, this.#context.queue);
  }

  get stats(): SctpStats {
    const { tcb, rto, options, size, discovery, drops, window, queue } = this.#context;
    return {
      state: this.state,
      packetsSent: this.#packetsSent,
      packetsReceived: this.#packetsReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      messagesSent: this.#messagesSent,
      messagesReceived: tcb?.receiver.order.messagesReceived ?? 0,
      retransmittedChunks: tcb?.sender.retransmittedChunks ?? 0,
      abandonedMessages: tcb?.sender.abandonment.abandonedMessages ?? 0,
      timeouts: tcb?.sender.recovery.timeouts ?? 0,
      fastRecoveries: tcb?.sender.recovery.fastRecoveries ?? 0,
      spuriousRecoveries: tcb?.sender.recovery.spuriousRecoveries ?? 0,
      tailLossProbes: tcb?.sender.recovery.tailLossProbes ?? 0,
      smoothedRoundTripTime: rto.smoothedRoundTripTime,
      rto: rto.current,
      congestionWindow: tcb?.sender.congestion.window ?? options.initialWindowPackets * size.mtu,
      slowStartThreshold: tcb?.sender.congestion.slowStartThreshold ?? NEVER,
      pacingRate: tcb?.sender.congestion.pacingRate ?? NEVER,
      bytesInFlight: tcb?.sender.outstanding.bytesInFlight ?? 0,
      peerWindow: tcb?.sender.peerWindow ?? 0,
      receiveWindow: window.available,
      receiveWindowSize: window.size,
      unreadBytes: window.unread,
      sendMemory: queue.heldBytes,
      mtu: size.mtu,
      mtuProbesSent: discovery.probesSent,
      blackHoles: discovery.blackHoles,
      drops: { ...drops.counts },
    };
  }

  /** Whoever holds nothing may always send one message, however little memory the others have left. */
  #hasBudgetFor(bytes: number): boolean {
    const { queue, memory } = this.#context;
    return bytes <= memory.available || queue.heldBytes === 0;
  }

  get #isOpenForSending(): boolean {
    return !this.#shutdown.isUnderWay;
  }

  #requireStream(stream: number): void {
    if (Number.isInteger(stream) && stream >= 0 && stream < this.maxOutboundStreams) return;
    throw new SctpError('BAD_STREAM', `${stream} of ${this.maxOutboundStreams}`);
  }

  #tellConnected(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#context.events.connected();
  }

  #onEstablished(tcb: Tcb, isRestart: boolean, now: Millis): void {
    const { events, discovery, rto } = this.#context;
    if (isRestart) events.restarted();
    else this.#tellConnected();
    if (tcb.capabilities.interleaving) this.#context.queue.interleave(tcb.sender.peerWindow);
    tcb.sender.startTimers(now);
    this.#heartbeat.begin(now);
    const { largestPacket, padding } = tcb.capabilities;
    discovery.begin(largestPacket, padding, rto.current, now);
    tcb.streamReset.proceed(now);
    this.#shutdown.onEstablished(now);
  }
}
