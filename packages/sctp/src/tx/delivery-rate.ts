// Hot: delivery-rate samples (draft-ietf-ccwg-bbr §4.1, which took over draft-cheng-iccrg-delivery-rate-estimation): for
// each packet what had been delivered when it was sent; for each SACK how fast the path delivered since then. One record
// of eight numbers a packet, in a ring by packet number; no allocation but when the ring grows.
import type { Millis } from '@millrace/sans-io';
import type { AckSample } from './congestion/congestion-control.ts';

const FIELDS = 8;
const SENT_AT = 0;
const DELIVERED = 1;
const DELIVERED_AT = 2;
const FIRST_SENT_AT = 3;
const FLIGHT = 4;
const LOST = 5;
const APP_LIMITED = 6;
const NUMBER = 7;
/** For what opens a connection; the next ones hold a transfer. */
const FIRST_PACKETS = 4;
const SECOND_PACKETS = 16;
const NO_RECORDS = new Float64Array(0);

export class DeliveryRate {
  /** Bytes ever delivered. */
  delivered = 0;
  /** Bytes ever taken for lost. */
  lost = 0;
  #deliveredAt: Millis = 0;
  /** When the packet was sent from which the next sample counts. */
  #firstSentAt: Millis = 0;
  /** Samples of packets sent before so much was delivered say what the application had, not what the path can. */
  #appLimitedUntil = 0;
  #records = NO_RECORDS;
  #mask = -1;
  /** The newest packet that the SACK in hand acknowledges; 0 if none. */
  #newest = 0;
  #lostReported = 0;

  /** Packet number `packet` has left, which makes `flight` bytes; `oldest` is the oldest packet still to be asked for. */
  onSent(packet: number, oldest: number, flightBefore: number, flight: number, now: Millis): void {
    if (flightBefore === 0) {
      this.#firstSentAt = now;
      this.#deliveredAt = now;
    }
    while (packet - oldest > this.#mask) this.#grow();
    const at = (packet & this.#mask) * FIELDS;
    const records = this.#records;
    records[at + SENT_AT] = now;
    records[at + DELIVERED] = this.delivered;
    records[at + DELIVERED_AT] = this.#deliveredAt;
    records[at + FIRST_SENT_AT] = this.#firstSentAt;
    records[at + FLIGHT] = flight;
    records[at + LOST] = this.lost;
    records[at + APP_LIMITED] = this.#appLimitedUntil > 0 ? 1 : 0;
    records[at + NUMBER] = packet;
  }

  /** When a packet was sent of which something is in flight. */
  sentAt(packet: number): Millis {
    return this.#records[(packet & this.#mask) * FIELDS + SENT_AT]!;
  }

  /** There is nothing to send although there would be room: what is `flight` bytes in flight now tells little of the path. */
  markAppLimited(flight: number): void {
    this.#appLimitedUntil = Math.max(1, this.delivered + flight);
  }

  begin(): void {
    this.#newest = 0;
  }

  /** `bytes` have been delivered. */
  onDelivered(bytes: number, now: Millis): void {
    this.delivered += bytes;
    this.#deliveredAt = now;
  }

  /** Some of `packet` has been acknowledged, surely for this sending of it. */
  onAcknowledged(packet: number): void {
    if (packet <= this.#newest) return;
    if (this.#records[(packet & this.#mask) * FIELDS + NUMBER] === packet) this.#newest = packet;
  }

  /** Fills in what `sample` has to say of delivery. */
  conclude(sample: AckSample, now: Millis): void {
    if (this.#appLimitedUntil > 0 && this.delivered > this.#appLimitedUntil) this.#appLimitedUntil = 0;
    sample.delivered = this.delivered;
    sample.lostBytes = this.lost - this.#lostReported;
    this.#lostReported = this.lost;
    sample.priorDelivered = -1;
    sample.deliveryRate = 0;
    if (this.#newest === 0) return;
    const records = this.#records;
    const at = (this.#newest & this.#mask) * FIELDS;
    const sentAt = records[at + SENT_AT]!;
    sample.priorDelivered = records[at + DELIVERED]!;
    sample.flightAtSend = records[at + FLIGHT]!;
    sample.lostSinceSend = this.lost - records[at + LOST]!;
    sample.isAppLimited = records[at + APP_LIMITED] === 1;
    this.#firstSentAt = sentAt;
    // The slower of the two rates, of sending and of acknowledging, so that neither a burst nor SACKs that come
    // together make the path look faster than it is.
    const sending = sentAt - records[at + FIRST_SENT_AT]!;
    const acknowledging = now - records[at + DELIVERED_AT]!;
    const interval = Math.max(sending, acknowledging);
    // Less than a round trip cannot be a sound measurement.
    if (interval <= 0 || interval < sample.shortestRoundTripTime) return;
    sample.deliveryRate = (this.delivered - sample.priorDelivered) / interval;
  }

  /** Nothing is in flight, and has not been for long: what a transfer needed is given back. */
  trim(): void {
    this.#records = NO_RECORDS;
    this.#mask = -1;
  }

  #grow(): void {
    const old = this.#records;
    const oldMask = this.#mask;
    const mask = oldMask < 0 ? FIRST_PACKETS - 1 : Math.max(oldMask * 2 + 1, SECOND_PACKETS - 1);
    const records = new Float64Array((mask + 1) * FIELDS);
    for (let i = 0; i <= oldMask; i++) {
      const to = (old[i * FIELDS + NUMBER]! & mask) * FIELDS;
      for (let field = 0; field < FIELDS; field++) records[to + field] = old[i * FIELDS + field]!;
    }
    this.#records = records;
    this.#mask = mask;
  }
}
