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
import { Reassembly } from './reassembly.ts';
import { ReceiveWindow } from './receive-window.ts';
import { TsnTracker } from './tsn-tracker.ts';

/** §6.2: a SACK for at least every second packet. */
const PACKETS_PER_SACK = 2;

export type DataVerdict = 'taken' | 'dropped' | 'bad-stream' | 'no-user-data';

export class Receiver {
  readonly window: ReceiveWindow;
  readonly tracker: TsnTracker;
  readonly reassembly: Reassembly;
  readonly #inboundStreams: number;
  readonly #timers: TimerTable;
  readonly #drops: Drops<DropReason>;
  readonly #ackDelay: Millis;
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
    initialTsn: number,
    inboundStreams: number,
  ) {
    this.#timers = timers;
    this.#drops = drops;
    this.#ackDelay = options.ackDelay;
    this.#inboundStreams = inboundStreams;
    this.window = new ReceiveWindow(options.receiveWindow, options.maxMessageSize);
    this.tracker = new TsnTracker(initialTsn, options);
    this.reassembly = new Reassembly(events, this.window, drops, options.maxMessageSize);
  }

  /** Takes the DATA chunk `bytes[at, end)`, padding excluded. */
  onData(bytes: Uint8Array, at: number, end: number): DataVerdict {
    const flags = bytes[at + 1]!;
    const tsn = dataTsn(bytes, at);
    const payload = at + DATA_HEADER_BYTES;
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
    const hasPrevious = tracker.has(add32(tsn, -1));
    const hasNext = tracker.gapCount > 0 && tracker.has(add32(tsn, 1));
    tracker.record(tsn);
    const stream = dataStream(bytes, at);
    // §6.5: data on a stream that does not exist is acknowledged and reported.
    if (stream >= this.#inboundStreams) {
      this.#drops.count('bad-stream');
      return 'bad-stream';
    }
    this.reassembly.add(
      tsn,
      hasPrevious,
      hasNext,
      flags,
      stream,
      dataSsn(bytes, at),
      dataPpid(bytes, at),
      bytes,
      payload,
      end,
    );
    return 'taken';
  }

  /** RFC 3758 §3.6: takes the FORWARD TSN chunk `bytes[at, end)`. */
  onForwardTsn(bytes: Uint8Array, at: number, end: number): void {
    const cumulative = forwardTsnCumulative(bytes, at);
    this.#packetHasData = true;
    if (!after32(cumulative, this.tracker.cumulative)) {
      this.#sackDue = true; // the SACK that answered it before was lost
      return;
    }
    this.reassembly.skipTo(cumulative);
    this.tracker.skipTo(cumulative);
    for (let i = forwardTsnStreams(at, end) - 1; i >= 0; i--) {
      const stream = forwardTsnStream(bytes, at, i);
      if (stream < this.#inboundStreams) this.reassembly.skipSsn(stream, forwardTsnSsn(bytes, at, i));
    }
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
    const end = this.tracker.writeSack(out, at, limit, this.window.advertise());
    if (end === at) return at;
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
