// What this package offers, and the one function that finds out what of it works here.
import type { NativeAead, NativeCiphers } from './crypto/keys.ts';
import { openAead, openCiphers } from './crypto/native-crypto.ts';
import { OpenSsl } from './crypto/openssl.ts';
import { type Ffi, openFfi } from './ffi.ts';
import { Memory } from './memory.ts';
import { openUdp } from './udp/open.ts';
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
 *
 * `MILLRACE_NATIVE` is a list of words with commas between: `off`; `crypto` or `udp` for that alone; `no-` and one of
 * the words of `NativeOptions.without`. What an environment switches off no option switches on.
 */
export function loadNative(options: NativeOptions = {}): Native | undefined {
  const without = [...withoutFrom(process.env.MILLRACE_NATIVE ?? ''), ...(options.without ?? [])];
  const key = [...new Set(without)].sort().join();
  if (!loaded.has(key)) loaded.set(key, load(new Set(without)));
  return loaded.get(key);
}

/** What has been loaded, by what was left out. */
const loaded = new Map<string, Native | undefined>();
/** There is one of it in a thread, or a reason why there is none. */
let ffi: Ffi | string | undefined;

function withoutFrom(environment: string): string[] {
  const without: string[] = [];
  for (const word of environment.split(',').map((each) => each.trim())) {
    if (word === 'off' || word === '0' || word === 'false') without.push('crypto', 'udp');
    else if (word === 'crypto') without.push('udp');
    else if (word === 'udp') without.push('crypto');
    else if (word.startsWith('no-')) without.push(word.slice(3));
  }
  return without;
}

function load(without: ReadonlySet<string>): Native | undefined {
  if (without.has('crypto') && without.has('udp')) return undefined;
  try {
    ffi ??= openFfi();
  } catch (error) {
    ffi = error instanceof Error ? error.message : String(error);
  }
  if (typeof ffi === 'string') return undefined;
  try {
    return new LoadedNative(ffi, without);
  } catch {
    return undefined; // no memory, or a foreign function library that is none
  }
}

class LoadedNative implements Native {
  readonly description: string;
  readonly probes: readonly Probe[];
  readonly aead: NativeAead | undefined;
  readonly ciphers: NativeCiphers | undefined;
  readonly udp: NativeUdp | undefined;
  readonly #memory: Memory;

  constructor(ffi: Ffi, without: ReadonlySet<string>) {
    const probes: Probe[] = [{ name: 'koffi', ok: true, why: ffi.version }];
    this.#memory = new Memory(ffi, !without.has('low-memory'));
    const [probeMemory, isLow] = ['low-memory', this.#memory.isLow];
    probes.push({
      name: probeMemory,
      ok: isLow,
      why: isLow ? 'addresses cost no garbage' : 'ordinary buffers',
    });
    const report = (name: string, wrong: string | undefined): void => {
      probes.push({ name, ok: wrong === undefined, why: wrong ?? 'passed its test' });
    };
    const words: string[] = [];
    const ssl = without.has('crypto') ? 'switched off' : OpenSsl.find(ffi, this.#memory);
    if (typeof ssl === 'string') report('openssl', ssl);
    else {
      probes.push({ name: 'openssl', ok: true, why: ssl.version });
      this.aead = openAead(ssl, report);
      this.ciphers = openCiphers(ssl, report);
      if (this.aead) words.push([`openssl ${ssl.version}`, ...this.aead.algorithms].join(' '));
    }
    const udp = without.has('udp') ? 'switched off' : openUdp(ffi, this.#memory, without, report);
    if (typeof udp === 'string') report('udp', udp);
    else {
      this.udp = udp;
      words.push(['udp', udp.sendPath, udp.receivePath].join(' '));
    }
    this.probes = probes;
    this.description = `native: ${words.join(', ') || 'nothing'}`;
  }

  slab(bytes: number): Uint8Array {
    return this.#memory.allocate(bytes);
  }
}
