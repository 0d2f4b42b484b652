// Hot: the ChannelData message, four bytes before each datagram. RFC 8656 §12.4, §12.5.
//
//  |         Channel Number        |            Length             |
//  |                       Application Data                        |
import { putU16, u16 } from '@millrace/sans-io';

export const CHANNEL_HEADER_BYTES = 4;

/** RFC 8656 §12: the first two bits tell ChannelData (01) from STUN (00). */
export function isChannelData(bytes: Uint8Array, at: number): boolean {
  return bytes[at]! >> 6 === 1;
}

/** The channel of the message at `at`. */
export function channelNumber(bytes: Uint8Array, at: number): number {
  return u16(bytes, at);
}

/** Where the data of the message `bytes[at, end)` ends, which may be padded; 0 if it is cut off. */
export function channelDataEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < CHANNEL_HEADER_BYTES) return 0;
  const dataEnd = at + CHANNEL_HEADER_BYTES + u16(bytes, at + 2);
  return dataEnd <= end ? dataEnd : 0;
}

/** Writes the header before `length` bytes of data. */
export function writeChannelHeader(out: Uint8Array, at: number, channel: number, length: number): void {
  putU16(out, at, channel);
  putU16(out, at + 2, length);
}

/** RFC 8656 §12.5: over a stream, each message is padded to four bytes; the padding is not counted. */
export function paddedLength(length: number): number {
  return (length + 3) & ~3;
}
