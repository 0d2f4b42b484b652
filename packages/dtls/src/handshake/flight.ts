// The messages that are sent together and, if need be, sent again together. RFC 6347 §4.2.4, RFC 9147 §5.8. Each sending
// cuts them anew into fragments and packs as many records into a datagram as fit. What the peer acknowledges (RFC 9147
// §7.2) is left out from then on.
import { copyBytes } from '@millrace/sans-io';
import { HANDSHAKE_EPOCH } from '../record/epochs.ts';
import { CONTENT_TYPE, DTLS_1_2 } from '../record/header.ts';
import { PLAINTEXT_EPOCH, PROTECTED_EPOCH, type RecordLayer } from '../record/layer.ts';
import { HANDSHAKE_HEADER_BYTES, writeHandshakeHeader } from './header.ts';
import { type SentFragment, SentRecords } from './sent-records.ts';

interface Item {
  readonly contentType: number;
  readonly epoch: number;
  readonly version: number;
  /** A handshake message with its header, or the content of the record. */
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** One byte for each byte of the body: 1 once the peer is known to have it. Made with the first acknowledgement. */
  acknowledged: Uint8Array | undefined;
  isDone: boolean;
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
  readonly #sent = new SentRecords<Item>();

  /** How many flights there have been. */
  get count(): number {
    return this.#count;
  }

  /** Whether this one is sent again until it is answered or acknowledged. */
  get expectsReply(): boolean {
    return this.#expectsReply;
  }

  /** The epoch in which we send. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What is added from here on is sent in `epoch`. */
  set epoch(epoch: number) {
    this.#epoch = epoch;
  }

  /** The number of the next message. */
  get messageSequence(): number {
    return this.#messageSequence;
  }

  /** A server that kept nothing of a first hello goes on where that would have left it. */
  skipTo(messageSequence: number): void {
    this.#messageSequence = messageSequence;
  }

  get isPending(): boolean {
    this.#skipDone();
    return this.#index < this.#items.length;
  }

  /** Whether the peer has said that it has all of it. */
  get isAcknowledged(): boolean {
    return this.#items.every(({ isDone }) => isDone);
  }

  /** A new flight takes the place of the one before, which its reply has made superfluous. */
  begin(expectsReply = true): void {
    this.#items = [];
    this.#sent.clear();
    this.#count++;
    this.#expectsReply = expectsReply;
    this.restart();
  }

  /** What is added now does not answer anything and takes no place: both are sent until they are acknowledged. */
  extend(): void {
    if (this.isAcknowledged) this.begin();
    else this.#count++;
    this.#expectsReply = true;
  }

  /** Whether the peer is known to have message `sequence` of this flight, and all before it. */
  isAcknowledgedUpTo(sequence: number): boolean {
    return this.#items.every((item) => item.sequence > sequence || item.isDone);
  }

  /** Returns the whole message with its header, for the transcript. */
  add(type: number, body: Uint8Array, version: number = DTLS_1_2): Uint8Array {
    const bytes = new Uint8Array(HANDSHAKE_HEADER_BYTES + body.length);
    const sequence = this.#messageSequence++;
    writeHandshakeHeader(bytes, 0, type, body.length, sequence, 0, body.length);
    bytes.set(body, HANDSHAKE_HEADER_BYTES);
    this.#push(CONTENT_TYPE.handshake, version, bytes, sequence);
    return bytes;
  }

  addChangeCipherSpec(): void {
    this.#push(CONTENT_TYPE.changeCipherSpec, DTLS_1_2, CHANGE_CIPHER_SPEC, -1);
    this.#epoch = PROTECTED_EPOCH;
  }

  /** Sends all of it again that is not known to have arrived. */
  restart(): void {
    this.#index = 0;
    this.#offset = 0;
  }

  /** Sends nothing more of it. */
  discard(): void {
    this.#items = [];
    this.#sent.clear();
    this.restart();
  }

  // RFC 9147 §7.2: what a record carried that was acknowledged is not sent again.
  /** Returns whether that is news. */
  onAcknowledged(epoch: number, sequence: number): boolean {
    let isNews = false;
    for (const { item, from, to } of this.#sent.take(epoch, sequence)) {
      if (item.isDone) continue;
      isNews = true;
      const bodyLength = item.bytes.length - HANDSHAKE_HEADER_BYTES;
      if (from === 0 && to === bodyLength) {
        item.isDone = true;
        continue;
      }
      item.acknowledged ??= new Uint8Array(bodyLength);
      item.acknowledged.fill(1, from, to);
      item.isDone = item.acknowledged.every((byte) => byte === 1);
    }
    return isNews;
  }

  /** Fills `out[at, end)` with the records that come next and returns their length. */
  write(out: Uint8Array, at: number, end: number, records: RecordLayer): number {
    let position = at;
    while (this.isPending) {
      const length = this.#writeRecord(out, position, end, position === at, records);
      if (length === 0) break;
      position += length;
    }
    return position - at;
  }

  #push(contentType: number, version: number, bytes: Uint8Array, sequence: number): void {
    const epoch = this.#epoch;
    this.#items.push({
      contentType,
      epoch,
      version,
      bytes,
      sequence,
      acknowledged: undefined,
      isDone: false,
    });
  }

  /** Moves on to the next byte that is not acknowledged. */
  #skipDone(): void {
    for (; this.#index < this.#items.length; this.#index++, this.#offset = 0) {
      const { isDone, acknowledged } = this.#items[this.#index]!;
      if (isDone) continue;
      if (acknowledged === undefined) return;
      while (acknowledged[this.#offset] === 1) this.#offset++;
      if (this.#offset < acknowledged.length) return;
    }
  }

  /** The next record: a fragment of a message or, under the keys of 1.3, as many as fit, which share what a record costs. */
  #writeRecord(out: Uint8Array, at: number, end: number, isFirst: boolean, records: RecordLayer): number {
    const { contentType, epoch, version, bytes } = this.#items[this.#index]!;
    const contentAt = at + records.headroom(epoch);
    const contentEnd = end - records.tailroom(epoch);
    if (contentType !== CONTENT_TYPE.handshake) {
      if (contentEnd - contentAt < bytes.length) return 0;
      copyBytes(out, contentAt, bytes, 0, bytes.length);
      this.#index++;
      return records.write(out, at, epoch, contentType, version, bytes.length);
    }
    const fragments: SentFragment<Item>[] = [];
    let position = contentAt;
    do {
      const fragment = this.#writeFragment(out, position, contentEnd, isFirst && position === contentAt);
      if (fragment === undefined) break;
      fragments.push(fragment);
      position += HANDSHAKE_HEADER_BYTES + fragment.to - fragment.from;
    } while (epoch >= HANDSHAKE_EPOCH && this.isPending && this.#items[this.#index]!.epoch === epoch);
    if (fragments.length === 0) return 0;
    const sequence = records.nextSequence(epoch);
    const written = records.write(out, at, epoch, contentType, version, position - contentAt);
    if (written > 0) this.#sent.add(epoch, sequence, fragments);
    return written;
  }

  /** What comes next of a handshake message, as far as there is room; undefined if it should wait. */
  #writeFragment(out: Uint8Array, at: number, end: number, isFirst: boolean): SentFragment<Item> | undefined {
    const item = this.#items[this.#index]!;
    const bodyLength = item.bytes.length - HANDSHAKE_HEADER_BYTES;
    const from = this.#offset;
    const left = nextAcknowledged(item, from, bodyLength) - from;
    const length = Math.min(left, end - at - HANDSHAKE_HEADER_BYTES);
    if (length < 0 || (length === 0 && left > 0)) return undefined;
    if (length < left && length < LEAST_FRAGMENT_BYTES && !isFirst) return undefined;
    writeHandshakeHeader(out, at, item.bytes[0]!, bodyLength, item.sequence, from, length);
    const bytesAt = HANDSHAKE_HEADER_BYTES + from;
    copyBytes(out, at + HANDSHAKE_HEADER_BYTES, item.bytes, bytesAt, bytesAt + length);
    this.#offset += length;
    if (this.#offset === bodyLength) {
      this.#index++;
      this.#offset = 0;
    }
    return { item, from, to: from + length };
  }
}

/** Where the run of bytes ends that begins at `from` and that the peer may not have. */
function nextAcknowledged({ acknowledged }: Item, from: number, bodyLength: number): number {
  const next = acknowledged?.indexOf(1, from) ?? -1;
  return next < 0 ? bodyLength : next;
}
