// CertificateRequest. RFC 5246 §7.4.4, RFC 8422 §5.5. The list of authorities means nothing to self-signed peers.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

/** RFC 8422 §5.5: ecdsa_sign stands for EdDSA keys too. */
export const CERTIFICATE_TYPE = { rsa: 1, ecdsa: 64, ed25519: 64 } as const;

export interface CertificateRequest {
  readonly types: readonly number[];
  readonly schemes: readonly number[];
}

export function parseCertificateRequest(body: Uint8Array): CertificateRequest | undefined {
  const reader = new Reader(body);
  const types = [...reader.vector8(1)];
  const schemes = reader.numbers16();
  const authorities = new Reader(reader.vector16());
  while (authorities.hasMore) authorities.vector16(1);
  return reader.isDone && authorities.isDone ? { types, schemes } : undefined;
}

export function writeCertificateRequest(request: CertificateRequest): Uint8Array {
  return new Writer().numbers8(request.types).numbers16(request.schemes).u16(0).finish();
}
