// One end of a request's channel: a head, a body and an end each way. Each side grants the other credit for a window of
// body bytes: SCTP has one receive window for all channels, and with credit a reader that is slow holds nobody back but
// its own sender. What is sent waits for `channel.ready` besides, so that a slow network holds the source back too.
import { LIMITS } from '../options.ts';
import {
  type AbortReason,
  type Control,
  parseControl,
  type RequestHead,
  type ResponseHead,
} from './frames.ts';

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

export interface ExchangeEvents {
  onHead(head: Record<string, unknown>): void;
  /** Handed over. Say `consumed` when it has gone on: until then it takes its place in the window. */
  onBody(bytes: Uint8Array): void;
  onEnd(): void;
  /** `write` has said no; now it would say yes. */
  onRoom(): void;
  /** There will be nothing more, and this side did not want that. */
  onAbort(reason: AbortReason): void;
}

type Outgoing = string | Uint8Array;

export class Exchange {
  readonly #channel: WireChannel;
  readonly #events: ExchangeEvents;
  #isClosed = false;
  // Going out.
  readonly #queue: Outgoing[] = [];
  #credit: number = LIMITS.windowBytes;
  #isPumping = false;
  #wantsRoom = false;
  #hasEnded = false;
  // Coming in.
  #expects: 'head' | 'body' | 'nothing' = 'head';
  #unread = 0;
  #ungranted = 0;

  constructor(channel: WireChannel, events: ExchangeEvents) {
    this.#channel = channel;
    this.#events = events;
    channel.addEventListener('message', ({ data }) => this.#onMessage(data));
    channel.addEventListener('closing', () => this.#onClosed());
    channel.addEventListener('close', () => this.#onClosed());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the other side's body has come to its end. */
  get isReceived(): boolean {
    return this.#expects === 'nothing';
  }

  sendHead(head: RequestHead | ResponseHead): void {
    this.#push(JSON.stringify(head));
  }

  /** Kept until it is sent. False: stop until `onRoom`. */
  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#hasEnded) return true;
    for (let at = 0; at < bytes.length; at += LIMITS.messageBytes)
      this.#push(bytes.length <= LIMITS.messageBytes ? bytes : part(bytes, at));
    this.#wantsRoom = this.#queue.length > 0;
    return !this.#wantsRoom;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#push('{"type":"end"}');
    this.#hasEnded = true;
  }

  /** Bytes of `onBody` that need no place any more. */
  consumed(bytes: number): void {
    this.#unread -= bytes;
    this.#ungranted += bytes;
    if (this.#isClosed || this.#ungranted < LIMITS.windowBytes / 4) return;
    this.#sendNow({ type: 'credit', bytes: this.#ungranted });
    this.#ungranted = 0;
  }

  /** Gives up: what has not been sent is dropped. */
  abort(reason: AbortReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#sendNow({ type: 'abort', reason });
    this.#channel.close();
  }

  /** Needs nothing more. What is on its way still arrives, what has not been sent is dropped. */
  close(): void {
    this.#queue.length = 0;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.close();
  }

  #push(message: Outgoing): void {
    if (this.#isClosed || this.#hasEnded) return;
    if (this.#queue.length === 0 && this.#mayGo(message) && this.#trySend(message)) return;
    this.#queue.push(message);
    void this.#pump();
  }

  /** What can go at once goes without a detour over a promise. */
  #trySend(message: Outgoing): boolean {
    const { readyState, bufferedAmount, highWaterMark } = this.#channel;
    if (readyState !== 'open' || bufferedAmount > highWaterMark) return false;
    try {
      this.#channel.send(message);
    } catch {
      return false; // the queue that all channels share is full: `ready` tells when it is not
    }
    if (typeof message !== 'string') this.#credit -= message.length;
    return true;
  }

  /** Sends what waits, in order, as long as there is credit and the channel is ready. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#mayGo(this.#queue[0])) {
        await this.#channel.ready;
        if (this.#isClosed) return;
        const message = this.#queue[0];
        if (!this.#mayGo(message)) break;
        this.#queue.shift();
        if (typeof message !== 'string') this.#credit -= message.length;
        this.#channel.send(message);
      }
    } catch {
      this.#onClosed(); // `ready` rejects once the channel is closing
    } finally {
      this.#isPumping = false;
    }
    if (!this.#wantsRoom || this.#queue.length > 0 || this.#isClosed) return;
    this.#wantsRoom = false;
    this.#events.onRoom();
  }

  #mayGo(message: Outgoing | undefined): message is Outgoing {
    return message !== undefined && (typeof message === 'string' || message.length <= this.#credit);
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
      this.#onBody(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array));
      return;
    }
    const control = parseControl(data);
    switch (control?.type) {
      case 'head':
        if (this.#expects !== 'head') break;
        this.#expects = 'body';
        this.#events.onHead(control);
        return;
      case 'end':
        if (this.#expects !== 'body') break;
        this.#expects = 'nothing';
        this.#events.onEnd();
        return;
      case 'credit':
        this.#credit = Math.min(this.#credit + control.bytes, LIMITS.windowBytes);
        void this.#pump();
        return;
      case 'abort':
        this.#give(control.reason);
        return;
    }
    this.#violated();
  }

  #onBody(bytes: Uint8Array): void {
    this.#unread += bytes.length;
    if (this.#expects !== 'body' || this.#unread + this.#ungranted > LIMITS.windowBytes) this.#violated();
    else this.#events.onBody(bytes);
  }

  #violated(): void {
    this.abort('protocol');
    this.#events.onAbort('protocol');
  }

  #give(reason: AbortReason): void {
    this.close();
    this.#events.onAbort(reason);
  }

  #onClosed(): void {
    if (this.#isClosed) return;
    const isComplete = this.#hasEnded && this.#queue.length === 0 && this.#expects === 'nothing';
    this.close();
    if (!isComplete) this.#events.onAbort('gone');
  }
}

function part(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at, Math.min(at + LIMITS.messageBytes, bytes.length));
}
