// ServerHello. RFC 5246 §7.4.1.3.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';
import { type Extensions, parseExtensions, writeExtensions } from '../extensions.ts';
import { RANDOM_BYTES } from './client-hello.ts';

export interface ServerHello {
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: Extensions;
}

export function parseServerHello(body: Uint8Array): ServerHello | undefined {
  const reader = new Reader(body);
  const version = reader.u16();
  const random = reader.bytes(RANDOM_BYTES);
  const sessionId = reader.vector8();
  const cipherSuite = reader.u16();
  const compressionMethod = reader.u8();
  const extensions = parseExtensions(reader);
  if (extensions === undefined || reader.failed || sessionId.length > 32) return undefined;
  return { version, random, sessionId, cipherSuite, compressionMethod, extensions };
}

export function writeServerHello(hello: ServerHello): Uint8Array {
  const writer = new Writer()
    .u16(hello.version)
    .bytes(hello.random)
    .vector8(hello.sessionId)
    .u16(hello.cipherSuite)
    .u8(hello.compressionMethod);
  writeExtensions(writer, hello.extensions);
  return writer.finish();
}
