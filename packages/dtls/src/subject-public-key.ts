// Finds the key in an X.509 certificate. The key is all that is needed of it, since the whole is identified by its hash
// (RFC 8122 §5). RFC 5280 §4.1 has the fields, X.690 §8.1 and §10.1 their encoding; the other fields are passed over by
// their tags, and not read.

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
const VERSION = 0xa0; // [0] EXPLICIT, left out by version 1

/** SerialNumber, signature, issuer, validity and subject: what stands before the key. */
const BEFORE_THE_KEY = [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] as const;

/** SubjectPublicKeyInfo in DER, a view; `undefined` if there is none where it should be. */
export function subjectPublicKeyInfo(certificate: Uint8Array): Uint8Array | undefined {
  const whole = new Elements(certificate, 0, certificate.length).enter(SEQUENCE);
  if (whole === undefined || whole.end !== certificate.length) return undefined;
  const fields = whole.enter(SEQUENCE);
  if (fields === undefined || !whole.skip(SEQUENCE) || !whole.skip(BIT_STRING) || !whole.isDone)
    return undefined;
  fields.skip(VERSION);
  if (!BEFORE_THE_KEY.every((tag) => fields.skip(tag))) return undefined;
  const { at } = fields;
  return fields.skip(SEQUENCE) ? certificate.subarray(at, fields.at) : undefined;
}

/** Elements one after the other, up to an end. */
class Elements {
  at: number;
  readonly end: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isDone(): boolean {
    return this.at === this.end;
  }

  /** What is in the next element, which is passed over; `undefined` if it has another tag, or is cut. */
  enter(tag: number): Elements | undefined {
    const bytes = this.#bytes;
    if (this.end - this.at < 2 || bytes[this.at] !== tag) return undefined;
    let contentAt = this.at + 2;
    let length = bytes[this.at + 1]!;
    if (length >= 0x80) {
      // X.690 §10.1: as few bytes as will do; two of them are as much as a handshake message takes.
      const count = length & 0x7f;
      if (count < 1 || count > 2 || this.end - contentAt < count) return undefined;
      length = count === 1 ? bytes[contentAt]! : (bytes[contentAt]! << 8) | bytes[contentAt + 1]!;
      contentAt += count;
    }
    if (this.end - contentAt < length) return undefined;
    this.at = contentAt + length;
    return new Elements(bytes, contentAt, this.at);
  }

  skip(tag: number): boolean {
    return this.enter(tag) !== undefined;
  }
}
