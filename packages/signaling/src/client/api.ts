// One HTTP request to the signaling server and what its answer means: a value, an error of the server, or no
// answer at all. Only web APIs, so that browsers run it too.
import { isSignalingErrorCode, SignalingError } from '../errors.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly secret?: string;
  readonly body?: string;
  readonly lastEventId?: number;
  readonly signal?: AbortSignal;
  /** Lets the request outlive the page that made it. */
  readonly keepalive?: boolean;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Api {
  readonly #url: string;
  readonly #fetch: Fetch;

  constructor(url: string, fetch: Fetch) {
    this.#url = url;
    this.#fetch = fetch;
  }

  /** The successful answer. Throws `UNREACHABLE` if there is none, and otherwise what the server says. */
  async call(call: Call): Promise<Response> {
    const headers: Record<string, string> = {};
    if (call.secret !== undefined) headers.Authorization = `Bearer ${call.secret}`;
    if (call.body !== undefined) headers['Content-Type'] = 'application/json';
    if (call.lastEventId !== undefined) headers['Last-Event-ID'] = String(call.lastEventId);
    const init: RequestInit = { method: call.method, headers, cache: 'no-store', redirect: 'error' };
    if (call.body !== undefined) init.body = call.body;
    if (call.signal) init.signal = call.signal;
    if (call.keepalive) init.keepalive = true;
    let response: Response;
    try {
      response = await this.#fetch(this.#url + call.path, init);
    } catch (cause) {
      throw new SignalingError('UNREACHABLE', { cause });
    }
    if (response.ok) return response;
    throw await errorOf(response);
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

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): boolean {
  return error instanceof SignalingError && (error.code === 'UNREACHABLE' || error.code === 'INTERNAL');
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
