// The pcapng file format (draft-ietf-opsawg-pcapng), as much of it as packets of one kind need: a section header, one
// interface, and an enhanced packet block for each packet. Little-endian; times in microseconds.
//
//   | block type | block length | body, padded to 4 bytes | block length |

/** An SCTP packet without any header below it. */
const LINKTYPE_SCTP = 248;

export interface Packet {
  readonly direction: 'in' | 'out';
  /** Microseconds since 1970. */
  readonly time: bigint;
  readonly bytes: Uint8Array;
  readonly comment?: string;
}

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const OPTION = {
  COMMENT: 1,
  INTERFACE_NAME: 2,
  USER_APPLICATION: 4,
  PACKET_FLAGS: 2,
  TIME_RESOLUTION: 9,
} as const;
const INBOUND = 1;
const OUTBOUND = 2;
const MICROSECONDS = 6;

/** What a file begins with. */
export function fileHeader(application: string): Buffer {
  const section = Buffer.alloc(16);
  section.writeUInt32LE(BYTE_ORDER, 0);
  section.writeUInt16LE(1, 4); // version 1.0
  section.writeBigInt64LE(-1n, 8); // a section of any length
  const link = Buffer.alloc(8);
  link.writeUInt16LE(LINKTYPE_SCTP, 0);
  return Buffer.concat([
    block(SECTION_HEADER, [section, option(OPTION.USER_APPLICATION, Buffer.from(application)), END]),
    block(INTERFACE, [
      link,
      option(OPTION.INTERFACE_NAME, Buffer.from('sctp')),
      option(OPTION.TIME_RESOLUTION, Buffer.of(MICROSECONDS)),
      END,
    ]),
  ]);
}

/** One packet. */
export function packetBlock({ direction, time, bytes, comment }: Packet): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(Number(time >> 32n), 4);
  head.writeUInt32LE(Number(time & 0xffff_ffffn), 8);
  head.writeUInt32LE(bytes.length, 12);
  head.writeUInt32LE(bytes.length, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(direction === 'in' ? INBOUND : OUTBOUND, 0);
  const options = [option(OPTION.PACKET_FLAGS, flags)];
  if (comment !== undefined) options.push(option(OPTION.COMMENT, Buffer.from(comment)));
  return block(ENHANCED_PACKET, [head, padded(bytes), ...options, END]);
}

const END = Buffer.alloc(4);

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function block(type: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const frame = Buffer.alloc(8 + body.length + 4);
  frame.writeUInt32LE(type, 0);
  frame.writeUInt32LE(frame.length, 4);
  body.copy(frame, 8);
  frame.writeUInt32LE(frame.length, frame.length - 4);
  return frame;
}

function padded(bytes: Uint8Array): Buffer {
  const whole = Buffer.alloc((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}
