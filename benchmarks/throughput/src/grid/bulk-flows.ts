// Bulk transfers over a simulated link in virtual time: what share of the link each flow gets, at what queue and at how
// many retransmissions. Goodput is what the receiving application is handed after the start-up.
import { type Millis, setCopyPart } from '@millrace/sans-io';
import { megabits, SharedLink, WireStats } from '@millrace/sans-io/testing';
import type { SctpAssociation, SctpOptions, SctpSink } from '@millrace/sctp';
import { testAssociation } from '@millrace/sctp/testing';

export interface LinkSettings {
  readonly megabitsPerSecond: number;
  readonly roundTripTime: Millis;
  /** Probability that a datagram is lost, in either direction. */
  readonly loss: number;
  /** Of the bandwidth-delay product. */
  readonly queue: number;
  /** Timers are met at multiples of this. */
  readonly timerStep?: Millis;
}

export interface FlowSettings {
  readonly congestionControl: NonNullable<SctpOptions['congestionControl']>;
  /** When it begins. */
  readonly start?: Millis;
  /** Round-trip time beyond the link's. */
  readonly extraRoundTripTime?: Millis;
}

export interface FlowResult {
  /** Share of the link's rate that reached the application. */
  readonly share: number;
  /** Chunks sent again, of all chunks sent in the whole run. */
  readonly retransmitted: number;
  readonly timeouts: number;
  readonly spuriousRecoveries: number;
}

export interface LinkResult {
  readonly flows: readonly FlowResult[];
  /** In the queue of the link, after start-up, in ms. */
  readonly meanQueueDelay: Millis;
  readonly maxQueueDelay: Millis;
}

// As the driver does: no garbage for a copy.
setCopyPart((from, to, at, start, end) => void Buffer.prototype.copy.call(from, to, at, start, end));

const MESSAGE_BYTES = 16_384;
const MTU = 1_160;
/** Of the user, in a full packet. */
export const PAYLOAD_BYTES: number = MTU - 12 - 20;
/** Bytes that wait in the send queue: more than any single call can send. */
const QUEUED_BYTES = 1 << 20;
const QUIET: SctpSink = {
  onConnected() {},
  onMessage() {},
  onStreamsReset() {},
  onResetDone() {},
  onResetFailed() {},
  onSent() {},
  onClosed() {},
};

class BulkFlow {
  received = 0;
  receivedBefore = 0;
  readonly a: SctpAssociation;
  readonly b: SctpAssociation;
  readonly start: Millis;
  readonly sinkA: SctpSink;
  readonly sinkB: SctpSink;
  readonly #now: () => Millis;
  readonly #message = new Uint8Array(MESSAGE_BYTES);

  constructor(link: LinkSettings, settings: FlowSettings, seed: number, now: () => Millis) {
    this.#now = now;
    const roundTripTime = link.roundTripTime + (settings.extraRoundTripTime ?? 0);
    const product = megabits(link.megabitsPerSecond) * roundTripTime;
    const options: Partial<SctpOptions> = {
      congestionControl: settings.congestionControl,
      roundTripTime,
      mtu: MTU,
      // As over DTLS.
      zeroChecksum: true,
      // Windows are not what is measured here.
      receiveWindow: Math.max(16 * 1024 * 1024, Math.ceil(product * 8)),
      sendQueueLimit: QUEUED_BYTES * 2,
      maxGapBlocks: 220,
      maxTrackedGaps: 32_768,
    };
    this.a = testAssociation(seed * 2, options);
    this.b = testAssociation(seed * 2 + 1, options);
    this.start = settings.start ?? 0;
    this.sinkA = { ...QUIET, onConnected: () => this.feed(), onSent: () => this.feed() };
    this.sinkB = { ...QUIET, onMessage: (_stream, _ppid, bytes) => void (this.received += bytes.length) };
  }

  /** Keeps the send queue full from the flow's start on. */
  feed(): void {
    const now = this.#now();
    if (now < this.start || this.a.state !== 'connected') return;
    while (this.a.totalBuffered < QUEUED_BYTES)
      this.a.send(1, 53, this.#message, 0, MESSAGE_BYTES, { ordered: true }, now);
  }
}

/** Runs `flows` over `link` for `duration`; what comes before `startUp` is not counted. */
export function runFlows(
  link: LinkSettings,
  flows: readonly FlowSettings[],
  duration: Millis,
  startUp: Millis,
  seed: number,
): LinkResult {
  const rate = megabits(link.megabitsPerSecond);
  const shared = new SharedLink({
    seed,
    ...(link.timerStep === undefined ? {} : { timerStep: link.timerStep }),
    wire: {
      delay: link.roundTripTime / 2,
      rate,
      loss: link.loss,
      // A queue of less than a few packets could not even hold a burst of two.
      queue: Math.max(rate * link.roundTripTime * link.queue, 4 * MTU),
    },
  });
  const bulks = flows.map((flow, i) => new BulkFlow(link, flow, seed * 64 + i, () => shared.now));
  for (const [i, bulk] of bulks.entries()) {
    const access = (flows[i]!.extraRoundTripTime ?? 0) / 4;
    shared.join({ a: bulk.a, b: bulk.b, sinkA: bulk.sinkA, sinkB: bulk.sinkB, access });
    bulk.a.connect(0);
    shared.at(bulk.start, () => bulk.feed());
  }
  shared.run(startUp);
  for (const bulk of bulks) bulk.receivedBefore = bulk.received;

  shared.ab.stats = new WireStats();
  shared.run(duration - startUp);
  return {
    flows: bulks.map(({ a, received, receivedBefore }) => ({
      share: (received - receivedBefore) / ((duration - startUp) * rate),
      retransmitted: a.stats.retransmittedChunks / Math.max(1, a.stats.packetsSent),
      timeouts: a.stats.timeouts,
      spuriousRecoveries: a.stats.spuriousRecoveries,
    })),
    meanQueueDelay: shared.ab.stats.meanQueueDelay,
    maxQueueDelay: shared.ab.stats.maxQueueDelay,
  };
}

/** Jain's fairness index of some shares: 1 when all are equal, 1 / n when one has everything. */
export function fairness(shares: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  for (const share of shares) {
    sum += share;
    squares += share * share;
  }
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}
