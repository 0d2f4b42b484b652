// How the cost of something grows with its size.
import assert from 'node:assert/strict';
import { growth } from '@millrace/sans-io/testing';

/** Eight times as much of what is linear costs eight times as much, of what is quadratic sixty-four times. */
export const IN_PROPORTION = 24;
/** Of what does not depend on that size at all, for sixteen times as much: caches do. */
export const THE_SAME = 8;

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The work for `times` times `count` costs no more than `most` times that for `count`. */
export function assertGrowth(
  most: number,
  count: number,
  times: number,
  prepare: (count: number) => () => void,
): void {
  const ratio = growth({ clock: processorTime, count, times, prepare, most });
  assert.ok(ratio <= most, `${times} times as much costs ${ratio.toFixed(1)} times as much`);
}
