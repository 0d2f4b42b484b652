// CertificateRequest of DTLS 1.3. RFC 8446 §4.3.2. The context is empty in a handshake; of the extensions only the
// signature schemes mean anything to self-signed peers.
import {
  EXTENSION,
  numbersExtension,
  parseExtensionList,
  parseNumbers,
  writeExtensions,
} from '../../handshake/extensions.ts';
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export interface CertificateRequest13 {
  readonly context: Uint8Array;
  /** `undefined` if the extension that MUST be there is not. */
  readonly schemes: readonly number[] | undefined;
}

export function parseCertificateRequest13(body: Uint8Array): CertificateRequest13 | undefined {
  const reader = new Reader(body);
  const context = reader.vector8();
  const extensions = parseExtensionList(reader);
  if (extensions === undefined || !reader.isDone) return undefined;
  // RFC 8446 §4.3.2: what is unknown is ignored.
  const data = extensions.get(EXTENSION.signatureAlgorithms);
  if (data === undefined) return { context, schemes: undefined };
  const schemes = parseNumbers(data);
  return schemes === undefined ? undefined : { context, schemes };
}

export function writeCertificateRequest13(schemes: readonly number[]): Uint8Array {
  const writer = new Writer().u8(0);
  writeExtensions(writer, new Map([[EXTENSION.signatureAlgorithms, numbersExtension(schemes)]]));
  return writer.finish();
}
