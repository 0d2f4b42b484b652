// RFC 7845: Opus in Ogg. Two header packets on pages of their own (§5), then audio packets; the granule position is
// the number of samples at 48 kHz up to the end of a page (§4).

import { opusSamples } from '../payload/opus.ts';
import { RecordingError } from './errors.ts';
import { BEGIN_OF_STREAM, END_OF_STREAM, OggPacketReader, OggPageWriter } from './ogg.ts';

export interface OggOpusOptions {
  /** 1 or 2 (channel mapping family 0). Default 2. */
  readonly channels?: 1 | 2;
  /** Samples at 48 kHz that a decoder leaves out at the beginning (RFC 7845 §4.2). Default 3840, 80 ms. */
  readonly preSkip?: number;
  /** What tells this stream from others in the same file: 32 bits. Default 1. */
  readonly serial?: number;
  /** Who made the file (RFC 7845 §5.2). Default `millrace`. */
  readonly vendor?: string;
}

/** RFC 7845 §4: pages should not hold more than a second. */
const PAGE_SAMPLES = 48_000;

/** Records Opus packets. Every method returns the bytes that are ready for the file, in memory of their own. */
export class OggOpusWriter {
  readonly #pages: OggPageWriter;
  readonly #options: Required<OggOpusOptions>;
  #granule = 0;
  #pageBeganAt = 0;
  #firstTimestamp: number | undefined;

  constructor({ channels = 2, preSkip = 3_840, serial = 1, vendor = 'millrace' }: OggOpusOptions = {}) {
    if (channels !== 1 && channels !== 2) throw new RecordingError('BAD_RANGE', `channels is ${channels}`);
    if (!(preSkip >= 0 && preSkip <= 0xffff && Number.isInteger(preSkip))) {
      throw new RecordingError('BAD_RANGE', `preSkip is ${preSkip}`);
    }
    this.#options = { channels, preSkip, serial, vendor };
    this.#pages = new OggPageWriter(serial);
  }

  /** What the file begins with: OpusHead and OpusTags. */
  header(): Uint8Array {
    const { channels, preSkip, vendor } = this.#options;
    const head = new Uint8Array(19);
    head.set(new TextEncoder().encode('OpusHead'));
    head[8] = 1;
    head[9] = channels;
    head[10] = preSkip;
    head[11] = preSkip >> 8;
    head[12] = 0x80; // 48000, little-endian: the rate before encoding
    head[13] = 0xbb;
    const vendorBytes = new TextEncoder().encode(vendor);
    const tags = new Uint8Array(8 + 4 + vendorBytes.length + 4);
    tags.set(new TextEncoder().encode('OpusTags'));
    tags[8] = vendorBytes.length;
    tags[9] = vendorBytes.length >> 8;
    tags.set(vendorBytes, 12);
    this.#pages.add(head, 0, head.length);
    const first = this.#pages.page(0, BEGIN_OF_STREAM);
    this.#pages.add(tags, 0, tags.length);
    const second = this.#pages.page(0, 0);
    const header = new Uint8Array(first.length + second.length);
    header.set(first);
    header.set(second, first.length);
    return header;
  }

  /**
   * Takes an Opus packet, copied. `timestamp`, in samples and unwrapped, places it where packets are missing before
   * it; without one it follows the last. Returns a page when one is full, else nothing.
   * @throws RecordingError BAD_PACKET if it is no Opus packet
   */
  push(bytes: Uint8Array, at: number, end: number, timestamp?: number): Uint8Array | undefined {
    const samples = opusSamples(bytes, at, end);
    if (samples === 0) throw new RecordingError('BAD_PACKET', 'its first byte has no duration');
    const isFull = !this.#pages.hasRoom(end - at) || this.#granule - this.#pageBeganAt >= PAGE_SAMPLES;
    const page = isFull && !this.#pages.isEmpty ? this.#page(0) : undefined;
    this.#pages.add(bytes, at, end);
    if (timestamp !== undefined) {
      this.#firstTimestamp ??= timestamp - this.#granule;
      this.#granule = Math.max(this.#granule, timestamp - this.#firstTimestamp);
    }
    this.#granule += samples;
    return page;
  }

  /**
   * The last page. Nothing may be pushed any more. `granule`, in samples at 48 kHz with those that are skipped, cuts
   * off what the last packet holds too much (RFC 7845 §4.4); by default all of it sounds.
   */
  finish(granule: number = this.#granule): Uint8Array {
    if (!(granule >= 0 && granule <= this.#granule && Number.isInteger(granule))) {
      throw new RecordingError('BAD_RANGE', `granule is ${granule} of ${this.#granule}`);
    }
    this.#granule = granule;
    return this.#page(END_OF_STREAM);
  }

  #page(flags: number): Uint8Array {
    this.#pageBeganAt = this.#granule;
    return this.#pages.page(this.#granule, flags);
  }
}

/** Reads the Opus packets of an Ogg file that is in memory. */
export class OggOpusReader {
  readonly channels: number;
  /** Samples at 48 kHz that a decoder leaves out at the beginning. */
  readonly preSkip: number;
  readonly #packets: OggPacketReader;
  /** Of the packet last read: where it begins, in samples at 48 kHz from the beginning. */
  timestamp = 0;
  #nextTimestamp = 0;

  /**
   * `bytes` is a whole file, kept.
   * @throws RecordingError BAD_FILE if it does not begin as Opus in Ogg
   */
  constructor(bytes: Uint8Array) {
    this.#packets = new OggPacketReader(bytes);
    if (!this.#packets.next() || !this.#begins('OpusHead', 19)) {
      throw new RecordingError('BAD_FILE', 'it has no Opus header');
    }
    const { bytes: head, at } = this.#packets;
    if (head[at + 8]! >> 4 !== 0) throw new RecordingError('BAD_FILE', 'its version is unknown');
    this.channels = head[at + 9]!;
    this.preSkip = head[at + 10]! | (head[at + 11]! << 8);
    if (!this.#packets.next() || !this.#begins('OpusTags', 8)) {
      throw new RecordingError('BAD_FILE', 'it has no Opus comment header');
    }
  }

  /** The packet last read is `bytes[at, end)`. */
  get bytes(): Uint8Array {
    return this.#packets.bytes;
  }
  get at(): number {
    return this.#packets.at;
  }
  get end(): number {
    return this.#packets.end;
  }

  /** The granule position of the page on which the packet last read ends (RFC 7845 §4). */
  get granule(): number {
    return this.#packets.granule;
  }

  /** Goes on to the next packet of audio; false at the end of the file. Malformed packets are left out. */
  next(): boolean {
    while (this.#packets.next()) {
      const samples = opusSamples(this.bytes, this.at, this.end);
      if (samples === 0) continue;
      this.timestamp = this.#nextTimestamp;
      this.#nextTimestamp += samples;
      return true;
    }
    return false;
  }

  #begins(magic: string, least: number): boolean {
    const { bytes, at, end } = this.#packets;
    if (end - at < least) return false;
    for (let i = 0; i < magic.length; i++) if (bytes[at + i] !== magic.charCodeAt(i)) return false;
    return true;
  }
}
