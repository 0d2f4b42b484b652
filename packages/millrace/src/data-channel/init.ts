// The arguments of `createDataChannel` (W3C webrtc-pc §6.1), as WebIDL reads them.
import { type ChannelInit, MAX_ID, MAX_NAME_BYTES } from '@millrace/datachannel';

export type RTCPriorityType = 'very-low' | 'low' | 'medium' | 'high';

/** W3C webrtc-pc §6.2. */
export interface RTCDataChannelInit {
  /** Whether messages arrive in the order in which they were sent. Default true. */
  ordered?: boolean;
  /** Milliseconds after which an unsent or lost message is given up, 0 to 65535; not with `maxRetransmits`. Default: never. */
  maxPacketLifeTime?: number;
  /** How often a lost message is sent again, 0 to 65535; not with `maxPacketLifeTime`. Default: as often as it takes. */
  maxRetransmits?: number;
  /** Told to the peer, for the application's use; at most 65535 bytes of UTF-8. Default ''. */
  protocol?: string;
  /** Both applications make the channel themselves, with the same `id`; nothing is told to the peer. Default false. */
  negotiated?: boolean;
  /** 0 to 65534; only, and necessarily, with `negotiated`. */
  id?: number;
  /** W3C webrtc-priority. Told to the peer; the channel's share of the connection follows from it. Default `'low'`. */
  priority?: RTCPriorityType;
}

/** RFC 8831 §6.4 names four levels; these are the numbers browsers put in DATA_CHANNEL_OPEN. */
const PRIORITIES: Readonly<Record<RTCPriorityType, number>> = {
  'very-low': 128,
  low: 256,
  medium: 512,
  high: 1024,
};

/** @throws {TypeError} as W3C has it */
export function parseDataChannelInit(label: string, init: RTCDataChannelInit = {}): ChannelInit {
  const maxPacketLifeTime = unsignedShort('maxPacketLifeTime', init.maxPacketLifeTime);
  const maxRetransmits = unsignedShort('maxRetransmits', init.maxRetransmits);
  const id = unsignedShort('id', init.id);
  const negotiated = Boolean(init.negotiated);
  const protocol = name('protocol', init.protocol ?? '');
  if (maxPacketLifeTime !== undefined && maxRetransmits !== undefined)
    throw new TypeError('maxPacketLifeTime and maxRetransmits exclude each other');
  if (negotiated && id === undefined) throw new TypeError('a negotiated channel needs an id');
  if (negotiated && (id as number) > MAX_ID) throw new TypeError(`id must not be above ${MAX_ID}`);
  const priority = init.priority ?? 'low';
  if (!Object.hasOwn(PRIORITIES, priority)) throw new TypeError(`priority can't be '${priority}'`);
  return {
    label: name('label', label),
    protocol,
    ordered: init.ordered === undefined ? true : Boolean(init.ordered),
    maxPacketLifeTime,
    maxRetransmits,
    negotiated,
    // The id of a channel that is not negotiated is not the application's to choose.
    id: negotiated ? id : undefined,
    priority: PRIORITIES[priority],
  };
}

/** The name of a priority that came over the wire (W3C webrtc-priority §4.2). */
export function priorityName(priority: number): RTCPriorityType {
  if (priority <= PRIORITIES['very-low']) return 'very-low';
  if (priority <= PRIORITIES.low) return 'low';
  return priority <= PRIORITIES.medium ? 'medium' : 'high';
}

/** WebIDL `[EnforceRange] unsigned short`. */
function unsignedShort(field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const number = Math.trunc(Number(value));
  if (!(number >= 0 && number <= 65_535)) throw new TypeError(`${field} must lie in 0..65535, not ${value}`);
  return number + 0; // -0 is 0
}

/** WebIDL USVString of at most 65535 bytes. */
function name(field: string, value: unknown): string {
  const text = String(value).toWellFormed();
  if (Buffer.byteLength(text) > MAX_NAME_BYTES)
    throw new TypeError(`${field} must not be longer than ${MAX_NAME_BYTES} bytes`);
  return text;
}
