// Keying material for other protocols out of an established connection. RFC 5705 §4; DTLS 1.3: RFC 8446 §7.5.
import { putU16 } from '@millrace/sans-io';
import type { DtlsCrypto } from './crypto.ts';
import { DtlsError } from './errors.ts';
import { joined, prf } from './key-schedule/prf.ts';
import { exportKeyingMaterial13 } from './key-schedule/tls13.ts';
import type { Session } from './session.ts';

// RFC 5705 §4: labels of the protocol's own derivations must not be exported.
const RESERVED_LABELS: ReadonlySet<string> = new Set([
  'client finished',
  'server finished',
  'master secret',
  'extended master secret',
  'key expansion',
]);

export function exportKeyingMaterial(
  crypto: DtlsCrypto,
  session: Session,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): Uint8Array {
  if (RESERVED_LABELS.has(label)) throw new DtlsError('RESERVED_LABEL', label);
  if (session.version === '1.3') {
    if (context !== undefined) length16(context);
    return exportKeyingMaterial13(crypto, session.suite.hash, session.exporterSecret, label, context, length);
  }
  const { randoms, masterSecret, suite } = session;
  // RFC 5705 §4: no context and an empty context are two different things.
  const seed =
    context === undefined
      ? joined(randoms.client, randoms.server)
      : joined(randoms.client, randoms.server, length16(context), context);
  return prf(crypto, suite.prfHash, masterSecret, label, seed, length);
}

function length16(context: Uint8Array): Uint8Array {
  if (context.length > 0xffff) throw new DtlsError('INVALID_OPTION', 'context is longer than 65535 bytes');
  const bytes = new Uint8Array(2);
  putU16(bytes, 0, context.length);
  return bytes;
}
