// One file over one ordered, reliable data channel. Strings are JSON, binary messages are the file:
//
//   sender                              receiver
//   { type: 'file', name, size }  ->
//                                 <-    { type: 'accept' } or { type: 'refuse', reason }
//   binary, binary, ...           ->
//                                 <-    { type: 'written', bytes } now and then
//   { type: 'end', sha256 }       ->
//                                 <-    { type: 'verified', sha256 } or { type: 'failed', reason }
//
// Two kinds of back-pressure: `channel.ready` keeps the send queue short, and the sender is never more than WINDOW
// ahead of what the receiver has written, so that a slow disk does not fill the receiver's memory. No timer and no
// file here: whoever calls brings the bytes, takes the bytes, and closes the channel to give up.
import { createHash } from 'node:crypto';
import {
  expect,
  type FileChannel,
  giveUp,
  isSize,
  nextControl,
  nextMessage,
  parseControl,
  ready,
  reasonOf,
  tell,
  unexpected,
} from './control.ts';
import { EXIT, Failure } from './failure.ts';

/** Bytes of the file in a message, unless the peer takes only smaller ones. */
export const MESSAGE_BYTES: number = 64 * 1024;
/** Bytes that may be on their way or waiting to be written. */
export const WINDOW: number = 32 * 1024 * 1024;
/** Bytes written at a time, and between two reports. */
export const WRITE_BYTES: number = 1024 * 1024;
const MAX_NAME_LENGTH = 4096;

export interface FileSource {
  readonly name: string;
  readonly size: number;
  /** The bytes, in blocks of any size. */
  readonly blocks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface FileSink {
  /** The bytes belong to the sink until the promise is settled. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Called when every byte is written and verified. */
  commit(): Promise<void>;
}

export interface TransferResult {
  readonly bytes: number;
  readonly sha256: string;
  /** From the first byte to the last confirmation. */
  readonly milliseconds: number;
}

export interface SendOptions {
  /** `pc.sctp.maxMessageSize`. */
  readonly maxMessageSize?: number;
  /** The receiver agrees: bytes begin to flow. */
  onAccepted?(): void;
  /** Bytes the receiver has written. */
  onProgress?(bytes: number): void;
}

/** Sends a file; `incoming` are the messages of the channel. Resolves when the receiver has verified it. */
export async function sendFile(
  channel: FileChannel,
  incoming: AsyncIterator<unknown>,
  source: FileSource,
  options: SendOptions = {},
): Promise<TransferResult> {
  const { name, size } = source;
  await ready(channel);
  channel.send(JSON.stringify({ type: 'file', name, size }));
  expect(await nextControl(incoming), 'accept');
  options.onAccepted?.();
  const started = performance.now();
  const reports = new Reports(incoming, (bytes) => options.onProgress?.(bytes));
  const hash = createHash('sha256');
  const messageBytes = Math.min(MESSAGE_BYTES, options.maxMessageSize || MESSAGE_BYTES);
  let sent = 0;
  for await (const block of source.blocks) {
    if (sent + block.length > size) throw giveUp(channel, `'${name}' has grown while it was sent`);
    for (let at = 0; at < block.length; at += messageBytes) {
      const piece = block.subarray(at, at + messageBytes);
      while (sent - reports.written > WINDOW) await reports.next();
      reports.throwIfOver();
      await ready(channel);
      channel.send(piece);
      hash.update(piece);
      sent += piece.length;
    }
  }
  if (sent < size) throw giveUp(channel, `'${name}' has shrunk while it was sent`);
  const sha256 = hash.digest('hex');
  await ready(channel);
  channel.send(JSON.stringify({ type: 'end', sha256 }));
  const verified = await reports.verdict;
  if (verified !== sha256) throw new Failure('the receiver has verified another file', EXIT.corrupt);
  return { bytes: sent, sha256, milliseconds: performance.now() - started };
}

export interface ReceiveOptions {
  /** Bytes that have arrived. */
  onProgress?(bytes: number): void;
}

/**
 * Receives a file. `open` is told what is offered and makes the place for it; what it throws is what the sender is
 * told. Resolves when everything is written and verified; if that fails, `open`'s sink has not been committed.
 */
export async function receiveFile(
  channel: FileChannel,
  incoming: AsyncIterator<unknown>,
  open: (name: string, size: number) => Promise<FileSink>,
  options: ReceiveOptions = {},
): Promise<TransferResult> {
  const { name, size } = expect(await nextControl(incoming), 'file');
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH || !isSize(size)) throw unexpected();
  let sink: FileSink;
  try {
    sink = await open(name, size);
  } catch (error) {
    await tell(channel, { type: 'refuse', reason: reasonOf(error) });
    throw error;
  }
  await tell(channel, { type: 'accept' });
  const started = performance.now();
  try {
    const { bytes, sha256 } = await receiveBytes(channel, incoming, sink, size, options);
    await sink.commit();
    await tell(channel, { type: 'verified', sha256 });
    return { bytes, sha256, milliseconds: performance.now() - started };
  } catch (error) {
    const isCorrupt = error instanceof Failure && error.exitCode === EXIT.corrupt;
    await tell(channel, { type: 'failed', reason: reasonOf(error), isCorrupt }).catch(() => {}); // it may be gone
    throw error;
  }
}

async function receiveBytes(
  channel: FileChannel,
  incoming: AsyncIterator<unknown>,
  sink: FileSink,
  size: number,
  { onProgress }: ReceiveOptions,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await sink.write(waiting);
    waiting = [];
    waitingBytes = 0;
    await tell(channel, { type: 'written', bytes });
  };
  while (true) {
    const message = await nextMessage(incoming);
    if (typeof message === 'string') {
      const { sha256 } = expect(parseControl(message), 'end');
      if (bytes < size) throw new Failure('the other side has sent less than it announced');
      await flush();
      if (hash.digest('hex') !== sha256)
        throw new Failure('the SHA-256 of what arrived is not that of what was sent', EXIT.corrupt);
      return { bytes, sha256 };
    }
    bytes += message.length;
    if (bytes > size) throw new Failure('the other side has sent more than it announced');
    hash.update(message);
    waiting.push(message);
    waitingBytes += message.length;
    onProgress?.(bytes);
    if (waitingBytes >= WRITE_BYTES) await flush();
  }
}

/** Reads, while files are being sent, what the receiver reports. */
export class Reports {
  /** Bytes the receiver has written. */
  written = 0;
  /** The SHA-256 the receiver has verified. */
  readonly verdict: Promise<string>;
  readonly #onWritten: (bytes: number) => void;
  #next = Promise.withResolvers<void>();
  #error: unknown;

  constructor(incoming: AsyncIterator<unknown>, onWritten: (bytes: number) => void) {
    this.#onWritten = onWritten;
    this.verdict = this.#read(incoming);
    this.verdict.catch((error: unknown) => {
      this.#error = error;
      this.#next.resolve();
    });
  }

  /** Resolves with the next report; throws if the transfer is over. */
  async next(): Promise<void> {
    await this.#next.promise;
    this.throwIfOver();
  }

  throwIfOver(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  async #read(incoming: AsyncIterator<unknown>): Promise<string> {
    while (true) {
      const control = await nextControl(incoming);
      if (control.type !== 'written') return String(expect(control, 'verified').sha256);
      if (!isSize(control.bytes) || control.bytes < this.written) throw unexpected();
      this.written = control.bytes;
      this.#onWritten(this.written);
      this.#next.resolve();
      this.#next = Promise.withResolvers();
    }
  }
}
