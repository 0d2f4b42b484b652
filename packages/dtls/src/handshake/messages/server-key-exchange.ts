// ServerKeyExchange with a named group, signed together with both randoms. RFC 8422 §5.4.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

const NAMED_CURVE = 3;

export interface EcdhParameters {
  readonly group: number;
  readonly publicKey: Uint8Array;
}

export interface ServerKeyExchange extends EcdhParameters {
  readonly scheme: number;
  readonly signature: Uint8Array;
}

export function parseServerKeyExchange(body: Uint8Array): ServerKeyExchange | undefined {
  const reader = new Reader(body);
  const curveType = reader.u8();
  const group = reader.u16();
  const publicKey = reader.vector8(1);
  const scheme = reader.u16();
  const signature = reader.vector16();
  if (!reader.isDone || curveType !== NAMED_CURVE) return undefined;
  return { group, publicKey, scheme, signature };
}

/** The part of the message that is signed. */
export function writeEcdhParameters(parameters: EcdhParameters): Uint8Array {
  return new Writer().u8(NAMED_CURVE).u16(parameters.group).vector8(parameters.publicKey).finish();
}

export function writeServerKeyExchange(exchange: ServerKeyExchange): Uint8Array {
  return new Writer()
    .bytes(writeEcdhParameters(exchange))
    .u16(exchange.scheme)
    .vector16(exchange.signature)
    .finish();
}
