// One file over one ordered, reliable data channel, which the page opens. Texts are JSON, the file is binary:
//
//   page (takes a file)          program          page (gives a file)            program
//   { type: 'want', id }    ->
//                           <-   { type: 'file', name, size }  ... or ...  { type: 'file', name, size } ->
//
//   and then, whoever is the sender:
//
//   sender                              receiver
//                                 <-    { type: 'accept' }
//   binary, binary, ...           ->
//                                 <-    { type: 'written', bytes } now and then
//   { type: 'end', sha256 }       ->
//                                 <-    { type: 'verified', sha256 }
//
// Each side may say { type: 'failed', reason, isCorrupt } instead. Who gets the last word closes the channel.
// The sender is never more than WINDOW ahead of what is written, whatever the channel would take.
import { type Control, expectType, isSize, type Line, TransferError, unexpected, WINDOW } from './channel.ts';

/** Bytes of the file in a message: what every implementation takes. */
const MESSAGE_BYTES = 64 * 1024;
/** Bytes written at a time, and between two reports. */
const WRITE_BYTES = 1024 * 1024;
/** Characters of a name. */
const MAX_NAME = 4096;

/** An incremental SHA-256. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** In hexadecimal. */
  digest(): string;
}

export interface Source {
  readonly name: string;
  readonly size: number;
  /** The bytes, in blocks of any size, each used up before the next is asked for. */
  readonly blocks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface Sink {
  /** The bytes belong to the sink. */
  write(chunks: Uint8Array<ArrayBuffer>[]): Promise<void>;
  /** Every byte is written and verified. */
  commit(): Promise<void>;
  /** Nothing comes of it. Does not throw. */
  discard(): Promise<void>;
}

export interface Transferred {
  readonly bytes: number;
  readonly sha256: string;
}

export interface TransferOptions {
  readonly hash: Hash;
  /** Bytes that are written at the receiver. */
  onProgress?(bytes: number): void;
}

/** Resolves when the receiver has verified the file. */
export async function sendFile(line: Line, source: Source, options: TransferOptions): Promise<Transferred> {
  try {
    await line.ready();
    line.tell({ type: 'file', name: source.name, size: source.size });
    await line.expect('accept');
    const reports = new Reports(line, options);
    await sendBytes(line, source, options.hash, reports);
    const sha256 = options.hash.digest();
    line.tell({ type: 'end', sha256 });
    const verified = await reports.verdict;
    if (verified !== sha256) throw new TransferError('the other side has verified another file', true);
    line.close();
    return { bytes: source.size, sha256 };
  } catch (error) {
    giveUp(line, error);
    throw error;
  }
}

/**
 * Receives a file. `open` is told what is offered and makes the place for it; the reason for what it throws is told to
 * the sender. Resolves when everything is written and verified.
 */
export async function receiveFile(
  line: Line,
  offer: Control,
  open: (name: string, size: number) => Promise<Sink>,
  options: TransferOptions,
): Promise<Transferred> {
  let sink: Sink | undefined;
  try {
    const { name, size } = expectType(offer, 'file');
    if (typeof name !== 'string' || name.length > MAX_NAME || !isSize(size)) throw unexpected();
    sink = await open(name, size);
    line.tell({ type: 'accept' });
    const sha256 = await receiveBytes(line, sink, size, options);
    await sink.commit();
    sink = undefined;
    line.tell({ type: 'verified', sha256 });
    await line.closed(); // whoever goes away before that takes the verdict along
    return { bytes: size, sha256 };
  } catch (error) {
    await sink?.discard();
    giveUp(line, error);
    throw error;
  }
}

async function sendBytes(line: Line, source: Source, hash: Hash, reports: Reports): Promise<void> {
  const { name, size, blocks } = source;
  let sent = 0;
  for await (const block of blocks) {
    if (sent + block.length > size) throw new TransferError(`${name} has grown while it was sent`);
    hash.update(block);
    for (let at = 0; at < block.length; at += MESSAGE_BYTES) {
      const piece = block.subarray(at, at + MESSAGE_BYTES);
      while (sent + piece.length - reports.written > WINDOW) await reports.next();
      await line.ready();
      reports.throwIfOver();
      line.send(piece);
      sent += piece.length;
    }
  }
  if (sent < size) throw new TransferError(`${name} has shrunk while it was sent`);
  await line.ready();
}

async function receiveBytes(line: Line, sink: Sink, size: number, options: TransferOptions): Promise<string> {
  const { hash, onProgress } = options;
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let chunkBytes = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await sink.write(chunks);
    chunks = [];
    chunkBytes = 0;
    line.tell({ type: 'written', bytes });
    onProgress?.(bytes);
  };
  while (true) {
    const message = await line.next();
    if (!(message instanceof Uint8Array)) {
      const { sha256 } = expectType(message, 'end');
      if (bytes < size) throw new TransferError('the other side has sent less than it announced');
      await flush();
      const own = hash.digest();
      if (own !== sha256)
        throw new TransferError('the SHA-256 of what arrived is not that of what was sent', true);
      return own;
    }
    bytes += message.length;
    if (bytes > size) throw new TransferError('the other side has sent more than it announced');
    hash.update(message);
    chunks.push(message);
    chunkBytes += message.length;
    if (chunkBytes >= WRITE_BYTES) await flush();
  }
}

/** Reads, while the file is being sent, what the receiver reports. */
class Reports {
  /** Bytes that the receiver has written. */
  written = 0;
  /** The SHA-256 that the receiver has verified. */
  readonly verdict: Promise<string>;
  readonly #options: TransferOptions;
  #next = Promise.withResolvers<void>();
  #error: unknown;

  constructor(line: Line, options: TransferOptions) {
    this.#options = options;
    this.verdict = this.#read(line);
    this.verdict.catch((error: unknown) => {
      this.#error = error;
      this.#next.resolve();
    });
  }

  /** Resolves with the next report. */
  async next(): Promise<void> {
    this.throwIfOver();
    await this.#next.promise;
    this.throwIfOver();
  }

  throwIfOver(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  async #read(line: Line): Promise<string> {
    while (true) {
      const message = await line.next();
      if (message instanceof Uint8Array || message.type !== 'written')
        return String(expectType(message, 'verified').sha256);
      if (!isSize(message.bytes) || message.bytes < this.written) throw unexpected();
      this.written = message.bytes;
      this.#options.onProgress?.(this.written);
      this.#next.resolve();
      this.#next = Promise.withResolvers();
    }
  }
}

/** Ends the transfer and says why, if the other side can still hear it. */
export function giveUp(line: Line, error: unknown): void {
  const isOurs = error instanceof TransferError;
  const reason = isOurs ? error.message : 'the file cannot be read or written there';
  try {
    line.tell({ type: 'failed', reason, isCorrupt: isOurs && error.isCorrupt });
  } catch {
    // It can't.
  }
  line.close();
}
