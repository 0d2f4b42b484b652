// A link in a few words: `rate=100 rtt=50 loss=1` is 100 Mbit/s, 50 ms there and back and 1 % loss each way, before a
// queue of one bandwidth-delay product. The same words set the relay here and an emulator outside (see links.ts).
import { type BurstLoss, megabits, type WireOptions } from '@millrace/sans-io/testing';

/** What IPv4 and UDP add to a datagram: the link's rate is of whole packets. */
const OVERHEAD_BYTES = 28;
/** A queue is never shorter than so much of the rate, in milliseconds. */
const LEAST_QUEUE_MS = 10;

export interface LinkSettings {
  /** Mbit/s of whole packets, each way; none: as fast as the machine. */
  readonly rate?: number;
  /** Milliseconds there and back. Default 0. */
  readonly rtt?: number;
  /** Per cent lost, each way, each packet by itself. Default 0. */
  readonly loss?: number;
  /** Burst loss: per cent that turn the link bad, and per cent that turn it good again. */
  readonly gilbert?: readonly [enter: number, leave: number];
  /** Milliseconds added at most, in order. Default 0. */
  readonly jitter?: number;
  /** Queue in bandwidth-delay products. Default 1. */
  readonly bdp?: number;
  /** Queue in bytes, in place of `bdp`. */
  readonly queue?: number;
  /** Longest IP packet carried. */
  readonly pmtu?: number;
  /** Per cent that arrive twice. Default 0. */
  readonly dup?: number;
  /** Per cent that are held back 2 ms, so that others overtake them. Default 0. */
  readonly reorder?: number;
}

const NUMBERS = ['rate', 'rtt', 'loss', 'jitter', 'bdp', 'queue', 'pmtu', 'dup', 'reorder'] as const;

/** Reads `key=value` words. Throws a RangeError that names the word that makes no sense. */
export function parseLinkSettings(words: readonly string[]): LinkSettings {
  const settings: Record<string, number | readonly number[]> = {};
  for (const word of words) {
    const [key = '', text = ''] = word.split('=');
    const values = text.split(',').map(Number);
    const isKnown = key === 'gilbert' ? values.length === 2 : values.length === 1 && isNumberKey(key);
    if (!isKnown || text === '' || values.some((value) => !(value >= 0)))
      throw new RangeError(`${word} is no setting of a link; known are ${NUMBERS.join(', ')}, gilbert=P,R`);
    settings[key] = key === 'gilbert' ? values : values[0]!;
  }
  return settings as LinkSettings;
}

/** The words that `parseLinkSettings` reads, for an emulator outside. */
export function printLinkSettings(settings: LinkSettings): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${value}`);
}

/** What one direction of such a link does to datagrams. */
export function wireOptions(settings: LinkSettings): WireOptions {
  const {
    rate,
    rtt = 0,
    loss = 0,
    gilbert,
    jitter = 0,
    bdp = 1,
    queue,
    pmtu,
    dup = 0,
    reorder = 0,
  } = settings;
  const bytesPerMilli = rate === undefined ? undefined : megabits(rate);
  const burstLoss: BurstLoss | undefined = gilbert && { enter: gilbert[0] / 100, leave: gilbert[1] / 100 };
  return {
    delay: rtt / 2,
    loss: loss / 100,
    jitter,
    jitterKeepsOrder: true,
    duplicate: dup / 100,
    reorder: reorder / 100,
    reorderDelay: 2,
    overhead: OVERHEAD_BYTES,
    ...(burstLoss === undefined ? {} : { burstLoss }),
    ...(pmtu === undefined ? {} : { mtu: pmtu }),
    ...(bytesPerMilli === undefined
      ? {}
      : { rate: bytesPerMilli, queue: queue ?? bytesPerMilli * Math.max(rtt * bdp, LEAST_QUEUE_MS) }),
  };
}

function isNumberKey(key: string): boolean {
  return NUMBERS.some((name) => name === key);
}
