// ClientHello. RFC 6347 §4.2.1 (with the cookie), RFC 5246 §7.4.1.2.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';
import { type Extensions, parseExtensions, writeExtensions } from '../extensions.ts';

export const RANDOM_BYTES = 32;
export const NULL_COMPRESSION = 0;

export interface ClientHello {
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cookie: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  readonly extensions: Extensions;
}

export function parseClientHello(body: Uint8Array): ClientHello | undefined {
  const reader = new Reader(body);
  const version = reader.u16();
  const random = reader.bytes(RANDOM_BYTES);
  const sessionId = reader.vector8();
  const cookie = reader.vector8();
  const cipherSuites = reader.numbers16();
  const compressionMethods = [...reader.vector8(1)];
  const extensions = parseExtensions(reader);
  if (extensions === undefined || reader.failed || sessionId.length > 32) return undefined;
  return { version, random, sessionId, cookie, cipherSuites, compressionMethods, extensions };
}

export function writeClientHello(hello: ClientHello): Uint8Array {
  const writer = new Writer()
    .u16(hello.version)
    .bytes(hello.random)
    .vector8(hello.sessionId)
    .vector8(hello.cookie)
    .numbers16(hello.cipherSuites)
    .numbers8(hello.compressionMethods);
  writeExtensions(writer, hello.extensions);
  return writer.finish();
}
