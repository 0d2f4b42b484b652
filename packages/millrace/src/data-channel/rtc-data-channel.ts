// RTCDataChannel of W3C webrtc-pc §6.2, and what users of Node want on top: `ready`, `closed`, `for await`,
// `readable` and `writable`, `await using`.
//
// Left out: transfer to a worker (webrtc-pc §6.5).
import { exception, RTCError, RTCErrorEvent } from '../errors.ts';
import {
  type EventOptions,
  fire,
  type Handler,
  handlerOf,
  isHeard,
  setHandler,
  TypedEventTarget,
} from '../events.ts';
import { queueTask } from '../task-queue.ts';
import { priorityName, type RTCPriorityType } from './init.ts';
import { fireMessage } from './message-event.ts';
import { MessageReader } from './message-reader.ts';
import { type BinaryForm, type BinaryType, type ChannelMessage, present } from './messages.ts';
import { Outbox } from './outbox.ts';
import type { ChannelPort } from './port.ts';
import { readableOf, writableOf } from './streams.ts';

export type RTCDataChannelState = 'connecting' | 'open' | 'closing' | 'closed';

export interface RTCDataChannelEventMap {
  bufferedamountlow: Event;
  close: Event;
  closing: Event;
  error: RTCErrorEvent;
  message: MessageEvent;
  open: Event;
}

/** What `send` takes. */
export type Sendable = string | Blob | ArrayBuffer | ArrayBufferView;

const DEFAULT_HIGH_WATER_MARK = 1_048_576; // a round trip of 40 ms at 200 Mbit/s
const SETTLED = Promise.resolve();
const LOW = 'bufferedamountlow';
const ignore = (): void => {};

/**
 * A channel of messages (W3C webrtc-pc §6.2). Beyond the standard: `ready`, `highWaterMark`, async iteration,
 * `readable`, `writable`, `closed`, and a `close()` that sends first what was queued.
 */
export class RTCDataChannel extends TypedEventTarget<RTCDataChannelEventMap> {
  readonly #port: ChannelPort;
  #state: RTCDataChannelState;
  #binaryType: BinaryForm = 'arraybuffer';
  #bufferedAmount = 0;
  #lowThreshold = 0;
  #highWaterMark = DEFAULT_HIGH_WATER_MARK;
  #error: RTCError | undefined;
  #outbox: Outbox | undefined;
  readonly #readers: Array<MessageReader<ChannelMessage>> = [];
  readonly #rawReaders: Array<MessageReader<string | Uint8Array>> = [];
  #ready: PromiseWithResolvers<void> | undefined;
  #closed: PromiseWithResolvers<void> | undefined;
  #readable: ReadableStream<string | Uint8Array> | undefined;
  #writable: WritableStream<Sendable> | undefined;

  /** Channels come from `createDataChannel` and the `datachannel` event only. @internal */
  constructor(port: ChannelPort) {
    super();
    if (typeof port?.connect !== 'function') throw new TypeError('Illegal constructor');
    this.#port = port;
    this.#state = port.isRemote ? 'open' : 'connecting';
    port.connect({
      onOpen: () => queueTask(this.#afterOpen, undefined),
      onMessage: (message) => queueTask(this.#afterMessage, message),
      onSent: (bytes) => this.#onSent(bytes),
      onClosing: () => queueTask(this.#afterClosing, undefined),
      onClosed: (error) => queueTask(this.#afterClosed, error),
    });
  }

  get label(): string {
    return this.#port.label;
  }

  get ordered(): boolean {
    return this.#port.ordered;
  }

  get maxPacketLifeTime(): number | null {
    return this.#port.maxPacketLifeTime ?? null;
  }

  get maxRetransmits(): number | null {
    return this.#port.maxRetransmits ?? null;
  }

  get protocol(): string {
    return this.#port.protocol;
  }

  get negotiated(): boolean {
    return this.#port.negotiated;
  }

  /** `null` until the connection has settled which side chooses which ids. */
  get id(): number | null {
    return this.#port.id ?? null;
  }

  /** What the channel was made with: its weight when several channels have something to send. */
  get priority(): RTCPriorityType {
    return priorityName(this.#port.priority);
  }

  get readyState(): RTCDataChannelState {
    return this.#state;
  }

  /** Bytes of messages that `send` has taken and the network has not. It does not fall while code runs. */
  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  get bufferedAmountLowThreshold(): number {
    return this.#lowThreshold;
  }

  set bufferedAmountLowThreshold(bytes: number) {
    this.#lowThreshold = Number(bytes) >>> 0; // WebIDL unsigned long
  }

  /**
   * How `event.data` shows bytes. `uint8array` is not of the standard: it gives each message as a Uint8Array of its own
   * memory, which for many short messages is several times quicker than an ArrayBuffer each.
   */
  get binaryType(): BinaryType {
    return this.#binaryType as BinaryType;
  }

  set binaryType(type: BinaryForm) {
    // WebIDL: a value that is none of the enumeration is ignored.
    if (type === 'blob' || type === 'arraybuffer' || type === 'uint8array') this.#binaryType = type;
  }

  /** Beyond this many buffered bytes `ready` waits and `writable` holds its source back. */
  get highWaterMark(): number {
    return this.#highWaterMark;
  }

  set highWaterMark(bytes: number) {
    if (!(bytes >= 0)) throw new RangeError(`highWaterMark must be 0 or more, not ${bytes}`);
    this.#highWaterMark = bytes;
    this.#settleReady();
  }

  /**
   * Resolves when the channel is open and `bufferedAmount` is at or below `highWaterMark`: `await` it before each
   * `send` and memory stays bounded whatever the network does. Rejects once the channel closes.
   */
  get ready(): Promise<void> {
    if (this.#ready) return this.#ready.promise;
    if (this.#isReady()) return SETTLED;
    const ready = Promise.withResolvers<void>();
    ready.promise.catch(ignore); // whoever waits hears of it; nobody need wait
    if (this.#state === 'closing' || this.#state === 'closed') ready.reject(this.#closedError());
    else this.#ready = ready;
    return ready.promise;
  }

  /**
   * Resolves when the channel is closed: by `close` on either side, and then all that this side had queued has been
   * acknowledged by the peer, or because this side has closed the connection. Rejects with the error of the `error`
   * event if the channel or its connection failed.
   */
  get closed(): Promise<void> {
    if (!this.#closed) {
      this.#closed = Promise.withResolvers();
      this.#closed.promise.catch(ignore);
      if (this.#state === 'closed') this.#settleClosed();
    }
    return this.#closed.promise;
  }

  /** Every message from now on. Messages that are not read hold the peer back: see `MessageReader`. */
  get readable(): ReadableStream<string | Uint8Array> {
    this.#readable ??= readableOf(this.#read(this.#rawReaders));
    return this.#readable;
  }

  /** A message per chunk, at the pace of the network; closing it closes the channel once all has been sent. */
  get writable(): WritableStream<Sendable> {
    this.#writable ??= writableOf(this);
    return this.#writable;
  }

  /**
   * Queues a message; bytes may be changed as soon as the call returns.
   *
   * @throws {DOMException} InvalidStateError unless the channel is open; OperationError if the queue is full
   * @throws {TypeError} if the message is longer than the peer takes
   */
  send(data: string): void;
  send(data: Blob): void;
  send(data: ArrayBuffer): void;
  send(data: ArrayBufferView): void;
  send(data: Sendable): void;
  send(data: Sendable): void {
    if (data === undefined) throw new TypeError('send needs a message');
    if (this.#state !== 'open')
      throw exception('InvalidStateError', `the channel is ${this.#state}, not open`);
    if (data instanceof Blob) {
      this.#requireSize(data.size);
      this.#bufferedAmount += data.size;
      this.#openOutbox().pushBlob(data);
      return;
    }
    const message = toMessage(data);
    if (this.#outbox && !this.#outbox.isEmpty) {
      const length = typeof message === 'string' ? Buffer.byteLength(message) : message.length;
      this.#requireSize(length);
      this.#outbox.push(message);
      this.#bufferedAmount += length;
      return;
    }
    try {
      this.#bufferedAmount += this.#port.send(message);
    } catch (error) {
      throw sendException(error, this.#port.maxMessageSize);
    }
  }

  /** Sends what is queued, then closes: `closed` and the `close` event tell when the peer has done so too. */
  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    this.#rejectReady();
    if (!this.#outbox || this.#outbox.isEmpty) this.#port.close();
  }

  /**
   * Messages from now on, each as `event.data` would have it; ends when the channel closes. Messages that are not
   * read hold the peer back.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ChannelMessage, undefined> {
    return this.#read(this.#readers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  get [Symbol.toStringTag](): string {
    return 'RTCDataChannel';
  }

  get onopen(): Handler<Event> {
    return handlerOf(this, 'open');
  }

  set onopen(handler: Handler<Event>) {
    setHandler(this, 'open', handler);
  }

  get onbufferedamountlow(): Handler<Event> {
    return handlerOf(this, 'bufferedamountlow');
  }

  set onbufferedamountlow(handler: Handler<Event>) {
    setHandler(this, 'bufferedamountlow', handler);
  }

  get onerror(): Handler<RTCErrorEvent> {
    return handlerOf(this, 'error');
  }

  set onerror(handler: Handler<RTCErrorEvent>) {
    setHandler(this, 'error', handler);
  }

  get onclosing(): Handler<Event> {
    return handlerOf(this, 'closing');
  }

  set onclosing(handler: Handler<Event>) {
    setHandler(this, 'closing', handler);
  }

  get onclose(): Handler<Event> {
    return handlerOf(this, 'close');
  }

  set onclose(handler: Handler<Event>) {
    setHandler(this, 'close', handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return handlerOf(this, 'message');
  }

  set onmessage(handler: Handler<MessageEvent>) {
    setHandler(this, 'message', handler);
  }

  // Tasks. Each is one function for the life of the channel, so that queueing one allocates nothing.

  readonly #afterOpen = (): void => {
    if (this.#state === 'connecting') this.#state = 'open';
    if (this.#state !== 'open') return; // closed in the meantime
    this.#settleReady();
    this.#port.opened();
    fire(this, 'open');
  };

  readonly #afterMessage = (message: Uint8Array | string): void => {
    // webrtc-pc §6.2: what comes after close() is discarded.
    if (this.#state !== 'open') return;
    for (let i = 0; i < this.#rawReaders.length; i++) this.#rawReaders[i]!.push(message);
    if (this.#readers.length === 0 && !isHeard(this, 'message')) return;
    const data = present(message, this.#binaryType);
    for (let i = 0; i < this.#readers.length; i++) this.#readers[i]!.push(data);
    if (isHeard(this, 'message')) fireMessage(this, data);
  };

  readonly #afterLow = (): void => {
    if (this.#state !== 'closed') fire(this, LOW);
  };

  readonly #afterClosing = (): void => {
    if (this.#state !== 'open' && this.#state !== 'connecting') return;
    this.#state = 'closing';
    this.#rejectReady();
    fire(this, 'closing');
  };

  readonly #afterClosed = (error: RTCError | undefined): void => {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#error ??= error;
    this.#outbox?.drop();
    this.#rejectReady();
    if (this.#error) this.dispatchEvent(new RTCErrorEvent('error', { error: this.#error }));
    this.#port.ended(this);
    fire(this, 'close');
    for (const reader of this.#readers.splice(0)) reader.end(this.#error);
    for (const reader of this.#rawReaders.splice(0)) reader.end(this.#error);
    if (this.#closed) this.#settleClosed();
  };

  #onSent(bytes: number): void {
    const before = this.#bufferedAmount;
    this.#bufferedAmount = before - bytes;
    // It fires whether or not anybody listens; what nobody hears need not be made.
    if (before > this.#lowThreshold && this.#bufferedAmount <= this.#lowThreshold && isHeard(this, LOW))
      queueTask(this.#afterLow, undefined);
    this.#outbox?.flush();
    this.#settleReady();
  }

  #openOutbox(): Outbox {
    this.#outbox ??= new Outbox(
      (message) => void this.#port.send(message),
      () => {
        if (this.#state === 'closing') this.#port.close();
      },
      () => {
        this.#error = new RTCError({ errorDetail: 'data-channel-failure' }, 'a Blob could not be read');
        this.close();
      },
    );
    return this.#outbox;
  }

  #requireSize(bytes: number): void {
    if (bytes > this.#port.maxMessageSize) throw tooLarge(this.#port.maxMessageSize);
  }

  #read<T>(readers: Array<MessageReader<T>>): MessageReader<T> {
    const reader = new MessageReader<T>(this.#port, (self) => {
      const place = readers.indexOf(self);
      if (place >= 0) readers.splice(place, 1);
    });
    if (this.#state === 'closed') reader.end(this.#error);
    else readers.push(reader);
    return reader;
  }

  #isReady(): boolean {
    if (this.#state !== 'open' || this.#bufferedAmount > this.#highWaterMark) return false;
    if (this.#port.hasRoom) return true;
    this.#port.waitForRoom();
    return false;
  }

  #settleReady(): void {
    if (!this.#ready || !this.#isReady()) return;
    this.#ready.resolve();
    this.#ready = undefined;
  }

  #rejectReady(): void {
    this.#ready?.reject(this.#closedError());
    this.#ready = undefined;
  }

  #settleClosed(): void {
    if (this.#error) this.#closed?.reject(this.#error);
    else this.#closed?.resolve();
  }

  #closedError(): DOMException {
    return this.#error ?? exception('InvalidStateError', `the channel is ${this.#state}`);
  }
}

/** W3C webrtc-pc §6.3: the peer has opened a channel. */
export class RTCDataChannelEvent extends Event {
  readonly channel: RTCDataChannel;

  constructor(type: string, init: EventOptions & { readonly channel: RTCDataChannel }) {
    super(type, init);
    if (init?.channel === undefined) throw new TypeError('an RTCDataChannelEvent needs a channel');
    this.channel = init.channel;
  }
}

/** webrtc-pc §6.2: anything else than bytes is turned into a string. */
function toMessage(data: string | ArrayBuffer | ArrayBufferView): Uint8Array | string {
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : String(data);
}

function sendException(error: unknown, maxMessageSize: number): unknown {
  switch ((error as { code?: unknown }).code) {
    case 'TOO_LARGE':
      return tooLarge(maxMessageSize);
    case 'QUEUE_FULL':
      return exception('OperationError', 'the send queue is full: await channel.ready before sending');
    case 'NOT_OPEN':
    case 'CLOSED':
      return exception('InvalidStateError', 'the channel is closing');
    default:
      return error;
  }
}

function tooLarge(maxMessageSize: number): TypeError {
  return new TypeError(`the message is longer than the ${maxMessageSize} bytes the peer takes`);
}
