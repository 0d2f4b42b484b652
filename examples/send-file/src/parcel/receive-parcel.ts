// The receiver's part of what `send-parcel.ts` describes.
import {
  ConnectionLost,
  type Control,
  expect,
  type FileChannel,
  isSize,
  nextMessage,
  parseControl,
  reasonOf,
  tell,
  unexpected,
} from '../control.ts';
import { EXIT, Failure } from '../failure.ts';
import { WRITE_BYTES } from '../transfer.ts';
import { parseIndices, writeClaims } from './claims.ts';
import { Depot, type DepotOptions } from './depot.ts';
import { readDocument, sendDocument } from './document.ts';
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from './manifest.ts';

export interface ReceiveParcelOptions extends DepotOptions {
  /** Bytes in a message. */
  readonly messageBytes: number;
  /** What comes is known; so many bytes of it are there. */
  onStart(manifest: Manifest, had: number): void;
  /** Bytes that are there. */
  onProgress(bytes: number): void;
}

export async function receiveParcel(
  channel: FileChannel,
  incoming: AsyncIterator<unknown>,
  options: ReceiveParcelOptions,
): Promise<Manifest> {
  const text = await readDocument(incoming, 'manifest', MAX_MANIFEST_BYTES);
  let depot: Depot | undefined;
  let isAgreed = false;
  try {
    const manifest = parseManifest(text);
    depot = await Depot.open(manifest, options);
    await sendDocument(channel, 'claims', writeClaims(await depot.claims()), options.messageBytes);
    const accepted = parseIndices(await readDocument(incoming, 'accepted', MAX_MANIFEST_BYTES));
    const had = await depot.settle(accepted);
    isAgreed = true;
    await tell(channel, { type: 'go' });
    options.onStart(manifest, had);
    await new Delivery(channel, depot, (bytes) => options.onProgress(had + bytes)).take(incoming);
    await depot.finish();
    await tell(channel, { type: 'verified', sha256: manifest.digest });
    return manifest;
  } catch (error) {
    const failure = inWords(error);
    if (!(failure instanceof ConnectionLost)) {
      const isCorrupt = failure instanceof Failure && failure.exitCode === EXIT.corrupt;
      const isRefused = !isAgreed && failure instanceof Failure && failure.exitCode === EXIT.refused;
      const control = { type: isRefused ? 'refuse' : 'failed', reason: reasonOf(failure), isCorrupt };
      await tell(channel, control).catch(() => {}); // it may be gone
    }
    throw failure;
  } finally {
    await depot?.close();
  }
}

/** What arrives, put where it belongs. */
class Delivery {
  readonly #channel: FileChannel;
  readonly #depot: Depot;
  readonly #onProgress: (bytes: number) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #reported = 0;

  constructor(channel: FileChannel, depot: Depot, onProgress: (bytes: number) => void) {
    this.#channel = channel;
    this.#depot = depot;
    this.#onProgress = onProgress;
  }

  async take(incoming: AsyncIterator<unknown>): Promise<void> {
    while (true) {
      const message = await nextMessage(incoming).catch(async (lost: unknown) => {
        if (this.#waitingBytes > 0) await this.#flush(); // what has arrived need not come again
        throw lost;
      });
      if (typeof message !== 'string') {
        await this.#onBytes(message);
        continue;
      }
      const control = parseControl(message);
      if (control.type === 'done') return;
      if (control.type === 'file') await this.#onFile(control);
      else await this.#onEnd(expect(control, 'end'));
    }
  }

  async #onFile({ index, from }: Control): Promise<void> {
    if (!isSize(index) || !isSize(from)) throw unexpected();
    await this.#depot.begin(index, from);
  }

  async #onBytes(bytes: Uint8Array): Promise<void> {
    const { expected } = this.#depot;
    if (expected === undefined) throw unexpected();
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#bytes += bytes.length;
    if (this.#waitingBytes > expected) throw new Failure('the other side has sent more than it announced');
    if (this.#waitingBytes >= WRITE_BYTES) await this.#flush();
  }

  async #onEnd({ sha256 }: Control): Promise<void> {
    await this.#flush();
    const { expected } = this.#depot;
    if (expected === undefined) throw unexpected();
    if (expected > 0) throw new Failure('the other side has sent less than it announced');
    if (this.#depot.digest() !== sha256) {
      await this.#depot.discardArrival();
      throw new Failure('the SHA-256 of what arrived is not that of what was sent', EXIT.corrupt);
    }
    await this.#depot.commit();
  }

  async #flush(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (chunks.length > 0) await this.#depot.write(chunks);
    this.#onProgress(this.#bytes);
    if (this.#bytes - this.#reported < WRITE_BYTES) return;
    this.#reported = this.#bytes;
    await tell(this.#channel, { type: 'written', bytes: this.#bytes });
  }
}

/** What the file system says, for people; the other side is told it too, so no path is in it. */
function inWords(error: unknown): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const words = WORDS[(error as NodeJS.ErrnoException).code ?? ''];
  return words === undefined ? error : new Failure(words, EXIT.failed, { cause: error });
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the file is too large for the file system',
  EACCES: 'the folder cannot be written to',
  EPERM: 'the folder cannot be written to',
  EROFS: 'the folder cannot be written to',
};
