// A text that may be longer than a message: its kind and length first, then its bytes in pieces.
import { expect, type FileChannel, isSize, nextControl, nextMessage, ready, unexpected } from '../control.ts';

export async function sendDocument(
  channel: FileChannel,
  type: string,
  text: string,
  messageBytes: number,
): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  await ready(channel);
  channel.send(JSON.stringify({ type, bytes: bytes.length }));
  for (let at = 0; at < bytes.length; at += messageBytes) {
    await ready(channel);
    channel.send(bytes.subarray(at, at + messageBytes));
  }
}

/** Throws if it would be longer than `maxBytes`. */
export async function readDocument(
  incoming: AsyncIterator<unknown>,
  type: string,
  maxBytes: number,
): Promise<string> {
  const { bytes } = expect(await nextControl(incoming), type);
  if (!isSize(bytes) || bytes > maxBytes) throw unexpected();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const piece = await nextMessage(incoming);
    if (typeof piece === 'string') throw unexpected();
    pieces.push(piece);
    length += piece.length;
    if (length > bytes) throw unexpected();
  }
  return Buffer.concat(pieces).toString('utf8');
}
