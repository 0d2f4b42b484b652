// What this package offers, and the one function that finds out what of it works here.
import { isMainThread } from 'node:worker_threads';
import type { NativeAead, NativeCiphers, NativeSrtp } from './crypto/keys.ts';
import { openAead, openCiphers } from './crypto/native-crypto.ts';
import { OpenSsl } from './crypto/openssl.ts';
import { RawChaCha } from './crypto/raw-chacha.ts';
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
  /** Undefined unless all ciphers of SRTP work. */
  readonly srtp: NativeSrtp | undefined;
  /** Undefined where sockets can't be opened or watched: use node:dgram. */
  readonly udp: NativeUdp | undefined;
  /**
   * Memory that the ciphers and sockets work on without copying. It lives as long as anything refers to it; its
   * bytes are zero at first.
   *
   * @throws {NativeError} `BAD_LENGTH`, `OUT_OF_MEMORY`
   */
  readonly slab: (bytes: number) => Uint8Array;
}

export interface NativeOptions {
  /**
   * What to leave unused, besides what the environment variable `MILLRACE_NATIVE` says. The words are `crypto`,
   * `udp`, `gso`, `gro`, `sendmmsg` and `low-memory`.
   */
  readonly without?: readonly string[];
  /**
   * Open sockets in a worker thread, too. Only for workers that end by themselves: `Worker.terminate()` crashes the
   * process while such a socket is open, since watching a descriptor does not survive it. Default: false, and
   * workers have the ciphers only.
   */
  readonly inWorker?: boolean;
}

/**
 * Loads what works here; undefined if nothing does or `MILLRACE_NATIVE=off`. Never throws. The first call takes
 * some milliseconds and later ones none: what works does not change while a process lives.
 *
 * `MILLRACE_NATIVE` is a list of words with commas between: `off`; `crypto` or `udp` for that alone; `no-` and one of
 * the words of `NativeOptions.without`. What the environment switches off no option switches on.
 */
export function loadNative(options: NativeOptions = {}): Native | undefined {
  return outcomeOf(options).native;
}

/** What `loadNative` has tried, and why it uses something or not; also where it uses nothing at all. */
export function probeNative(options: NativeOptions = {}): readonly Probe[] {
  return outcomeOf(options).probes;
}

interface Outcome {
  readonly native: Native | undefined;
  readonly probes: readonly Probe[];
}

/** By what was left out. */
const outcomes = new Map<string, Outcome>();

function outcomeOf(options: NativeOptions): Outcome {
  const without = new Set([...withoutFrom(process.env.MILLRACE_NATIVE ?? ''), ...(options.without ?? [])]);
  if (!isMainThread && !options.inWorker) without.add('sockets in a worker');
  const key = [...without].sort().join();
  const known = outcomes.get(key);
  if (known) return known;
  const outcome = load(without);
  outcomes.set(key, outcome);
  return outcome;
}

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

/** There is one in a thread. */
let ffi: Ffi | undefined;

function load(without: ReadonlySet<string>): Outcome {
  const probes: Probe[] = [];
  const report: Report = (name, wrong, found = 'passed its test') => {
    probes.push({ name, ok: wrong === undefined, why: wrong ?? found });
  };
  if (without.has('crypto') && without.has('udp')) {
    report('native', 'switched off');
    return { native: undefined, probes };
  }
  try {
    ffi ??= openFfi();
    report('koffi', undefined, ffi.version);
    return { native: assemble(ffi, without, report, probes), probes };
  } catch (error) {
    report('koffi', error instanceof Error ? error.message : String(error));
    return { native: undefined, probes };
  }
}

type Report = (name: string, wrong: string | undefined, found?: string) => void;

function assemble(
  ffi: Ffi,
  without: ReadonlySet<string>,
  report: Report,
  probes: readonly Probe[],
): Native | undefined {
  const memory = new Memory(ffi, !without.has('low-memory'));
  // Without it everything works, with some garbage.
  report('low-memory', memory.isLow ? undefined : 'ordinary buffers', 'addresses cost no garbage');
  const ssl = without.has('crypto') ? 'switched off' : OpenSsl.find(ffi, memory);
  const hasSsl = typeof ssl !== 'string';
  report('openssl', hasSsl ? undefined : ssl, hasSsl ? ssl.version : '');
  const aead = hasSsl ? openAead(ssl, RawChaCha.find(ffi, memory), report) : undefined;
  const ciphers = hasSsl ? openCiphers(ssl, report) : undefined;
  const sockets = without.has('udp')
    ? 'switched off'
    : without.has('sockets in a worker')
      ? 'in a worker thread, which may be terminated'
      : openUdp(ffi, memory, without, report);
  const udp = typeof sockets === 'string' ? undefined : sockets;
  report('udp', typeof sockets === 'string' ? sockets : undefined);
  if (!aead && !ciphers && !udp) return undefined;
  const words: string[] = [];
  if (hasSsl) words.push(['openssl', ssl.version, ...(aead?.algorithms ?? [])].join(' '));
  if (udp) words.push(['udp', udp.sendPath, udp.receivePath].join(' '));
  return {
    description: `native: ${words.join(', ')}`,
    probes,
    aead,
    ciphers,
    srtp: srtpOf(aead, ciphers),
    udp,
    slab: (bytes) => memory.allocate(bytes),
  };
}

function srtpOf(aead: NativeAead | undefined, ciphers: NativeCiphers | undefined): NativeSrtp | undefined {
  if (!ciphers || !aead?.algorithms.includes('aes-128-gcm') || !aead.algorithms.includes('aes-256-gcm'))
    return undefined;
  return {
    createCtrKey: ciphers.createCtrKey,
    createHmacSha1Key: ciphers.createHmacKey,
    createAeadKey: aead.createAeadKey,
  };
}
