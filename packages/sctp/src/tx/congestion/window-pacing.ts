// The pace of a congestion control that thinks in windows: fast enough that the window, not the pace, is what limits, and
// slow enough that a window does not leave in one burst. The ratios are those of Linux.
import type { Millis } from '@millrace/sans-io';

/** In slow start the window doubles within a round trip. */
const SLOW_START_RATIO = 2;
const AVOIDANCE_RATIO = 1.2;

/** Bytes per ms; infinite as long as no round trip is known. */
export function windowPacingRate(
  window: number,
  inSlowStart: boolean,
  smoothedRoundTripTime: Millis,
): number {
  if (smoothedRoundTripTime <= 0) return Number.POSITIVE_INFINITY;
  return ((inSlowStart ? SLOW_START_RATIO : AVOIDANCE_RATIO) * window) / smoothedRoundTripTime;
}
