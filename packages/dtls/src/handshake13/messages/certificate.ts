// Certificate of DTLS 1.3: a context, and a chain whose members have extensions of their own. RFC 8446 §4.4.2.
import { parseExtensionList } from '../../handshake/extensions.ts';
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export interface Certificate13 {
  readonly context: Uint8Array;
  /** In DER; none at all is allowed for a client that has none. */
  readonly certificates: readonly Uint8Array[];
  /** Whether a member has extensions: none was asked for. */
  readonly hasExtensions: boolean;
}

export function parseCertificate13(body: Uint8Array): Certificate13 | undefined {
  const reader = new Reader(body);
  const context = reader.vector8();
  const list = new Reader(reader.vector24());
  const certificates: Uint8Array[] = [];
  let hasExtensions = false;
  while (list.hasMore) {
    certificates.push(list.vector24(1));
    const extensions = parseExtensionList(list);
    if (extensions === undefined) return undefined;
    if (extensions.size > 0) hasExtensions = true;
  }
  return reader.isDone && list.isDone ? { context, certificates, hasExtensions } : undefined;
}

export function writeCertificate13(certificates: readonly Uint8Array[]): Uint8Array {
  const list = new Writer();
  for (const certificate of certificates) list.vector24(certificate).u16(0);
  return new Writer().u8(0).vector24(list.finish()).finish();
}
