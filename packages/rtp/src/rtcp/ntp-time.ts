// Times as RTCP says them: seconds since 1900 and a fraction of 2^32, or the middle 32 bits of that. RFC 3550 §4.
import type { Millis } from '@millrace/sans-io';

/** From the beginning of 1900 to that of 1970. */
const UNIX_SECONDS = 2_208_988_800;
const FRACTIONS = 2 ** 32;
/** The short form: 16 bits of seconds and 16 behind the point. */
const SHORT_UNITS_PER_MILLI = 65.536;

/** The seconds of a time given in milliseconds since 1970; they wrap in 2036. */
export function ntpSeconds(unixMillis: number): number {
  return (Math.floor(unixMillis / 1000) + UNIX_SECONDS) % FRACTIONS;
}

/** The fraction of a time given in milliseconds since 1970. */
export function ntpFraction(unixMillis: number): number {
  const seconds = unixMillis / 1000;
  return Math.floor((seconds - Math.floor(seconds)) * FRACTIONS);
}

/** Milliseconds since 1970, for times before 2036. */
export function unixMillis(seconds: number, fraction: number): number {
  return (seconds - UNIX_SECONDS + fraction / FRACTIONS) * 1000;
}

/** The middle 32 bits: what LSR, LRR and the timestamp of RFC 8888 hold. */
export function ntpShort(seconds: number, fraction: number): number {
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}

/** A duration as DLSR and DLRR hold it; what is too long becomes the longest. */
export function toNtpShort(duration: Millis): number {
  return Math.min(Math.max(Math.round(duration * SHORT_UNITS_PER_MILLI), 0), 0xffff_ffff);
}

export function fromNtpShort(short: number): Millis {
  return short / SHORT_UNITS_PER_MILLI;
}

/**
 * RFC 3550 §6.4.1: the time of arrival less LSR and DLSR, all in the short form. `NaN` if there is none (no report has
 * come yet); 0 where clocks that run apart would make it negative.
 */
export function roundTripTime(arrival: number, lastReport: number, delaySinceLastReport: number): Millis {
  if (lastReport === 0) return Number.NaN;
  return fromNtpShort(Math.max((arrival - lastReport - delaySinceLastReport) | 0, 0));
}
