// Every tunable of a jitter buffer with its default and unit.
import type { Millis } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { within } from '../option-range.ts';

export interface JitterBufferOptions {
  /** Timestamp units in a second. */
  readonly clockRate: number;
  /** Packets held at most, rounded up to a power of two. Default: 256 for audio, 1024 for video. */
  readonly maxPackets?: number | undefined;
  /** Longest packet taken. Bytes, default: 1500. */
  readonly maxPacketBytes?: number | undefined;
  /** Bytes that the buffer may take; lowers `maxPackets`. Default: 2 MiB. */
  readonly maxBytes?: number | undefined;
  /** The delay never falls below this. Milliseconds, default: 0. */
  readonly minDelay?: Millis | undefined;
  /** Nor does it rise above this. Milliseconds, default: 500. */
  readonly maxDelay?: Millis | undefined;
  /** The delay until packets have told better. Milliseconds, default: 50, within the bounds. */
  readonly initialDelay?: Millis | undefined;
  /** Share of packets that the delay is to suffice for. Default: 0.9995 for audio, 0.999 for video. */
  readonly coverage?: number | undefined;
}

export interface JitterBufferSettings {
  readonly clockRate: number;
  readonly slots: number;
  readonly slotBytes: number;
  readonly minDelay: Millis;
  readonly maxDelay: Millis;
  readonly initialDelay: Millis;
  readonly coverage: number;
}

const MIN_SLOTS = 16;

export function settle(
  options: JitterBufferOptions,
  maxPackets: number,
  coverage: number,
): JitterBufferSettings {
  const slotBytes = within('maxPacketBytes', options.maxPacketBytes, 12, 65_535, 1_500);
  const maxBytes = within('maxBytes', options.maxBytes, 0, 1 << 30, 2_097_152);
  const wanted = within('maxPackets', options.maxPackets, MIN_SLOTS, 16_384, maxPackets);
  let slots = 2 ** Math.ceil(Math.log2(wanted));
  while (slots * slotBytes > maxBytes && slots > MIN_SLOTS) slots /= 2;
  if (slots * slotBytes > maxBytes)
    throw new RtpError(
      'BAD_OPTION',
      `maxBytes holds ${MIN_SLOTS} packets of maxPacketBytes at least, not ${maxBytes}`,
    );
  const minDelay = within('minDelay', options.minDelay, 0, 10_000, 0);
  const maxDelay = within('maxDelay', options.maxDelay, minDelay, 10_000, Math.max(500, minDelay));
  const initialDelay = within('initialDelay', options.initialDelay, 0, 10_000, 50);
  return {
    clockRate: within('clockRate', options.clockRate, 1, 1e9, 90_000),
    slots,
    slotBytes,
    minDelay,
    maxDelay,
    initialDelay: Math.min(maxDelay, Math.max(minDelay, initialDelay)),
    coverage: within('coverage', options.coverage, 0.5, 1, coverage),
  };
}
