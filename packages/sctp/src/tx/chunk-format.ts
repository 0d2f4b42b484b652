// Hot: how a fragment of a message is written: as a DATA chunk (RFC 9260 §3.3.1) or, where both ends can interleave
// messages, as an I-DATA chunk (RFC 8260 §2.1). An association has one of them for all its life.
import { BEGIN, DATA_HEADER_BYTES, END, UNORDERED, writeData } from '../packet/data.ts';
import { I_DATA_HEADER_BYTES, writeIData } from '../packet/i-data.ts';
import type { OutgoingMessage } from './outgoing-stream.ts';

export interface ChunkFormat {
  /** Bytes in front of the payload. */
  readonly headerBytes: number;
  /** Whether fragments of several messages may take turns. */
  readonly interleaves: boolean;
  /** Writes `length` bytes of `message` from `offset` on, its fragment number `fragment`; returns where they end. */
  write(
    out: Uint8Array,
    at: number,
    tsn: number,
    message: OutgoingMessage,
    offset: number,
    length: number,
    fragment: number,
  ): number;
}

const DATA_FORMAT: ChunkFormat = {
  headerBytes: DATA_HEADER_BYTES,
  interleaves: false,
  write(out, at, tsn, message, offset, length) {
    return writeData(
      out,
      at,
      flagsOf(message, offset, length),
      tsn,
      message.stream!.id,
      message.ordered ? message.number & 0xffff : 0,
      message.ppid,
      message.bytes,
      message.at + offset,
      length,
    );
  },
};

const I_DATA_FORMAT: ChunkFormat = {
  headerBytes: I_DATA_HEADER_BYTES,
  interleaves: true,
  write(out, at, tsn, message, offset, length, fragment) {
    return writeIData(
      out,
      at,
      flagsOf(message, offset, length),
      tsn,
      message.stream!.id,
      message.number,
      fragment === 0 ? message.ppid : fragment,
      message.bytes,
      message.at + offset,
      length,
    );
  },
};

export function chunkFormat(interleaving: boolean): ChunkFormat {
  return interleaving ? I_DATA_FORMAT : DATA_FORMAT;
}

function flagsOf(message: OutgoingMessage, offset: number, length: number): number {
  return (
    (offset === 0 ? BEGIN : 0) |
    (offset + length === message.length ? END : 0) |
    (message.ordered ? 0 : UNORDERED)
  );
}
