// CertificateVerify: the client signs the handshake so far. RFC 5246 §7.4.8.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export interface CertificateVerify {
  readonly scheme: number;
  readonly signature: Uint8Array;
}

export function parseCertificateVerify(body: Uint8Array): CertificateVerify | undefined {
  const reader = new Reader(body);
  const scheme = reader.u16();
  const signature = reader.vector16();
  return reader.isDone ? { scheme, signature } : undefined;
}

export function writeCertificateVerify(verify: CertificateVerify): Uint8Array {
  return new Writer().u16(verify.scheme).vector16(verify.signature).finish();
}
