// What is used of an RTCDataChannel, a browser's as well as millrace's, and messages of it as something to wait for.
// Only web APIs here and in all of this folder: it runs in the page and in the program.

export interface DropChannel extends EventTarget {
  readonly readyState: string;
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  binaryType: string;
  send(data: string): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** Bytes that may be on their way or waiting to be written at the other side. */
export const WINDOW: number = 8 * 1024 * 1024;
/** Bytes of messages that nobody has taken yet; who sends more does not keep to the window. */
export const MAX_WAITING: number = 2 * WINDOW;
/** What a message without bytes counts as. */
const MESSAGE_OVERHEAD = 64;
/** Characters of a text message. */
const MAX_TEXT = 16 * 1024;
/** Bytes in the send queue above which the sender waits, until it is down to the low mark. */
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 256 * 1024;

const GIVEN_UP = 'the other side has given up';

/** A transfer that can't go on, in words for whoever looks at it. */
export class TransferError extends Error {
  /** What arrived is not what was sent. */
  readonly isCorrupt: boolean;

  constructor(message: string, isCorrupt = false, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransferError';
    this.isCorrupt = isCorrupt;
  }
}

export type Control = Readonly<Record<string, unknown>>;

/** One file's channel. To be made in the same turn as the channel appears, so that no message is missed. */
export class Line {
  readonly #channel: DropChannel;
  #messages: Array<string | Uint8Array<ArrayBuffer>> = [];
  #waitingBytes = 0;
  #error: TransferError | undefined;
  #change = Promise.withResolvers<void>();

  constructor(channel: DropChannel) {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_WATER;
    channel.addEventListener('message', (event) => this.#onMessage((event as MessageEvent).data));
    for (const type of ['open', 'bufferedamountlow']) channel.addEventListener(type, () => this.#wake());
    for (const type of ['close', 'error'])
      channel.addEventListener(type, () => this.fail(new TransferError(GIVEN_UP)));
  }

  /** Resolves when the channel is open and its send queue short. */
  async ready(): Promise<void> {
    while (this.#channel.readyState === 'connecting' || this.#channel.bufferedAmount > HIGH_WATER)
      await this.changed();
    this.throwIfOver();
  }

  tell(control: Control): void {
    this.#throwUnlessOpen();
    this.#channel.send(JSON.stringify(control));
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#throwUnlessOpen();
    this.#channel.send(bytes);
  }

  /** The next message: bytes, or what a text says. */
  async next(): Promise<Control | Uint8Array<ArrayBuffer>> {
    while (this.#messages.length === 0) await this.changed();
    const message = this.#messages.shift()!; // a window of messages at most
    this.#waitingBytes -= weightOf(message);
    return typeof message === 'string' ? parseControl(message) : message;
  }

  /** The next message, which has to be a text of this type. What says that the other side failed is thrown. */
  async expect(type: string): Promise<Control> {
    return expectType(await this.next(), type);
  }

  /** Resolves with the next thing that happens to the channel; throws if that is its end. */
  async changed(): Promise<void> {
    this.throwIfOver();
    await this.#change.promise;
    if (this.#messages.length === 0) this.throwIfOver();
  }

  throwIfOver(): void {
    if (this.#error) throw this.#error;
  }

  /** Whatever waits for this channel fails with `error`. */
  fail(error: TransferError): void {
    this.#error ??= error;
    this.#wake();
  }

  close(): void {
    this.fail(new TransferError('given up'));
    this.#channel.close();
  }

  /** Resolves when the other side has closed the channel; what it says until then is passed over. */
  async closed(): Promise<void> {
    try {
      while (true) await this.next();
    } catch {
      this.close();
    }
  }

  #throwUnlessOpen(): void {
    this.throwIfOver();
    if (this.#channel.readyState !== 'open') throw new TransferError(GIVEN_UP);
  }

  #onMessage(data: unknown): void {
    if (this.#error) return;
    const message = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer);
    this.#waitingBytes += weightOf(message);
    if (this.#waitingBytes > MAX_WAITING || (typeof message === 'string' && message.length > MAX_TEXT)) {
      this.fail(new TransferError('the other side sends more than was agreed'));
      this.#channel.close();
      return;
    }
    this.#messages.push(message);
    this.#wake();
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

const weightOf = ({ length }: string | Uint8Array): number => length + MESSAGE_OVERHEAD;

/** Throws what is told as a failure, and whatever else is not of this type. */
export function expectType(message: Control | Uint8Array, type: string): Control {
  if (message instanceof Uint8Array) throw unexpected();
  if (message.type === 'failed') {
    const reason = typeof message.reason === 'string' ? message.reason.slice(0, 200) : 'no reason';
    throw new TransferError(`the other side says: ${reason}`, message.isCorrupt === true);
  }
  if (message.type !== type) throw unexpected();
  return message;
}

export const unexpected = (): TransferError =>
  new TransferError('the other side says something that was not agreed');

/** A number of bytes, from the other side. */
export const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function parseControl(text: string): Control {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Control;
  } catch {
    // falls through: no JSON
  }
  throw unexpected();
}
