// The body of a request between the tunnel and an upstream. What has been passed on is kept as long as it may have to be
// passed on again, to another upstream; or all of it is held back until its shape is known. It never becomes longer than
// its Content-Length says, nor shorter: the upstream would take the rest for another request.
import type { ClientRequest } from 'node:http';
import { LIMITS } from '../options.ts';
import type { ShapeScan } from '../request-shape/json-shape.ts';

export type BodyVerdict = 'ok' | 'too-long' | 'too-large';

export interface RequestBodyOptions {
  /** Of Content-Length. */
  readonly declared: number | undefined;
  /** The most bytes there may be. */
  readonly limit: number;
  /** Looks at what comes. Nothing is passed on before the end then. */
  readonly scan: ShapeScan | undefined;
  /** These bytes are on their way to an upstream, or held. */
  readonly onConsumed: (bytes: number) => void;
}

export class RequestBody {
  readonly #options: RequestBodyOptions;
  #kept: Uint8Array[] | undefined = [];
  #received = 0;
  #hasEnded = false;
  #isMisshapen = false;
  #target: ClientRequest | undefined;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether its shape can't become right any more. */
  get isMisshapen(): boolean {
    return this.#isMisshapen;
  }

  /** Once it has ended, or is misshapen. */
  get shapeProblem(): string | undefined {
    return this.#options.scan?.end();
  }

  /** Whether another upstream could be given the whole of it. */
  get isRepeatable(): boolean {
    return this.#kept !== undefined;
  }

  push(bytes: Uint8Array): BodyVerdict {
    const { declared, limit, scan, onConsumed } = this.#options;
    this.#received += bytes.length;
    if (declared !== undefined && this.#received > declared) return 'too-long';
    if (this.#received > limit) return 'too-large';
    if (!scan && this.#received > LIMITS.replayBytes && this.#target) this.forget();
    this.#kept?.push(bytes);
    if (scan) {
      onConsumed(bytes.length);
      if (!scan.push(bytes)) this.#isMisshapen = true;
    } else this.#target?.write(bytes, () => onConsumed(bytes.length));
    return 'ok';
  }

  /** False if it is shorter than it was said to be. */
  end(): boolean {
    const { declared, scan } = this.#options;
    if (declared !== undefined && this.#received !== declared) return false;
    this.#hasEnded = true;
    if (!scan) this.#target?.end();
    return true;
  }

  /** Passes it on to `target`: what is there, and what is to come. */
  flowTo(target: ClientRequest, isFirst: boolean): void {
    this.#target = target;
    const { scan, onConsumed } = this.#options;
    for (const bytes of this.#kept ?? []) {
      if (bytes.length === 0) continue;
      if (isFirst && !scan) target.write(bytes, () => onConsumed(bytes.length));
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
