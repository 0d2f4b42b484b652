// One end of a channel, for as long as that lives: it carries requests one after another, as opening a channel and
// closing it costs several packets each. It knows the order in which things go out, and how much: each side grants the
// other credit for a window of body bytes. SCTP has one receive window for all channels, and with credit a reader that is
// slow holds nobody back but its own sender. What is sent waits for `channel.ready` besides, so that a slow network holds
// the source back too.
import { LIMITS } from '../options.ts';
import { type AbortReason, type Control, parseControl } from './frames.ts';

/** What is needed of an RTCDataChannel. */
export interface WireChannel {
  readonly ready: Promise<void>;
  readonly readyState: string;
  readonly bufferedAmount: number;
  readonly highWaterMark: number;
  send(data: string | Uint8Array): void;
  close(): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: 'closing' | 'close', listener: () => void): void;
}

/** Whoever has the channel for the time being. */
export interface LaneUser {
  /** A message of bytes; handed over. */
  onBytes(bytes: Uint8Array): void;
  /** A message of text; `undefined` if it is none of ours. */
  onControl(control: Control | undefined): void;
  /** All that waited has gone. */
  onRoom(): void;
  onClosed(): void;
}

/** `bodyBytes` of it are a body's, and need credit. */
interface Outgoing {
  readonly data: string | Uint8Array;
  readonly bodyBytes: number;
}

export class Lane {
  readonly #channel: WireChannel;
  readonly #rest: LaneUser;
  #user: LaneUser;
  #isClosed = false;
  // Going out.
  readonly #queue: Outgoing[] = [];
  #credit: number = LIMITS.windowBytes;
  #isPumping = false;
  // Coming in.
  #unread = 0;
  #ungranted = 0;

  /** `rest` has the channel while no request does. */
  constructor(channel: WireChannel, rest: LaneUser) {
    this.#channel = channel;
    this.#rest = rest;
    this.#user = rest;
    channel.addEventListener('message', ({ data }) => this.#onMessage(data));
    channel.addEventListener('closing', () => this.#onClosed());
    channel.addEventListener('close', () => this.#onClosed());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether something waits to be sent. */
  get isBlocked(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether another request can have it: nobody has, and all of the last one's has gone on, both ways. */
  get isFree(): boolean {
    if (this.#isClosed || this.#user !== this.#rest || this.isBlocked || this.#unread > 0) return false;
    return this.#channel.readyState === 'open';
  }

  taken(user: LaneUser): void {
    this.#user = user;
  }

  givenBack(): void {
    this.#user = this.#rest;
  }

  /** In order; kept until it is sent. */
  send(data: string | Uint8Array, bodyBytes = 0): void {
    if (this.#isClosed) return;
    if (this.#queue.length === 0 && bodyBytes <= this.#credit && this.#trySend(data, bodyBytes)) return;
    this.#queue.push({ data, bodyBytes });
    void this.#pump();
  }

  /** Body bytes have come; false if they are more than the window. They take their place in it until `consumed`. */
  received(bodyBytes: number): boolean {
    this.#unread += bodyBytes;
    return this.#unread + this.#ungranted <= LIMITS.windowBytes;
  }

  consumed(bodyBytes: number): void {
    this.#unread -= bodyBytes;
    this.#ungranted += bodyBytes;
    if (this.#isClosed || this.#ungranted < LIMITS.windowBytes / 4) return;
    this.#sendNow({ type: 'credit', bytes: this.#ungranted });
    this.#ungranted = 0;
  }

  /** What has not been sent is dropped, what is on its way still arrives. */
  close(reason?: AbortReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    if (reason !== undefined) this.#sendNow({ type: 'abort', reason });
    this.#channel.close();
  }

  /** What can go at once goes without a detour over a promise. */
  #trySend(data: string | Uint8Array, bodyBytes: number): boolean {
    const { readyState, bufferedAmount, highWaterMark } = this.#channel;
    if (readyState !== 'open' || bufferedAmount > highWaterMark) return false;
    try {
      this.#channel.send(data);
    } catch {
      return false; // the queue that all channels share is full: `ready` tells when it is not
    }
    this.#credit -= bodyBytes;
    return true;
  }

  /** Sends what waits, in order, as long as there is credit and the channel is ready. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    try {
      while (this.#mayGo()) {
        await this.#channel.ready;
        if (this.#isClosed) return;
        if (!this.#mayGo()) break;
        const { data, bodyBytes } = this.#queue.shift()!;
        this.#credit -= bodyBytes;
        this.#channel.send(data);
      }
    } catch {
      this.#onClosed(); // `ready` rejects once the channel is closing
    } finally {
      this.#isPumping = false;
    }
    if (this.#queue.length === 0 && !this.#isClosed) this.#user.onRoom();
  }

  #mayGo(): boolean {
    const first = this.#queue[0];
    return first !== undefined && first.bodyBytes <= this.#credit;
  }

  /** What need not wait for what is queued. */
  #sendNow(control: Control): void {
    try {
      this.#channel.send(JSON.stringify(control));
    } catch {
      // Not open yet: then the other side knows of no request either. Or closed: then it knows already.
    }
  }

  #onMessage(data: unknown): void {
    if (this.#isClosed) return;
    if (typeof data !== 'string') {
      this.#user.onBytes(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array));
      return;
    }
    const control = parseControl(data);
    if (control?.type === 'credit') {
      this.#credit = Math.min(this.#credit + control.bytes, LIMITS.windowBytes);
      if (this.#queue.length > 0) void this.#pump();
    } else this.#user.onControl(control);
  }

  #onClosed(): void {
    if (this.#isClosed) return;
    this.close();
    this.#user.onClosed();
  }
}
