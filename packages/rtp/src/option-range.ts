// The check that every numeric option goes through.
import { RtpError } from './errors.ts';

/** `value`, or `otherwise` if it is not given; throws unless it is a number from `least` to `most`. */
export function within(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  if (value >= least && value <= most) return value;
  throw new RtpError('BAD_OPTION', `${name} is from ${least} to ${most}, not ${value}`);
}
