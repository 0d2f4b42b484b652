// Source descriptions: who a source is. RFC 3550 §6.5.
//
//  chunk: | SSRC | item ... | 0, up to the next 32 bits |      item: | type (8) | length (8) | text |
import { copyBytes, putU32, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { growRtcp, MAX_RTCP_COUNT, RTCP_HEADER_BYTES, RTCP_TYPE, writeRtcpHeader } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

/** Item types. RFC 3550 §6.5, §12.2; RFC 8852 §4; RFC 9143 §15.2. */
export const SDES_ITEM = {
  cname: 1,
  name: 2,
  email: 3,
  phone: 4,
  location: 5,
  tool: 6,
  note: 7,
  private: 8,
  rid: 12,
  repairedRid: 13,
  mid: 15,
} as const;

const NO_BYTES = new Uint8Array(0);
const decoder = new TextDecoder();

/** A cursor over the chunks and their items. What is behind a malformed item is not looked at. */
export class SourceDescription {
  bytes: Uint8Array = NO_BYTES;
  /** Whom the chunk describes. */
  ssrc = 0;
  /** The item's type, one of `SDES_ITEM` if it is known. */
  itemType = 0;
  /** Where the item's text, in UTF-8, begins and ends. */
  itemAt = 0;
  itemEnd = 0;
  #start = 0;
  #end = 0;
  #chunksLeft = 0;
  /** Where the next item begins; 0 in front of the first chunk and behind the last item of one. */
  #next = 0;
  #nextChunk = 0;

  /** False if the packet is something else. */
  read(packet: RtcpReader): boolean {
    if (packet.type !== RTCP_TYPE.sourceDescription) return false;
    this.bytes = packet.bytes;
    this.#start = packet.at;
    this.#end = packet.end;
    this.#chunksLeft = packet.count;
    this.#next = 0;
    this.#nextChunk = packet.at + RTCP_HEADER_BYTES;
    return true;
  }

  /** Goes to the next chunk. False behind the last. */
  nextChunk(): boolean {
    while (this.#next !== 0) this.nextItem();
    const at = this.#nextChunk;
    // At least one zero ends the items.
    if (this.#chunksLeft === 0 || at + 5 > this.#end) return false;
    this.#chunksLeft--;
    this.ssrc = u32(this.bytes, at);
    this.#next = at + 4;
    return true;
  }

  /** Goes to the next item of the chunk. False behind the last. */
  nextItem(): boolean {
    const { bytes } = this;
    const at = this.#next;
    if (at === 0) return false;
    this.#next = 0;
    if (at < this.#end && bytes[at] === 0) {
      this.#nextChunk = this.#start + ((at - this.#start + 4) & ~3);
      return false;
    }
    const textAt = at + 2;
    const textEnd = textAt < this.#end ? textAt + bytes[at + 1]! : this.#end;
    // The zero that ends the items has to follow.
    if (textEnd >= this.#end) {
      this.#chunksLeft = 0;
      return false;
    }
    this.itemType = bytes[at]!;
    this.itemAt = textAt;
    this.itemEnd = this.#next = textEnd;
    return true;
  }

  /** The item's text as a string. */
  get text(): string {
    return decoder.decode(this.bytes.subarray(this.itemAt, this.itemEnd));
  }
}

/** Writes a source description without chunks into `out[at, end)` and returns its length; 0 = no room. */
export function writeSourceDescription(out: Uint8Array, at: number, end: number): number {
  if (end > out.length || end - at < RTCP_HEADER_BYTES) return 0;
  writeRtcpHeader(out, at, 0, RTCP_TYPE.sourceDescription, RTCP_HEADER_BYTES);
  return RTCP_HEADER_BYTES;
}

/**
 * Adds a chunk with one item to the source description that begins at `packetAt` and is the last in `out` so far.
 * Returns how many bytes it took; 0 if there is no room or the packet is full (31 chunks).
 */
export function addSourceChunk(
  out: Uint8Array,
  packetAt: number,
  end: number,
  ssrc: number,
  itemType: number,
  text: Uint8Array,
): number {
  if (text.length > 255) throw new RtpError('BAD_VALUE', `an item of ${text.length} bytes`);
  if ((out[packetAt]! & 0x1f) === MAX_RTCP_COUNT) return 0;
  // RFC 3550 §6.5: one to four zeros end the items.
  const length = (4 + 2 + text.length + 4) & ~3;
  const at = growRtcp(out, packetAt, end, length);
  if (at === 0) return 0;
  out[packetAt] = out[packetAt]! + 1;
  putU32(out, at, ssrc);
  out[at + 4] = itemType;
  out[at + 5] = text.length;
  for (let i = copyBytes(out, at + 6, text, 0, text.length); i < at + length; i++) out[i] = 0;
  return length;
}
