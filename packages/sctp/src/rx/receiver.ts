// Hot: the receiving half of an association: what becomes of a DATA chunk, and when a SACK is due (RFC 9260 §6.2,
// RFC 7053). Whether one goes out is decided when a packet is built, so that one SACK answers a whole batch.
import { add32, after32, type Drops, type Millis, type TimerTable } from '@millrace/sans-io';
import { TIMER } from '../association/timers.ts';
import type { DropReason } from '../drops.ts';
import type { EventQueue } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import {
  BEGIN,
  DATA_HEADER_BYTES,
  dataPpid,
  dataSsn,
  dataStream,
  dataTsn,
  END,
  IMMEDIATE,
} from '../packet/data.ts';
import {
  forwardTsnCumulative,
  forwardTsnSsn,
  forwardTsnStream,
  forwardTsnStreams,
} from '../packet/forward-tsn.ts';
import { I_DATA_HEADER_BYTES, iDataMid, iDataPpidOrFsn } from '../packet/i-data.ts';
import {
  iForwardTsnEntries,
  iForwardTsnIsUnordered,
  iForwardTsnMid,
  iForwardTsnStream,
} from '../packet/i-forward-tsn.ts';
import { InterleavedReassembly } from './interleaved-reassembly.ts';
import type { MessageOrder } from './message-order.ts';
import { Reassembly } from './reassembly.ts';
import type { ReceiveWindow } from './receive-window.ts';
import { TsnTracker } from './tsn-tracker.ts';

/** §6.2: a SACK for at least every second packet. */
const PACKETS_PER_SACK = 2;

export type DataVerdict = 'taken' | 'dropped' | 'bad-stream' | 'no-user-data';

export class Receiver {
  readonly window: ReceiveWindow;
  readonly tracker: TsnTracker;
  readonly order: MessageOrder;
  /** One of the two. */
  readonly #reassembly: Reassembly | undefined;
  readonly #interleaved: InterleavedReassembly | undefined;
  /** Of a DATA, or an I-DATA, chunk. */
  readonly #headerBytes: number;
  readonly #inboundStreams: number;
  readonly #timers: TimerTable;
  readonly #drops: Drops<DropReason>;
  readonly #ackDelay: Millis;
  readonly #latestTsns: boolean;
  #sackDue = false;
  #packetsUnacknowledged = 0;
  #packetHasData = false;
  #hadGaps = false;
  #isFirst = true;

  constructor(
    options: ResolvedOptions,
    timers: TimerTable,
    events: EventQueue,
    drops: Drops<DropReason>,
    window: ReceiveWindow,
    initialTsn: number,
    inboundStreams: number,
    interleaving: boolean,
    latestTsns: boolean,
  ) {
    this.#timers = timers;
    this.#drops = drops;
    this.#ackDelay = options.ackDelay;
    this.#inboundStreams = inboundStreams;
    this.window = window;
    this.tracker = new TsnTracker(initialTsn, options);
    this.#latestTsns = latestTsns;
    this.#headerBytes = interleaving ? I_DATA_HEADER_BYTES : DATA_HEADER_BYTES;
    if (interleaving)
      this.#interleaved = new InterleavedReassembly(events, this.window, drops, options.maxMessageSize);
    else this.#reassembly = new Reassembly(events, this.window, drops, options.maxMessageSize);
    this.order = (this.#interleaved ?? this.#reassembly)!.order;
  }

  /** Takes the DATA, or I-DATA, chunk `bytes[at, end)`, padding excluded. */
  onData(bytes: Uint8Array, at: number, end: number): DataVerdict {
    const flags = bytes[at + 1]!;
    const tsn = dataTsn(bytes, at);
    const payload = at + this.#headerBytes;
    this.#packetHasData = true;
    // RFC 7053 §5.2: the sender asks not to delay the SACK.
    if ((flags & IMMEDIATE) !== 0) this.#sackDue = true;
    // §6.2: a chunk without user data ends the association. Deviation: a whole message of no bytes is delivered as
    // such, because werift sends the empty messages of RFC 8831 that way.
    if (payload === end && (flags & (BEGIN | END)) !== (BEGIN | END)) return 'no-user-data';
    const reason = this.#refusal(tsn, end - payload);
    if (reason !== undefined) {
      this.#sackDue = true; // §6.2: a duplicate, or what cannot be taken, is answered at once
      this.#drops.count(reason);
      return 'dropped';
    }
    const { tracker } = this;
    const reassembly = this.#reassembly;
    const hasPrevious = reassembly !== undefined && tracker.has(add32(tsn, -1));
    const hasNext = reassembly !== undefined && tracker.gapCount > 0 && tracker.has(add32(tsn, 1));
    tracker.record(tsn);
    this.window.onArrival(end - payload);
    const stream = dataStream(bytes, at);
    // §6.5: data on a stream that does not exist is acknowledged and reported.
    if (stream >= this.#inboundStreams) {
      this.#drops.count('bad-stream');
      return 'bad-stream';
    }
    if (reassembly === undefined) {
      const mid = iDataMid(bytes, at);
      const ppidOrFsn = iDataPpidOrFsn(bytes, at);
      this.#interleaved!.add(tsn, tracker.gapCount, flags, stream, mid, ppidOrFsn, bytes, payload, end);
    } else {
      const ssn = dataSsn(bytes, at);
      const ppid = dataPpid(bytes, at);
      reassembly.add(tsn, hasPrevious, hasNext, flags, stream, ssn, ppid, bytes, payload, end);
    }
    return 'taken';
  }

  /** RFC 3758 §3.6: takes the FORWARD TSN, or I-FORWARD-TSN, chunk `bytes[at, end)`. */
  onForwardTsn(bytes: Uint8Array, at: number, end: number): void {
    const cumulative = forwardTsnCumulative(bytes, at);
    this.#packetHasData = true;
    if (!after32(cumulative, this.tracker.cumulative)) {
      this.#sackDue = true; // the SACK that answered it before was lost
      return;
    }
    this.#reassembly?.skipTo(cumulative);
    this.tracker.skipTo(cumulative);
    if (this.#interleaved === undefined)
      for (let i = forwardTsnStreams(at, end) - 1; i >= 0; i--) {
        const stream = forwardTsnStream(bytes, at, i);
        if (stream < this.#inboundStreams) this.order.skip(stream, forwardTsnSsn(bytes, at, i));
      }
    else
      for (let i = iForwardTsnEntries(at, end) - 1; i >= 0; i--) {
        const stream = iForwardTsnStream(bytes, at, i);
        const ordered = !iForwardTsnIsUnordered(bytes, at, i);
        if (stream < this.#inboundStreams)
          this.#interleaved.skip(stream, ordered, iForwardTsnMid(bytes, at, i));
      }
  }

  /** RFC 6525 §5.2.2: the peer's side of these streams starts afresh; no streams means all. Returns those it was done to. */
  reset(streams: readonly number[]): readonly number[] {
    return (this.#interleaved ?? this.#reassembly)!.reset(streams);
  }

  /** RFC 6525 §5.2.2 E5: what comes on these streams after `tsn` is held until the reset has been performed. */
  deferReset(streams: readonly number[], tsn: number): void {
    this.order.deferReset(streams, tsn);
  }

  /** The reset has been performed: what was held comes now. */
  endDeferral(): void {
    (this.#interleaved ?? this.#reassembly)!.endDeferral();
  }

  /** All chunks of a packet have been taken. Returns whether there was data among them. */
  onPacketEnd(now: Millis): boolean {
    if (!this.#packetHasData) return false;
    this.#packetHasData = false;
    const hasGaps = this.tracker.gapCount > 0;
    this.#packetsUnacknowledged++;
    // §6.2: every second packet; at once while there is a hole, when one closes, and for the very first packet.
    if (
      this.#packetsUnacknowledged >= PACKETS_PER_SACK ||
      hasGaps ||
      this.#hadGaps ||
      this.#isFirst ||
      this.tracker.hasDuplicates
    )
      this.#sackDue = true;
    this.#hadGaps = hasGaps;
    this.#isFirst = false;
    if (!this.#sackDue && !this.#timers.isRunning(TIMER.DELAYED_ACK))
      this.#timers.set(TIMER.DELAYED_ACK, now + this.#ackDelay);
    return true;
  }

  onAckTimeout(): void {
    this.#sackDue = true;
  }

  /** Whether a SACK must go out, or, if there is `company` in the packet anyway, had better. */
  wantsSack(company: boolean): boolean {
    return this.#sackDue || (company && this.#packetsUnacknowledged > 0) || this.window.wantsUpdate;
  }

  writeSack(out: Uint8Array, at: number, limit: number): number {
    const sackAt = this.#latestTsns ? this.tracker.writeLatest(out, at, limit) : at;
    const end = this.tracker.writeSack(out, sackAt, limit, this.window.advertise(), sackAt > at);
    if (end === sackAt) return at;
    this.#sackDue = false;
    this.#packetsUnacknowledged = 0;
    this.#timers.stop(TIMER.DELAYED_ACK);
    return end;
  }

  #refusal(tsn: number, bytes: number): DropReason | undefined {
    switch (this.tracker.judge(tsn)) {
      case 'duplicate':
        return 'duplicate-data';
      case 'beyond-span':
        return 'data-beyond-span';
      case 'too-many-gaps':
        return 'too-many-gaps';
    }
    const isNext = tsn === add32(this.tracker.cumulative, 1);
    return this.window.admits(bytes, isNext) ? undefined : 'window-exceeded';
  }
}
