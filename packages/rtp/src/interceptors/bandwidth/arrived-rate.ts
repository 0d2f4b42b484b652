// Hot: the rate at which packets arrived in the last half second, by the receiver's clock.
import type { Millis } from '@millrace/sans-io';

const BUCKET: Millis = 50;
const BUCKETS = 10;
/** Less than this tells no rate. */
const SHORTEST: Millis = 150;

export class ArrivedRate {
  readonly #bytes = new Float64Array(BUCKETS);
  /** The bucket of the latest arrival, and the first that counts. */
  #latest = -1;
  #first = -1;
  #total = 0;

  /** `sample[1]` is when a packet arrived. */
  add(sample: Float64Array, bytes: number): void {
    const bucket = Math.floor(sample[1]! / BUCKET);
    if (this.#latest < 0 || bucket - this.#latest >= BUCKETS) {
      this.#bytes.fill(0);
      this.#total = 0;
      this.#first = bucket;
      this.#latest = bucket;
    } else if (bucket > this.#latest) {
      while (this.#latest < bucket) {
        this.#latest++;
        const index = this.#latest % BUCKETS;
        this.#total -= this.#bytes[index]!;
        this.#bytes[index] = 0;
      }
      this.#first = Math.max(this.#first, this.#latest - BUCKETS + 1);
    } else if (bucket <= this.#latest - BUCKETS) return;
    this.#bytes[bucket % BUCKETS]! += bytes;
    this.#total += bytes;
  }

  /** Bits per second; 0 if it is not known yet. The bucket under way is left out: it is not full. */
  get bitsPerSecond(): number {
    const full = this.#latest - this.#first;
    if (full * BUCKET < SHORTEST) return 0;
    return ((this.#total - this.#bytes[this.#latest % BUCKETS]!) * 8_000) / (full * BUCKET);
  }
}
