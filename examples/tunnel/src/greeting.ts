// The first channel of a connection: each side says which it is. Two that both publish, or both connect, part again.
import type { RTCDataChannel } from 'millrace';
import { LIMITS } from './options.ts';

export const LABELS = { control: 'tunnel', request: 'request' } as const;

/** Of what the two sides say to each other on the channels of requests. */
const VERSION = 2;

export type Role = 'publish' | 'connect';

/** The other side's role; throws if it says none. */
export async function greet(channel: RTCDataChannel, role: Role): Promise<Role> {
  const messages = channel[Symbol.asyncIterator]();
  await channel.ready;
  channel.send(JSON.stringify({ tunnel: VERSION, role }));
  const { value } = await messages.next();
  await messages.return?.();
  const greeting = JSON.parse(String(value)) as { tunnel?: unknown; role?: unknown } | null;
  if (greeting?.tunnel !== VERSION || (greeting.role !== 'publish' && greeting.role !== 'connect'))
    throw new Error('the other side is no tunnel of this version');
  return greeting.role;
}

/** A channel for a request: messages as they are fastest, and no more under way than the window. */
export function tuned(channel: RTCDataChannel): RTCDataChannel {
  channel.binaryType = 'uint8array' as never;
  channel.highWaterMark = LIMITS.windowBytes / 4;
  return channel;
}
