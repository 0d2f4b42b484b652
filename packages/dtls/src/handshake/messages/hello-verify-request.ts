// HelloVerifyRequest: the server asks for its cookie back. RFC 6347 §4.2.1.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export interface HelloVerifyRequest {
  readonly version: number;
  readonly cookie: Uint8Array;
}

export function parseHelloVerifyRequest(body: Uint8Array): HelloVerifyRequest | undefined {
  const reader = new Reader(body);
  const version = reader.u16();
  const cookie = reader.vector8();
  return reader.isDone ? { version, cookie } : undefined;
}

export function writeHelloVerifyRequest(request: HelloVerifyRequest): Uint8Array {
  return new Writer().u16(request.version).vector8(request.cookie).finish();
}
