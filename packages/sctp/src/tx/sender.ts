// Hot: the sending half of an association (RFC 9260 §6.1, §6.3, §7.2): what goes into a packet, what a SACK
// means, what a timeout does. Bookkeeping is in outstanding.ts, giving up in abandonment.ts.
import { add32, after32, atOrAfter32, type Millis, type TimerTable } from '@millrace/sans-io';
import type { PathErrors } from '../association/path-errors.ts';
import { TIMER } from '../association/timers.ts';
import type { DropReason } from '../drops.ts';
import { MAX_OUTSTANDING_CHUNKS, type ResolvedOptions } from '../options.ts';
import { IMMEDIATE } from '../packet/data.ts';
import {
  isSackSound,
  sackCumulativeTsn,
  sackGapCount,
  sackGapEnd,
  sackGapStart,
  sackWindow,
} from '../packet/sack.ts';
import type { PathPacketSize } from '../path/packet-size.ts';
import { Abandonment } from './abandonment.ts';
import type { ChunkFormat } from './chunk-format.ts';
import type { AckSample, CongestionControl } from './congestion.ts';
import { CHUNK_STATE, Outstanding } from './outstanding.ts';
import type { Rto } from './rto.ts';
import type { SendQueue } from './send-queue.ts';

/** §7.2.4: so many reports make a chunk lost. */
const MISSES_FOR_LOSS = 3;
/** A packet with less room than this is full: no message is cut for so little. */
const MIN_FRAGMENT_BYTES = 64;

/** In fast recovery, packets that may leave on top of what a SACK acknowledges. */
const RECOVERY_BURST_PACKETS = 2;
const NO_BYTES = new Uint8Array(0);

export interface SenderOptions {
  readonly options: ResolvedOptions;
  readonly size: PathPacketSize;
  readonly queue: SendQueue;
  readonly timers: TimerTable;
  readonly errors: PathErrors;
  readonly rto: Rto;
  readonly initialTsn: number;
  readonly peerWindow: number;
  /** Whether the peer understands FORWARD TSN; if not, every message is reliable. */
  readonly partialReliability: boolean;
  /** How fragments are written: DATA or I-DATA. */
  readonly format: ChunkFormat;
}

export class Sender {
  readonly outstanding: Outstanding;
  readonly congestion: CongestionControl;
  readonly abandonment: Abandonment;
  peerWindow: number;
  retransmittedChunks = 0;
  timeouts = 0;
  fastRecoveries = 0;
  /** Set while the association is shutting down: the peer should not delay its SACKs (RFC 7053 §4). */
  isShuttingDown = false;
  readonly #size: PathPacketSize;
  readonly #queue: SendQueue;
  readonly #timers: TimerTable;
  readonly #errors: PathErrors;
  readonly #rto: Rto;
  #format: ChunkFormat;
  readonly #burstPackets: number;
  /** Bytes in flight may not pass this, however large the window (§6.1 D). */
  #burstLimit: number;
  /** When something was last sent or acknowledged. */
  lastActivity: Millis = 0;
  #packet = 0;
  #windowLimited = false;
  #inRecovery = false;
  #recoveryPoint = 0;
  /** Bytes of lost chunks that may go out whatever the window says (§7.2.4 step 3). */
  #rescueBytes = 0;
  #heardSinceTimeout = false;
  /** A round trip is measured once in a round trip: on this TSN or a later one (§6.3.1 C4). */
  #measureFrom: number;
  /** Where in the packet the last DATA chunk lies. */
  #lastChunkAt = 0;
  /** TSN of the DATA chunk written last. */
  lastWrittenTsn = 0;
  // Scratch of one SACK.
  #ackedBytes = 0;
  #measuredSentAt = -1;
  #newestPacket = 0;
  #lostAny = false;
  readonly #sample: AckSample = {
    ackedBytes: 0,
    cumulativeAdvanced: false,
    flightBefore: 0,
    windowLimited: false,
    inRecovery: false,
    roundTripTime: -1,
    now: 0,
  };

  constructor(init: SenderOptions) {
    const { options } = init;
    this.#size = init.size;
    this.#queue = init.queue;
    this.#timers = init.timers;
    this.#errors = init.errors;
    this.#rto = init.rto;
    this.#format = init.format;
    this.peerWindow = init.peerWindow;
    this.outstanding = new Outstanding(init.initialTsn, init.format.headerBytes);
    this.abandonment = new Abandonment(
      this.outstanding,
      init.queue,
      init.partialReliability,
      init.format.interleaves,
    );
    this.congestion = options.congestionControl(init.size, options.initialWindowPackets * init.size.mtu);
    this.#burstPackets = options.maxBurst;
    this.#burstLimit = this.#burstBytes;
    this.#measureFrom = init.initialTsn;
  }

  get #burstBytes(): number {
    return this.#burstPackets * this.#size.mtu;
  }

  /** Whether everything that was ever sent has been acknowledged and nothing waits. */
  get isDone(): boolean {
    return this.outstanding.count === 0 && this.#queue.bufferedBytes === 0;
  }

  /** The peer turns out to be another one; nothing may be in flight. */
  set format(format: ChunkFormat) {
    this.#format = format;
    this.outstanding.headerBytes = format.headerBytes;
    this.abandonment.interleaves = format.interleaves;
  }

  get lastTsn(): number {
    return add32(this.outstanding.next, -1);
  }

  /** A guess at whether `write` would write anything: whether a SACK may count on company. */
  canSend(now: Millis): boolean {
    const { outstanding } = this;
    if (this.abandonment.isDue || (outstanding.lost > 0 && this.#rescueBytes > 0)) return true;
    if (outstanding.lost === 0 && this.#queue.next(now) === undefined) return false;
    const flight = outstanding.bytesInFlight;
    if (flight > 0 && (flight >= this.congestion.window || flight >= this.#burstLimit)) return false;
    return outstanding.lost > 0 || outstanding.count === 0 || this.peerWindow > outstanding.payloadInFlight;
  }

  /** Number of the packet written last. */
  get packetNumber(): number {
    return this.#packet;
  }

  /**
   * Writes FORWARD TSN and DATA chunks into `out[at, limit)`; returns where they end, `at` if there is nothing to send.
   * A chunk made for a longer packet than the path carries now may alone reach as far as `room`.
   */
  write(out: Uint8Array, at: number, limit: number, now: Millis, room: number = limit): number {
    const { outstanding } = this;
    this.#packet++;
    this.#queue.onPacket();
    this.#beforeSending(now);
    let end = this.abandonment.write(out, at, limit);
    const firstData = end;
    end = this.#writeLost(out, end, limit, room, now);
    const firstNew = end;
    end = this.#writeNew(out, end, limit, now);
    if (end === at) return at;
    this.lastActivity = now;
    if (end > firstData) {
      const isRepair = firstNew > firstData;
      if (isRepair || this.isShuttingDown || this.#isHeldBack()) out[this.#lastChunkAt + 1]! |= IMMEDIATE;
    }
    // §6.3.2 R1: T3 runs whenever something is outstanding.
    if (!this.#timers.isRunning(TIMER.T3_RTX) && outstanding.count > 0)
      this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
    return end;
  }

  /** Takes the SACK chunk `bytes[at, at + length)`. Returns why it was dropped, if it was. */
  onSack(bytes: Uint8Array, at: number, length: number, now: Millis): DropReason | undefined {
    const cumulative = sackCumulativeTsn(bytes, at);
    // §6.2.1 i: a SACK from before the one already seen.
    if (after32(add32(this.outstanding.first, -1), cumulative)) return 'old-sack';
    if (!isSackSound(bytes, at, length)) return 'bad-sack';
    const gaps = sackGapCount(bytes, at);
    const highest = gaps === 0 ? cumulative : add32(cumulative, sackGapEnd(bytes, at, gaps - 1));
    if (atOrAfter32(highest, this.outstanding.next)) return 'bad-sack'; // acknowledges what was never sent
    this.#onAck(cumulative, sackWindow(bytes, at), bytes, at, gaps, now);
    return undefined;
  }

  /** §9.2: a SHUTDOWN chunk acknowledges up to `cumulative`. */
  onShutdown(cumulative: number, now: Millis): DropReason | undefined {
    if (after32(add32(this.outstanding.first, -1), cumulative)) return 'old-sack';
    if (atOrAfter32(cumulative, this.outstanding.next)) return 'bad-sack';
    this.#onAck(cumulative, this.peerWindow, NO_BYTES, 0, 0, now);
    return undefined;
  }

  /** §6.3.3: T3-rtx ran out. */
  onTimeout(now: Millis): void {
    const { outstanding } = this;
    if (outstanding.count === 0) return;
    this.timeouts++;
    // §6.1 A: an unanswered probe of a closed window is no sign of a dead path while SACKs come.
    if (this.peerWindow < this.#size.mtu && this.#heardSinceTimeout) this.#errors.clear();
    else this.#errors.fail();
    this.#heardSinceTimeout = false;
    this.congestion.onTimeout(outstanding.bytesInFlight, now);
    this.#rto.backOff();
    this.#inRecovery = false;
    this.#rescueBytes = 0;
    this.#burstLimit = this.#burstBytes;
    this.loseAll(now);
    this.abandonment.request();
    this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
  }

  /** Starts T3 for what is outstanding, if anything is. */
  startTimer(now: Millis): void {
    if (this.outstanding.count > 0) this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
  }

  /** Everything in flight goes out again, or is given up. */
  loseAll(now: Millis): void {
    const { outstanding } = this;
    // `next` can move while messages are given up; what it moves over is given up too.
    for (let tsn = outstanding.first; tsn !== outstanding.next; tsn = add32(tsn, 1))
      if (outstanding.state(tsn) === CHUNK_STATE.IN_FLIGHT) this.#lose(tsn, now);
  }

  #beforeSending(now: Millis): void {
    if (this.outstanding.bytesInFlight > 0) return;
    const idle = now - this.lastActivity;
    const rto = this.#rto.current;
    if (this.lastActivity > 0 && idle > rto && this.#queue.hasData) {
      this.congestion.onIdle(idle, rto, now);
      this.lastActivity = now;
    }
    // The allowance of the last SACK does not outlive the round trip it belonged to.
    if (idle > (this.#rto.smoothedRoundTripTime ?? 0)) this.#burstLimit = this.#burstBytes;
  }

  /** §6.1 C: what was lost goes before what is new. */
  #writeLost(out: Uint8Array, at: number, limit: number, room: number, now: Millis): number {
    const { outstanding } = this;
    const start = at;
    while (outstanding.lost > 0) {
      const tsn = outstanding.nextLost();
      const message = outstanding.message(tsn)!;
      if (message.expiresAt <= now && this.abandonment.abandon(message, now)) continue;
      const length = outstanding.length(tsn);
      const bytes = outstanding.chunkBytes(length);
      // §6.9: what has been cut cannot be cut again; if the path has become shorter, IP has to.
      if (at + bytes > limit && (at > start || at + bytes > room)) return at;
      if (!this.#fitsWindow(bytes)) {
        if (this.#rescueBytes < bytes) return at;
        this.#rescueBytes -= bytes;
      }
      outstanding.resend(tsn, this.#packet, now);
      this.retransmittedChunks++;
      // A sending that is repeated says nothing of the path's length, and the timer starts with it (§6.3.2 R1).
      if (tsn === outstanding.first) this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
      this.#lastChunkAt = at;
      this.lastWrittenTsn = tsn;
      at = this.#format.write(
        out,
        at,
        tsn,
        message,
        outstanding.offset(tsn),
        length,
        outstanding.fragment(tsn),
      );
    }
    return at;
  }

  #writeNew(out: Uint8Array, at: number, limit: number, now: Millis): number {
    const { outstanding } = this;
    const queue = this.#queue;
    const { headerBytes } = this.#format;
    const wholeChunk = this.#size.chunkBytes - headerBytes;
    for (let message = queue.next(now); message !== undefined; message = queue.next(now)) {
      if (message.expiresAt <= now && this.abandonment.abandon(message, now)) continue;
      const room = Math.min(limit - at - headerBytes, wholeChunk);
      let length = message.length - message.sent;
      if (length > room) {
        // §6.9: only what does not fit in a chunk of its own is cut; intermediate fragments fill the packet.
        if (message.isUntouched && length <= wholeChunk) return at;
        if (room < MIN_FRAGMENT_BYTES) return at;
        length = room & ~3;
      }
      // §6.1 A: no more than the peer's window, but one chunk may always be under way.
      if (length > this.peerWindow - outstanding.payloadInFlight && outstanding.count > 0) return at;
      if (!this.#fitsWindow(outstanding.chunkBytes(length)) || outstanding.count >= MAX_OUTSTANDING_CHUNKS)
        return at;
      const offset = message.sent;
      queue.advance(message, length);
      const tsn = outstanding.add(message, offset, length, this.#packet, now);
      this.#lastChunkAt = at;
      this.lastWrittenTsn = tsn;
      at = this.#format.write(out, at, tsn, message, offset, length, outstanding.fragment(tsn));
    }
    return at;
  }

  /** §6.1 B: whether `bytes` more may be in flight. One chunk always may. */
  #fitsWindow(bytes: number): boolean {
    const flight = this.outstanding.bytesInFlight;
    if (flight === 0) return true;
    if (flight + bytes > this.congestion.window) {
      this.#windowLimited = true;
      return false;
    }
    return flight + bytes <= this.#burstLimit;
  }

  /** Whether there is more to send than may be sent before the next SACK. */
  #isHeldBack(): boolean {
    const { outstanding } = this;
    if (outstanding.lost === 0 && !this.#queue.hasData) return false;
    const flight = outstanding.bytesInFlight + this.#size.mtu;
    return (
      flight > this.congestion.window ||
      flight > this.#burstLimit ||
      this.#size.mtu > this.peerWindow - outstanding.payloadInFlight
    );
  }

  #onAck(cumulative: number, window: number, bytes: Uint8Array, at: number, gaps: number, now: Millis): void {
    const { outstanding } = this;
    const sample = this.#sample;
    sample.now = now;
    sample.flightBefore = outstanding.bytesInFlight;
    sample.windowLimited = this.#windowLimited;
    sample.cumulativeAdvanced = cumulative !== add32(outstanding.first, -1);
    this.#windowLimited = false;
    this.#ackedBytes = 0;
    this.#measuredSentAt = -1;
    this.#newestPacket = 0;
    this.#lostAny = false;
    this.#heardSinceTimeout = true;
    this.#acknowledgeThrough(cumulative);
    if (this.#inRecovery && atOrAfter32(cumulative, this.#recoveryPoint)) this.#inRecovery = false;
    this.#takeGaps(bytes, at, cumulative, gaps, sample.cumulativeAdvanced);
    this.#takeBackReneged();
    this.peerWindow = window;
    this.#conclude(sample, now);
  }

  #acknowledgeThrough(cumulative: number): void {
    const { outstanding } = this;
    while (!after32(outstanding.first, cumulative)) {
      const tsn = outstanding.first;
      const state = outstanding.state(tsn);
      if (state === CHUNK_STATE.IN_FLIGHT || state === CHUNK_STATE.LOST) this.#acknowledge(tsn);
      const message = outstanding.removeFirst();
      if (message.outstanding === 0 && message.isWhollySent) this.#queue.release(message);
    }
  }

  #acknowledge(tsn: number): void {
    const { outstanding } = this;
    const packet = outstanding.packet(tsn);
    if (packet > this.#newestPacket && this.#isAnswer(tsn)) {
      this.#newestPacket = packet;
      // §6.3.1 C5 (Karn): what was sent twice, or given up for lost, measures nothing. Nor does what a SACK brings
      // in beside something sent later: it may have come long ago, and only its SACK been lost.
      const measures =
        outstanding.sends(tsn) === 1 &&
        outstanding.state(tsn) === CHUNK_STATE.IN_FLIGHT &&
        atOrAfter32(tsn, this.#measureFrom);
      this.#measuredSentAt = measures ? outstanding.sentAt(tsn) : -1;
    }
    this.#ackedBytes += outstanding.acknowledge(tsn);
  }

  /** Whether an acknowledgement is likely to be for the last sending of `tsn`: one that is too quick is for one before. */
  #isAnswer(tsn: number): boolean {
    const { outstanding } = this;
    return (
      outstanding.sends(tsn) === 1 ||
      this.#sample.now - outstanding.sentAt(tsn) >= this.#rto.shortestRoundTripTime
    );
  }

  /** Walks the gap blocks from the highest down, so that each hole knows how many packets above it were newly acked. */
  #takeGaps(
    bytes: Uint8Array,
    at: number,
    cumulative: number,
    gaps: number,
    cumulativeAdvanced: boolean,
  ): void {
    let misses = 0;
    // §7.2.4: in fast recovery a SACK that moves the cumulative TSN counts against all that it reports missing.
    const atLeast = this.#inRecovery && cumulativeAdvanced ? 1 : 0;
    let blockAbove = 0;
    for (let i = gaps - 1; i >= 0; i--) {
      const start = add32(cumulative, sackGapStart(bytes, at, i));
      const end = add32(cumulative, sackGapEnd(bytes, at, i));
      if (i < gaps - 1) this.#countMisses(add32(end, 1), blockAbove, Math.max(misses, atLeast));
      misses += this.#acknowledgeBlock(start, end);
      blockAbove = start;
    }
    if (gaps > 0) this.#countMisses(add32(cumulative, 1), blockAbove, Math.max(misses, atLeast));
  }

  /** Returns how many packets have a chunk that is acknowledged for the first time. */
  #acknowledgeBlock(start: number, end: number): number {
    const { outstanding } = this;
    let packets = 0;
    let lastPacket = -1;
    for (let tsn = start; !after32(tsn, end); tsn = add32(tsn, 1)) {
      const state = outstanding.state(tsn);
      if (state === CHUNK_STATE.ACKED) {
        const through = outstanding.ackedThrough(tsn);
        if (atOrAfter32(through, end)) break;
        outstanding.setAckedThrough(tsn, end);
        tsn = through;
      } else if (state !== CHUNK_STATE.ABANDONED) {
        if (outstanding.packet(tsn) !== lastPacket) packets++;
        lastPacket = outstanding.packet(tsn);
        this.#acknowledge(tsn);
        outstanding.setAckedThrough(tsn, end);
      }
    }
    return packets;
  }

  /**
   * §7.2.4: counts the chunks of `[from, to)` as missed. Deviation: a SACK that newly acknowledges several packets
   * sent later counts as often, since it stands for as many SACKs; and a chunk may be lost again, but only
   * what was sent after its last sending counts against it.
   */
  #countMisses(from: number, to: number, misses: number): void {
    if (misses === 0) return;
    const { outstanding } = this;
    for (let tsn = from; tsn !== to; tsn = add32(tsn, 1)) {
      if (outstanding.state(tsn) !== CHUNK_STATE.IN_FLIGHT) continue;
      const sentLater = this.#newestPacket - outstanding.packet(tsn);
      const count = outstanding.sends(tsn) === 1 ? misses : Math.min(misses, sentLater);
      if (count <= 0 || outstanding.addMisses(tsn, count) < MISSES_FOR_LOSS) continue;
      this.#lostAny = true;
      this.#lose(tsn, this.#sample.now);
    }
  }

  /** §6.2.1: the oldest chunk cannot be acked in a gap block; if it is, the peer no longer has it nor what follows it. */
  #takeBackReneged(): void {
    const { outstanding } = this;
    for (
      let tsn = outstanding.first;
      tsn !== outstanding.next && outstanding.state(tsn) === CHUNK_STATE.ACKED;
      tsn = add32(tsn, 1)
    )
      outstanding.lose(tsn);
  }

  #conclude(sample: AckSample, now: Millis): void {
    const { outstanding } = this;
    sample.ackedBytes = this.#ackedBytes;
    sample.roundTripTime = -1;
    if (this.#measuredSentAt >= 0) {
      sample.roundTripTime = now - this.#measuredSentAt;
      this.#rto.observe(sample.roundTripTime);
      this.#measureFrom = outstanding.next;
    }
    if (this.#ackedBytes > 0 || sample.cumulativeAdvanced) this.#errors.clear(); // §8.1, §8.2
    sample.inRecovery = this.#inRecovery;
    this.congestion.onAck(sample);
    if (this.#lostAny && !this.#inRecovery) {
      this.congestion.onLoss(sample.flightBefore, now);
      this.fastRecoveries++;
      this.#inRecovery = true;
      this.#recoveryPoint = this.lastTsn;
    }
    // §7.2.4 step 3: one packet of lost chunks goes out whatever the window says. Each SACK tells moreover that packets
    // have left the network, also when it has no room to say which; while more is believed to be in flight than fits
    // the window, as many lost chunks may take their place (as in RFC 6937), or a loss of more holes than a SACK can
    // list would wait for T3.
    this.#rescueBytes = this.#inRecovery ? Math.max(this.#ackedBytes, this.#size.mtu) : 0;
    // §6.1 D: what was acknowledged may be replaced, and a burst more. What was lost leaves no room of its own: it is
    // sent again at the pace of what arrives.
    const burst = this.#inRecovery ? RECOVERY_BURST_PACKETS * this.#size.mtu : this.#burstBytes;
    this.#burstLimit = outstanding.bytesInFlight + this.#ackedBytes + burst;
    this.lastActivity = now;
    this.abandonment.onSack();
    // §6.3.2 R2, R3.
    if (outstanding.count === 0) this.#timers.stop(TIMER.T3_RTX);
    else if (sample.cumulativeAdvanced || !this.#timers.isRunning(TIMER.T3_RTX))
      this.#timers.set(TIMER.T3_RTX, now + this.#rto.current);
  }

  #lose(tsn: number, now: Millis): void {
    const { outstanding } = this;
    const message = outstanding.message(tsn)!;
    const isSpent = outstanding.sends(tsn) > message.maxRetransmits || message.expiresAt <= now;
    if (isSpent && this.abandonment.abandon(message, now)) return;
    outstanding.lose(tsn);
  }
}
