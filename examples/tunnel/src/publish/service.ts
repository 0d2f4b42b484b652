// What is published and how: shared by all requests.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { KeyCheck } from '../api-keys/key-check.ts';
import { LIMITS } from '../options.ts';
import type { SessionOf } from '../upstreams/session.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';

export interface ServiceOptions {
  readonly upstreams: Upstreams;
  readonly sessionOf: SessionOf | undefined;
  readonly keys: KeyCheck | undefined;
  /** Bodies of completion requests are checked for their shape. */
  readonly checksCompletions: boolean;
  readonly idleMillis: number;
  readonly maxRequests: number;
  /** Bytes of a request body. */
  readonly maxBody: number | undefined;
  /** A request is over. */
  readonly onDone: (line: RequestRecord) => void;
}

export interface RequestRecord {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number | undefined;
  readonly millis: number;
  readonly upstream: string | undefined;
  readonly eventId: string | undefined;
  /** How it ended, if not well. */
  readonly end: string | undefined;
}

export class Service {
  readonly options: ServiceOptions;
  /** Requests that go on. */
  active = 0;
  /** Channels that stand, whether or not one of those has it. */
  channels = 0;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(options: ServiceOptions) {
    this.options = options;
    const agent = { keepAlive: true, timeout: LIMITS.keptConnectionMillis, maxFreeSockets: 64 };
    this.#http = new HttpAgent(agent);
    this.#https = new HttpsAgent(agent);
  }

  agentFor(url: URL): HttpAgent {
    return url.protocol === 'https:' ? this.#https : this.#http;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
