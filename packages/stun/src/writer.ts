// Writing a STUN message into the caller's buffer, attribute by attribute. RFC 8489 §5, §6.1, §14.
// A message that outgrows its room is given up as a whole: finish() then says 0.
import { copyBytes, putU16, putU32 } from '@millrace/sans-io';
import { type Attribute, padded } from './attribute.ts';
import { FINGERPRINT, MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256 } from './attributes.ts';
import type { StunCrypto } from './crypto.ts';
import { StunError } from './errors.ts';
import { fingerprint, SHA1_BYTES, SHA256_BYTES } from './integrity.ts';
import {
  HEADER_BYTES,
  MAGIC_COOKIE,
  type MessageClass,
  messageType,
  TRANSACTION_ID_AT,
  TRANSACTION_ID_BYTES,
} from './message-type.ts';

const MAX_LENGTH = 0xffff & ~3;

/** Reusable: each `begin` starts a new message. `out` is borrowed until `finish`. */
export class MessageWriter {
  #out: Uint8Array = new Uint8Array(0);
  #at = 0;
  #limit = 0;
  #next = -1;
  #fits = false;

  begin(
    out: Uint8Array,
    at: number,
    end: number,
    messageClass: MessageClass,
    method: number,
    transactionId: Uint8Array,
  ): this {
    if (transactionId.length !== TRANSACTION_ID_BYTES) throw new StunError('BAD_TRANSACTION_ID');
    this.#out = out;
    this.#at = at;
    this.#limit = Math.min(end, out.length, at + HEADER_BYTES + MAX_LENGTH);
    this.#next = at;
    this.#fits = true;
    if (!this.#reserve(HEADER_BYTES)) return this;
    putU16(out, at, messageType(messageClass, method));
    putU16(out, at + 2, 0);
    putU32(out, at + 4, MAGIC_COOKIE);
    copyBytes(out, at + TRANSACTION_ID_AT, transactionId, 0, TRANSACTION_ID_BYTES);
    return this;
  }

  /** Where in the buffer the message begins. */
  get at(): number {
    return this.#at;
  }

  /** How long the message is so far. */
  get written(): number {
    return this.#next - this.#at;
  }

  /** Throws `StunError` if the attribute cannot carry `value`. */
  add<T>(attribute: Attribute<T>, value: T): this {
    const length = attribute.byteLength(value);
    const valueAt = this.#open(attribute.type, length);
    if (valueAt >= 0) attribute.write(this.#out, valueAt, value, this.#at);
    return this;
  }

  /** MESSAGE-INTEGRITY over everything so far. RFC 8489 §14.5 */
  addIntegrity(key: Uint8Array, crypto: StunCrypto): this {
    const valueAt = this.#open(MESSAGE_INTEGRITY.type, SHA1_BYTES);
    if (valueAt >= 0) crypto.hmacSha1(key, this.#out, this.#at, valueAt - 4, this.#out, valueAt);
    return this;
  }

  /** MESSAGE-INTEGRITY-SHA256 over everything so far. RFC 8489 §14.6 */
  addIntegritySha256(key: Uint8Array, crypto: StunCrypto): this {
    const valueAt = this.#open(MESSAGE_INTEGRITY_SHA256.type, SHA256_BYTES);
    if (valueAt >= 0) crypto.hmacSha256(key, this.#out, this.#at, valueAt - 4, this.#out, valueAt);
    return this;
  }

  /** FINGERPRINT over everything so far: the last attribute. RFC 8489 §14.7 */
  addFingerprint(): this {
    const valueAt = this.#open(FINGERPRINT.type, 4);
    if (valueAt >= 0) putU32(this.#out, valueAt, fingerprint(this.#out, this.#at, valueAt - 4));
    return this;
  }

  /** The message's length, or 0 if it did not fit. */
  finish(): number {
    if (this.#next < 0) throw new StunError('BAD_CHANGE');
    const length = this.#fits ? this.#next - this.#at : 0;
    this.#next = -1;
    return length;
  }

  /** Writes an attribute's header and padding; where its value goes, or -1 if there is no room. */
  #open(type: number, length: number): number {
    if (this.#next < 0) throw new StunError('BAD_CHANGE');
    const at = this.#next;
    if (!this.#reserve(4 + padded(length))) return -1;
    putU16(this.#out, at, type);
    putU16(this.#out, at + 2, length);
    for (let i = at + 4 + length; i < this.#next; i++) this.#out[i] = 0;
    // The length already counts this attribute, as the integrity and the fingerprint in it want it.
    putU16(this.#out, this.#at + 2, this.#next - this.#at - HEADER_BYTES);
    return at + 4;
  }

  #reserve(length: number): boolean {
    if (this.#next + length > this.#limit) this.#fits = false;
    if (this.#fits) this.#next += length;
    return this.#fits;
  }
}
