// One open event stream: writes a room's records from where its client stopped, as fast as the client reads them.
// Nothing is queued here; a reader that is slow has its place in the room's stream, and is cut off when it takes
// nothing for too long or the room has dropped what it has not had.
import type { ServerResponse } from 'node:http';
import { SignalingError } from '../errors.ts';
import type { ServerSettings } from '../options.ts';
import type { BatchWriter } from '../records/batch-writer.ts';
import type { BodyFormat } from '../records/record.ts';
import type { Access, Rooms } from '../rooms.ts';
import { type Feed, writeBatchEvent } from './feed.ts';
import type { ReadRequest } from './request.ts';

export type ReaderSettings = Pick<
  ServerSettings,
  'pingInterval' | 'chunkTimeout' | 'streamLife' | 'batchRecords' | 'batchBytes' | 'clock'
>;

export class Reader {
  readonly access: Access;
  readonly format: BodyFormat;
  readonly #response: ServerResponse;
  readonly #feed: Feed;
  readonly #rooms: Rooms;
  readonly #writer: BatchWriter;
  readonly #settings: ReaderSettings;
  readonly #openedAt: number;
  /** Of records and bytes the client still wants; Infinity as a rule. */
  #count: number;
  #bytes: number;
  #cursor: number;
  #pingedAt: number;
  /** Since when what was written has been waiting for the client. */
  #blockedSince: number | undefined;
  #isCatchingUp = false;

  constructor(
    access: Access,
    request: ReadRequest & { readonly from: number },
    response: ServerResponse,
    feed: Feed,
    rooms: Rooms,
    writer: BatchWriter,
    settings: ReaderSettings,
  ) {
    this.access = access;
    this.format = request.format;
    this.#cursor = request.from;
    this.#count = request.count;
    this.#bytes = request.bytes;
    this.#response = response;
    this.#feed = feed;
    this.#rooms = rooms;
    this.#writer = writer;
    this.#settings = settings;
    this.#openedAt = settings.clock.now();
    this.#pingedAt = this.#openedAt;
    // They go with the first event, whatever it is.
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store, no-transform');
    response.setHeader('X-Accel-Buffering', 'no'); // a buffering proxy would hold events back
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  start(): void {
    this.#response.on('drain', () => {
      this.#blockedSince = undefined;
      this.catchUp();
    });
    this.ping();
    this.catchUp();
  }

  /** Whether record `next` is what this reader is waiting for, and may be given to it with no limit to look at. */
  isAt(next: number): boolean {
    return (
      this.#cursor === next &&
      !this.#isCatchingUp &&
      this.#blockedSince === undefined &&
      this.#count === Number.POSITIVE_INFINITY &&
      this.#bytes === Number.POSITIVE_INFINITY
    );
  }

  /** Takes a `batch` event that ends before record `next`. */
  take(event: Buffer, next: number): void {
    this.#cursor = next;
    this.#write(event);
  }

  /** Reads what is there and not yet had, until there is no more or the connection is full. */
  catchUp(): void {
    if (this.#isCatchingUp || this.#blockedSince !== undefined || !this.isOpen) return;
    if (this.#cursor >= this.#feed.next) return;
    this.#isCatchingUp = true;
    void this.#catchUp()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#isCatchingUp = false;
        this.catchUp(); // something may have come in the meantime
      });
  }

  async #catchUp(): Promise<void> {
    const { batchRecords, batchBytes } = this.#settings;
    while (this.#cursor < this.#feed.next && this.#blockedSince === undefined && this.isOpen) {
      const limits = { count: Math.min(batchRecords, this.#count), bytes: Math.min(batchBytes, this.#bytes) };
      const from = this.#cursor;
      const { entries, tail } = await this.#rooms.read(this.access.room, from, limits);
      if (entries.length === 0 || !this.isOpen) return;
      writeBatchEvent(this.#writer, { from, entries }, tail, this.format, limits);
      this.#cursor = this.#writer.next;
      this.#count -= this.#writer.count;
      this.#bytes -= this.#writer.recordBytes;
      this.#write(this.#writer.take());
      if (this.#count <= 0 || this.#bytes <= 0) this.finish();
    }
  }

  /** Pings when it is time, and ends a stream that is not read or has lived long enough. Whether it cut it off. */
  tick(): boolean {
    const now = this.#settings.clock.now();
    if (this.#blockedSince !== undefined) {
      if (now - this.#blockedSince < this.#settings.chunkTimeout) return false;
      this.#response.destroy();
      return true;
    }
    if (now - this.#openedAt >= this.#settings.streamLife) this.finish();
    else if (now - this.#pingedAt >= this.#settings.pingInterval) this.ping();
    return false;
  }

  ping(): void {
    this.#pingedAt = this.#settings.clock.now();
    this.#write(`event: ping\ndata: {"timestamp":${this.#settings.clock.date()}}\n\n`);
  }

  /** Says what is wrong, and that nothing more comes. */
  fail(error: unknown): void {
    const { code, message } = error instanceof SignalingError ? error : new SignalingError('INTERNAL');
    this.#write(`event: error\ndata: ${JSON.stringify({ error: code, message })}\n\n`);
    this.finish();
  }

  /** The stream has come to its end, though the room may not have. */
  finish(): void {
    if (this.isOpen) this.#response.end('data: [DONE]\n\n');
  }

  #write(event: string | Buffer): void {
    if (this.isOpen && !this.#response.write(event)) this.#blockedSince ??= this.#settings.clock.now();
  }
}
