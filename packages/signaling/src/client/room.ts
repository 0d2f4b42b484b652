// A room as one peer sees it: events to iterate over, messages to send, and the connection kept up underneath.
import type { Clock } from '../clock.ts';
import { isSignalingErrorCode, SignalingError } from '../errors.ts';
import { type Api, isTransient } from './api.ts';
import { Backoff } from './backoff.ts';
import { EventStreamParser, type StreamEvent } from './event-stream.ts';
import { Mailbox } from './mailbox.ts';
import { Outbox, type OutboxLimits } from './outbox.ts';

export type SignalingEvent =
  | { readonly type: 'join'; readonly peer: string }
  | { readonly type: 'leave'; readonly peer: string }
  /** `from` is empty if the writer is no member. `data` is undefined if the record's body is no JSON. */
  | { readonly type: 'message'; readonly from: string; readonly data: unknown };

export type SignalingRoomState = 'connected' | 'reconnecting' | 'closed';

export interface RoomSettings {
  readonly signal: AbortSignal | undefined;
  readonly retryFor: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Events that wait for a slow reader before the stream itself is held back. */
const WAITING_EVENTS = 256;
/** Milliseconds a short request may take. */
const REQUEST_TIMEOUT = 15_000;
/** Pings that may be missing before a silent stream counts as broken. */
const MISSED_PINGS = 3;

export class SignalingRoom implements AsyncIterable<SignalingEvent> {
  /** The name of the room. */
  readonly name: string;
  /** The name of this peer in the room. */
  readonly peer: string;
  /** Who was there when this peer came: of everybody else there is a `join` event. */
  readonly present: ReadonlySet<string>;
  /** Settles when the room is left: rejects if that was not by `close()`. */
  readonly closed: Promise<void>;
  readonly #api: Api;
  readonly #path: string;
  readonly #token: string;
  readonly #settings: RoomSettings;
  readonly #silence: number;
  readonly #peers: Set<string>;
  readonly #events = new Mailbox<SignalingEvent>(WAITING_EVENTS);
  readonly #outbox: Outbox;
  readonly #abort = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #state: SignalingRoomState = 'connected';
  /** The record to be read next. */
  #next: number;
  #closing: Promise<void> | undefined;

  /** Made by `joinRoom`, from the server's answer. */
  constructor(api: Api, name: string, admission: Record<string, unknown>, settings: RoomSettings) {
    const { member, token, members, seq_num, ping_interval, limits } = readAdmission(admission);
    this.name = name;
    this.peer = member;
    this.closed = this.#closed.promise;
    this.closed.catch(() => {}); // the iterator tells it too
    this.#api = api;
    this.#path = `/rooms/${encodeURIComponent(name)}`;
    this.#token = token;
    this.#settings = settings;
    this.#silence = ping_interval * MISSED_PINGS;
    this.present = new Set(members);
    this.#peers = new Set(members);
    this.#next = seq_num + 1;
    this.#outbox = new Outbox(limits, (body) => this.#post(body));
    settings.signal?.addEventListener('abort', this.#onAbort);
    if (settings.signal?.aborted) this.#onAbort();
    else void this.#receive();
  }

  /** The others in the room, as far as the events received tell. */
  get peers(): ReadonlySet<string> {
    return this.#peers;
  }

  get state(): SignalingRoomState {
    return this.#state;
  }

  /**
   * Sends `data`, anything JSON can say, to the peer `to` or else to all others. Resolves when the server has it;
   * rejects with `RECIPIENT_GONE` if `to` is not in the room. Messages arrive in the order they were sent. What is sent
   * to one peer the others do not get as an event; who reads the room's records with other means can see it.
   */
  async send(data: unknown, to?: string): Promise<void> {
    if (this.#closing) throw new SignalingError('CLOSED');
    if (to !== undefined && to !== this.peer && !this.#peers.has(to))
      throw new SignalingError('RECIPIENT_GONE');
    return this.#outbox.send(data, to);
  }

  /** Sends what waits to be sent, leaves the room and ends the iterator. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The events of the room, each once. Ends when the room is closed; throws if it was lost. One reader. */
  [Symbol.asyncIterator](): AsyncIterableIterator<SignalingEvent, undefined> {
    return this.#events;
  }

  async #close(): Promise<void> {
    if (this.#state !== 'closed') {
      await this.#outbox.flushed;
      await this.#leave();
    }
    this.#end(undefined);
  }

  async #leave(): Promise<void> {
    const path = `${this.#path}/members/${this.peer}`;
    const call = { method: 'DELETE', path, secret: this.#token, keepalive: true } as const;
    await this.#withTimeout(REQUEST_TIMEOUT, (signal) => this.#api.call({ ...call, signal })).catch(() => {});
  }

  readonly #onAbort = (): void => {
    this.#end(this.#settings.signal!.reason);
    this.#closing ??= Promise.resolve();
    void this.#leave();
  };

  #end(error: unknown): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#settings.signal?.removeEventListener('abort', this.#onAbort);
    this.#abort.abort();
    this.#outbox.fail(error ?? new SignalingError('CLOSED'));
    this.#events.end(error);
    if (error === undefined) this.#closed.resolve();
    else this.#closed.reject(error);
  }

  /** Reads one stream after the other until the room is over. */
  async #receive(): Promise<void> {
    await this.#persist((progress) => this.#readStream(progress)).catch((error: unknown) =>
      this.#end(this.#closing ? undefined : error),
    );
  }

  /** Never resolves: a stream that ends, however well, is to be taken up again. */
  async #readStream(progress: () => void): Promise<never> {
    const attempt = new AbortController();
    const signal = AbortSignal.any([attempt.signal, this.#abort.signal]);
    const watch = (): (() => void) => this.#settings.clock.after(this.#silence, () => attempt.abort());
    let unwatch = watch();
    try {
      const path = `${this.#path}/records?seq_num=${this.#next}`;
      const { body } = await this.#api.call({
        method: 'GET',
        path,
        secret: this.#token,
        events: true,
        signal,
      });
      const reader = body!.getReader();
      const decoder = new TextDecoder();
      const parser = new EventStreamParser((event) => this.#onEvent(event));
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        unwatch();
        progress();
        if (this.#state === 'reconnecting') this.#state = 'connected';
        parser.push(decoder.decode(chunk.value, { stream: true }));
        await this.#events.room;
        unwatch = watch();
      }
      throw new SignalingError('UNREACHABLE');
    } catch (cause) {
      throw cause instanceof SignalingError ? cause : new SignalingError('UNREACHABLE', { cause });
    } finally {
      unwatch();
      attempt.abort();
      if (this.#state === 'connected') this.#state = 'reconnecting';
    }
  }

  #onEvent({ event, data }: StreamEvent): void {
    if (event === 'error') {
      const { error } = parseObject(data);
      throw new SignalingError(isSignalingErrorCode(error) ? error : 'NOT_SIGNALING');
    }
    if (event !== 'batch') return; // a ping, or the end
    const { records } = parseObject(data);
    for (const record of Array.isArray(records) ? (records as unknown[]) : []) this.#onRecord(record);
  }

  #onRecord(record: unknown): void {
    const { seq_num: seqNum, headers, body } = (record ?? {}) as Record<string, unknown>;
    if (typeof seqNum !== 'number' || !Array.isArray(headers)) throw new SignalingError('NOT_SIGNALING');
    if (seqNum < this.#next) return; // had before the stream broke
    this.#next = seqNum + 1;
    const header = (name: string): string | undefined => headers.find((each) => each?.[0] === name)?.[1];
    const [event, from, to] = [header('event'), header('from') ?? '', header('to')];
    if (to === undefined ? from === this.peer : to !== this.peer) return;
    if (event === undefined) this.#events.push({ type: 'message', from, data: parseBody(body) });
    else if (event === 'join' || event === 'leave') {
      if (event === 'join') this.#peers.add(from);
      else this.#peers.delete(from);
      this.#events.push({ type: event, peer: from });
    }
  }

  async #post(body: string): Promise<Record<string, unknown>> {
    const call = { method: 'POST', path: `${this.#path}/records`, secret: this.#token, body } as const;
    const attempt = (timeout: AbortSignal): Promise<Record<string, unknown>> =>
      this.#api.json({ ...call, signal: AbortSignal.any([timeout, this.#abort.signal]) });
    return this.#persist(() => this.#withTimeout(REQUEST_TIMEOUT, attempt)).catch((error: unknown) => {
      this.#end(error);
      throw error;
    });
  }

  /** Runs `work` until it succeeds, as long as its failures may pass and are not all there is for too long. */
  async #persist<T>(work: (progress: () => void) => Promise<T>): Promise<T> {
    const { clock, random, retryFor } = this.#settings;
    const backoff = new Backoff(random);
    let failingSince: number | undefined;
    const progress = (): void => {
      backoff.reset();
      failingSince = undefined;
    };
    while (true) {
      try {
        return await work(progress);
      } catch (error) {
        if (this.#state === 'closed' || !isTransient(error)) throw error;
        failingSince ??= clock.now();
        if (clock.now() - failingSince >= retryFor) throw error;
        await this.#pause(backoff.next());
      }
    }
  }

  #pause(delay: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#settings.clock.after(delay, resolve);
    const wake = (): void => resolve();
    this.#abort.signal.addEventListener('abort', wake);
    return promise.finally(() => {
      cancel();
      this.#abort.signal.removeEventListener('abort', wake);
    });
  }

  async #withTimeout<T>(delay: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeout = new AbortController();
    const cancel = this.#settings.clock.after(delay, () => timeout.abort());
    return work(timeout.signal).finally(cancel);
  }
}

interface Admitted {
  readonly member: string;
  readonly token: string;
  readonly members: string[];
  readonly seq_num: number;
  readonly ping_interval: number;
  readonly limits: OutboxLimits;
}

function readAdmission(answer: Record<string, unknown>): Admitted {
  const { member, token, members, seq_num, ping_interval } = answer;
  const limits = (answer.limits ?? {}) as Record<string, unknown>;
  const numbers = [seq_num, ping_interval, limits.record_bytes, limits.append_records, limits.request_bytes];
  const isSound =
    typeof member === 'string' &&
    typeof token === 'string' &&
    Array.isArray(members) &&
    numbers.every((value) => typeof value === 'number');
  if (!isSound) throw new SignalingError('NOT_SIGNALING');
  return answer as unknown as Admitted;
}

/** Not every writer need be of our kind. */
function parseBody(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // falls through: not JSON
  }
  throw new SignalingError('NOT_SIGNALING');
}
