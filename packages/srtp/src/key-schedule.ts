// Which transform a packet takes: always the same one, or with a key derivation rate that of the packet's period.
// RFC 3711 §4.3.1.
import { CounterMode } from './counter-mode.ts';
import type { SrtpCryptos } from './cryptos.ts';
import { GaloisCounterMode } from './galois-counter-mode.ts';
import { KeyDerivation, RTCP_LABELS, RTP_LABELS, wipe } from './key-derivation.ts';
import { MAX_KEPT_PERIODS, type ResolvedOptions } from './options.ts';
import { infoOf } from './profiles.ts';
import type { Transform } from './transform.ts';

export class KeySchedule {
  readonly #options: ResolvedOptions;
  readonly #cryptos: SrtpCryptos;
  /** Kept as long as more keys may be needed. */
  readonly #derivation: KeyDerivation | undefined;
  /** Undefined with a rate. */
  readonly #rtp: Transform | undefined;
  readonly #rtcp: Transform | undefined;
  /** By their period, the oldest first. */
  readonly #rtpPeriods = new Map<number, Transform>();
  readonly #rtcpPeriods = new Map<number, Transform>();

  constructor(options: ResolvedOptions, masterKey: Uint8Array, masterSalt: Uint8Array, cryptos: SrtpCryptos) {
    this.#options = options;
    this.#cryptos = cryptos;
    const derivation = new KeyDerivation(infoOf(options.profile), masterKey, masterSalt, cryptos);
    if (options.keyDerivationRate > 0) {
      this.#derivation = derivation;
      return;
    }
    this.#rtp = this.#transform(derivation, RTP_LABELS, 0);
    this.#rtcp = this.#transform(derivation, RTCP_LABELS, 0);
    derivation.close();
  }

  rtp(roc: number, sequence: number): Transform {
    if (this.#rtp !== undefined) return this.#rtp;
    return this.#ofPeriod(this.#rtpPeriods, RTP_LABELS, (roc >>> 0) * 0x1_0000 + sequence);
  }

  rtcp(index: number): Transform {
    if (this.#rtcp !== undefined) return this.#rtcp;
    return this.#ofPeriod(this.#rtcpPeriods, RTCP_LABELS, index);
  }

  close(): void {
    this.#rtp?.close();
    this.#rtcp?.close();
    this.#derivation?.close();
    for (const kept of [this.#rtpPeriods, this.#rtcpPeriods]) {
      for (const transform of kept.values()) transform.close();
      kept.clear();
    }
  }

  #ofPeriod(
    kept: Map<number, Transform>,
    labels: typeof RTP_LABELS | typeof RTCP_LABELS,
    index: number,
  ): Transform {
    const period = Math.floor(index / this.#options.keyDerivationRate);
    const known = kept.get(period);
    if (known !== undefined) return known;
    if (kept.size === MAX_KEPT_PERIODS) {
      const [oldest, transform] = kept.entries().next().value!;
      transform.close();
      kept.delete(oldest);
    }
    const transform = this.#transform(this.#derivation!, labels, period);
    kept.set(period, transform);
    return transform;
  }

  #transform(
    derivation: KeyDerivation,
    labels: typeof RTP_LABELS | typeof RTCP_LABELS,
    period: number,
  ): Transform {
    const { profile, mkiBytes } = this.#options;
    const { aead, rtpTagBytes, rtcpTagBytes } = infoOf(profile);
    const keys = derivation.sessionKeys(labels, period);
    const tagBytes = labels === RTP_LABELS ? rtpTagBytes : rtcpTagBytes;
    const transform =
      aead === undefined
        ? new CounterMode(keys, tagBytes, mkiBytes, this.#cryptos)
        : new GaloisCounterMode(keys, aead, mkiBytes, this.#cryptos);
    wipe(keys);
    return transform;
  }
}
