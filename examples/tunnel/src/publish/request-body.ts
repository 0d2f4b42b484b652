// The body of a request between the tunnel and an upstream. What has been passed on is kept as long as it may have to be
// passed on again, to another upstream; or all of it is held back until its shape is known. It never becomes longer than
// its Content-Length says, nor shorter: the upstream would take the rest for another request.
import type { ClientRequest } from 'node:http';
import { LIMITS } from '../options.ts';

export type BodyVerdict = 'ok' | 'too-long' | 'too-large';

export interface RequestBodyOptions {
  /** Of Content-Length. */
  readonly declared: number | undefined;
  /** The most bytes there may be. */
  readonly limit: number;
  /** Nothing is passed on before the end. */
  readonly isHeld: boolean;
  /** These bytes are on their way to an upstream, or held. */
  readonly onConsumed: (bytes: number) => void;
}

export class RequestBody {
  readonly #options: RequestBodyOptions;
  #kept: Uint8Array[] | undefined = [];
  #received = 0;
  #hasEnded = false;
  #target: ClientRequest | undefined;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether another upstream could be given the whole of it. */
  get isRepeatable(): boolean {
    return this.#kept !== undefined;
  }

  push(bytes: Uint8Array): BodyVerdict {
    const { declared, limit, isHeld, onConsumed } = this.#options;
    this.#received += bytes.length;
    if (declared !== undefined && this.#received > declared) return 'too-long';
    if (this.#received > limit) return 'too-large';
    if (!isHeld && this.#received > LIMITS.replayBytes && this.#target) this.forget();
    this.#kept?.push(bytes);
    if (isHeld) onConsumed(bytes.length);
    else this.#target?.write(bytes, () => onConsumed(bytes.length));
    return 'ok';
  }

  /** False if it is shorter than it was said to be. */
  end(): boolean {
    const { declared, isHeld } = this.#options;
    if (declared !== undefined && this.#received !== declared) return false;
    this.#hasEnded = true;
    if (!isHeld) this.#target?.end();
    return true;
  }

  /** All of it in one piece. Only once it has ended, and if it is held. */
  whole(): Uint8Array {
    const kept = this.#kept!;
    if (kept.length !== 1) this.#kept = [Buffer.concat(kept)];
    return this.#kept![0]!;
  }

  /** Passes it on to `target`: what is there, and what is to come. */
  flowTo(target: ClientRequest, isFirst: boolean): void {
    this.#target = target;
    const { isHeld, onConsumed } = this.#options;
    for (const bytes of this.#kept ?? []) {
      if (bytes.length === 0) continue;
      if (isFirst && !isHeld) target.write(bytes, () => onConsumed(bytes.length));
      else target.write(bytes);
    }
    if (this.#hasEnded) target.end();
  }

  /** It goes nowhere for now. */
  detach(): void {
    this.#target = undefined;
  }

  /** There will be no other attempt. */
  forget(): void {
    this.#kept = undefined;
  }
}
