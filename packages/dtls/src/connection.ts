// One DTLS connection. This first form shows the surface; what is behind it follows.
import { type Core, type DropCounts, Drops, type Millis, NEVER } from '@millrace/sans-io';
import type { CloseReason } from './close-reason.ts';
import { DROP_REASONS, type DropReason } from './drop-reasons.ts';
import { DtlsError } from './errors.ts';
import { type DtlsOptions, resolveOptions, type Settings } from './options.ts';
import type { SrtpKeys } from './srtp.ts';

export type DtlsState = 'new' | 'connecting' | 'connected' | 'closed' | 'failed';

export interface DtlsSink {
  /** The handshake is verified: `seal` works from now on. */
  onConnected(): void;
  /** The plaintext of one record, never before `onConnected`. Borrowed for the call. */
  onApplicationData(bytes: Uint8Array, at: number, end: number): void;
  /** The last event. */
  onClosed(reason: CloseReason): void;
  /** Only with the option `keyLog`: one line in the format of NSS. */
  onKeyLog?(line: string): void;
}

export class DtlsConnection implements Core<DtlsSink> {
  readonly #settings: Settings;
  readonly #drops = new Drops<DropReason>(DROP_REASONS);

  constructor(options: DtlsOptions) {
    this.#settings = resolveOptions(options);
  }

  get role(): 'client' | 'server' {
    return this.#settings.role;
  }

  get state(): DtlsState {
    return 'new';
  }

  get closeReason(): CloseReason | undefined {
    return undefined;
  }

  get headroom(): number {
    return 0;
  }

  get tailroom(): number {
    return 0;
  }

  get maxPlaintext(): number {
    return 0;
  }

  get remoteCertificate(): Uint8Array | undefined {
    return undefined;
  }

  get cipherSuite(): string | undefined {
    return undefined;
  }

  get group(): string | undefined {
    return undefined;
  }

  get tlsVersion(): string | undefined {
    return undefined;
  }

  get srtpProfile(): number | undefined {
    return undefined;
  }

  get drops(): DropCounts<DropReason> {
    return this.#drops.counts;
  }

  start(_now: Millis): void {}

  receive(_bytes: Uint8Array, _at: number, _end: number, _now: Millis): void {}

  transmit(_out: Uint8Array, _at: number, _end: number, _now: Millis): number {
    return 0;
  }

  deadline(): Millis {
    return NEVER;
  }

  expire(_now: Millis): void {}

  drain(_sink: DtlsSink): boolean {
    return false;
  }

  seal(_out: Uint8Array, _at: number, _length: number): number {
    throw new DtlsError('NOT_CONNECTED');
  }

  exportKeyingMaterial(_label: string, _context: Uint8Array | undefined, _length: number): Uint8Array {
    throw new DtlsError('NOT_CONNECTED');
  }

  exportSrtpKeys(): SrtpKeys | undefined {
    throw new DtlsError('NOT_CONNECTED');
  }

  close(_now: Millis): void {}
}
