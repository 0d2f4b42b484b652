// What both hellos settle, and what both sides do with it in the same way: check the certificate of the peer,
// derive the keys, compare Finished. RFC 5246 §7.4, RFC 7627 §4, RFC 8827 §6.5.
import { equalConstantTime } from '@millrace/sans-io';
import type { CipherSuite } from '../cipher-suites.ts';
import { type Fault, fault } from '../fault.ts';
import type { Group } from '../groups.ts';
import {
  extendedMasterSecret,
  plainMasterSecret,
  type Randoms,
  trafficProtection,
  VERIFY_DATA_BYTES,
  verifyData,
} from '../key-schedule/secrets.ts';
import { keyLogLine, type Session12 } from '../session.ts';
import { SIGNATURE_SCHEMES } from '../signature-schemes.ts';
import { bodyOf, type HandshakeMessage } from './header.ts';
import { parseCertificate } from './messages/certificate.ts';
import { type Peer, peerOf } from './peer.ts';
import type { HandshakeContext } from './step.ts';

export interface Negotiated {
  readonly randoms: Randoms;
  readonly suite: CipherSuite;
  readonly extendedMasterSecret: boolean;
  readonly srtpProfile: number | undefined;
}

/** The identity that a Certificate message claims. Whether the peer holds the private key is not known yet. */
export function readPeer(context: HandshakeContext, message: HandshakeMessage): Peer | Fault {
  const certificates = parseCertificate(bodyOf(message));
  if (certificates === undefined) return fault('decode-error');
  const certificate = certificates[0];
  if (certificate === undefined) return fault('no-certificate');
  return peerOf(context, certificate);
}

/** Checks a signature of the peer over `bytes`. */
export function verifySignature(
  context: HandshakeContext,
  peer: Peer,
  schemeId: number,
  bytes: Uint8Array,
  signature: Uint8Array,
): Fault | undefined {
  const scheme = SIGNATURE_SCHEMES.get(schemeId);
  // RFC 5246 §7.4.3, §7.4.8: the scheme MUST be one that was offered, and fit the key.
  if (scheme === undefined || scheme.keyAlgorithm !== peer.publicKey.algorithm)
    return fault('illegal-parameter');
  const { crypto } = context.settings;
  return crypto.verify(peer.publicKey, scheme.name, bytes, signature) ? undefined : fault('bad-signature');
}

/**
 * Derives the master secret and hands the keys to the record layer. The transcript must end with the
 * ClientKeyExchange; the shared secret is wiped.
 */
export function agreeKeys(
  context: HandshakeContext,
  negotiated: Negotiated,
  group: Group,
  sharedSecret: Uint8Array,
  peer: Peer,
  ownCertificate: Uint8Array,
): Session12 {
  const { crypto, keyLog, role } = context.settings;
  const { suite, randoms } = negotiated;
  // RFC 7627 §4: the session hash covers everything up to and including the ClientKeyExchange.
  const masterSecret = negotiated.extendedMasterSecret
    ? extendedMasterSecret(crypto, suite, sharedSecret, context.transcript.digest(crypto, suite.prfHash))
    : plainMasterSecret(crypto, suite, sharedSecret, randoms);
  sharedSecret.fill(0);
  context.secrets.push(masterSecret);
  if (keyLog) context.keyLog.push(keyLogLine(randoms.client, masterSecret));
  context.records.protect(trafficProtection(crypto, suite, masterSecret, randoms, role));
  return {
    version: '1.2',
    suite,
    group,
    randoms,
    masterSecret,
    extendedMasterSecret: negotiated.extendedMasterSecret,
    srtpProfile: negotiated.srtpProfile,
    remoteCertificate: peer.certificate,
    ownCertificate,
  };
}

/** What the Finished of `role` must say, after the messages that are in the transcript now. */
export function finishedOf(
  context: HandshakeContext,
  session: Session12,
  role: 'client' | 'server',
): Uint8Array {
  const { crypto } = context.settings;
  const hash = context.transcript.digest(crypto, session.suite.prfHash);
  return verifyData(crypto, session.suite, session.masterSecret, role, hash);
}

/** RFC 5246 §7.4.9: whoever gets a Finished MUST check that its contents are right. */
export function checkFinished(
  context: HandshakeContext,
  session: Session12,
  role: 'client' | 'server',
  message: HandshakeMessage,
): Fault | undefined {
  const body = bodyOf(message);
  if (body.length !== VERIFY_DATA_BYTES) return fault('decode-error');
  const expected = finishedOf(context, session, role);
  return equalConstantTime(expected, 0, body, 0, VERIFY_DATA_BYTES) ? undefined : fault('bad-finished');
}
