// Hot: the sending half of an association (RFC 9260 §6.1): what goes into a packet, and when. What SACKs and timers mean
// is in loss-recovery.ts, bookkeeping in outstanding.ts, giving up in abandonment.ts.
import {
  add32,
  after32,
  distance32,
  type Millis,
  NEVER,
  randomUnit,
  type TimerTable,
} from '@millrace/sans-io';
import type { PathErrors } from '../association/path-errors.ts';
import { TIMER } from '../association/timers.ts';
import type { DropReason } from '../drops.ts';
import type { ResolvedOptions } from '../options.ts';
import { IMMEDIATE } from '../packet/data.ts';
import { HEADER_BYTES } from '../packet/packet.ts';
import { isSackSound, sackCumulativeTsn, sackGapCount, sackGapEnd, sackWindow } from '../packet/sack.ts';
import type { PathPacketSize } from '../path/packet-size.ts';
import { Abandonment } from './abandonment.ts';
import { AckChallenge } from './ack-challenge.ts';
import type { ChunkFormat } from './chunk-format.ts';
import type { CongestionControl } from './congestion/congestion-control.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { LossRecovery } from './loss-recovery.ts';
import type { OutgoingMessage } from './outgoing-stream.ts';
import { CHUNK_STATE, ORIGINALS, Outstanding, REPEATS } from './outstanding.ts';
import { Pacer } from './pacer.ts';
import type { Rto } from './rto.ts';
import type { SendQueue } from './send-queue.ts';

/** A packet with less room than this is full: no message is cut for so little. */
const MIN_FRAGMENT_BYTES = 64;
/** Packets of a burst in the midst of a paced transfer. */
const PACED_BURST_PACKETS = 2;
/** In fast recovery, packets that may leave at once on top of what a SACK acknowledges. */
const RECOVERY_BURST_PACKETS = 2;
/** A SACK at once is asked for no more often than every so many round trips, nor than every millisecond. */
const ASK_ROUND_TRIPS = 1 / 8;
const ASK_MIN: Millis = 1;
/** Chunks in flight that are few enough to look at each of them. */
const MAX_TAIL_CHUNKS = 16;
/** Messages of a stream under way, so that no two have SSNs half the sequence space apart (§1.6). */
const MAX_ORDERED_UNDER_WAY = 32_767;
/** A gap block reaches no further (§3.3.4). */
const GAP_REACH = 0xffff;
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
  /** Whether the peer is known to skip TSNs as FORWARD TSN says, and to go on with all else. */
  readonly skipsEmptyTsns: boolean;
  /** How fragments are written: DATA or I-DATA. */
  readonly format: ChunkFormat;
  /** Whether the peer tells what came last beside SACKs that cannot list all. */
  readonly latestTsns: boolean;
}

export class Sender {
  readonly outstanding: Outstanding;
  readonly abandonment: Abandonment;
  readonly challenge: AckChallenge;
  readonly recovery: LossRecovery;
  readonly delivery: DeliveryRate = new DeliveryRate();
  retransmittedChunks = 0;
  /** New messages wait until they fill a packet. */
  isCorked = false;
  /** Set while the association is shutting down: the peer should not delay its SACKs (RFC 7053 §4). */
  isShuttingDown = false;
  /** TSN of the DATA chunk written last. */
  lastWrittenTsn = 0;
  readonly #options: ResolvedOptions;
  readonly #size: PathPacketSize;
  readonly #queue: SendQueue;
  readonly #timers: TimerTable;
  readonly #rto: Rto;
  readonly #pacer = new Pacer();
  #format: ChunkFormat;
  #peerWindow = 0;
  #packet = 0;
  /** Bytes in flight may not pass this while packets are not paced, however large the window (§6.1 D). */
  #burstLimit: number;
  /** Where in the packet the last DATA chunk lies. */
  #lastChunkAt = 0;
  #askedAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(init: SenderOptions) {
    const { options, size, queue, timers, errors, rto } = init;
    this.#options = options;
    this.#size = size;
    this.#queue = queue;
    this.#timers = timers;
    this.#rto = rto;
    this.#format = init.format;
    this.outstanding = new Outstanding(init.initialTsn, init.format.headerBytes);
    const { interleaves } = init.format;
    const { outstanding, delivery } = this;
    const challenge = new AckChallenge(outstanding, options.random, init.skipsEmptyTsns);
    this.challenge = challenge;
    const abandonment = new Abandonment(outstanding, queue, challenge, init.partialReliability, interleaves);
    this.abandonment = abandonment;
    this.recovery = new LossRecovery(
      { outstanding, queue, timers, errors, rto, size, abandonment, challenge, delivery },
      this.#newCongestionControl(),
    );
    this.recovery.hasLatestTsns = init.latestTsns;
    this.#burstLimit = this.#pauseBytes;
    this.peerWindow = init.peerWindow;
  }

  get congestion(): CongestionControl {
    return this.recovery.congestion;
  }

  get lastActivity(): Millis {
    return this.recovery.lastActivity;
  }

  get peerWindow(): number {
    return this.#peerWindow;
  }

  set peerWindow(bytes: number) {
    this.#peerWindow = bytes;
    this.recovery.isPeerWindowClosed = bytes < this.#size.mtu;
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

  /** Number of the packet written last. */
  get packetNumber(): number {
    return this.#packet;
  }

  /** A guess at whether `write` would write anything: whether a SACK may count on company. */
  canSend(now: Millis): boolean {
    const { outstanding } = this;
    if (this.abandonment.isDue || this.recovery.isProbeDue) return true;
    return !this.#pacer.isBlocked(now) && outstanding.bytesInFlight < this.#limit && this.#hasSendable(now);
  }

  /**
   * Writes FORWARD TSN and DATA chunks into `out[at, limit)`; returns where they end, `at` if there is nothing to send.
   * A chunk made for a longer packet than the path carries now may alone reach as far as `room`.
   */
  write(out: Uint8Array, at: number, limit: number, now: Millis, room: number = limit): number {
    const { recovery, outstanding } = this;
    this.#queue.onPacket();
    this.#beforeSending(now);
    const first = this.abandonment.write(out, at, limit);
    if (recovery.isProbeDue) return this.#writeProbe(out, first, limit, room, now);
    if (this.#pacer.isBlocked(now)) {
      if (this.#hasSendable(now) && outstanding.bytesInFlight < this.#limit) {
        this.#pacer.wait();
        this.#timers.set(TIMER.PACING, this.#pacer.releaseAt);
      }
      if (first > at) recovery.startTimerIfStopped(now);
      return first;
    }
    const flightBefore = outstanding.bytesInFlight;
    const firstNew = this.#writeLost(out, first, limit, room, now);
    const end = this.#writeNew(out, firstNew, limit, now);
    if (end > first) this.#afterSending(out, firstNew > first, flightBefore, end - first, now);
    else this.#afterSilence(now);
    if (end > at) recovery.startTimerIfStopped(now);
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
    if (this.#neverSent(highest)) return 'bad-sack';
    if (this.challenge.isOpen && !this.challenge.judge(cumulative, bytes, at, gaps)) return 'optimistic-ack';
    const wasClosed = this.recovery.isPeerWindowClosed;
    this.peerWindow = sackWindow(bytes, at);
    this.#queue.onPeerWindow(this.peerWindow);
    this.#onAck(cumulative, bytes, at, gaps, true, now);
    if (wasClosed && !this.recovery.isPeerWindowClosed) this.recovery.onPeerWindowOpened(now);
    return undefined;
  }

  /** The LATEST TSNS chunk `bytes[at, end)`: adds to the SACK that follows it. */
  onLatestTsns(bytes: Uint8Array, at: number, end: number): void {
    if (this.challenge.isOpen) this.challenge.onLatestTsns(bytes, at, end);
    this.recovery.onLatestTsns(bytes, at, end);
  }

  /** §9.2: a SHUTDOWN chunk acknowledges up to `cumulative`. */
  onShutdown(cumulative: number, now: Millis): DropReason | undefined {
    if (after32(add32(this.outstanding.first, -1), cumulative)) return 'old-sack';
    if (this.#neverSent(cumulative)) return 'bad-sack';
    if (this.challenge.isOpen && !this.challenge.judge(cumulative, NO_BYTES, 0, 0)) return 'optimistic-ack';
    this.#onAck(cumulative, NO_BYTES, 0, 0, false, now);
    return undefined;
  }

  /** Whether `tsn`, which is not from before the ack point, is beyond all that was sent, be it half the space away. */
  #neverSent(tsn: number): boolean {
    const { first, count } = this.outstanding;
    return distance32(tsn, add32(first, -1)) > count;
  }

  /** §6.3.3: T3-rtx ran out. */
  onTimeout(now: Millis): void {
    this.recovery.onTimeout(now);
    this.#pacer.reset();
    this.#burstLimit = this.#pauseBytes;
  }

  onLossTimer(now: Millis): void {
    this.recovery.onLossTimer(now);
  }

  /** Starts the timers for what is outstanding, if anything is: they stood still until the COOKIE ACK. */
  startTimers(now: Millis): void {
    this.recovery.startTimers(now);
  }

  /** Everything in flight goes out again, or is given up. */
  loseAll(now: Millis): void {
    this.recovery.loseAll(now);
  }

  /** The association is idle: what transfers needed is given back. */
  trim(): void {
    if (this.outstanding.count > 0) return;
    this.outstanding.trim();
    this.delivery.trim();
  }

  /** Packets take another path: what was learnt of the old one is forgotten. What is in flight stays so. */
  onNewPath(now: Millis): void {
    this.#pacer.reset();
    this.recovery.onNewPath(this.#newCongestionControl(), now);
  }

  #newCongestionControl(): CongestionControl {
    const options = this.#options;
    return options.congestionControl({
      size: this.#size,
      initialWindow: options.initialWindowPackets * this.#size.mtu,
      roundTripTime: this.#rto.smoothedRoundTripTime,
      random: () => randomUnit(options.random),
    });
  }

  get #maxChunks(): number {
    const { maxOutstandingChunks } = this.#options;
    return this.recovery.hasLatestTsns ? maxOutstandingChunks : Math.min(maxOutstandingChunks, GAP_REACH);
  }

  get #pauseBytes(): number {
    return this.#options.maxBurst * this.#size.mtu;
  }

  /** Bytes that may be in flight now. */
  get #limit(): number {
    const { limit } = this.recovery;
    return this.#isPaced ? limit : Math.min(limit, this.#burstLimit);
  }

  get #isPaced(): boolean {
    return Pacer.isNeeded(this.congestion.pacingRate, this.#rto.smoothedRoundTripTime);
  }

  /** Whether there is something that only the congestion window or the pace could hold back. */
  #hasSendable(now: Millis): boolean {
    const { outstanding } = this;
    if (outstanding.lost > 0) return true;
    if (this.#queue.next(now) === undefined || this.#isHeld) return false;
    return outstanding.count === 0 || this.#peerWindow > outstanding.payloadInFlight;
  }

  /** Corked, and less waits than a chunk of full size would take. */
  get #isHeld(): boolean {
    return this.isCorked && this.#queue.bufferedBytes < this.#size.chunkBytes - this.#format.headerBytes;
  }

  #onAck(
    cumulative: number,
    bytes: Uint8Array,
    at: number,
    gaps: number,
    isSack: boolean,
    now: Millis,
  ): void {
    const { recovery, outstanding } = this;
    const flightBefore = outstanding.bytesInFlight;
    const deliveredBefore = this.delivery.delivered;
    recovery.onAck(cumulative, bytes, at, gaps, isSack, now);
    // §6.1 D: what was acknowledged may be replaced, and a burst more. What was lost leaves no room of its own: it is
    // sent again at the pace of what arrives.
    const acked = this.delivery.delivered - deliveredBefore;
    const burst =
      flightBefore - acked > outstanding.bytesInFlight
        ? RECOVERY_BURST_PACKETS * this.#size.mtu
        : this.#pauseBytes;
    this.#burstLimit = outstanding.bytesInFlight + acked + burst;
  }

  #beforeSending(now: Millis): void {
    const { recovery } = this;
    if (this.outstanding.bytesInFlight > 0 || this.outstanding.lost > 0) return;
    const idle = now - recovery.lastActivity;
    if (recovery.lastActivity > 0 && idle > 0 && this.#queue.hasData) {
      this.congestion.onIdle(idle, this.#rto.current, now);
      recovery.lastActivity = now;
    }
    // The allowance of the last SACK does not outlive the round trip it belonged to.
    if (idle > (this.#rto.smoothedRoundTripTime ?? 0)) this.#burstLimit = this.#pauseBytes;
  }

  #afterSending(out: Uint8Array, isRepair: boolean, flightBefore: number, bytes: number, now: Millis): void {
    const { outstanding, delivery } = this;
    const packet = ++this.#packet;
    const flight = outstanding.bytesInFlight;
    if (isRepair || this.isShuttingDown || this.#mustAsk(now)) {
      out[this.#lastChunkAt + 1]! |= IMMEDIATE;
      this.#askedAt = now;
    }
    delivery.onSent(packet, outstanding.oldestPacket(packet), flightBefore, flight, now);
    this.recovery.onSent(packet, bytes, now);
    if (!this.#isPaced) return;
    const rate = this.congestion.pacingRate;
    const least = PACED_BURST_PACKETS * this.#size.mtu;
    const burst = Pacer.burstBytes(rate, least, this.#rto.smoothedRoundTripTime!);
    this.#pacer.onSent(bytes, rate, Math.max(this.#pauseBytes, burst), burst, now);
  }

  /** Nothing could be sent, and not because of the pace. */
  #afterSilence(now: Millis): void {
    const { outstanding } = this;
    if (
      outstanding.lost > 0 ||
      (this.#queue.hasData && outstanding.bytesInFlight >= this.#limit - this.#size.mtu)
    )
      return;
    if (this.#hasSendable(now)) return;
    this.#pacer.rest();
    this.delivery.markAppLimited(outstanding.bytesInFlight);
  }

  /**
   * RFC 8985 §7.3: something new if there is any, or else what was sent last, whatever the window says; and with it all
   * that is unanswered, where one packet holds it.
   */
  #writeProbe(out: Uint8Array, at: number, limit: number, room: number, now: Millis): number {
    const { outstanding, recovery } = this;
    const flightBefore = outstanding.bytesInFlight;
    const packet = this.#packet + 1;
    this.#isProbing = true;
    let end = this.#writeNew(out, at, limit, now);
    this.#isProbing = false;
    let repeated = -1;
    if (end === at) {
      repeated = this.#lastRepeatable();
      if (repeated >= 0) {
        const bytes = outstanding.chunkBytes(outstanding.length(repeated));
        if (this.#wantsOwnPacket(bytes, limit - at)) return at;
        end = this.#writeTail(out, at, limit);
        if (end === at && at + bytes <= room)
          end = this.#writeAgain(out, at, repeated, outstanding.message(repeated)!);
      }
    }
    recovery.isProbeDue = false;
    if (end > at) {
      this.#afterSending(out, true, flightBefore, end - at, now);
      recovery.onProbeSent(repeated, packet, now);
    }
    return end;
  }
  #isProbing = false;

  /** All chunks in flight, if they are few and fit together; else nothing. */
  #writeTail(out: Uint8Array, at: number, limit: number): number {
    const { outstanding } = this;
    const { first, next, count } = outstanding;
    if (count > MAX_TAIL_CHUNKS) return at;
    let bytes = 0;
    for (let tsn = first; tsn !== next; tsn = add32(tsn, 1))
      if (this.#isRepeatable(tsn)) bytes += outstanding.chunkBytes(outstanding.length(tsn));
    if (bytes > limit - at) return at;
    for (let tsn = first; tsn !== next; tsn = add32(tsn, 1))
      if (this.#isRepeatable(tsn)) at = this.#writeAgain(out, at, tsn, outstanding.message(tsn)!);
    return at;
  }

  #isRepeatable(tsn: number): boolean {
    const { outstanding } = this;
    if (outstanding.state(tsn) !== CHUNK_STATE.IN_FLIGHT) return false;
    return outstanding.sends(tsn) <= outstanding.message(tsn)!.maxRetransmits;
  }

  /** The chunk in flight that was sent last, if it may be sent again; -1 if not. */
  #lastRepeatable(): number {
    const { outstanding } = this;
    let tsn = -1;
    for (let list = ORIGINALS; list <= REPEATS; list++)
      if (outstanding.listed(list) > 0) {
        const newest = outstanding.newest(list);
        if (tsn < 0 || outstanding.packet(newest) > outstanding.packet(tsn)) tsn = newest;
      }
    if (tsn < 0 || outstanding.sends(tsn) > outstanding.message(tsn)!.maxRetransmits) return -1;
    return tsn;
  }

  /** §6.1 C: what was lost goes before what is new. */
  #writeLost(out: Uint8Array, at: number, limit: number, room: number, now: Millis): number {
    const { outstanding, recovery } = this;
    const start = at;
    while (outstanding.lost > 0) {
      const tsn = outstanding.nextLost();
      const message = outstanding.message(tsn)!;
      if (message.expiresAt <= now && this.abandonment.abandon(message)) continue;
      const bytes = outstanding.chunkBytes(outstanding.length(tsn));
      // §6.9: what has been cut cannot be cut again; if the path has become shorter, IP has to.
      if (at + bytes > limit && (at > start || at + bytes > room || this.#wantsOwnPacket(bytes, limit - at)))
        return at;
      if (!this.#fitsWindow(bytes)) return at;
      recovery.episode.onRepeat(tsn);
      at = this.#writeAgain(out, at, tsn, message);
      // The timer of the oldest starts with its last sending (§6.3.2 R1).
      if (tsn === outstanding.first) recovery.startTimer(now);
    }
    return at;
  }

  /** Whether a chunk does not fit behind what is in the packet already, and would fit alone: it goes in the next one. */
  #wantsOwnPacket(bytes: number, left: number): boolean {
    return bytes > left && bytes <= this.#size.mtu - HEADER_BYTES;
  }

  #writeAgain(out: Uint8Array, at: number, tsn: number, message: OutgoingMessage): number {
    const { outstanding } = this;
    outstanding.resend(tsn, this.#packet + 1);
    this.retransmittedChunks++;
    this.#lastChunkAt = at;
    this.lastWrittenTsn = tsn;
    const fragment = outstanding.fragment(tsn);
    return this.#format.write(
      out,
      at,
      tsn,
      message,
      outstanding.offset(tsn),
      outstanding.length(tsn),
      fragment,
    );
  }

  #writeNew(out: Uint8Array, at: number, limit: number, now: Millis): number {
    const { outstanding } = this;
    const start = at;
    const queue = this.#queue;
    const { headerBytes } = this.#format;
    const wholeChunk = this.#size.chunkBytes - headerBytes;
    if (this.#isHeld && !this.isShuttingDown) return at;
    for (let message = queue.next(now); message !== undefined; message = queue.next(now)) {
      if (message.expiresAt <= now && this.abandonment.abandon(message)) continue;
      const room = Math.min(limit - at - headerBytes, wholeChunk);
      let length = message.length - message.sent;
      if (length > room) {
        // §6.9: only what does not fit in a chunk of its own is cut; intermediate fragments fill the packet.
        if (message.isUntouched && length <= wholeChunk) return at;
        if (room < MIN_FRAGMENT_BYTES) return at;
        length = room & ~3;
      }
      // §6.1 A: no more than the peer's window, but one chunk may always be under way.
      if (length > this.#peerWindow - outstanding.payloadInFlight && outstanding.count > 0) return at;
      if (outstanding.count >= this.#maxChunks) return at;
      if (message.isUntouched && this.#exhaustsSsns(message)) return at;
      if (!this.#isProbing && !this.#fitsWindow(outstanding.chunkBytes(length))) return at;
      // At the beginning of a packet, where a TSN left out looks like a packet lost.
      const isWithheld = at === start && this.#isChallenge(message);
      const offset = message.sent;
      queue.advance(message, length);
      const tsn = outstanding.add(message, offset, length, this.#packet + 1);
      if (isWithheld) {
        outstanding.abandon(tsn);
        continue;
      }
      this.#lastChunkAt = at;
      this.lastWrittenTsn = tsn;
      at = this.#format.write(out, at, tsn, message, offset, length, outstanding.fragment(tsn));
    }
    return at;
  }

  /** Whether the next chunk of `message` is to be withheld for now. An empty TSN goes in front of whole messages. */
  #isChallenge(message: OutgoingMessage): boolean {
    const { outstanding, challenge } = this;
    if (this.#isProbing || outstanding.count + 1 >= this.#maxChunks) return false;
    if (!challenge.isEmpty) return isReliable(message) && challenge.begin(this.delivery.delivered);
    if (message.isUntouched && challenge.begin(this.delivery.delivered))
      outstanding.addAbandoned(challenge.message);
    return false;
  }

  #exhaustsSsns(message: OutgoingMessage): boolean {
    if (this.#format.interleaves || !message.ordered) return false;
    return message.stream!.unacknowledged >= MAX_ORDERED_UNDER_WAY;
  }

  /** §6.1 B: whether `bytes` more may be in flight. One chunk always may. */
  #fitsWindow(bytes: number): boolean {
    const flight = this.outstanding.bytesInFlight;
    if (flight === 0) return true;
    if (flight + bytes <= this.#limit) return true;
    if (flight + bytes > this.recovery.limit) this.recovery.onWindowLimited();
    return false;
  }

  /**
   * RFC 7053 §5.1: whether the SACK should not be delayed: nothing follows this packet before it is answered. Not asked
   * for too often, since a SACK at least every second packet comes anyway.
   */
  #mustAsk(now: Millis): boolean {
    const { outstanding } = this;
    if (now - this.#askedAt < Math.max(ASK_MIN, (this.#rto.smoothedRoundTripTime ?? 0) * ASK_ROUND_TRIPS))
      return false;
    if (outstanding.lost === 0 && !this.#queue.hasData) return true;
    const { mtu } = this.#size;
    return (
      outstanding.bytesInFlight + mtu > this.#limit || mtu > this.#peerWindow - outstanding.payloadInFlight
    );
  }
}

function isReliable(message: OutgoingMessage): boolean {
  return message.maxRetransmits === Number.POSITIVE_INFINITY && message.expiresAt === NEVER;
}
