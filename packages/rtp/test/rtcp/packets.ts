import assert from 'node:assert/strict';
import { RtcpReader } from '@millrace/rtp';
import { hex } from '../hex.ts';

/** A reader at the first packet of these bytes, which lie at an odd offset among others. */
export function readerAt(input: string | Uint8Array): RtcpReader {
  const bytes = typeof input === 'string' ? hex(input) : input;
  const room = new Uint8Array(bytes.length + 12).fill(0xee);
  room.set(bytes, 5);
  const reader = new RtcpReader();
  assert(reader.begin(room, 5, 5 + bytes.length), 'not RTCP');
  assert(reader.next());
  return reader;
}

/** What `write` writes at offset 3 of a slot, for as long as it says it is. Nothing else may change. */
export function written(write: (out: Uint8Array, at: number, end: number) => number): Uint8Array {
  const out = new Uint8Array(3 + 2_000).fill(0xee);
  const length = write(out, 3, 2_000);
  assert(length > 0 && length % 4 === 0, `${length} bytes`);
  assert(out.subarray(0, 3).every((byte) => byte === 0xee));
  assert(out.subarray(3 + length).every((byte) => byte === 0xee));
  return out.slice(3, 3 + length);
}

/** Every room that is shorter than what `write` needs is refused, and bytes outside of it are left alone. */
export function assertNeedsRoom(write: (out: Uint8Array, at: number, end: number) => number | boolean): void {
  const needed = written((out, at, end) => Number(write(out, at, end))).length;
  for (let room = 0; room < needed; room++) {
    const out = new Uint8Array(3 + 2_000).fill(0xee);
    assert.equal(Number(write(out, 3, 3 + room)), 0, `${room} of ${needed} bytes`);
    assert(out.subarray(3 + room).every((byte) => byte === 0xee));
    const small = new Uint8Array(3 + room);
    assert.equal(Number(write(small, 3, 3 + needed)), 0, `an end behind the array, ${room} bytes`);
  }
}

/** Reads every beginning of the packet, with the header's length made to fit, and again with each byte at its edges. */
export function sweep(packet: Uint8Array, read: (reader: RtcpReader) => void): void {
  const feed = (bytes: Uint8Array): void => {
    const reader = new RtcpReader();
    // Nothing is to be read behind the end: what lies there would be seen as garbage.
    const room = new Uint8Array(bytes.length + 8).fill(0xff);
    room.set(bytes);
    if (!reader.begin(room, 0, bytes.length)) return;
    while (reader.next()) {
      assert(reader.at >= 0 && reader.at + 4 <= reader.end && reader.end <= bytes.length);
      read(reader);
    }
  };
  for (let length = 0; length <= packet.length; length++) {
    const cut = packet.slice(0, length);
    feed(cut);
    if (length < 4 || length % 4 !== 0) continue;
    cut[2] = 0;
    cut[3] = length / 4 - 1;
    feed(cut);
  }
  for (let at = 0; at < packet.length; at++)
    for (const value of [0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 0x3f, 0x7f, 0x80, 0x81, 0x9f, 0xc0, 0xfe, 0xff]) {
      const bytes = packet.slice();
      bytes[at] = value;
      feed(bytes);
    }
}
