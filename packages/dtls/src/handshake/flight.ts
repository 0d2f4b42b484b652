// The messages that are sent together and, if need be, sent again together. RFC 6347 §4.2.4. Each sending cuts
// them anew into fragments and packs as many records into a datagram as fit.
import { copyBytes } from '@millrace/sans-io';
import { CONTENT_TYPE, DTLS_1_2 } from '../record/header.ts';
import { PLAINTEXT_EPOCH, PROTECTED_EPOCH, type RecordLayer } from '../record/layer.ts';
import { HANDSHAKE_HEADER_BYTES, writeHandshakeHeader } from './header.ts';

interface Item {
  readonly contentType: number;
  readonly epoch: number;
  readonly version: number;
  /** A handshake message with its header, or the content of the record. */
  readonly bytes: Uint8Array;
  readonly sequence: number;
}

/** A fragment smaller than this waits for the next datagram. */
const LEAST_FRAGMENT_BYTES = 64;
const CHANGE_CIPHER_SPEC = Uint8Array.of(1); // RFC 5246 §7.1

export class Flight {
  #items: Item[] = [];
  #index = 0;
  #offset = 0;
  #messageSequence = 0;
  #epoch = PLAINTEXT_EPOCH;
  #count = 0;
  #expectsReply = false;

  /** How many flights there have been. */
  get count(): number {
    return this.#count;
  }

  /** Whether this one is sent again until it is answered. */
  get expectsReply(): boolean {
    return this.#expectsReply;
  }

  /** The epoch in which we send: the protected one once a ChangeCipherSpec stands in a flight. */
  get epoch(): number {
    return this.#epoch;
  }

  get isPending(): boolean {
    return this.#index < this.#items.length;
  }

  /** A new flight takes the place of the one before, which its reply has made superfluous. */
  begin(expectsReply = true): void {
    this.#items = [];
    this.#count++;
    this.#expectsReply = expectsReply;
    this.restart();
  }

  /** Returns the whole message with its header, for the transcript. */
  add(type: number, body: Uint8Array, version: number = DTLS_1_2): Uint8Array {
    const bytes = new Uint8Array(HANDSHAKE_HEADER_BYTES + body.length);
    const sequence = this.#messageSequence++;
    writeHandshakeHeader(bytes, 0, type, body.length, sequence, 0, body.length);
    bytes.set(body, HANDSHAKE_HEADER_BYTES);
    this.#items.push({ contentType: CONTENT_TYPE.handshake, epoch: this.#epoch, version, bytes, sequence });
    return bytes;
  }

  addChangeCipherSpec(): void {
    const contentType = CONTENT_TYPE.changeCipherSpec;
    this.#items.push({
      contentType,
      epoch: this.#epoch,
      version: DTLS_1_2,
      bytes: CHANGE_CIPHER_SPEC,
      sequence: -1,
    });
    this.#epoch = PROTECTED_EPOCH;
  }

  /** Sends all of it again. */
  restart(): void {
    this.#index = 0;
    this.#offset = 0;
  }

  /** Sends nothing more of it. */
  discard(): void {
    this.#items = [];
    this.restart();
  }

  /** Fills `out[at, end)` with the records that come next and returns their length. */
  write(out: Uint8Array, at: number, end: number, records: RecordLayer): number {
    let position = at;
    while (this.#index < this.#items.length) {
      const length = this.#writeItem(out, position, end, this.#items[this.#index]!, position === at, records);
      if (length === 0) break;
      position += length;
    }
    return position - at;
  }

  #writeItem(
    out: Uint8Array,
    at: number,
    end: number,
    item: Item,
    isFirst: boolean,
    records: RecordLayer,
  ): number {
    const contentAt = at + records.headroom(item.epoch);
    const room = end - contentAt - records.tailroom(item.epoch);
    if (item.contentType !== CONTENT_TYPE.handshake) {
      if (room < item.bytes.length) return 0;
      copyBytes(out, contentAt, item.bytes, 0, item.bytes.length);
      this.#index++;
      return records.write(out, at, item.epoch, item.contentType, item.version, item.bytes.length);
    }
    const bodyLength = item.bytes.length - HANDSHAKE_HEADER_BYTES;
    const left = bodyLength - this.#offset;
    const length = Math.min(left, room - HANDSHAKE_HEADER_BYTES);
    if (length < 0 || (length === 0 && left > 0)) return 0;
    if (length < left && length < LEAST_FRAGMENT_BYTES && !isFirst) return 0;
    writeHandshakeHeader(out, contentAt, item.bytes[0]!, bodyLength, item.sequence, this.#offset, length);
    const from = HANDSHAKE_HEADER_BYTES + this.#offset;
    copyBytes(out, contentAt + HANDSHAKE_HEADER_BYTES, item.bytes, from, from + length);
    this.#offset += length;
    if (this.#offset === bodyLength) {
      this.#index++;
      this.#offset = 0;
    }
    const content = HANDSHAKE_HEADER_BYTES + length;
    return records.write(out, at, item.epoch, item.contentType, item.version, content);
  }
}
