// Hot: chunks that have a TSN and are not yet cumulatively acknowledged, in a ring of typed arrays indexed by the
// TSN's low bits. It knows states, sums and the order of sending; the rules of RFC 9260 §6 and §7 are in sender.ts, what
// counts as lost in loss-detection.ts.
import { add32, after32, distance32 } from '@millrace/sans-io';
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

const SENDS_CAP = 0xffff;
/** For what opens a connection; the next ones hold a transfer. */
const FIRST_CAPACITY = 4;
const SECOND_CAPACITY = 16;
/** In all arrays but that of messages, which is an ordinary one. */
const BYTES_PER_CHUNK = 33;
/** An association that has nothing under way has no arrays either. */
const NO_BYTES = new Uint8Array(0);
const NO_SHORTS = new Uint16Array(0);
const NO_WORDS = new Uint32Array(0);
const NO_NUMBERS = new Float64Array(0);
const NO_MESSAGES: Array<OutgoingMessage | undefined> = [];

/**
 * What is in flight, in the order of sending: what was sent once apart from what was sent again, so that the first of
 * the two is in the order of TSNs as well.
 */
export const ORIGINALS = 0;
export const REPEATS = 1;
/** Where the fields of `#lists` begin. */
const NEWEST = 2;
const LISTED = 4;
const LIST_FIELDS = 3;

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
  #mask = -1;
  #state = NO_BYTES;
  #sends = NO_SHORTS;
  #length = NO_SHORTS;
  #offset = NO_WORDS;
  /** Which of its message's fragments it is. */
  #fragment = NO_WORDS;
  #packet = NO_NUMBERS;
  /**
   * For an acked chunk: a TSN up to which nothing is in flight or lost either (the end of the gap block that told),
   * so that no block is walked twice, whatever blocks the peer makes of it.
   */
  #ackedThrough = NO_WORDS;
  #message: Array<OutgoingMessage | undefined> = NO_MESSAGES;
  /** Of a chunk in flight: the TSNs sent right before and after it in its list. Meaningless at the list's ends. */
  #older = NO_WORDS;
  #newer = NO_WORDS;
  /** Of each list: the TSN that was sent longest ago, the one that was sent last, and how many there are. */
  readonly #lists = new Uint32Array(2 * LIST_FIELDS);

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

  /** How many chunks of a list are in flight. */
  listed(list: number): number {
    return this.#lists[list + LISTED]!;
  }

  /** The TSN in a list that was sent longest ago; call only if there is one. */
  oldest(list: number): number {
    return this.#lists[list]!;
  }

  /** The TSN in a list that was sent last; call only if there is one. */
  newest(list: number): number {
    return this.#lists[list + NEWEST]!;
  }

  /** The chunk in its list that was sent right before `tsn`; call only if that is not the oldest. */
  older(tsn: number): number {
    return this.#older[tsn & this.#mask]!;
  }

  /** The packet of whatever is in flight that was sent longest ago; `otherwise` if nothing is. */
  oldestPacket(otherwise: number): number {
    let packet = otherwise;
    if (this.#lists[ORIGINALS + LISTED]! > 0) packet = this.packet(this.#lists[ORIGINALS]!);
    if (this.#lists[REPEATS + LISTED]! > 0) packet = Math.min(packet, this.packet(this.#lists[REPEATS]!));
    return packet;
  }

  /** A new chunk of `length` bytes of `message` goes out. Returns its TSN. */
  add(message: OutgoingMessage, offset: number, length: number, packet: number): number {
    if (this.count > this.#mask) this.#grow();
    const tsn = this.next;
    const at = tsn & this.#mask;
    this.next = add32(tsn, 1);
    this.#state[at] = CHUNK_STATE.IN_FLIGHT;
    this.#sends[at] = 1;
    this.#length[at] = length;
    this.#offset[at] = offset;
    this.#fragment[at] = message.fragments++;
    this.#packet[at] = packet;
    this.#message[at] = message;
    message.outstanding++;
    if (offset === 0) message.firstTsn = tsn;
    message.lastTsn = tsn;
    this.#enlist(tsn);
    return tsn;
  }

  /** A TSN that no packet ever carries: the end of a message given up before its end was sent. */
  addAbandoned(message: OutgoingMessage): void {
    const tsn = this.add(message, message.sent, 0, 0);
    this.abandon(tsn);
  }

  /** A chunk that is lost, or may be, goes out again. */
  resend(tsn: number, packet: number): void {
    const at = tsn & this.#mask;
    this.#leave(tsn);
    this.#state[at] = CHUNK_STATE.IN_FLIGHT;
    this.#sends[at] = Math.min(this.#sends[at]! + 1, SENDS_CAP);
    this.#packet[at] = packet;
    this.#enlist(tsn);
  }

  /** A chunk taken for lost and not sent again is in flight after all. Call in the order of TSNs. */
  revive(tsn: number): void {
    this.#leave(tsn);
    this.#state[tsn & this.#mask] = CHUNK_STATE.IN_FLIGHT;
    this.#enlist(tsn);
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
    if (this.#state[at] === CHUNK_STATE.IN_FLIGHT) this.#delist(tsn);
    else if (this.#state[at] === CHUNK_STATE.LOST) this.lost--;
    this.#state[at] = CHUNK_STATE.ACKED;
  }

  #enlist(tsn: number): void {
    const at = tsn & this.#mask;
    const list = this.#sends[at] === 1 ? ORIGINALS : REPEATS;
    if (this.#lists[list + LISTED]!++ === 0) this.#lists[list] = tsn;
    else {
      const last = this.#lists[list + NEWEST]!;
      this.#newer[last & this.#mask] = tsn;
      this.#older[at] = last;
    }
    this.#lists[list + NEWEST] = tsn;
    this.bytesInFlight += this.chunkBytes(this.#length[at]!);
    this.payloadInFlight += this.#length[at]!;
  }

  #delist(tsn: number): void {
    const at = tsn & this.#mask;
    const list = this.#sends[at] === 1 ? ORIGINALS : REPEATS;
    this.#lists[list + LISTED]!--;
    const isOldest = this.#lists[list] === tsn;
    const isNewest = this.#lists[list + NEWEST] === tsn;
    if (isOldest) this.#lists[list] = this.#newer[at]!;
    else if (!isNewest) this.#newer[this.#older[at]! & this.#mask] = this.#newer[at]!;
    if (isNewest) this.#lists[list + NEWEST] = this.#older[at]!;
    else if (!isOldest) this.#older[this.#newer[at]! & this.#mask] = this.#older[at]!;
    this.bytesInFlight -= this.chunkBytes(this.#length[at]!);
    this.payloadInFlight -= this.#length[at]!;
  }

  /** What a transfer needed is given back, if nothing is left of it. */
  trim(): void {
    if (this.count === 0) this.#take(new Outstanding(this.first, this.headerBytes), 0);
  }

  #grow(): void {
    const old = this.#mask;
    const capacity = old < 0 ? FIRST_CAPACITY : Math.max((old + 1) * 2, SECOND_CAPACITY);
    const grown = new Outstanding(this.first, this.headerBytes);
    // One piece of memory for all: those with the longest elements first, which have to be aligned.
    const buffer = new ArrayBuffer(capacity * BYTES_PER_CHUNK);
    let at = capacity * Float64Array.BYTES_PER_ELEMENT;
    const words = (): Uint32Array<ArrayBuffer> => {
      const array = new Uint32Array(buffer, at, capacity);
      at += array.byteLength;
      return array;
    };
    grown.#packet = new Float64Array(buffer, 0, capacity);
    grown.#offset = words();
    grown.#fragment = words();
    grown.#older = words();
    grown.#newer = words();
    grown.#ackedThrough = words();
    grown.#sends = new Uint16Array(buffer, at, capacity);
    grown.#length = new Uint16Array(buffer, at + capacity * 2, capacity);
    grown.#state = new Uint8Array(buffer, at + capacity * 4, capacity);
    grown.#message = new Array(capacity).fill(undefined);
    for (let i = 0; i <= old; i++) {
      const from = add32(this.first, i) & old;
      const to = add32(this.first, i) & (capacity - 1);
      grown.#state[to] = this.#state[from]!;
      grown.#sends[to] = this.#sends[from]!;
      grown.#length[to] = this.#length[from]!;
      grown.#offset[to] = this.#offset[from]!;
      grown.#fragment[to] = this.#fragment[from]!;
      grown.#older[to] = this.#older[from]!;
      grown.#newer[to] = this.#newer[from]!;
      grown.#packet[to] = this.#packet[from]!;
      grown.#ackedThrough[to] = this.#ackedThrough[from]!;
      grown.#message[to] = this.#message[from];
    }
    this.#take(grown, capacity);
  }

  /** Goes on with the arrays of `other`. */
  #take(other: Outstanding, capacity: number): void {
    this.#state = other.#state;
    this.#sends = other.#sends;
    this.#length = other.#length;
    this.#offset = other.#offset;
    this.#fragment = other.#fragment;
    this.#older = other.#older;
    this.#newer = other.#newer;
    this.#packet = other.#packet;
    this.#ackedThrough = other.#ackedThrough;
    this.#message = other.#message;
    this.#mask = capacity - 1;
  }
}
