// Reading a STUN message: one walk notes where each attribute lies, values are parsed when asked for.
// RFC 8489 §6.3 (receiving), §14 (attribute order). What is authentic is told by integrity.ts.
import { ownCopy, u16, u48 } from '@millrace/sans-io';
import { type Attribute, isComprehensionRequired, padded } from './attribute.ts';
import {
  type AttributeTable,
  FINGERPRINT,
  MESSAGE_INTEGRITY,
  MESSAGE_INTEGRITY_SHA256,
  STUN_ATTRIBUTES,
} from './attributes.ts';
import {
  classOf,
  HEADER_BYTES,
  isStun,
  type MessageClass,
  methodOf,
  TRANSACTION_ID_AT,
  TRANSACTION_ID_BYTES,
} from './message-type.ts';

/** More attributes than this make a message malformed: nothing that STUN or TURN says needs as many. */
export const MAX_ATTRIBUTES = 64;

/** A parsed message. Its bytes are borrowed: read what is needed before the buffer is used again. */
export class StunMessage {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly messageClass: MessageClass;
  readonly method: number;
  /** Comprehension-required attributes that the table does not know, in order. RFC 8489 §6.3.1 */
  readonly unknownRequired: readonly number[];
  readonly #types: readonly number[];
  readonly #offsets: readonly number[];

  constructor(
    bytes: Uint8Array,
    at: number,
    end: number,
    types: readonly number[],
    offsets: readonly number[],
    unknownRequired: readonly number[],
  ) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.messageClass = classOf(u16(bytes, at));
    this.method = methodOf(u16(bytes, at));
    this.unknownRequired = unknownRequired;
    this.#types = types;
    this.#offsets = offsets;
  }

  /** A copy of the 12 bytes. */
  get transactionId(): Uint8Array {
    const idAt = this.at + TRANSACTION_ID_AT;
    return ownCopy(this.bytes, idAt, idAt + TRANSACTION_ID_BYTES);
  }

  /** The id's first 48 bits: a key for tables; the rest is still to be compared. */
  get transactionKey(): number {
    return u48(this.bytes, this.at + TRANSACTION_ID_AT);
  }

  /** The types of the attributes that count, in order. */
  get attributeTypes(): readonly number[] {
    return this.#types;
  }

  has(attribute: Attribute<unknown>): boolean {
    return this.#types.includes(attribute.type);
  }

  /** The attribute's value; `undefined` if it is missing or malformed. */
  get<T>(attribute: Attribute<T>): T | undefined {
    const at = this.valueOffset(attribute);
    return at < 0 ? undefined : attribute.parse(this.bytes, at, at + u16(this.bytes, at - 2), this.at);
  }

  /** Where the attribute's value begins in `bytes`; -1 if it is missing. */
  valueOffset(attribute: Attribute<unknown>): number {
    const index = this.#types.indexOf(attribute.type);
    return index < 0 ? -1 : this.#offsets[index]!;
  }
}

/** Parses the message that fills `bytes[at, end)`; `undefined` if there is none or it is malformed. */
export function parseMessage(
  bytes: Uint8Array,
  at: number,
  end: number,
  table: AttributeTable = STUN_ATTRIBUTES,
): StunMessage | undefined {
  if (!isStun(bytes, at, end)) return undefined;
  const types: number[] = [];
  const offsets: number[] = [];
  const unknown: number[] = [];
  let integrity = 0;
  let count = 0;
  for (let next = at + HEADER_BYTES; next < end; count++) {
    if (count === MAX_ATTRIBUTES || next + 4 > end) return undefined;
    const type = u16(bytes, next);
    const value = next + 4;
    next = value + padded(u16(bytes, next + 2));
    if (next > end) return undefined;
    // RFC 8489 §14.7: FINGERPRINT is the last attribute.
    if (type === FINGERPRINT.type && next !== end) return undefined;
    // RFC 8489 §14.5 and §14.6: what follows an integrity attribute is not covered by it and is ignored,
    // but for the SHA-256 integrity (after SHA-1's) and the fingerprint.
    if (integrity > 0 && type !== FINGERPRINT.type) {
      if (type !== MESSAGE_INTEGRITY_SHA256.type || integrity === type) continue;
    }
    if (type === MESSAGE_INTEGRITY.type || type === MESSAGE_INTEGRITY_SHA256.type) integrity = type;
    // RFC 8489 §14: of an attribute that comes twice, only the first counts.
    if (types.includes(type)) continue;
    types.push(type);
    offsets.push(value);
    if (isComprehensionRequired(type) && !table.has(type)) unknown.push(type);
  }
  return new StunMessage(bytes, at, end, types, offsets, unknown);
}
