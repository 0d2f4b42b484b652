// The header of a handshake message or of a fragment of one. RFC 6347 §4.2.2.
//
//   0        1 ... 3         4      5       6 ... 8            9 ... 11
//   +--------+---------------+--------------+------------------+------------------+
//   | type   | length (24)   | message seq  | fragment offset  | fragment length  |
//   +--------+---------------+--------------+------------------+------------------+
import { putU16, putU24 } from '@millrace/sans-io';

export const HANDSHAKE_HEADER_BYTES = 12;
export const LENGTH_AT = 1;
export const MESSAGE_SEQUENCE_AT = 4;
export const FRAGMENT_OFFSET_AT = 6;
export const FRAGMENT_LENGTH_AT = 9;

/** RFC 5246 §7.4, RFC 6347 §4.3.2 and RFC 8446 §4. */
export const HANDSHAKE_TYPE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  keyUpdate: 24,
  messageHash: 254,
} as const;

/** One whole message. */
export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  /** Of the records that it came in. */
  readonly epoch: number;
  /** Header and body, as if the message had come in one fragment: what the transcript wants (RFC 6347 §4.2.6). */
  readonly bytes: Uint8Array;
}

export function bodyOf(message: HandshakeMessage): Uint8Array {
  return message.bytes.subarray(HANDSHAKE_HEADER_BYTES);
}

export function writeHandshakeHeader(
  out: Uint8Array,
  at: number,
  type: number,
  length: number,
  sequence: number,
  fragmentOffset: number,
  fragmentLength: number,
): void {
  out[at] = type;
  putU24(out, at + LENGTH_AT, length);
  putU16(out, at + MESSAGE_SEQUENCE_AT, sequence);
  putU24(out, at + FRAGMENT_OFFSET_AT, fragmentOffset);
  putU24(out, at + FRAGMENT_LENGTH_AT, fragmentLength);
}
