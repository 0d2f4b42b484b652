// Hot: chunks that have a TSN and are not yet cumulatively acknowledged, in a ring of typed arrays indexed by the
// TSN's low bits. It knows states and sums; the rules of RFC 9260 §6 and §7 are in sender.ts.
import { add32, after32, distance32, type Millis } from '@millrace/sans-io';
import { padded } from '../packet/packet.ts';
import type { OutgoingMessage } from './outgoing-stream.ts';

/** What has become of a chunk. */
export const CHUNK_STATE = {
  IN_FLIGHT: 0,
  /** Reported in a gap block. It may still be taken back (§6.2.1), so its bytes are kept. */
  ACKED: 1,
  /** To be sent again. */
  LOST: 2,
  /** Given up (RFC 3758): waits for a FORWARD TSN to be acknowledged. */
  ABANDONED: 3,
} as const;

/** A miss counter stops here; three make a loss (§7.2.4). */
const MISSES_CAP = 200;
const SENDS_CAP = 0xffff;
const INITIAL_CAPACITY = 64;

export class Outstanding {
  /** TSN of the oldest chunk: the cumulative TSN ack point plus one. */
  first: number;
  /** TSN of the next new chunk. */
  next: number;
  /** Bytes in flight: whole chunks with header and padding, as congestion control counts. */
  bytesInFlight = 0;
  /** User bytes in flight, as the peer's window counts. */
  payloadInFlight = 0;
  /** Chunks that wait to be sent again. */
  lost = 0;
  /** No lost chunk lies before this TSN. */
  #firstLost: number;
  #mask = INITIAL_CAPACITY - 1;
  #state = new Uint8Array(INITIAL_CAPACITY);
  #misses = new Uint8Array(INITIAL_CAPACITY);
  #sends = new Uint16Array(INITIAL_CAPACITY);
  #length = new Uint16Array(INITIAL_CAPACITY);
  #offset = new Uint32Array(INITIAL_CAPACITY);
  /** Which of its message's fragments it is. */
  #fragment = new Uint32Array(INITIAL_CAPACITY);
  #sentAt = new Float64Array(INITIAL_CAPACITY);
  #packet = new Float64Array(INITIAL_CAPACITY);
  /**
   * For an acked chunk: a TSN up to which nothing is in flight or lost either (the end of the gap block that told),
   * so that no block is walked twice, whatever blocks the peer makes of it.
   */
  #ackedThrough = new Uint32Array(INITIAL_CAPACITY);
  #message: Array<OutgoingMessage | undefined> = new Array(INITIAL_CAPACITY).fill(undefined);

  /** Of a chunk, in front of its payload. May change only while nothing is in flight. */
  headerBytes: number;

  constructor(initialTsn: number, headerBytes: number) {
    this.headerBytes = headerBytes;
    this.first = initialTsn;
    this.next = initialTsn;
    this.#firstLost = initialTsn;
  }

  get count(): number {
    return distance32(this.next, this.first);
  }

  /** Bytes a chunk with `length` bytes of payload takes in a packet. */
  chunkBytes(length: number): number {
    return padded(this.headerBytes + length);
  }

  state(tsn: number): number {
    return this.#state[tsn & this.#mask]!;
  }

  message(tsn: number): OutgoingMessage | undefined {
    return this.#message[tsn & this.#mask];
  }

  length(tsn: number): number {
    return this.#length[tsn & this.#mask]!;
  }

  offset(tsn: number): number {
    return this.#offset[tsn & this.#mask]!;
  }

  fragment(tsn: number): number {
    return this.#fragment[tsn & this.#mask]!;
  }

  sentAt(tsn: number): Millis {
    return this.#sentAt[tsn & this.#mask]!;
  }

  /** How often it has been sent. */
  sends(tsn: number): number {
    return this.#sends[tsn & this.#mask]!;
  }

  /** Number of the packet that carried it last; packets are numbered in the order of sending. */
  packet(tsn: number): number {
    return this.#packet[tsn & this.#mask]!;
  }

  ackedThrough(tsn: number): number {
    return this.#ackedThrough[tsn & this.#mask]!;
  }

  setAckedThrough(tsn: number, last: number): void {
    this.#ackedThrough[tsn & this.#mask] = last;
  }

  /** Counts reports that it is missing and returns their sum. */
  addMisses(tsn: number, misses: number): number {
    const at = tsn & this.#mask;
    return (this.#misses[at] = Math.min(this.#misses[at]! + misses, MISSES_CAP));
  }

  /** A new chunk of `length` bytes of `message` goes out. Returns its TSN. */
  add(message: OutgoingMessage, offset: number, length: number, packet: number, now: Millis): number {
    if (this.count > this.#mask) this.#grow();
    const tsn = this.next;
    const at = tsn & this.#mask;
    this.next = add32(tsn, 1);
    this.#state[at] = CHUNK_STATE.IN_FLIGHT;
    this.#misses[at] = 0;
    this.#sends[at] = 1;
    this.#length[at] = length;
    this.#offset[at] = offset;
    this.#fragment[at] = message.fragments++;
    this.#sentAt[at] = now;
    this.#packet[at] = packet;
    this.#message[at] = message;
    message.outstanding++;
    if (offset === 0) message.firstTsn = tsn;
    message.lastTsn = tsn;
    this.bytesInFlight += this.chunkBytes(length);
    this.payloadInFlight += length;
    return tsn;
  }

  /** A TSN that no packet ever carries: the end of a message given up before its end was sent. */
  addAbandoned(message: OutgoingMessage, now: Millis): void {
    const tsn = this.add(message, message.sent, 0, 0, now);
    this.abandon(tsn);
  }

  /** A lost chunk goes out again. */
  resend(tsn: number, packet: number, now: Millis): void {
    const at = tsn & this.#mask;
    this.#state[at] = CHUNK_STATE.IN_FLIGHT;
    this.#misses[at] = 0;
    this.#sends[at] = Math.min(this.#sends[at]! + 1, SENDS_CAP);
    this.#sentAt[at] = now;
    this.#packet[at] = packet;
    this.lost--;
    this.bytesInFlight += this.chunkBytes(this.#length[at]!);
    this.payloadInFlight += this.#length[at]!;
  }

  /** Acknowledges a chunk that is in flight or lost; returns the bytes it took. */
  acknowledge(tsn: number): number {
    this.#leave(tsn);
    this.#state[tsn & this.#mask] = CHUNK_STATE.ACKED;
    return this.chunkBytes(this.#length[tsn & this.#mask]!);
  }

  /** A chunk in flight is taken for lost, or an acked one turns out not to be held by the peer. */
  lose(tsn: number): void {
    this.#leave(tsn);
    this.#state[tsn & this.#mask] = CHUNK_STATE.LOST;
    this.lost++;
    if (this.lost === 1 || after32(this.#firstLost, tsn)) this.#firstLost = tsn;
  }

  abandon(tsn: number): void {
    this.#leave(tsn);
    this.#state[tsn & this.#mask] = CHUNK_STATE.ABANDONED;
  }

  /** The lost chunk with the lowest TSN; call only if there is one. */
  nextLost(): number {
    let tsn = this.#firstLost;
    if (after32(this.first, tsn)) tsn = this.first;
    while (this.#state[tsn & this.#mask] !== CHUNK_STATE.LOST) tsn = add32(tsn, 1);
    return (this.#firstLost = tsn);
  }

  /** Takes the oldest chunk out and returns its message, for its memory to be freed with its last chunk. */
  removeFirst(): OutgoingMessage {
    const at = this.first & this.#mask;
    this.#leave(this.first);
    const message = this.#message[at]!;
    this.#message[at] = undefined;
    this.first = add32(this.first, 1);
    message.outstanding--;
    return message;
  }

  /** Takes a chunk out of the sums of its state. */
  #leave(tsn: number): void {
    const at = tsn & this.#mask;
    if (this.#state[at] === CHUNK_STATE.IN_FLIGHT) {
      this.bytesInFlight -= this.chunkBytes(this.#length[at]!);
      this.payloadInFlight -= this.#length[at]!;
    } else if (this.#state[at] === CHUNK_STATE.LOST) this.lost--;
    this.#state[at] = CHUNK_STATE.ACKED;
  }

  #grow(): void {
    const old = this.#mask;
    const capacity = (old + 1) * 2;
    const grown = new Outstanding(this.first, this.headerBytes);
    grown.#state = new Uint8Array(capacity);
    grown.#misses = new Uint8Array(capacity);
    grown.#sends = new Uint16Array(capacity);
    grown.#length = new Uint16Array(capacity);
    grown.#offset = new Uint32Array(capacity);
    grown.#fragment = new Uint32Array(capacity);
    grown.#sentAt = new Float64Array(capacity);
    grown.#packet = new Float64Array(capacity);
    grown.#ackedThrough = new Uint32Array(capacity);
    grown.#message = new Array(capacity).fill(undefined);
    for (let i = 0; i <= old; i++) {
      const from = add32(this.first, i) & old;
      const to = add32(this.first, i) & (capacity - 1);
      grown.#state[to] = this.#state[from]!;
      grown.#misses[to] = this.#misses[from]!;
      grown.#sends[to] = this.#sends[from]!;
      grown.#length[to] = this.#length[from]!;
      grown.#offset[to] = this.#offset[from]!;
      grown.#fragment[to] = this.#fragment[from]!;
      grown.#sentAt[to] = this.#sentAt[from]!;
      grown.#packet[to] = this.#packet[from]!;
      grown.#ackedThrough[to] = this.#ackedThrough[from]!;
      grown.#message[to] = this.#message[from];
    }
    this.#state = grown.#state;
    this.#misses = grown.#misses;
    this.#sends = grown.#sends;
    this.#length = grown.#length;
    this.#offset = grown.#offset;
    this.#fragment = grown.#fragment;
    this.#sentAt = grown.#sentAt;
    this.#packet = grown.#packet;
    this.#ackedThrough = grown.#ackedThrough;
    this.#message = grown.#message;
    this.#mask = capacity - 1;
  }
}
