// Hot: AES in Galois/counter mode. RFC 7714 §8 and §9.
//
//     RTP    header | payload, encrypted | tag | MKI           the tag covers header and payload
//     RTCP   header | reports, encrypted | tag | E, index | MKI             header, reports, E, index
import { copyBytes, putU32 } from '@millrace/sans-io';
import type { SrtpAeadKey, SrtpCryptos } from './cryptos.ts';
import type { SessionKeys } from './key-derivation.ts';
import { RTCP_HEADER_BYTES } from './packet.ts';
import { INDEX_BYTES } from './profiles.ts';
import type { Transform } from './transform.ts';

const TAG_BYTES = 16;

/** Arrays for the additional data of each length that is usual, made once and used within one call. */
const arrays: Array<Uint8Array | undefined> = [];
const LONGEST_KEPT = 256;

export class GaloisCounterMode implements Transform {
  readonly #key: SrtpAeadKey;
  readonly #salt: Uint8Array;
  readonly #mkiBytes: number;
  readonly #nonce = new Uint8Array(12);

  constructor(
    keys: SessionKeys,
    algorithm: 'aes-128-gcm' | 'aes-256-gcm',
    mkiBytes: number,
    cryptos: SrtpCryptos,
  ) {
    this.#key = cryptos.createAeadKey(algorithm, keys.encryption, keys.salt);
    this.#salt = Uint8Array.from(keys.salt);
    this.#nonce.set(keys.salt);
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
    this.#key.seal(bytes, from, end, this.#nonceOf(ssrc, roc, sequence), partOf(bytes, at, from));
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
    const nonce = this.#nonceOf(ssrc, roc, sequence);
    return this.#key.open(bytes, from, end - this.#mkiBytes, nonce, partOf(bytes, at, from));
  }

  protectRtcp(bytes: Uint8Array, at: number, end: number, ssrc: number, word: number): void {
    // RFC 7714 §9.2 and §9.3: what is not encrypted is additional data, the word with the index behind it.
    const from = word < 0 ? at + RTCP_HEADER_BYTES : end;
    const aad = partAndWord(bytes, at, from, word);
    this.#key.seal(bytes, from, end, this.#rtcpNonceOf(ssrc, word), aad);
    putU32(bytes, end + TAG_BYTES, word);
  }

  unprotectRtcp(bytes: Uint8Array, at: number, end: number, ssrc: number, word: number): boolean {
    const to = end - this.#mkiBytes - INDEX_BYTES;
    const from = word < 0 ? at + RTCP_HEADER_BYTES : to - TAG_BYTES;
    const aad = partAndWord(bytes, at, from, word);
    return this.#key.open(bytes, from, to, this.#rtcpNonceOf(ssrc, word), aad);
  }

  close(): void {
    this.#key.close();
    this.#salt.fill(0);
    this.#nonce.fill(0);
  }

  // RFC 7714 §8.1: 00 00 || SSRC || ROC || SEQ, XOR salt.
  #nonceOf(ssrc: number, roc: number, sequence: number): Uint8Array {
    const nonce = this.#nonce;
    const salt = this.#salt;
    nonce[2] = salt[2]! ^ (ssrc >>> 24);
    nonce[3] = salt[3]! ^ (ssrc >>> 16);
    nonce[4] = salt[4]! ^ (ssrc >>> 8);
    nonce[5] = salt[5]! ^ ssrc;
    nonce[6] = salt[6]! ^ (roc >>> 24);
    nonce[7] = salt[7]! ^ (roc >>> 16);
    nonce[8] = salt[8]! ^ (roc >>> 8);
    nonce[9] = salt[9]! ^ roc;
    nonce[10] = salt[10]! ^ (sequence >>> 8);
    nonce[11] = salt[11]! ^ sequence;
    return nonce;
  }

  // RFC 7714 §9.1: 00 00 || SSRC || 00 00 || 0 and the index, XOR salt.
  #rtcpNonceOf(ssrc: number, word: number): Uint8Array {
    return this.#nonceOf(ssrc, (word & 0x7fff_ffff) >>> 16, word & 0xffff);
  }
}

/** `bytes[at, end)` as an array. */
function partOf(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const part = arrayOf(end - at);
  copyBytes(part, 0, bytes, at, end);
  return part;
}

function partAndWord(bytes: Uint8Array, at: number, end: number, word: number): Uint8Array {
  const part = arrayOf(end - at + INDEX_BYTES);
  putU32(part, copyBytes(part, 0, bytes, at, end), word);
  return part;
}

function arrayOf(length: number): Uint8Array {
  if (length > LONGEST_KEPT) return new Uint8Array(length);
  return (arrays[length] ??= new Uint8Array(length));
}
