// What a peer has to say, in order: messages wait here, go out in batches, one request at a time, and a request
// that fails is sent again with the same numbers, of which the server takes each once.
import { SignalingError } from '../errors.ts';

export interface OutboxLimits {
  readonly record_bytes: number;
  readonly append_records: number;
  readonly request_bytes: number;
}

interface Waiting {
  readonly json: string;
  readonly bytes: number;
  readonly sent: PromiseWithResolvers<void>;
}

/** What the brackets and names around the messages of a request take at most. */
const ENVELOPE_BYTES = 64;

export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #post: (body: string) => Promise<Record<string, unknown>>;
  #waiting: Waiting[] = [];
  #next = 1;
  #flushing: Promise<void> = Promise.resolve();
  #isFlushing = false;
  #error: unknown;

  /** `post` resolves with the server's answer and sees to retries itself. */
  constructor(limits: OutboxLimits, post: (body: string) => Promise<Record<string, unknown>>) {
    this.#limits = limits;
    this.#post = post;
  }

  /** Resolves when nothing waits any more. */
  get flushed(): Promise<void> {
    return this.#flushing;
  }

  send(data: unknown, to: string | undefined): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const encoded = encode(data);
    const headers = JSON.stringify(to === undefined ? [] : [['to', to]]);
    if (utf8Length(encoded) + headers.length > this.#limits.record_bytes)
      throw new SignalingError('MESSAGE_TOO_LARGE');
    const json = `{"headers":${headers},"body":${JSON.stringify(encoded)}}`;
    const sent = Promise.withResolvers<void>();
    sent.promise.catch(() => {}); // the end of the event iterator tells it too: nobody has to look at both
    this.#waiting.push({ json, bytes: utf8Length(json), sent });
    if (!this.#isFlushing) this.#flushing = this.#flush();
    return sent.promise;
  }

  /** Nothing goes out any more; what waits is refused with `error`. */
  fail(error: unknown): void {
    this.#error ??= error;
    for (const { sent } of this.#waiting.splice(0)) sent.reject(error);
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    await undefined; // what is sent in the same turn goes out together
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const first = this.#next;
      this.#next += batch.length;
      try {
        const messages = batch.map(({ json }) => json).join(',');
        await this.#post(`{"first":${first},"records":[${messages}]}`);
        for (const { sent } of batch) sent.resolve();
      } catch (error) {
        for (const { sent } of batch) sent.reject(error);
        this.fail(error);
      }
    }
    this.#isFlushing = false;
  }

  #takeBatch(): Waiting[] {
    let bytes = ENVELOPE_BYTES;
    let count = 0;
    while (count < this.#waiting.length && count < this.#limits.append_records) {
      bytes += this.#waiting[count]!.bytes + 1;
      if (count > 0 && bytes > this.#limits.request_bytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

function encode(data: unknown): string {
  let encoded: string | undefined;
  try {
    encoded = JSON.stringify(data);
  } catch (cause) {
    throw new SignalingError('NOT_JSON', { cause });
  }
  if (encoded === undefined) throw new SignalingError('NOT_JSON');
  return encoded;
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;
