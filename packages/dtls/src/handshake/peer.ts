// Who the peer claims to be, by the first certificate of its chain: it must match a fingerprint from signalling, and
// its key must be of a kind that is accepted. RFC 8827 §6.5.
import type { PublicKey } from '../crypto.ts';
import { type Fault, fault } from '../fault.ts';
import type { HandshakeContext } from './step.ts';

export interface Peer {
  readonly kind: 'peer';
  /** X.509 in DER. */
  readonly certificate: Uint8Array;
  readonly publicKey: PublicKey;
}

export function peerOf({ settings }: HandshakeContext, certificate: Uint8Array): Peer | Fault {
  const { crypto, remoteFingerprints } = settings;
  // RFC 8827 §6.5: the certificate MUST match a fingerprint from signalling; nothing else makes it good.
  if (!remoteFingerprints.isMatchedBy(certificate, crypto)) return fault('fingerprint-mismatch');
  const publicKey = crypto.readPublicKey(certificate);
  return publicKey === undefined ? fault('bad-certificate') : { kind: 'peer', certificate, publicKey };
}
