// Hot: the newest records of one room on their way to all who read at its end. Each batch is read from the backend
// and serialised once, however many readers take it; whoever is behind reads for himself until he has caught up.
import type { ServerSettings } from '../options.ts';
import type { BatchWriter } from '../records/batch-writer.ts';
import type { BodyFormat } from '../records/record.ts';
import type { Rooms } from '../rooms.ts';
import type { Reader } from './reader.ts';

export type FeedSettings = Pick<ServerSettings, 'batchRecords' | 'batchBytes' | 'clock'>;

/** Milliseconds of one delivery that are not worth a pause. */
const NOTICEABLE = 2;
/** The longest pause, however long a delivery took: a machine that stood still is no reason to let readers wait as long again. */
const LONGEST_REST = 100; // ms

export class Feed {
  readonly room: string;
  /** What readers at the end wait for. */
  next: number;
  readonly readers: Set<Reader> = new Set();
  readonly #rooms: Rooms;
  readonly #writer: BatchWriter;
  readonly #settings: FeedSettings;
  readonly #onDelivered: (timestamp: number) => void;
  readonly #stop: () => void;
  #isReading = false;
  /** When the delivery did after which there has been no pause yet. */
  #began: number | undefined;
  #hasNews = false;
  #isClosed = false;
  #endRest: (() => void) | undefined;

  constructor(
    room: string,
    next: number,
    rooms: Rooms,
    writer: BatchWriter,
    settings: FeedSettings,
    onDelivered: (timestamp: number) => void,
  ) {
    this.room = room;
    this.next = next;
    this.#rooms = rooms;
    this.#writer = writer;
    this.#settings = settings;
    this.#onDelivered = onDelivered;
    this.#stop = rooms.backend.follow(room, () => void this.#onNews());
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#endRest?.();
  }

  async #onNews(): Promise<void> {
    this.#hasNews = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#hasNews && !this.#isClosed) {
        this.#hasNews = false;
        while (await this.#deliver()) await this.#rest();
        await this.#rest();
      }
    } catch (error) {
      for (const reader of [...this.readers]) reader.fail(error);
    } finally {
      this.#isReading = false;
    }
  }

  /**
   * Pauses for as long as the last delivery took, if that was long: with many readers what comes meanwhile shares their
   * next batch, which is less work for both sides, and appends are not kept waiting.
   */
  async #rest(): Promise<void> {
    const began = this.#began;
    if (began === undefined) return; // the news was of what had been delivered already
    this.#began = undefined;
    // Node hands what was written to the kernel at the end of the turn: that is most of the time.
    await new Promise((resolve) => setImmediate(resolve));
    const took = this.#settings.clock.now() - began;
    if (took < NOTICEABLE || this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#settings.clock.after(Math.min(took, LONGEST_REST), resolve);
    this.#endRest = () => {
      cancel();
      resolve();
    };
    await promise;
    this.#endRest = undefined;
  }

  /** The next batch, to all who wait for it. Whether there may be more. */
  async #deliver(): Promise<boolean> {
    const limits = { count: this.#settings.batchRecords, bytes: this.#settings.batchBytes };
    const from = this.next;
    const { entries, tail } = await this.#rooms.read(this.room, from, limits);
    if (entries.length === 0) return false;
    const batches = new Map<BodyFormat, Buffer>();
    const batchOf = (format: BodyFormat): Buffer => {
      let bytes = batches.get(format);
      if (!bytes) {
        writeBatchEvent(this.#writer, { from, entries }, tail, format, limits);
        this.next = this.#writer.next;
        bytes = this.#writer.take();
        batches.set(format, bytes);
      }
      return bytes;
    };
    this.#began = this.#settings.clock.now();
    batchOf('raw'); // it says where the batch ends, for readers of all formats
    for (const reader of this.readers) {
      if (reader.isAt(from)) reader.take(batchOf(reader.format), this.next);
      else reader.catchUp();
    }
    this.#onDelivered(entries[0]!.timestamp);
    return this.next < tail.seq_num;
  }
}

/** `id` is the number of the last record: whoever comes back goes on behind it. */
export function writeBatchEvent(writer: BatchWriter, ...batch: Parameters<BatchWriter['batch']>): void {
  writer.begin('event: batch\ndata: ');
  writer.batch(...batch);
  writer.text(`\nid: ${writer.next - 1}\n\n`);
}
