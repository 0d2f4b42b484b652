// DTLS inside STUN (draft-hancke-webrtc-sped): while the handshake is going on, its datagrams ride with connectivity
// checks and their responses, so that it begins with ICE and not after it. What has come is acknowledged by its
// CRC-32; what has not been acknowledged rides again. As soon as there is a path everything goes there as well.
//
// The agent hands over what it has found authentic, and nothing else. Whoever owns DTLS feeds it from `take`.

import type { Piggyback } from '@millrace/ice';
import { Drops, type Millis, NEVER, ownCopy, putU32, u32 } from '@millrace/sans-io';
import { crc32 } from '@millrace/stun';

/** The longest datagram of a handshake that may have to ride: what libwebrtc takes, and leaves STUN its room. */
export const SPED_DATAGRAM_BYTES = 900;
/** The draft's name, and that of libwebrtc for the same on the wire. */
const ICE_OPTIONS: readonly string[] = ['sped', 'googspedv1'];
/** Datagrams of one flight that ride. A flight with a chain of certificates and ML-KEM has about five. */
export const MAX_FLIGHT_DATAGRAMS = 16;
/** Datagrams that have come and wait for DTLS: those of one batch. */
export const MAX_WAITING_DATAGRAMS = 16;
/** §4.3.2: acknowledgements in one message. */
const MAX_ACKNOWLEDGEMENTS = 4;
/** Entries read of an acknowledgement. */
export const MAX_ACKNOWLEDGEMENTS_READ = 32;
/** Datagrams that are known by their CRC-32 if they come again. */
const MAX_REMEMBERED = 32;
/** Messages that carry the last flight at most once we are connected: a peer that has it need not say so. */
const MAX_LINGERING = 16;

/** Between checks that carry what has not been acknowledged: a round trip and a quarter, but at least this. */
const LEAST_INTERVAL: Millis = 50;
/** While ICE has measured none. */
const DEFAULT_ROUND_TRIP: Millis = 200;

const NOTHING = new Uint8Array(0);
/** Where DTLS writes a datagram that is copied at once; of all connections. */
const scratch = new Uint8Array(SPED_DATAGRAM_BYTES);

const DROP_REASONS = [
  'not-dtls',
  'repeated',
  'too-many-waiting',
  'bad-acknowledgement',
  'flight-too-long',
] as const;
export type SpedDrop = (typeof DROP_REASONS)[number];

/** What DTLS has to say, as `DtlsConnection` has it. */
interface DatagramSource {
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number;
}

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly checksum: number;
  /** It has gone over a path of its own. */
  isSent: boolean;
}

/**
 * `offered`: the peer may use it already, before we know that it will. `over`: there is nothing left that would have
 * to ride.
 */
type State = 'off' | 'offered' | 'on' | 'over';

export class Sped implements Piggyback {
  readonly drops: Drops<SpedDrop> = new Drops(DROP_REASONS);
  /** Datagrams that rode with messages of ours and of the peer's; each counts as often as it did. */
  datagramsSent = 0;
  datagramsReceived = 0;
  flight = 0;
  readonly #isWanted: boolean;
  #state: State = 'off';
  #isSettled = false;
  #isConnected = false;
  #hasPath = false;
  #outgoing: Outgoing[] = [];
  /** Whose turn it is. */
  #turn = 0;
  #lingering = MAX_LINGERING;
  #roundTripTime: Millis = DEFAULT_ROUND_TRIP;
  #lastSentAt: Millis = NEVER;
  readonly #waiting: Uint8Array[] = [];
  /** CRC-32s of what has come, oldest first. */
  #seen: number[] = [];
  #acknowledgements: Uint8Array = NOTHING;

  constructor(isWanted: boolean) {
    this.#isWanted = isWanted;
  }

  /** What an offer says. */
  get offeredOptions(): readonly string[] {
    return this.#isWanted ? ICE_OPTIONS : [];
  }

  /** What an answer says to an offer with these options (§4.2.1). */
  answeredOptions(offered: readonly string[]): readonly string[] {
    return this.offeredOptions.filter((option) => offered.includes(option));
  }

  /** An offer with these options has been set here: §4.2.2, from then on the peer may use it. */
  offer(options: readonly string[]): void {
    if (!this.#isSettled && this.answeredOptions(options).length > 0) this.#state = 'offered';
  }

  /** Both descriptions are known. What the first ones have settled holds. */
  settle(ours: readonly string[], theirs: readonly string[]): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#state = this.answeredOptions(ours).some((option) => theirs.includes(option)) ? 'on' : 'off';
  }

  /** Both sides do it, and the handshake is not over: DTLS need not wait for a path. */
  get isAgreed(): boolean {
    return this.#state === 'on';
  }

  get isOn(): boolean {
    return this.#state === 'on' || this.#state === 'offered';
  }

  get pending(): number {
    return this.#hasPath || this.#state !== 'on' ? 0 : this.#outgoing.length;
  }

  /** Not acknowledged within a round trip: it may be lost, or the acknowledgement. */
  get checkDueAt(): Millis {
    if (this.#state !== 'on' || !this.#hasPath || this.#outgoing.length === 0) return NEVER;
    return this.#lastSentAt + Math.max(LEAST_INTERVAL, this.#roundTripTime * 1.25);
  }

  get acknowledgements(): Uint8Array {
    return this.#acknowledgements;
  }

  next(room: number, now: Millis): Uint8Array | undefined {
    if (this.#state !== 'on') return undefined;
    this.#lastSentAt = now;
    // §5.2: in turn, so that all of a flight arrive however few messages there are.
    for (let i = 0; i < this.#outgoing.length; i++) {
      this.#turn = (this.#turn + 1) % this.#outgoing.length;
      const { bytes } = this.#outgoing[this.#turn]!;
      if (bytes.length > room) continue;
      this.datagramsSent++;
      if (this.#isConnected && --this.#lingering === 0) this.#finish();
      return bytes;
    }
    return undefined;
  }

  receive(bytes: Uint8Array, dataAt: number, dataEnd: number, ackAt: number, ackEnd: number): void {
    if (dataAt < 0 && ackAt < 0) {
      // A peer that says nothing of it has everything, or does not do it after all.
      if (this.#state === 'on') this.#finish();
      return;
    }
    if (ackAt >= 0) this.#onAcknowledgement(bytes, ackAt, ackEnd);
    if (dataAt >= 0 && dataAt < dataEnd) this.#onData(bytes, dataAt, dataEnd);
  }

  /** There is a path, as ICE has measured it. */
  setPath(roundTripTime: Millis | undefined): void {
    this.#roundTripTime = roundTripTime ?? DEFAULT_ROUND_TRIP;
  }

  /** The next datagram that has come, for DTLS. */
  take(): Uint8Array | undefined {
    return this.#waiting.shift();
  }

  /**
   * A datagram of DTLS has come over the path, and is not opened yet. It is acknowledged as well (§5.4). Returns whether it
   * is news.
   */
  isNews(bytes: Uint8Array, at: number, end: number): boolean {
    // Once connected what comes is data, of which DTLS itself knows what has come before.
    if (!this.isOn || this.#isConnected) return true;
    const checksum = crc32(bytes, at, end);
    if (this.#seen.includes(checksum)) {
      this.drops.count('repeated');
      return false;
    }
    this.#remember(checksum);
    return true;
  }

  /** Takes what DTLS has to send; a new flight, or the same sent again, takes the place of the one before. */
  capture(dtls: DatagramSource, hasPath: boolean, now: Millis): void {
    this.#hasPath = hasPath;
    if (this.#state !== 'on') return;
    let isFirst = true;
    for (;;) {
      const length = dtls.transmit(scratch, 0, SPED_DATAGRAM_BYTES, now);
      if (length === 0) return;
      if (isFirst) {
        this.#outgoing = [];
        this.#turn = -1;
        this.flight++;
        isFirst = false;
      }
      const bytes = ownCopy(scratch, 0, length);
      if (this.#outgoing.length < MAX_FLIGHT_DATAGRAMS)
        this.#outgoing.push({ bytes, checksum: crc32(bytes, 0, length), isSent: false });
      else this.drops.count('flight-too-long');
    }
  }

  /** Writes the next datagram of DTLS that is to go over the path; 0 if there is none. */
  transmit(dtls: DatagramSource, out: Uint8Array, at: number, end: number, now: Millis): number {
    for (const datagram of this.#outgoing) {
      if (datagram.isSent) continue;
      if (datagram.bytes.length > end - at) break;
      datagram.isSent = true;
      this.#lastSentAt = now;
      out.set(datagram.bytes, at);
      return datagram.bytes.length;
    }
    return this.#state === 'on' ? 0 : dtls.transmit(out, at, end, now);
  }

  /** DTLS is connected; `isLast`: its last flight is ours, so it rides on until the peer has it. */
  onConnected(isLast: boolean): void {
    this.#isConnected = true;
    if (this.#state === 'on' && !isLast) this.#finish();
  }

  #finish(): void {
    this.#state = 'over';
    // What has not gone over a path yet still does.
    this.#outgoing = this.#isConnected ? [] : this.#outgoing.filter(({ isSent }) => !isSent);
    this.#seen = [];
    this.#acknowledgements = NOTHING;
  }

  #onAcknowledgement(bytes: Uint8Array, at: number, end: number): void {
    if ((end - at) % 4 !== 0 || end - at > 4 * MAX_ACKNOWLEDGEMENTS_READ) {
      this.drops.count('bad-acknowledgement');
      return;
    }
    if (end === at || this.#outgoing.length === 0) return;
    for (; at < end; at += 4) {
      const checksum = u32(bytes, at);
      const index = this.#outgoing.findIndex((datagram) => datagram.checksum === checksum);
      if (index < 0) continue;
      this.#outgoing.splice(index, 1);
      if (index <= this.#turn) this.#turn--;
    }
    if (this.#outgoing.length === 0 && this.#isConnected) this.#finish();
  }

  #onData(bytes: Uint8Array, at: number, end: number): void {
    if (!this.isOn) return;
    this.datagramsReceived++;
    // RFC 9443 §3: 20 to 63.
    if (bytes[at]! < 20 || bytes[at]! > 63) {
      this.drops.count('not-dtls');
      return;
    }
    const checksum = crc32(bytes, at, end);
    // The same flight on several pairs, or again because our acknowledgement is not there yet: DTLS would take it for
    // a question.
    if (this.#seen.includes(checksum)) this.drops.count('repeated');
    else if (this.#waiting.length >= MAX_WAITING_DATAGRAMS) this.drops.count('too-many-waiting');
    else {
      this.#waiting.push(ownCopy(bytes, at, end));
      this.#remember(checksum);
    }
  }

  #remember(checksum: number): void {
    this.#seen.push(checksum);
    if (this.#seen.length > MAX_REMEMBERED) this.#seen.shift();
    const count = Math.min(this.#seen.length, MAX_ACKNOWLEDGEMENTS);
    const acknowledgements = new Uint8Array(4 * count);
    for (let i = 0; i < count; i++)
      putU32(acknowledgements, 4 * i, this.#seen[this.#seen.length - count + i]!);
    this.#acknowledgements = acknowledgements;
  }
}
