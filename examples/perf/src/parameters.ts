// What is measured: read from the command line on the client, checked again on the server, which is told by anybody.
import { EXIT, Failure } from '@millrace/example-send-file/failure';

export const DIRECTIONS = ['up', 'down', 'both', 'none'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface Parameters {
  readonly seconds: number;
  /** Bytes of a message. */
  readonly size: number;
  /** From the client's point of view. */
  readonly direction: Direction;
  readonly channels: number;
  readonly ordered: boolean;
  /** Measure round trips meanwhile. */
  readonly latency: boolean;
}

export const MAX_SECONDS = 3600;
export const MAX_CHANNELS = 64;
export const MAX_SIZE: number = 256 * 1024;

export interface ParameterValues {
  readonly seconds: string;
  readonly size: string;
  readonly direction: string;
  readonly channels: string;
  readonly unordered: boolean;
  readonly latency: boolean;
}

/** Throws a usage failure. */
export function parseParameters(values: ParameterValues): Parameters {
  const parameters = {
    seconds: Number(values.seconds),
    size: parseSize(values.size),
    direction: values.direction as Direction,
    channels: Number(values.channels),
    ordered: !values.unordered,
    latency: values.latency,
  };
  const wrong = whatIsWrong(parameters);
  if (wrong) throw new Failure(wrong, EXIT.usage);
  return parameters;
}

/** What the client asks for; throws what it is told if that is not to be had. */
export function checkedParameters(asked: Readonly<Record<string, unknown>>): Parameters {
  const { seconds, size, direction, channels, ordered, latency } = asked as unknown as Parameters;
  const parameters = { seconds, size, direction, channels, ordered, latency };
  const isBoolean = typeof ordered === 'boolean' && typeof latency === 'boolean';
  const wrong = whatIsWrong(parameters) ?? (isBoolean ? undefined : 'ordered and latency are true or false');
  if (wrong) throw new Failure(wrong, EXIT.refused);
  return parameters;
}

function whatIsWrong({ seconds, size, direction, channels, latency }: Parameters): string | undefined {
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= MAX_SECONDS))
    return `--seconds must be a number above 0, up to ${MAX_SECONDS}`;
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE)
    return `--size must be from 1 to ${MAX_SIZE / 1024}K bytes`;
  if (!DIRECTIONS.includes(direction)) return `--direction must be one of ${DIRECTIONS.join(', ')}`;
  if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS)
    return `--channels must be a whole number from 1 to ${MAX_CHANNELS}`;
  if (direction === 'none' && !latency) return '--direction none measures nothing without --latency';
  return undefined;
}

function parseSize(text: string): number {
  const [, digits, unit] = /^(\d+)([kK]?)$/.exec(text) ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (unit ? 1024 : 1);
}
