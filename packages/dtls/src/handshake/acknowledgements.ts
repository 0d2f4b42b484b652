// Which records of the peer's current flight have come, and when to tell it. RFC 9147 §7, §7.1: an answer is
// acknowledgement enough; what is not answered at once is acknowledged, after a while if there is hope for the rest.
//
//   struct { uint64 epoch; uint64 sequence_number; } RecordNumber;     struct { RecordNumber record_numbers<0..2^16-1>; } ACK;
import { type Millis, NEVER, putU16, putU48, u16, u32, u48 } from '@millrace/sans-io';

/** Records named in one acknowledgement; of more than these the oldest are left out, and come again. */
export const MAX_ACKNOWLEDGED_RECORDS = 32;
/** Entries read of one acknowledgement; no flight of ours has as many records. */
const MAX_ENTRIES_READ = 256;
const RECORD_NUMBER_BYTES = 16;
const LENGTH_BYTES = 2;

export class Acknowledgements {
  #records: Array<{ readonly epoch: number; readonly sequence: number }> = [];
  #dueAt: Millis = NEVER;
  #isPending = false;
  /** How many of them the peer has been told of already, where they take more than one datagram. */
  #told = 0;

  /** Whether one is to be sent now. */
  get isPending(): boolean {
    return this.#isPending;
  }

  get deadline(): Millis {
    return this.#dueAt;
  }

  get count(): number {
    return this.#records.length;
  }

  // RFC 9147 §7.1: MUST NOT name a record that was not processed or kept.
  onRecord(epoch: number, sequence: number): void {
    if (this.#records.some((each) => each.epoch === epoch && each.sequence === sequence)) return;
    if (this.#records.length === MAX_ACKNOWLEDGED_RECORDS) {
      this.#records.shift();
      this.#told = Math.max(0, this.#told - 1);
    }
    if (this.#records.length === 0) this.#records = [{ epoch, sequence }];
    else this.#records.push({ epoch, sequence });
  }

  /** There is no answer yet: the peer is told at `at`, unless the rest comes before. */
  expectRest(at: Millis): void {
    if (!this.#isPending) this.#dueAt = Math.min(this.#dueAt, at);
  }

  /** The peer is told with the next datagram. */
  tellNow(): void {
    this.#isPending = true;
    this.#told = 0;
    this.#dueAt = NEVER;
  }

  /** The flight has been answered, or the peer has begun another one. */
  clear(): void {
    this.#records = [];
    this.#dueAt = NEVER;
    this.#isPending = false;
    this.#told = 0;
  }

  expire(now: Millis): void {
    if (now >= this.#dueAt) this.tellNow();
  }

  /** Of one that names all. */
  get bytes(): number {
    return LENGTH_BYTES + RECORD_NUMBER_BYTES * this.#records.length;
  }

  /** One that names as many as `room` bytes take, and returns its length; the others come with the next. */
  write(out: Uint8Array, at: number, room: number = this.bytes): number {
    const left = this.#records.length - this.#told;
    const count = Math.min(left, Math.floor((room - LENGTH_BYTES) / RECORD_NUMBER_BYTES));
    if (count < 0 || (count === 0 && left > 0)) return 0;
    // RFC 9147 §7: by number, lowest first.
    if (this.#told === 0) this.#records.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
    putU16(out, at, RECORD_NUMBER_BYTES * count);
    let position = at + LENGTH_BYTES;
    for (let i = 0; i < count; i++, position += RECORD_NUMBER_BYTES) {
      const { epoch, sequence } = this.#records[this.#told + i]!;
      writeUint64(out, position, epoch);
      writeUint64(out, position + 8, sequence);
    }
    this.#told += count;
    if (count === left) {
      this.#isPending = false;
      this.#told = 0;
    }
    return position - at;
  }
}

/** Hands each record number of an ACK to `each`; false if it is malformed. Borrowed for the call. */
export function readAcknowledgement(
  bytes: Uint8Array,
  at: number,
  end: number,
  each: (epoch: number, sequence: number) => void,
): boolean {
  const length = end - at - LENGTH_BYTES;
  if (length < 0 || length % RECORD_NUMBER_BYTES !== 0 || u16(bytes, at) !== length) return false;
  const last = Math.min(end, at + LENGTH_BYTES + RECORD_NUMBER_BYTES * MAX_ENTRIES_READ);
  for (let position = at + LENGTH_BYTES; position < last; position += RECORD_NUMBER_BYTES) {
    // No epoch and no number of ours comes near 2^32 and 2^48.
    if (u32(bytes, position) !== 0 || u16(bytes, position + 8) !== 0) continue;
    each(u32(bytes, position + 4), u48(bytes, position + 10));
  }
  return true;
}

function writeUint64(out: Uint8Array, at: number, value: number): void {
  putU16(out, at, 0);
  putU48(out, at + 2, value);
}
