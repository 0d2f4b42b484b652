// The certificate of the next connection that is given none, made while nobody waits for it: keys, signature and encoding
// are half of what making a connection takes. Each serves one connection, as if it had been made for it.
import { defaultCertificate, type RTCCertificate } from './certificate.ts';

/** In milliseconds: a connection on a short path is open by then, and one on a long path waits for an answer. */
const REST = 20;
/** In milliseconds: times of validity and serial numbers tell when a certificate was made, and should tell no stale time. */
const LONGEST_KEPT = 600_000;

export class SpareCertificate {
  readonly #make: () => RTCCertificate;
  readonly #schedule: (refill: () => void) => void;
  readonly #clock: () => number;
  #spare: RTCCertificate | undefined;
  #madeAt = 0;
  #isScheduled = false;

  /** `schedule` has something called later; `clock` is in milliseconds. */
  constructor(
    make: () => RTCCertificate = defaultCertificate,
    schedule: (refill: () => void) => void = afterRest,
    clock: () => number = Date.now,
  ) {
    this.#make = make;
    this.#schedule = schedule;
    this.#clock = clock;
  }

  /** The taker's alone. */
  take(): RTCCertificate {
    const age = this.#clock() - this.#madeAt;
    const isFresh = age >= 0 && age <= LONGEST_KEPT;
    const taken = (isFresh ? this.#spare : undefined) ?? this.#make();
    this.#spare = undefined;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#schedule(this.#refill);
    }
    return taken;
  }

  readonly #refill = (): void => {
    this.#isScheduled = false;
    this.#spare = this.#make();
    this.#madeAt = this.#clock();
  };
}

/** That of the process. */
export const spareCertificate: SpareCertificate = new SpareCertificate();

function afterRest(refill: () => void): void {
  setTimeout(refill, REST).unref();
}
