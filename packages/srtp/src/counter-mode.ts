// Hot: AES in counter mode and HMAC-SHA1. RFC 3711 §4.1.1 and §4.2.
//
//     RTP    header | payload, encrypted | MKI | tag           the tag covers header, payload and the roll-over counter
//     RTCP   header | reports, encrypted | E, index | MKI | tag                             header, reports, E, index
import { equalConstantTime, putU32 } from '@millrace/sans-io';
import type { SrtpCryptos, SrtpCtrKey, SrtpHmacKey } from './cryptos.ts';
import type { SessionKeys } from './key-derivation.ts';
import { RTCP_HEADER_BYTES } from './packet.ts';
import { INDEX_BYTES } from './profiles.ts';
import type { Transform } from './transform.ts';

const ROC_BYTES = 4;
const SHA1_BYTES = 20;

/** What the tag is computed to. Used within one call. */
const tag = new Uint8Array(SHA1_BYTES);
/** What the roll-over counter overwrites for a moment. */
const aside = new Uint8Array(ROC_BYTES);

export class CounterMode implements Transform {
  readonly #cipher: SrtpCtrKey;
  readonly #hmac: SrtpHmacKey;
  readonly #salt: Uint8Array;
  readonly #tagBytes: number;
  readonly #mkiBytes: number;
  readonly #counter = new Uint8Array(16);

  /** `keys` are copied. `mkiBytes` are skipped in what is received. */
  constructor(keys: SessionKeys, tagBytes: number, mkiBytes: number, cryptos: SrtpCryptos) {
    this.#cipher = cryptos.createCtrKey(keys.encryption, keys.salt);
    this.#hmac = cryptos.createHmacSha1Key(keys.authentication);
    this.#salt = Uint8Array.from(keys.salt);
    this.#counter.set(keys.salt);
    this.#tagBytes = tagBytes;
    this.#mkiBytes = mkiBytes;
  }

  protectRtp(
    bytes: Uint8Array,
    at: number,
    from: number,
    end: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): void {
    if (from < end) this.#cipher.apply(bytes, from, end, this.#counterOf(ssrc, roc, sequence));
    // RFC 3711 §4.2: the roll-over counter is authenticated behind the packet, but not sent. The tag takes its place.
    putU32(bytes, end, roc);
    this.#hmac.sign(bytes, at, end + ROC_BYTES, tag, 0, this.#tagBytes);
    for (let i = 0; i < this.#tagBytes; i++) bytes[end + i] = tag[i]!;
  }

  unprotectRtp(
    bytes: Uint8Array,
    at: number,
    from: number,
    end: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): boolean {
    const payloadEnd = end - this.#tagBytes - this.#mkiBytes;
    for (let i = 0; i < ROC_BYTES; i++) aside[i] = bytes[payloadEnd + i]!;
    putU32(bytes, payloadEnd, roc);
    this.#hmac.sign(bytes, at, payloadEnd + ROC_BYTES, tag, 0, this.#tagBytes);
    for (let i = 0; i < ROC_BYTES; i++) bytes[payloadEnd + i] = aside[i]!;
    if (!equalConstantTime(tag, 0, bytes, end - this.#tagBytes, this.#tagBytes)) return false;
    if (from < payloadEnd) this.#cipher.apply(bytes, from, payloadEnd, this.#counterOf(ssrc, roc, sequence));
    return true;
  }

  protectRtcp(bytes: Uint8Array, at: number, end: number, ssrc: number, word: number): void {
    const from = at + RTCP_HEADER_BYTES;
    if (word < 0 && from < end) this.#cipher.apply(bytes, from, end, this.#rtcpCounterOf(ssrc, word));
    putU32(bytes, end, word);
    this.#hmac.sign(bytes, at, end + INDEX_BYTES, tag, 0, this.#tagBytes);
    for (let i = 0, to = end + INDEX_BYTES; i < this.#tagBytes; i++, to++) bytes[to] = tag[i]!;
  }

  unprotectRtcp(bytes: Uint8Array, at: number, end: number, ssrc: number, word: number): boolean {
    const signedEnd = end - this.#tagBytes - this.#mkiBytes;
    this.#hmac.sign(bytes, at, signedEnd, tag, 0, this.#tagBytes);
    if (!equalConstantTime(tag, 0, bytes, end - this.#tagBytes, this.#tagBytes)) return false;
    const from = at + RTCP_HEADER_BYTES;
    const to = signedEnd - INDEX_BYTES;
    if (word < 0 && from < to) this.#cipher.apply(bytes, from, to, this.#rtcpCounterOf(ssrc, word));
    return true;
  }

  close(): void {
    this.#cipher.close();
    this.#hmac.close();
    this.#salt.fill(0);
    this.#counter.fill(0);
  }

  // RFC 3711 §4.1.1: IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
  #counterOf(ssrc: number, roc: number, sequence: number): Uint8Array {
    const counter = this.#counter;
    const salt = this.#salt;
    counter[4] = salt[4]! ^ (ssrc >>> 24);
    counter[5] = salt[5]! ^ (ssrc >>> 16);
    counter[6] = salt[6]! ^ (ssrc >>> 8);
    counter[7] = salt[7]! ^ ssrc;
    counter[8] = salt[8]! ^ (roc >>> 24);
    counter[9] = salt[9]! ^ (roc >>> 16);
    counter[10] = salt[10]! ^ (roc >>> 8);
    counter[11] = salt[11]! ^ roc;
    counter[12] = salt[12]! ^ (sequence >>> 8);
    counter[13] = salt[13]! ^ sequence;
    return counter;
  }

  // The 31 bits of the index reach over the place of the sequence number.
  #rtcpCounterOf(ssrc: number, word: number): Uint8Array {
    return this.#counterOf(ssrc, (word & 0x7fff_ffff) >>> 16, word & 0xffff);
  }
}
