// Certificate: a chain whose first member is the one that counts. RFC 5246 §7.4.2, §7.4.6.
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

/** The certificates in DER; none at all is allowed for a client that has none. */
export function parseCertificate(body: Uint8Array): Uint8Array[] | undefined {
  const reader = new Reader(body);
  const list = new Reader(reader.vector24());
  const certificates: Uint8Array[] = [];
  while (list.hasMore) certificates.push(list.vector24(1));
  return reader.isDone && list.isDone ? certificates : undefined;
}

export function writeCertificate(certificates: readonly Uint8Array[]): Uint8Array {
  const list = new Writer();
  for (const certificate of certificates) list.vector24(certificate);
  return new Writer().vector24(list.finish()).finish();
}
