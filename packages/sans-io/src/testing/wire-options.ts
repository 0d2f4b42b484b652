// What a simulated link does to datagrams. Times are milliseconds, rates bytes per millisecond, probabilities 0 to 1.
import { NEVER } from '../core.ts';

export interface WireOptions {
  /** One-way delay in milliseconds. Default 0. */
  readonly delay?: number;
  /** Up to this many milliseconds are added to the delay of each datagram, drawn anew and evenly. Default 0. */
  readonly jitter?: number;
  /** Whether datagrams keep their order under jitter: none then arrives before its predecessor. Default false. */
  readonly jitterKeepsOrder?: boolean;
  /** Probability that a datagram is lost, each by itself. Default 0. */
  readonly loss?: number;
  /** Loss that comes in bursts, besides `loss`. Default none. */
  readonly burstLoss?: BurstLoss;
  /** Probability that a datagram arrives twice. Default 0. */
  readonly duplicate?: number;
  /** Probability that a datagram is held back by `reorderDelay`, so that others overtake it. Default 0. */
  readonly reorder?: number;
  /** Milliseconds that a reordered datagram is held back. Default 5. */
  readonly reorderDelay?: number;
  /** Probability that one random bit of a datagram is flipped. Default 0. */
  readonly corrupt?: number;
  /** Bytes per millisecond the link carries; `megabits(100)` is 12,500. Default unlimited. */
  readonly rate?: number;
  /** Bytes that may wait for the link, the one being sent included; newcomers beyond are dropped. Default unlimited. */
  readonly queue?: number;
  /** Longest datagram carried, in bytes with `overhead`; longer ones vanish. Default unlimited. */
  readonly mtu?: number;
  /** Bytes that each datagram takes on the link besides its own: 28 for IPv4 and UDP, 48 for IPv6. Default 0. */
  readonly overhead?: number;
}

/**
 * The Gilbert-Elliott model: a link that is now good, now bad. Each datagram may change the state, and is then lost
 * with the probability of the state. Bursts last 1 / `leave` datagrams on average, and the share of datagrams that
 * meet a bad link is `enter` / (`enter` + `leave`).
 */
export interface BurstLoss {
  /** Probability that a good link turns bad. */
  readonly enter: number;
  /** Probability that a bad link turns good. */
  readonly leave: number;
  /** Probability that a bad link loses a datagram. Default 1. */
  readonly lossInBurst?: number;
  /** Probability that a good link loses a datagram. Default 0. */
  readonly lossBetween?: number;
}

/** A rate in bytes per millisecond. */
export function megabits(perSecond: number): number {
  return perSecond * 125;
}

/** Every option with its default; numbers only, so that a datagram costs no look for `undefined`. */
export interface ResolvedWireOptions {
  readonly delay: number;
  readonly jitter: number;
  readonly jitterKeepsOrder: boolean;
  readonly loss: number;
  readonly enter: number;
  readonly leave: number;
  readonly lossInBurst: number;
  readonly lossBetween: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly reorderDelay: number;
  readonly corrupt: number;
  readonly rate: number;
  readonly queue: number;
  readonly mtu: number;
  readonly overhead: number;
}

/** Throws a RangeError that names the option that makes no sense. */
export function resolveWireOptions(options: WireOptions): ResolvedWireOptions {
  const { burstLoss } = options;
  return {
    delay: amount('delay', options.delay ?? 0),
    jitter: amount('jitter', options.jitter ?? 0),
    jitterKeepsOrder: options.jitterKeepsOrder ?? false,
    loss: probability('loss', options.loss ?? 0),
    enter: probability('burstLoss.enter', burstLoss?.enter ?? 0),
    leave: probability('burstLoss.leave', burstLoss?.leave ?? 1),
    lossInBurst: probability('burstLoss.lossInBurst', burstLoss ? (burstLoss.lossInBurst ?? 1) : 0),
    lossBetween: probability('burstLoss.lossBetween', burstLoss?.lossBetween ?? 0),
    duplicate: probability('duplicate', options.duplicate ?? 0),
    reorder: probability('reorder', options.reorder ?? 0),
    reorderDelay: amount('reorderDelay', options.reorderDelay ?? 5),
    corrupt: probability('corrupt', options.corrupt ?? 0),
    rate: rate(options.rate ?? NEVER),
    queue: amount('queue', options.queue ?? NEVER),
    mtu: amount('mtu', options.mtu ?? NEVER),
    overhead: amount('overhead', options.overhead ?? 0),
  };
}

function probability(name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} is a probability from 0 to 1, not ${value}`);
  return value;
}

function amount(name: string, value: number): number {
  if (!(value >= 0)) throw new RangeError(`${name} is 0 or more, not ${value}`);
  return value;
}

function rate(value: number): number {
  if (!(value > 0))
    throw new RangeError(`rate is more than 0, not ${value}; loss: 1 is a link that carries nothing`);
  return value;
}
