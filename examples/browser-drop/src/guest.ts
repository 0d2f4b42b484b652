// One page that is connected: the files that it gives and takes, each on a channel of its own, and what is said about
// them on the terminal.
import { createHash } from 'node:crypto';
import { Received } from './folder.ts';
import { blocksOf, type OfferedFile } from './offered.ts';
import { type DropChannel, Line, TransferError } from './wire/channel.ts';
import { FILE_CHANNEL } from './wire/greeting.ts';
import { giveUp, receiveFile, sendFile, type Transferred } from './wire/transfer.ts';

/** Files of one page under way at a time. */
export const MAX_TRANSFERS = 8;

export interface Shelf {
  readonly offers: readonly OfferedFile[];
  /** Where files go; `undefined`: none are taken. */
  readonly folder: string | undefined;
}

export interface Reporter {
  /** A transfer begins; the function is told how far it is. */
  begin(verb: 'Receiving' | 'Sending', name: string, size: number): TransferReport;
  failed(reason: string): void;
}

export interface TransferReport {
  progress(bytes: number): void;
  done(path: string, result: Transferred): void;
  failed(error: unknown): void;
}

export class Guest {
  readonly #shelf: Shelf;
  readonly #reporter: Reporter;
  readonly #lines = new Set<Line>();
  #finished = 0;
  #failed = 0;

  constructor(shelf: Shelf, reporter: Reporter) {
    this.#shelf = shelf;
    this.#reporter = reporter;
  }

  /** Files under way. */
  get active(): number {
    return this.#lines.size;
  }

  get finished(): number {
    return this.#finished;
  }

  get failed(): number {
    return this.#failed;
  }

  /** To be called in the turn in which the channel appears. */
  onChannel(label: string, channel: DropChannel): void {
    if (label !== FILE_CHANNEL || this.#lines.size >= MAX_TRANSFERS) {
      channel.close();
      return;
    }
    const line = new Line(channel);
    this.#lines.add(line);
    this.#serve(line)
      .then(
        () => this.#finished++,
        () => this.#failed++,
      )
      .finally(() => this.#lines.delete(line));
  }

  /** Whatever is under way fails. */
  close(): void {
    for (const line of this.#lines) line.fail(new TransferError('the page has gone'));
  }

  async #serve(line: Line): Promise<void> {
    let report: TransferReport | undefined;
    const hash = hashOf();
    try {
      const request = await line.next();
      if (!(request instanceof Uint8Array) && request.type === 'want') {
        const offer = this.#shelf.offers.find(({ id }) => id === request.id);
        if (!offer) throw new TransferError('there is no such file');
        report = this.#reporter.begin('Sending', offer.name, offer.size);
        const { name, size, path } = offer;
        const options = { hash, onProgress: report.progress };
        report.done(path, await sendFile(line, { name, size, blocks: blocksOf(path) }, options));
        return;
      }
      let received: Received | undefined;
      const result = await receiveFile(
        line,
        request instanceof Uint8Array ? {} : request,
        async (name, size) => {
          if (this.#shelf.folder === undefined) throw new TransferError('no files are taken here');
          received = await Received.open(this.#shelf.folder, name, size);
          report = this.#reporter.begin('Receiving', name, size);
          return received;
        },
        { hash, onProgress: (bytes) => report?.progress(bytes) },
      );
      report?.done(received!.path, result);
    } catch (error) {
      if (report) report.failed(error);
      else this.#reporter.failed((error as Error).message);
      giveUp(line, error);
      throw error;
    }
  }
}

function hashOf() {
  const hash = createHash('sha256');
  return {
    update: (bytes: Uint8Array): void => void hash.update(bytes),
    digest: (): string => hash.digest('hex'),
  };
}
