// Two streams of bytes, one each way, over one ordered and reliable channel. Binary messages are bytes; strings are
// what is said about them:
//
//   end    my input has ended
//   done   your input has ended, and all of it is written here
//   stop   nobody reads what you send any more: spare it
//
// Each side ends when it has written everything and has heard that the other side has, so a good end means that every
// byte has arrived. What is not written yet is not read from the channel, which holds the sender's input back in turn.
import type { Readable, Writable } from 'node:stream';
import { Failure } from '@millrace/example-send-file/failure';

/** What is needed of an RTCDataChannel. */
export interface ByteChannel {
  readonly ready: Promise<unknown>;
  send(message: string): void;
  send(message: Uint8Array<ArrayBuffer>): void;
}

export interface ExchangeEnds {
  readonly input: Readable;
  readonly output: Writable;
  /** Lets whoever writes into `input` know that nobody reads it any more. */
  closeInput(): void;
  /** Lets whoever reads `output` know that nothing follows; everything is written. */
  closeOutput(): void;
  /** Whoever read `output` has gone. */
  onReaderGone(): void;
}

export interface ExchangeResult {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Bytes were dropped because their reader had gone: here, or on the other side. */
  readonly isCutShort: boolean;
}

/** Bytes in a message, unless the peer takes only smaller ones. */
const MESSAGE_BYTES = 64 * 1024;

/** Resolves when both directions have ended. Closing the channel makes it fail. */
export async function exchange(
  channel: ByteChannel,
  incoming: AsyncIterator<unknown>,
  ends: ExchangeEnds,
  maxMessageSize = 0,
): Promise<ExchangeResult> {
  const outgoing = new Outgoing(channel, ends, maxMessageSize);
  const arriving = new Arriving(channel, ends);
  // If reading fails there is nothing to wait for; `receive` ends when the channel does.
  const sending = outgoing.run();
  await Promise.race([receive(incoming, arriving, outgoing), failureOf(sending)]);
  await sending;
  return {
    bytesSent: outgoing.bytes,
    bytesReceived: arriving.bytes,
    isCutShort: arriving.isReaderGone || outgoing.isStopped,
  };
}

/** Until the other side has ended and has written everything. */
async function receive(
  incoming: AsyncIterator<unknown>,
  arriving: Arriving,
  outgoing: Outgoing,
): Promise<void> {
  let hasWrittenAll = false;
  while (!(arriving.isOver && hasWrittenAll)) {
    const message = await nextMessage(incoming);
    if (typeof message !== 'string' && !arriving.isOver) await arriving.write(message);
    else if (message === 'end' && !arriving.isOver) await arriving.end();
    else if (message === 'done' && outgoing.isOver) hasWrittenAll = true;
    else if (message === 'stop') outgoing.stop();
    else throw new Failure('the other side does not speak this protocol');
  }
}

class Outgoing {
  bytes = 0;
  /** `end` has been said. */
  isOver = false;
  /** Nobody reads it on the other side. */
  isStopped = false;
  readonly #channel: ByteChannel;
  readonly #ends: ExchangeEnds;
  readonly #messageBytes: number;

  constructor(channel: ByteChannel, ends: ExchangeEnds, maxMessageSize: number) {
    this.#channel = channel;
    this.#ends = ends;
    this.#messageBytes = Math.min(MESSAGE_BYTES, maxMessageSize || MESSAGE_BYTES);
  }

  async run(): Promise<void> {
    await this.#sendInput();
    await ready(this.#channel);
    this.isOver = true;
    this.#channel.send('end');
  }

  stop(): void {
    if (this.isOver) return; // everything was sent already; the other side knows what became of it
    this.isStopped = true;
    this.#ends.input.destroy();
    this.#ends.closeInput();
  }

  async #sendInput(): Promise<void> {
    const chunks = this.#ends.input[Symbol.asyncIterator]() as AsyncIterator<Buffer<ArrayBuffer>>;
    while (!this.isStopped) {
      let next: IteratorResult<Buffer<ArrayBuffer>>;
      try {
        next = await chunks.next();
      } catch (cause) {
        if (this.isStopped) return; // `stop` has destroyed it
        throw new Failure(`the input cannot be read: ${(cause as Error).message}`, undefined, { cause });
      }
      if (next.done) return;
      for (let at = 0; at < next.value.length && !this.isStopped; at += this.#messageBytes) {
        const piece = next.value.subarray(at, at + this.#messageBytes);
        await ready(this.#channel);
        this.#channel.send(piece);
        this.bytes += piece.length;
      }
    }
  }
}

class Arriving {
  bytes = 0;
  /** The other side has ended, and everything is written. */
  isOver = false;
  /** What was there to read the output has gone before the end. */
  isReaderGone = false;
  readonly #channel: ByteChannel;
  readonly #ends: ExchangeEnds;

  constructor(channel: ByteChannel, ends: ExchangeEnds) {
    this.#channel = channel;
    this.#ends = ends;
    ends.output.on('error', () => {}); // `write` hears of it
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.isReaderGone) return;
    const { output } = this.#ends;
    const failed = await settled((done) => output.write(bytes, done));
    const error = failed && (output.errored ?? failed); // that it is destroyed is not why
    if (!error) {
      this.bytes += bytes.length;
      return;
    }
    if (!isReaderGone(error))
      throw new Failure(`the output cannot be written: ${error.message}`, undefined, { cause: error });
    this.isReaderGone = true;
    this.#ends.onReaderGone();
    await say(this.#channel, 'stop');
  }

  async end(): Promise<void> {
    this.isOver = true;
    if (!this.isReaderGone) {
      await settled((done) => this.#ends.output.end(done));
      this.#ends.closeOutput();
    }
    await say(this.#channel, 'done');
  }
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => start((error) => resolve(error ?? undefined)));
}

function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'EOF' || code === 'ERR_STREAM_DESTROYED';
}

async function nextMessage(incoming: AsyncIterator<unknown>): Promise<string | Uint8Array> {
  let next: IteratorResult<unknown>;
  try {
    next = await incoming.next();
  } catch (cause) {
    throw lost(cause);
  }
  if (next.done) throw lost();
  const { value } = next;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value as string | Uint8Array;
}

async function say(channel: ByteChannel, what: 'end' | 'done' | 'stop'): Promise<void> {
  await ready(channel);
  channel.send(what);
}

async function ready(channel: ByteChannel): Promise<void> {
  try {
    await channel.ready;
  } catch (cause) {
    throw lost(cause);
  }
}

/** Settles only if `work` fails. */
function failureOf(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => work.catch(reject));
}

const lost = (cause?: unknown): Failure =>
  new Failure('the other side has gone before both directions had ended', undefined, { cause });
