// Hot: whether queues on the path grow: the slope of the accumulated delay over the last groups of packets, against a
// threshold that adapts. draft-ietf-rmcat-gcc-02 §5.3, §5.4, with a line fitted in place of the Kalman filter.
import type { Millis } from '@millrace/sans-io';

export const NORMAL = 0;
export const OVERUSE = 1;
export const UNDERUSE = 2;

const WINDOW = 20;
const SMOOTHING = 0.9;
const GAIN = 4;
const MAX_DELTAS = 60;
/** draft-ietf-rmcat-gcc-02 §5.4: del_var_th(0), overuse_time_th, K_u, K_d and the bounds of the threshold. */
const FIRST_THRESHOLD = 12.5;
const OVERUSE_TIME: Millis = 10;
const UP = 0.0087;
const DOWN = 0.039;
const LOWEST_THRESHOLD = 6;
const HIGHEST_THRESHOLD = 600;
/** §5.4: a threshold is not adapted by what is this far off. */
const FAR_OFF = 15;
const LONGEST_STEP: Millis = 100;

// Places in the array.
const ACCUMULATED = 0;
const SMOOTHED = 1;
const FIRST_ARRIVAL = 2;
const THRESHOLD = 3;
const OVER_TIME = 4;
const PREVIOUS_TREND = 5;
const LAST_UPDATE = 6;
const TREND = 7;

export class Trendline {
  state: number = NORMAL;
  readonly #times = new Float64Array(WINDOW);
  readonly #delays = new Float64Array(WINDOW);
  readonly #numbers = new Float64Array(8);
  #count = 0;
  #deltas = 0;
  #overs = 0;

  constructor() {
    this.#numbers[THRESHOLD] = FIRST_THRESHOLD;
    this.#numbers[OVER_TIME] = -1;
    this.#numbers[LAST_UPDATE] = -1;
  }

  /** Two groups were sent and arrived so far apart, the later one at that time: the three of `delta`. */
  add(delta: Float64Array): void {
    const numbers = this.#numbers;
    const sent = delta[0]!;
    const arrived = delta[1]!;
    const arrivedAt = delta[2]!;
    if (this.#deltas === 0) numbers[FIRST_ARRIVAL] = arrivedAt;
    this.#deltas++;
    numbers[ACCUMULATED]! += arrived - sent;
    numbers[SMOOTHED] = SMOOTHING * numbers[SMOOTHED]! + (1 - SMOOTHING) * numbers[ACCUMULATED]!;
    const index = this.#count % WINDOW;
    this.#times[index] = arrivedAt - numbers[FIRST_ARRIVAL]!;
    this.#delays[index] = numbers[SMOOTHED]!;
    this.#count++;
    numbers[TREND] = numbers[PREVIOUS_TREND]!;
    if (this.#count >= WINDOW) this.#fit();
    this.#detect(delta);
  }

  #fit(): void {
    let meanTime = 0;
    let meanDelay = 0;
    for (let i = 0; i < WINDOW; i++) {
      meanTime += this.#times[i]!;
      meanDelay += this.#delays[i]!;
    }
    meanTime /= WINDOW;
    meanDelay /= WINDOW;
    let numerator = 0;
    let denominator = 0;
    for (let i = 0; i < WINDOW; i++) {
      const time = this.#times[i]! - meanTime;
      numerator += time * (this.#delays[i]! - meanDelay);
      denominator += time * time;
    }
    if (denominator !== 0) this.#numbers[TREND] = numerator / denominator;
  }

  #detect(delta: Float64Array): void {
    const numbers = this.#numbers;
    const sent = delta[0]!;
    const arrivedAt = delta[2]!;
    const trend = numbers[TREND]!;
    const modified = Math.min(this.#deltas, MAX_DELTAS) * trend * GAIN;
    const threshold = numbers[THRESHOLD]!;
    if (modified > threshold) {
      numbers[OVER_TIME] = numbers[OVER_TIME]! < 0 ? sent / 2 : numbers[OVER_TIME]! + sent;
      this.#overs++;
      // §5.4: over the threshold for some time, and still rising.
      if (numbers[OVER_TIME]! > OVERUSE_TIME && this.#overs > 1 && trend >= numbers[PREVIOUS_TREND]!) {
        numbers[OVER_TIME] = 0;
        this.#overs = 0;
        this.state = OVERUSE;
      }
    } else {
      numbers[OVER_TIME] = -1;
      this.#overs = 0;
      this.state = modified < -threshold ? UNDERUSE : NORMAL;
    }
    numbers[PREVIOUS_TREND] = trend;
    // §5.4: the threshold follows what is usual.
    if (numbers[LAST_UPDATE]! < 0) numbers[LAST_UPDATE] = arrivedAt;
    const size = Math.abs(modified);
    if (size <= threshold + FAR_OFF) {
      const step = Math.min(LONGEST_STEP, Math.max(0, arrivedAt - numbers[LAST_UPDATE]!));
      const pull = (size < threshold ? DOWN : UP) * (size - threshold) * step;
      numbers[THRESHOLD] = Math.min(HIGHEST_THRESHOLD, Math.max(LOWEST_THRESHOLD, threshold + pull));
    }
    numbers[LAST_UPDATE] = arrivedAt;
  }
}
