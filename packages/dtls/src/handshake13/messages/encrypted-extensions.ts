// EncryptedExtensions: what the server answers that the keys do not hang on. RFC 8446 §4.3.1.

import { type Extensions, parseExtensionList, writeExtensions } from '../../handshake/extensions.ts';
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export function parseEncryptedExtensions(body: Uint8Array): Extensions | undefined {
  const reader = new Reader(body);
  const extensions = parseExtensionList(reader);
  return reader.isDone ? extensions : undefined;
}

export function writeEncryptedExtensions(extensions: Extensions): Uint8Array {
  const writer = new Writer();
  writeExtensions(writer, extensions);
  return writer.finish();
}
