// Hot: packets that were sent in one burst count as one; between bursts it is told how much more time passed at the
// receiver than at the sender. draft-ietf-rmcat-gcc-02 §5.1, §5.2.
import type { Millis } from '@millrace/sans-io';

/** draft-ietf-rmcat-gcc-02 §5.2: burst_time. */
const BURST: Millis = 5;
const LONGEST_BURST: Millis = 100;

// Places in the array.
const FIRST_SENT = 0;
const LAST_SENT = 1;
const FIRST_ARRIVED = 2;
const LAST_ARRIVED = 3;
const PREVIOUS_SENT = 4;
const PREVIOUS_ARRIVED = 5;

export class ArrivalGroups {
  readonly #times = new Float64Array(6);
  #hasGroup = false;
  #hasPrevious = false;
  /** Of the two groups that `add` completed last. */
  readonly delta: Float64Array = new Float64Array(3); // sent, arrived, time of arrival

  reset(): void {
    this.#hasGroup = false;
    this.#hasPrevious = false;
  }

  /** Takes a packet's times of sending and arrival. True if two groups can be compared: `delta` holds by how much they were sent and arrived apart. */
  add(sample: Float64Array): boolean {
    const sentAt = sample[0]!;
    const arrivedAt = sample[1]!;
    const times = this.#times;
    if (!this.#hasGroup) {
      this.#begin(sample);
      this.#hasGroup = true;
      return false;
    }
    if (sentAt < times[FIRST_SENT]!) return false; // reordered
    if (this.#belongs(sample)) {
      if (sentAt > times[LAST_SENT]!) times[LAST_SENT] = sentAt;
      if (arrivedAt > times[LAST_ARRIVED]!) times[LAST_ARRIVED] = arrivedAt;
      return false;
    }
    let isComparable = false;
    if (this.#hasPrevious) {
      const sent = times[LAST_SENT]! - times[PREVIOUS_SENT]!;
      const arrived = times[LAST_ARRIVED]! - times[PREVIOUS_ARRIVED]!;
      isComparable = arrived >= 0;
      this.delta[0] = sent;
      this.delta[1] = arrived;
      this.delta[2] = times[LAST_ARRIVED]!;
    }
    times[PREVIOUS_SENT] = times[LAST_SENT]!;
    times[PREVIOUS_ARRIVED] = times[LAST_ARRIVED]!;
    this.#hasPrevious = true;
    this.#begin(sample);
    return isComparable;
  }

  #belongs(sample: Float64Array): boolean {
    const sentAt = sample[0]!;
    const arrivedAt = sample[1]!;
    const times = this.#times;
    if (sentAt - times[FIRST_SENT]! <= BURST) return true;
    // §5.2: what arrived in a burst though it was not sent so waited somewhere, and says nothing of the path.
    const arrived = arrivedAt - times[LAST_ARRIVED]!;
    return (
      arrived >= 0 &&
      arrived <= BURST &&
      arrived < sentAt - times[LAST_SENT]! &&
      arrivedAt - times[FIRST_ARRIVED]! < LONGEST_BURST
    );
  }

  #begin(sample: Float64Array): void {
    const times = this.#times;
    const sentAt = sample[0]!;
    const arrivedAt = sample[1]!;
    times[FIRST_SENT] = sentAt;
    times[LAST_SENT] = sentAt;
    times[FIRST_ARRIVED] = arrivedAt;
    times[LAST_ARRIVED] = arrivedAt;
  }
}
