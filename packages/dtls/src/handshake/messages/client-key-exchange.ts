// ClientKeyExchange: the public key of the client. RFC 8422 §5.7.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export function parseClientKeyExchange(body: Uint8Array): Uint8Array | undefined {
  const reader = new Reader(body);
  const publicKey = reader.vector8(1);
  return reader.isDone ? publicKey : undefined;
}

export function writeClientKeyExchange(publicKey: Uint8Array): Uint8Array {
  return new Writer().vector8(publicKey).finish();
}
