// What this package offers, and the one function that finds out what of it works here.
import type { NativeAead, NativeCiphers } from './crypto/keys.ts';
import type { NativeUdp } from './udp/port.ts';

/** One thing that was tried when the package was loaded. */
export interface Probe {
  /** `koffi`, `openssl`, `aes-128-gcm`, `udp`, `udp-gso`, ... */
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or why it is not used. */
  readonly why: string;
}

export interface Native {
  /** For diagnostics: `native: openssl 3.5.8 aes-gcm chacha20, udp gso gro`. */
  readonly description: string;
  readonly probes: readonly Probe[];
  /** Undefined where OpenSSL can't be called. */
  readonly aead: NativeAead | undefined;
  readonly ciphers: NativeCiphers | undefined;
  /** Undefined where sockets can't be opened or watched: use node:dgram. */
  readonly udp: NativeUdp | undefined;
  /**
   * Memory that the ciphers and sockets work on without copying. It lives as long as anything refers to it; its
   * bytes are zero at first.
   *
   * @throws {NativeError} `BAD_LENGTH`, `OUT_OF_MEMORY`
   */
  slab(bytes: number): Uint8Array;
}

export interface NativeOptions {
  /**
   * What to leave unused, besides what the environment variable `MILLRACE_NATIVE` says. The words are `crypto`,
   * `udp`, `gso`, `gro`, `sendmmsg` and `low-memory`.
   */
  readonly without?: readonly string[];
}

/**
 * Loads what works here; undefined if nothing does or `MILLRACE_NATIVE=off`. Never throws. The first call takes
 * some milliseconds and later ones none: what works does not change while a process lives.
 */
export function loadNative(_options: NativeOptions = {}): Native | undefined {
  return undefined;
}
