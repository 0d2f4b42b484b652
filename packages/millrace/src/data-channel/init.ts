// The arguments of `createDataChannel` (W3C webrtc-pc §6.1), as WebIDL reads them.
import { type ChannelInit, MAX_ID, MAX_NAME_BYTES } from '@millrace/datachannel';

export type RTCPriorityType = 'very-low' | 'low' | 'medium' | 'high';

export interface RTCDataChannelInit {
  ordered?: boolean;
  maxPacketLifeTime?: number;
  maxRetransmits?: number;
  protocol?: string;
  negotiated?: boolean;
  id?: number;
  /** W3C webrtc-priority. Told to the peer; the channel's share of what the connection carries goes by it. */
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
