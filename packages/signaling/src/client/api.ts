// One HTTP request to the signaling server and what its answer means: a value, an error of the server, or no
// answer at all. Only web APIs, so that browsers run it too.
import { isSignalingErrorCode, SignalingError, type SignalingErrorCode } from '../errors.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly secret?: string;
  readonly body?: string;
  /** The answer is to be an event stream. */
  readonly events?: boolean;
  readonly signal?: AbortSignal;
  /** Lets the request outlive the page that made it. */
  readonly keepalive?: boolean;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Api {
  /** Servers of one store: who can't be reached is asked again when all others can't be reached either. */
  readonly #urls: readonly string[];
  readonly #fetch: Fetch;
  #current = 0;

  constructor(urls: readonly string[], fetch: Fetch) {
    this.#urls = urls;
    this.#fetch = fetch;
  }

  /** The successful answer. Throws `UNREACHABLE` if there is none, and otherwise what the server says. */
  async call(call: Call): Promise<Response> {
    const headers: Record<string, string> = {};
    if (call.secret !== undefined) headers.Authorization = `Bearer ${call.secret}`;
    if (call.body !== undefined) headers['Content-Type'] = 'application/json';
    if (call.events) headers.Accept = 'text/event-stream';
    const init: RequestInit = { method: call.method, headers, cache: 'no-store', redirect: 'error' };
    if (call.body !== undefined) init.body = call.body;
    if (call.signal) init.signal = call.signal;
    if (call.keepalive) init.keepalive = true;
    let response: Response;
    const asked = this.#current;
    try {
      response = await this.#fetch(this.#urls[asked]! + call.path, init);
    } catch (cause) {
      this.#turnFrom(asked);
      throw new SignalingError('UNREACHABLE', { cause });
    }
    if (response.ok) return response;
    const error = await errorOf(response);
    if (isTransient(error)) this.#turnFrom(asked);
    throw error;
  }

  /** To the next server, unless somebody else has done so already. */
  #turnFrom(asked: number): void {
    if (this.#current === asked) this.#current = (asked + 1) % this.#urls.length;
  }

  async json(call: Call): Promise<Record<string, unknown>> {
    const response = await this.call(call);
    let text: string;
    try {
      text = await response.text();
    } catch (cause) {
      throw new SignalingError('UNREACHABLE', { cause }); // cut off in the middle of the answer
    }
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {
      // falls through: not JSON
    }
    throw new SignalingError('NOT_SIGNALING');
  }
}

const TRANSIENT: readonly SignalingErrorCode[] = [
  'UNREACHABLE',
  'INTERNAL',
  'STORE_FAILED',
  'TOO_MANY_REQUESTS',
];

/** Whether the same request may succeed later, or elsewhere. */
export function isTransient(error: unknown): boolean {
  return error instanceof SignalingError && TRANSIENT.includes(error.code);
}

async function errorOf(response: Response): Promise<SignalingError> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  const code = (body as { error?: unknown } | null | undefined)?.error;
  if (isSignalingErrorCode(code)) return new SignalingError(code);
  // A proxy speaks: what is wrong with the server behind it, or with the path to it, may pass.
  if ((status >= 500 && status !== 501) || status === 429 || status === 408)
    return new SignalingError('UNREACHABLE');
  return new SignalingError('NOT_SIGNALING');
}
