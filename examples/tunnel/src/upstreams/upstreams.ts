// Which of several upstreams takes a request, and which are next if it can't: one after another, or for a session always
// in the same order (highest random weight, so that one upstream less moves only its own sessions). Those that failed
// lately come last, until their back-off is over.
import { LIMITS } from '../options.ts';

export class Upstream {
  readonly url: URL;
  readonly index: number;
  readonly hash: number;
  #failures = 0;
  #downUntil = 0;

  constructor(url: URL, index: number) {
    this.url = url;
    this.index = index;
    this.hash = hashOf(url.href);
  }

  isDown(now: number): boolean {
    return now < this.#downUntil;
  }

  onFailure(now: number): void {
    // Requests that fail together are one failure.
    if (this.isDown(now)) return;
    const backOff = LIMITS.firstBackOffMillis * 2 ** Math.min(this.#failures++, 20);
    this.#downUntil = now + Math.min(backOff, LIMITS.lastBackOffMillis);
  }

  onSuccess(): void {
    this.#failures = 0;
    this.#downUntil = 0;
  }
}

export class Upstreams {
  readonly all: readonly Upstream[];
  readonly #weights: Uint32Array;
  #next = 0;

  constructor(urls: readonly URL[]) {
    this.all = urls.map((url, index) => new Upstream(url, index));
    this.#weights = new Uint32Array(urls.length);
  }

  /** All upstreams in the order to try them. `session` makes the order its own; without one they take turns. */
  order(session: string | undefined, now: number): Upstream[] {
    const { all } = this;
    const count = all.length;
    const order: Upstream[] = new Array(count);
    if (session === undefined) {
      let at = this.#next;
      this.#next = at + 1 === count ? 0 : at + 1;
      for (let i = 0; i < count; i++) {
        order[i] = all[at]!;
        if (++at === count) at = 0;
      }
    } else this.#orderFor(hashOf(session), order);
    for (let i = 0; i < count; i++) if (order[i]!.isDown(now)) return downLast(order, now);
    return order;
  }

  /** By weight, the heaviest first: an insertion sort, as there are few. */
  #orderFor(session: number, order: Upstream[]): void {
    const weights = this.#weights;
    for (let i = 0; i < order.length; i++) {
      const upstream = this.all[i]!;
      const weight = mix(session ^ upstream.hash);
      let at = i;
      for (; at > 0 && weights[at - 1]! < weight; at--) {
        weights[at] = weights[at - 1]!;
        order[at] = order[at - 1]!;
      }
      weights[at] = weight;
      order[at] = upstream;
    }
  }
}

function downLast(order: readonly Upstream[], now: number): Upstream[] {
  return [...order.filter((one) => !one.isDown(now)), ...order.filter((one) => one.isDown(now))];
}

/** FNV-1a: who chooses his session name chooses his upstream, which is no harm. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
