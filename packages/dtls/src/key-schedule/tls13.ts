// The key schedule of DTLS 1.3: from shared secrets and transcript hashes to traffic secrets. RFC 8446 §7.1 to §7.5 with
// the label prefix of RFC 9147 §5.9.
//
//   0 -> extract(PSK or 0) = early -> derived -> extract(shared secret) = handshake -> derived -> extract(0) = main
//          |- binder key                           |- client, server traffic           |- client, server traffic, exporter
//                                                                                      |- resumption
//
// Left out: 0-RTT secrets, early exporters.
import type { DtlsCrypto, PrfHash } from '../crypto.ts';
import { DtlsError } from '../errors.ts';
import { joined } from './prf.ts';

/** RFC 9147 §5.9: in place of TLS 1.3's `tls13 `, and without a space. */
const DTLS13_PREFIX = 'dtls13';

export const HASH_BYTES: Readonly<Record<PrfHash, number>> = { 'sha-256': 32, 'sha-384': 48 };

/** Traffic secrets of the two writers of an epoch. */
export interface TrafficSecrets {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** What anybody can compute, the same for all handshakes: made once for each hash. */
interface Beginning {
  readonly emptyHash: Uint8Array;
  /** Without a PSK. */
  readonly earlySecret: Uint8Array;
  /** `Derive-Secret(Early Secret, "derived", "")` without a PSK, by prefix. */
  readonly derived: Map<string, Uint8Array>;
}

const beginnings = new Map<PrfHash, Beginning>();

function beginningOf(crypto: DtlsCrypto, hash: PrfHash): Beginning {
  const known = beginnings.get(hash);
  if (known !== undefined) return known;
  // RFC 8446 §7.1: what is not there is a string of zeros as long as the hash.
  const zeros = new Uint8Array(HASH_BYTES[hash]);
  const beginning = {
    emptyHash: crypto.hash(hash, NOTHING),
    earlySecret: crypto.hmac(hash, zeros, zeros),
    derived: new Map<string, Uint8Array>(),
  };
  beginnings.set(hash, beginning);
  return beginning;
}

/** The steps must be taken in order: `binderKey`s, `enterHandshake`, `enterMain`, `resumption`. */
export class KeySchedule13 {
  readonly hash: PrfHash;
  readonly hashBytes: number;
  readonly #crypto: DtlsCrypto;
  readonly #prefix: string;
  readonly #beginning: Beginning;
  readonly #hasPsk: boolean;
  /** The early, handshake or main secret, as far as the schedule has come. */
  #secret: Uint8Array;
  #stage: 'early' | 'handshake' | 'main' = 'early';
  #exporter: Uint8Array | undefined;

  /** `prefix` is that of DTLS but for known answers of TLS 1.3. The key is borrowed. */
  constructor(crypto: DtlsCrypto, hash: PrfHash, psk?: Uint8Array, prefix: string = DTLS13_PREFIX) {
    this.#crypto = crypto;
    this.#prefix = prefix;
    this.hash = hash;
    this.hashBytes = HASH_BYTES[hash];
    this.#beginning = beginningOf(crypto, hash);
    this.#hasPsk = psk !== undefined;
    this.#secret =
      psk === undefined
        ? Uint8Array.from(this.#beginning.earlySecret)
        : crypto.hmac(hash, new Uint8Array(this.hashBytes), psk);
  }

  /** The key of a PSK binder, to be given to `finished`. RFC 8446 §4.2.11.2. */
  binderKey(kind: 'res' | 'ext'): Uint8Array {
    this.#expect('early');
    return this.#derive(`${kind} binder`, this.#emptyHash());
  }

  /** `sharedSecret` is wiped; without one (psk_ke) it is all zeros. `transcriptHash`: ClientHello to ServerHello. */
  enterHandshake(sharedSecret: Uint8Array | undefined, transcriptHash: Uint8Array): TrafficSecrets {
    this.#expect('early');
    this.#extract(sharedSecret ?? new Uint8Array(this.hashBytes));
    sharedSecret?.fill(0);
    this.#stage = 'handshake';
    return {
      client: this.#derive('c hs traffic', transcriptHash),
      server: this.#derive('s hs traffic', transcriptHash),
    };
  }

  /** `transcriptHash`: ClientHello to the server's Finished. */
  enterMain(transcriptHash: Uint8Array): TrafficSecrets & { readonly exporter: Uint8Array } {
    this.#expect('handshake');
    this.#extract(new Uint8Array(this.hashBytes));
    this.#stage = 'main';
    this.#exporter = this.#derive('exp master', transcriptHash);
    return {
      client: this.#derive('c ap traffic', transcriptHash),
      server: this.#derive('s ap traffic', transcriptHash),
      exporter: this.#exporter,
    };
  }

  /** The resumption main secret, for `resumptionPsk`. `transcriptHash`: ClientHello to the client's Finished. */
  resumption(transcriptHash: Uint8Array): Uint8Array {
    this.#expect('main');
    return this.#derive('res master', transcriptHash);
  }

  /** The key that a ticket stands for. RFC 8446 §4.6.1. */
  resumptionPsk(resumptionSecret: Uint8Array, ticketNonce: Uint8Array): Uint8Array {
    return this.#expand(resumptionSecret, 'resumption', ticketNonce, this.hashBytes);
  }

  /** RFC 8446 §4.4.4: what the Finished of the writer of `trafficSecret`, or a PSK binder, is made with. */
  finishedKey(trafficSecret: Uint8Array): Uint8Array {
    return this.#expand(trafficSecret, 'finished', NOTHING, this.hashBytes);
  }

  /** The content of a Finished message or of a PSK binder. */
  verifyData(trafficSecret: Uint8Array, transcriptHash: Uint8Array): Uint8Array {
    const key = this.finishedKey(trafficSecret);
    const data = this.#crypto.hmac(this.hash, key, transcriptHash);
    key.fill(0);
    return data;
  }

  /** The secret after a KeyUpdate. RFC 8446 §7.2. */
  static nextGeneration(
    crypto: DtlsCrypto,
    hash: PrfHash,
    trafficSecret: Uint8Array,
    prefix: string = DTLS13_PREFIX,
  ): Uint8Array {
    return expandLabel(crypto, hash, trafficSecret, 'traffic upd', NOTHING, HASH_BYTES[hash], prefix);
  }

  // RFC 8446 §7.5: here no context and an empty one are the same.
  exportKeyingMaterial(label: string, context: Uint8Array | undefined, length: number): Uint8Array {
    this.#expect('main');
    return exportKeyingMaterial13(
      this.#crypto,
      this.hash,
      this.#exporter!,
      label,
      context,
      length,
      this.#prefix,
    );
  }

  /** Overwrites what the schedule still holds. Secrets it has given out are their takers'. */
  wipe(): void {
    this.#secret.fill(0);
  }

  #extract(input: Uint8Array): void {
    const derived = this.#derived();
    this.#secret.fill(0);
    this.#secret = this.#crypto.hmac(this.hash, derived, input);
    derived.fill(0);
  }

  /** The taker's. */
  #derived(): Uint8Array {
    const isCommon = this.#stage === 'early' && !this.#hasPsk;
    const known = isCommon ? this.#beginning.derived.get(this.#prefix) : undefined;
    if (known !== undefined) return Uint8Array.from(known);
    const derived = this.#derive('derived', this.#emptyHash());
    if (isCommon) this.#beginning.derived.set(this.#prefix, Uint8Array.from(derived));
    return derived;
  }

  #derive(label: string, transcriptHash: Uint8Array): Uint8Array {
    return this.#expand(this.#secret, label, transcriptHash, this.hashBytes);
  }

  #expand(secret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array {
    return expandLabel(this.#crypto, this.hash, secret, label, context, length, this.#prefix);
  }

  #emptyHash(): Uint8Array {
    return this.#beginning.emptyHash;
  }

  #expect(stage: 'early' | 'handshake' | 'main'): void {
    if (this.#stage !== stage)
      throw new Error(`the key schedule is at its ${this.#stage} secret, not ${stage}`);
  }
}

/** RFC 8446 §7.5. For connections that keep nothing of the schedule but the exporter secret. */
export function exportKeyingMaterial13(
  crypto: DtlsCrypto,
  hash: PrfHash,
  exporterSecret: Uint8Array,
  label: string,
  context: Uint8Array | undefined,
  length: number,
  prefix: string = DTLS13_PREFIX,
): Uint8Array {
  const hashBytes = HASH_BYTES[hash];
  if (length > 255 * hashBytes) throw new DtlsError('INVALID_OPTION', `${length} bytes of keying material`);
  const ofLabel = expandLabel(
    crypto,
    hash,
    exporterSecret,
    label,
    crypto.hash(hash, NOTHING),
    hashBytes,
    prefix,
  );
  const contextHash = crypto.hash(hash, context ?? NOTHING);
  const material = expandLabel(crypto, hash, ofLabel, 'exporter', contextHash, length, prefix);
  ofLabel.fill(0);
  return material;
}

/**
 * HKDF-Expand-Label of RFC 8446 §7.1 with HKDF-Expand of RFC 5869 §2.3. Prefix and label are ASCII, at most 255
 * characters; the context has at most 255 bytes, and the output at most 255 digests.
 */
export function expandLabel(
  crypto: DtlsCrypto,
  hash: PrfHash,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
  prefix: string = DTLS13_PREFIX,
): Uint8Array {
  const fullLabel = prefix + label;
  if (fullLabel.length > 255) throw new DtlsError('INVALID_OPTION', `a label of ${label.length} characters`);
  // struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } and the counter of HKDF-Expand
  const info = new Uint8Array(4 + fullLabel.length + context.length + 1);
  info[0] = length >> 8;
  info[1] = length;
  info[2] = fullLabel.length;
  for (let i = 0; i < fullLabel.length; i++) info[3 + i] = fullLabel.charCodeAt(i);
  info[3 + fullLabel.length] = context.length;
  info.set(context, 4 + fullLabel.length);
  const out = new Uint8Array(length);
  let block: Uint8Array = NOTHING;
  for (let at = 0, counter = 1; at < length; counter++) {
    info[info.length - 1] = counter;
    block = crypto.hmac(hash, secret, block.length === 0 ? info : joined(block, info));
    const count = Math.min(block.length, length - at);
    for (let i = 0; i < count; i++) out[at + i] = block[i]!;
    at += count;
  }
  return out;
}
