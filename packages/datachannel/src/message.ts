// Hot: what a message is, told by its payload protocol identifier (RFC 8831 §8) and not by its bytes.
import { decodeText } from './text.ts';

export const PPID_DCEP = 50;
export const PPID_STRING = 51;
export const PPID_BINARY = 53;
/** SCTP carries no empty messages: one zero byte stands for none (RFC 8831 §6.6). */
export const PPID_STRING_EMPTY = 56;
export const PPID_BINARY_EMPTY = 57;
// 52 and 54 marked parts of messages in drafts of RFC 8831. It deprecates them: such parts are dropped.

const EMPTY_BYTES = new Uint8Array(0);

/** The application's message, or `undefined` if it isn't one. Bytes are handed through. */
export function decodeMessage(ppid: number, bytes: Uint8Array): Uint8Array | string | undefined {
  if (ppid === PPID_BINARY) return bytes;
  if (ppid === PPID_STRING) return decodeText(bytes);
  // RFC 8831 §6.6: the byte that stands for nothing is ignored.
  if (ppid === PPID_BINARY_EMPTY) return EMPTY_BYTES;
  return ppid === PPID_STRING_EMPTY ? '' : undefined;
}
