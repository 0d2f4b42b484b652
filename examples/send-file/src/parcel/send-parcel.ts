// A parcel of files and folders over one ordered, reliable data channel, the sender's part. Strings are JSON, binary
// messages are documents (`document.ts`) or the bytes of files:
//
//   sender                              receiver
//   manifest                      ->    every file and folder: name, time, size
//                                 <-    claims: what it has of which file, with SHA-256; or { type: 'refuse', reason }
//   accepted                      ->    the claims that are true
//                                 <-    { type: 'go' } or { type: 'refuse', reason }
//   { type: 'file', index, from } ->    for each file that is not complete, in order
//   binary, binary, ...           ->
//                                 <-    { type: 'written', bytes } now and then
//   { type: 'end', sha256 }       ->    SHA-256 of the whole file, also of what was there before
//   { type: 'done' }              ->    behind the last file
//                                 <-    { type: 'verified', sha256 } of the manifest, or { type: 'failed', reason }
//
// A transfer that was cut off begins again at the top, and the claims make it go on where it was.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { expect, type FileChannel, giveUp, nextControl, ready } from '../control.ts';
import { EXIT, Failure } from '../failure.ts';
import { type BlockBuffers, blockBuffers, readBlocks } from '../file-on-disk.ts';
import { Reports, WINDOW } from '../transfer.ts';
import { type Claim, parseClaims } from './claims.ts';
import type { Collection } from './collect.ts';
import { readDocument, sendDocument } from './document.ts';
import { hashFile } from './hash-file.ts';
import { digestOf, MAX_MANIFEST_BYTES, writeManifest } from './manifest.ts';

export interface SendParcelOptions {
  /** Bytes in a message. */
  readonly messageBytes: number;
  /** The receiver is ready; so many bytes it had before. */
  onStart(had: number): void;
  /** Bytes the receiver has written, those it had before among them. */
  onProgress(bytes: number): void;
  /** Called while files are being hashed. */
  onHashed(): void;
}

export async function sendParcel(
  channel: FileChannel,
  incoming: AsyncIterator<unknown>,
  parcel: Collection,
  options: SendParcelOptions,
): Promise<void> {
  const { messageBytes } = options;
  const manifest = writeManifest(parcel.entries);
  await sendDocument(channel, 'manifest', manifest, messageBytes);
  const claims = parseClaims(await readDocument(incoming, 'claims', MAX_MANIFEST_BYTES), parcel.entries);
  const buffers = blockBuffers();
  const had = await verifyClaims(claims, parcel, buffers, options);
  await sendDocument(channel, 'accepted', JSON.stringify([...had.keys()]), messageBytes);
  expect(await nextControl(incoming), 'go');
  const before = [...had.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  options.onStart(before);
  const reports = new Reports(incoming, (bytes) => options.onProgress(before + bytes));
  const outbox = new Outbox(channel, reports, messageBytes);
  for (const [index, { size }] of parcel.entries.entries()) {
    const start = had.get(index);
    if (size === undefined || start?.bytes === size) continue;
    await outbox.tell({ type: 'file', index, from: start?.bytes ?? 0 });
    await outbox.tell({ type: 'end', sha256: await sendBytes(outbox, parcel, index, start, buffers) });
  }
  await outbox.tell({ type: 'done' });
  if ((await reports.verdict) !== digestOf(manifest))
    throw new Failure('the receiver has verified something else', EXIT.corrupt);
}

interface Start {
  readonly bytes: number;
  readonly hash: Hash;
}

/** The claims that are true, by index. */
async function verifyClaims(
  claims: readonly Claim[],
  { places, entries }: Collection,
  buffers: BlockBuffers,
  { onHashed }: SendParcelOptions,
): Promise<Map<number, Start>> {
  const had = new Map<number, Start>();
  for (const { index, bytes, sha256 } of claims) {
    const hash = await hashFile(places[index]!, bytes, buffers, onHashed);
    if (hash?.copy().digest('hex') !== sha256 || (bytes === 0 && entries[index]!.size !== 0)) continue;
    had.set(index, { bytes, hash });
  }
  return had;
}

async function sendBytes(
  outbox: Outbox,
  { places, entries }: Collection,
  index: number,
  start: Start | undefined,
  buffers: BlockBuffers,
): Promise<string> {
  const [place, { size }] = [places[index]!, entries[index]!];
  let file: FileHandle;
  try {
    file = await open(place, 'r');
  } catch {
    throw outbox.giveUp(entries[index]!.path, 'cannot be read any more');
  }
  const hash = start?.hash ?? createHash('sha256');
  let at = start?.bytes ?? 0;
  try {
    for await (const block of readBlocks(file, buffers, at)) {
      at += block.length;
      if (at > size!) throw outbox.giveUp(entries[index]!.path, 'has grown while it was sent');
      hash.update(block);
      await outbox.send(block);
    }
  } finally {
    await file.close();
  }
  if (at < size!) throw outbox.giveUp(entries[index]!.path, 'has shrunk while it was sent');
  return hash.digest('hex');
}

/** Two kinds of back-pressure: the send queue stays short, and the receiver's disk is never more than WINDOW behind. */
class Outbox {
  readonly #channel: FileChannel;
  readonly #reports: Reports;
  readonly #messageBytes: number;
  #sent = 0;

  constructor(channel: FileChannel, reports: Reports, messageBytes: number) {
    this.#channel = channel;
    this.#reports = reports;
    this.#messageBytes = messageBytes;
  }

  async tell(control: Record<string, unknown>): Promise<void> {
    this.#reports.throwIfOver();
    await ready(this.#channel);
    this.#channel.send(JSON.stringify(control));
  }

  async send(block: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < block.length; at += this.#messageBytes) {
      const piece = block.subarray(at, at + this.#messageBytes);
      while (this.#sent - this.#reports.written > WINDOW) await this.#reports.next();
      this.#reports.throwIfOver();
      await ready(this.#channel);
      this.#channel.send(piece);
      this.#sent += piece.length;
    }
  }

  giveUp(path: string, why: string): Failure {
    this.#reports.throwIfOver();
    return giveUp(this.#channel, `'${path}' ${why}`);
  }
}
