// What the program says first, on the channel that the connection comes with: which files it offers.
import { isSize } from './channel.ts';

export interface Offer {
  readonly id: number;
  readonly name: string;
  readonly size: number;
}

export interface Greeting {
  readonly offers: readonly Offer[];
  /** Whether files may be sent to it. */
  readonly takes: boolean;
}

/** The members of a room that are met, and those that are passed over. */
export const SIDES = { page: 'page', program: 'program' } as const;

/** Files on offer at a time: all of them go into one message. */
export const MAX_OFFERS = 100;
export const FILE_CHANNEL = 'file';

export const formatGreeting = (greeting: Greeting): string =>
  JSON.stringify({ type: 'greeting', ...greeting });

/** `undefined` if it is none. */
export function parseGreeting(data: unknown): Greeting | undefined {
  let value: Record<string, unknown>;
  try {
    value = Object(JSON.parse(String(data)));
  } catch {
    return undefined;
  }
  const { type, offers, takes } = value;
  if (type !== 'greeting' || !Array.isArray(offers) || offers.length > MAX_OFFERS) return undefined;
  if (!offers.every(isOffer)) return undefined;
  return { offers, takes: takes === true };
}

function isOffer(value: unknown): value is Offer {
  const { id, name, size } = Object(value) as Record<string, unknown>;
  return isSize(id) && typeof name === 'string' && isSize(size);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function formatSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}
