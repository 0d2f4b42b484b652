// The round-trip time to the peer as reports tell it, shared by the interceptors of a chain. RFC 3550 §6.4.1.
import { type Millis, u32 } from '@millrace/sans-io';
import { fromNtpShort, ntpFraction, ntpSeconds, ntpShort } from '../rtcp/ntp-time.ts';

/** What a clock of 1/65536 s may be off by. */
const ROUNDING = 66;
const LONGEST: Millis = 30_000;
/** Weight of a new sample. */
const GAIN = 1 / 8;

export class RoundTripTime {
  /** The latest sample, in ms; 0 before the first. */
  latest = 0;
  /** Smoothed, in ms. Before the first sample it is what the interceptors should assume. */
  smoothed: number;
  total = 0;
  samples = 0;

  constructor(assumed: Millis) {
    this.smoothed = assumed;
  }

  add(sample: Millis): void {
    this.latest = sample;
    this.smoothed = this.samples === 0 ? sample : this.smoothed + (sample - this.smoothed) * GAIN;
    this.total += sample;
    this.samples++;
  }
}

/** A time since 1970 in units of 2^-16 s, as reports echo it. RFC 3550 §4 */
export function compactNtp(wall: Millis): number {
  return ntpShort(ntpSeconds(wall), ntpFraction(wall));
}

/**
 * The round-trip time in ms from the last report's time and the delay since, both as the peer echoes them at
 * `bytes[at, at + 8)`; -1 if they tell nothing or cannot be true.
 */
export function roundTripFrom(bytes: Uint8Array, at: number, arrivedAt: number): number {
  const lastReport = u32(bytes, at);
  if (lastReport === 0) return -1;
  // RFC 3550 §6.4.1: A - LSR - DLSR.
  const units = (arrivedAt - lastReport - u32(bytes, at + 4)) | 0;
  if (units < -ROUNDING) return -1;
  const sample = fromNtpShort(Math.max(0, units));
  return sample > LONGEST ? -1 : sample;
}
