// The search for the longest packet that the path carries (Datagram PLPMTUD, RFC 8899) with probes of HEARTBEAT and PAD.
//
//   begin -> SEARCHING -- nothing left to ask about --> COMPLETE -- PMTU_RAISE_TIMER --> SEARCHING
//               ^------- black hole (from the base), new path (from the base) --------------+
//
// BASE and DISABLED have no state of their own: the handshake has shown that the path is there, every path is taken to
// carry the base, and where the limit is the base there is nothing to search. There is no ERROR state either: chunks are
// made to fit the base and could not become shorter. The loss of a probe is no sign of congestion (§3 item 7).
// Nothing confirms a size on an idle path: a timeout takes it back as soon as data flows again.
import { type Millis, type RandomSource, randomU32, type TimerTable } from '@millrace/sans-io';
import { TIMER } from '../association/timers.ts';
import { HEADER_BYTES } from '../packet/packet.ts';
import type { PathPacketSize } from './packet-size.ts';
import { probedSize, SHORTEST_PROBE, writeProbe } from './probe.ts';
import { sizesBetween } from './search-table.ts';

/** §5.1.2 MAX_PROBES: a size has failed when so many probes of it went unanswered. */
const MAX_PROBES = 3;
/** §5.1.1 PROBE_TIMER: MUST NOT be smaller than 1 second. */
const PROBE_TIMER: Millis = 1_000;
/** Rounds of which nothing is answered at all say nothing of sizes, and come ever less often, up to this. */
const MAX_PROBE_INTERVAL: Millis = 60_000;
/** §5.1.1 PMTU_RAISE_TIMER: 600 seconds. */
const PMTU_RAISE_TIMER: Millis = 600_000;

type ProbeState = 'due' | 'sent' | 'acknowledged';

interface Probe {
  readonly size: number;
  state: ProbeState;
}

interface Candidate {
  readonly size: number;
  /** Rounds in which it, or a shorter one, went unanswered while the path was alive. */
  failures: number;
}

const NO_PROBES: readonly Probe[] = [];
const NO_CANDIDATES: readonly Candidate[] = [];

export class PathMtuDiscovery {
  /** Sent, answered or not. */
  probesSent = 0;
  /** How often the path has swallowed long packets and was taken back to the base. */
  blackHoles = 0;
  readonly #size: PathPacketSize;
  readonly #timers: TimerTable;
  readonly #random: RandomSource;
  #limit: number;
  /** What a router or the own host has said is too long; forgotten with the next raise. */
  #ceiling: number = Number.POSITIVE_INFINITY;
  #isLocal = false;
  /** The longest packet that the peer takes, whatever the path does. */
  #peerLimit = 0;
  #knowsPadding = false;
  #isRunning = false;
  /** Of messages, until the search is worth it. */
  #bytesUntilSearch: number;
  /** Ascending; all longer than what is known to pass. */
  #candidates: readonly Candidate[] = NO_CANDIDATES;
  /** Probes of the round under way; the last is the shortest, which tells a dead path from a narrow one. */
  #round: readonly Probe[] = NO_PROBES;
  #dueProbes = 0;
  #nonceHigh = 0;
  #nonceLow = 0;
  #deadRounds = 0;

  /**
   * `limit`: the longest packet worth asking about; no search if that is the base, nor before messages of `searchAfter` bytes
   * have been queued.
   */
  constructor(
    size: PathPacketSize,
    limit: number,
    timers: TimerTable,
    random: RandomSource,
    searchAfter = 0,
  ) {
    this.#bytesUntilSearch = searchAfter;
    this.#size = size;
    this.#limit = limit;
    this.#timers = timers;
    this.#random = random;
  }

  get isProbeDue(): boolean {
    return this.#dueProbes > 0;
  }

  /** The longest packet that may come to be written: no probe and no packet is longer. */
  get limit(): number {
    return this.#limit;
  }

  /** Another path, or the first: `isLocal` if no packet on it leaves this machine. */
  setPath(limit: number, isLocal: boolean, rto: Millis, now: Millis): void {
    this.#limit = Math.max(limit & ~3, this.#size.base);
    this.#isLocal = isLocal;
    this.#ceiling = Number.POSITIVE_INFINITY;
    this.#deadRounds = 0;
    this.#restart(rto, now);
  }

  /** The association is established: the search may begin. `peerLimit`: the longest packet that the peer takes. */
  begin(peerLimit: number, knowsPadding: boolean, rto: Millis, now: Millis): void {
    this.#isRunning = true;
    this.#knowsPadding = knowsPadding;
    this.#peerLimit = peerLimit & ~3;
    this.#restart(rto, now);
  }

  /** The search waits for messages: `onQueued` wants to hear of them. */
  get isDeferred(): boolean {
    return this.#bytesUntilSearch > 0;
  }

  onQueued(bytes: number, rto: Millis, now: Millis): void {
    this.#bytesUntilSearch -= bytes;
    if (!this.isDeferred) this.#search(rto, now);
  }

  /** Writes the chunks of the next probe that fits into `out[at, end)`; returns where they end, `at` if none does. */
  writeProbe(out: Uint8Array, at: number, end: number): number {
    for (const probe of this.#round) {
      if (probe.state !== 'due' || at - HEADER_BYTES + probe.size > end) continue;
      probe.state = 'sent';
      this.#dueProbes--;
      this.probesSent++;
      return writeProbe(out, at, probe.size, this.#nonceHigh, this.#nonceLow, this.#knowsPadding);
    }
    return at;
  }

  /** Takes the HEARTBEAT ACK chunk `bytes[at, end)`; false if it is not for the last round of probes. */
  onHeartbeatAck(bytes: Uint8Array, at: number, end: number, rto: Millis, now: Millis): boolean {
    const size = probedSize(bytes, at, end, this.#nonceHigh, this.#nonceLow);
    if (size === undefined) return false;
    const probe = this.#round.find((one) => one.size === size && one.state === 'sent');
    if (probe === undefined) return true; // the round is over already
    probe.state = 'acknowledged';
    if (probe.size > this.#size.mtu) this.#use(probe.size);
    if (this.#round.every((one) => one.state === 'acknowledged' || one.size <= this.#size.mtu))
      this.#startRound(rto, now);
    return true;
  }

  /** PROBE_TIMER or PMTU_RAISE_TIMER ran out. */
  onTimeout(rto: Millis, now: Millis): void {
    if (this.#round.length === 0) {
      this.#ceiling = Number.POSITIVE_INFINITY;
      this.#search(rto, now);
      return;
    }
    this.#judgeRound();
    this.#startRound(rto, now);
  }

  /** §4.3: packets of this size have vanished again and again: back to the base, from where the search begins anew. */
  onBlackHole(rto: Millis, now: Millis): void {
    if (this.#size.mtu === this.#size.base) return;
    this.blackHoles++;
    this.#restart(rto, now);
  }

  /** §4.6.1: a packet of `bytes` was refused for its length, by a router or by the own host, before it could be lost. */
  onPacketTooBig(bytes: number, rto: Millis, now: Millis): void {
    if (bytes <= this.#size.base || bytes > this.#ceiling) return;
    this.#ceiling = (bytes - 1) & ~3;
    if (!this.#isRunning) return;
    if (this.#size.mtu > this.#ceiling) this.#restart(rto, now);
    else if (this.#candidates.length > 0) this.#search(rto, now);
  }

  #restart(rto: Millis, now: Millis): void {
    this.#use(this.#size.base);
    this.#search(rto, now);
  }

  #search(rto: Millis, now: Millis): void {
    if (!this.#isRunning || this.isDeferred) return;
    const limit = Math.min(this.#limit, this.#peerLimit, this.#ceiling);
    this.#candidates = sizesBetween(this.#size.mtu, limit).map((size) => ({ size, failures: 0 }));
    this.#startRound(rto, now);
  }

  /** Packets of `mtu` bytes are known to pass. */
  #use(mtu: number): void {
    this.#size.mtu = mtu;
    this.#size.longest = Math.max(this.#size.longest, mtu);
    if (this.#isLocal || mtu === this.#size.base) this.#size.chunkBytes = mtu - HEADER_BYTES;
  }

  /** Asks for the longest size first, since most paths carry it, and at once for one in the middle and the next one up. */
  #startRound(rto: Millis, now: Millis): void {
    const { mtu } = this.#size;
    const left = this.#candidates.filter(({ size, failures }) => size > mtu && failures < MAX_PROBES);
    if (left.length === 0) {
      this.#complete(now);
      return;
    }
    this.#candidates = left;
    const sizes = new Set([left.at(-1)!.size, left[left.length >> 1]!.size, left[0]!.size, SHORTEST_PROBE]);
    this.#round = [...sizes].map((size) => ({ size, state: 'due' }));
    this.#dueProbes = this.#round.length;
    this.#nonceHigh = randomU32(this.#random);
    this.#nonceLow = randomU32(this.#random);
    const interval = Math.max(PROBE_TIMER, rto) * 2 ** Math.min(this.#deadRounds, 16);
    this.#timers.set(TIMER.PATH_MTU, now + Math.min(interval, Math.max(MAX_PROBE_INTERVAL, rto)));
  }

  #complete(now: Millis): void {
    this.#candidates = NO_CANDIDATES;
    this.#round = NO_PROBES;
    this.#dueProbes = 0;
    if (this.#size.mtu < Math.min(this.#limit, this.#peerLimit))
      this.#timers.set(TIMER.PATH_MTU, now + PMTU_RAISE_TIMER);
    else this.#timers.stop(TIMER.PATH_MTU);
  }

  /** What went unanswered counts against its size and all longer ones, if the path carried anything at all. */
  #judgeRound(): void {
    const isAlive = this.#round.some(({ state }) => state === 'acknowledged');
    this.#deadRounds = isAlive ? 0 : this.#deadRounds + 1;
    if (!isAlive) return;
    let shortest = Number.POSITIVE_INFINITY;
    for (const { size, state } of this.#round)
      if (state !== 'acknowledged' && size > this.#size.mtu) shortest = Math.min(shortest, size);
    for (const candidate of this.#candidates) if (candidate.size >= shortest) candidate.failures++;
  }
}
