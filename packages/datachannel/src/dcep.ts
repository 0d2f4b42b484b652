// The Data Channel Establishment Protocol's two messages (RFC 8832 §5): parsed and written once per channel.
//
//  0                   1                   2                   3
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  | type = 0x03   | channel type  |           priority            |
//  |                     reliability parameter                     |
//  |         label length          |        protocol length        |
//  |  label (UTF-8) ...               protocol (UTF-8) ...         |
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';

const DATA_CHANNEL_ACK = 0x02;
const DATA_CHANNEL_OPEN = 0x03;
const OPEN_HEADER_BYTES = 12;

const UNORDERED = 0x80;
const RELIABLE = 0x00;
const LIMITED_RETRANSMITS = 0x01;
const LIMITED_LIFETIME = 0x02;

/** What DATA_CHANNEL_OPEN says about a channel. At most one of the two limits is set. */
export interface Open {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number | undefined;
  /** Milliseconds. */
  readonly maxPacketLifeTime: number | undefined;
  readonly priority: number;
}

export type DcepMessage =
  | { readonly type: 'ack' }
  | { readonly type: 'open'; readonly open: Open; readonly nameBytes: number };

/** §5.2: one byte. */
export const ACK: Uint8Array = Uint8Array.of(DATA_CHANNEL_ACK);

const encoder = new TextEncoder();
// A byte order mark is part of a label, and bytes that are no UTF-8 read as U+FFFD, as in browsers.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The message, or `undefined` if it isn't one. `bytes` is borrowed for the call. */
export function parseDcep(bytes: Uint8Array): DcepMessage | undefined {
  if (bytes[0] === DATA_CHANNEL_ACK) return { type: 'ack' };
  if (bytes[0] !== DATA_CHANNEL_OPEN || bytes.length < OPEN_HEADER_BYTES) return undefined;
  const channelType = bytes[1]!;
  const limit = channelType & ~UNORDERED;
  // §5.1: other values are reserved.
  if (limit > LIMITED_LIFETIME) return undefined;
  const parameter = u32(bytes, 4);
  const labelEnd = OPEN_HEADER_BYTES + u16(bytes, 8);
  const protocolEnd = labelEnd + u16(bytes, 10);
  // Bytes behind the protocol are passed over: werift counts non-ASCII labels in characters.
  if (protocolEnd > bytes.length) return undefined;
  return {
    type: 'open',
    nameBytes: protocolEnd - OPEN_HEADER_BYTES,
    open: {
      label: decoder.decode(bytes.subarray(OPEN_HEADER_BYTES, labelEnd)),
      protocol: decoder.decode(bytes.subarray(labelEnd, protocolEnd)),
      ordered: (channelType & UNORDERED) === 0,
      // §5.1: the parameter of a reliable channel is ignored.
      maxRetransmits: limit === LIMITED_RETRANSMITS ? parameter : undefined,
      maxPacketLifeTime: limit === LIMITED_LIFETIME ? parameter : undefined,
      priority: u16(bytes, 2),
    },
  };
}

/** DATA_CHANNEL_OPEN. The names must not be longer than 65535 bytes each. */
export function writeOpen(open: Open): Uint8Array {
  const label = encoder.encode(open.label);
  const protocol = encoder.encode(open.protocol);
  const bytes = new Uint8Array(OPEN_HEADER_BYTES + label.length + protocol.length);
  bytes[0] = DATA_CHANNEL_OPEN;
  bytes[1] = channelTypeOf(open) | (open.ordered ? 0 : UNORDERED);
  putU16(bytes, 2, open.priority);
  putU32(bytes, 4, open.maxRetransmits ?? open.maxPacketLifeTime ?? 0);
  putU16(bytes, 8, label.length);
  putU16(bytes, 10, protocol.length);
  bytes.set(label, OPEN_HEADER_BYTES);
  bytes.set(protocol, OPEN_HEADER_BYTES + label.length);
  return bytes;
}

function channelTypeOf(open: Open): number {
  if (open.maxRetransmits !== undefined) return LIMITED_RETRANSMITS;
  return open.maxPacketLifeTime !== undefined ? LIMITED_LIFETIME : RELIABLE;
}
