// What both sides of DTLS 1.3 do to show and to check who they are: Certificate, CertificateVerify, Finished. RFC 8446
// §4.4; RFC 8827 §6.5 for what WebRTC asks of it. Both sides always do.
import { equalConstantTime } from '@millrace/sans-io';
import { ALERT } from '../alert.ts';
import { type Credential, isSchemeOf13 } from '../credential.ts';
import { type Fault, fault } from '../fault.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from '../handshake/header.ts';
import { parseCertificateVerify, writeCertificateVerify } from '../handshake/messages/certificate-verify.ts';
import { type Peer, peerOf } from '../handshake/peer.ts';
import type { HandshakeContext } from '../handshake/step.ts';
import { SIGNATURE_SCHEMES } from '../signature-schemes.ts';
import type { Keys13 } from './keys.ts';
import { parseCertificate13, writeCertificate13 } from './messages/certificate.ts';

type Role = 'client' | 'server';

/** RFC 8446 §4.4.3: in front of what is signed, so that no other signature can be taken for it. */
const PADDING_BYTES = 64;

/** The identity that a Certificate message claims. Whether the peer holds the private key is not known yet. */
export function readPeer13(context: HandshakeContext, message: HandshakeMessage): Peer | Fault {
  if (message.type !== HANDSHAKE_TYPE.certificate) return fault('unexpected-message');
  const parsed = parseCertificate13(bodyOf(message));
  if (parsed === undefined) return fault('decode-error');
  // RFC 8446 §4.4.2: the context is that of the request, which is empty in a handshake.
  if (parsed.context.length > 0) return fault('illegal-parameter');
  // RFC 8446 §4.2: extensions that were not asked for MUST end the handshake.
  if (parsed.hasExtensions) return fault('unsupported-extension');
  const certificate = parsed.certificates[0];
  if (certificate === undefined) {
    // RFC 8446 §4.4.2.4: a server has to have one; a client that was asked may decline, and is refused.
    return context.settings.role === 'client'
      ? fault('decode-error')
      : { ...fault('no-certificate'), alert: ALERT.certificateRequired };
  }
  const peer = peerOf(context, certificate);
  if (peer.kind === 'peer') context.transcript.append13(message.bytes);
  return peer;
}

/** Checks the CertificateVerify of the peer over what the transcript holds, and adds it. */
export function checkCertificateVerify(
  context: HandshakeContext,
  keys: Keys13,
  peer: Peer,
  message: HandshakeMessage,
): Fault | undefined {
  if (message.type !== HANDSHAKE_TYPE.certificateVerify) return fault('unexpected-message');
  const verify = parseCertificateVerify(bodyOf(message));
  if (verify === undefined) return fault('decode-error');
  const { crypto, role } = context.settings;
  const scheme = SIGNATURE_SCHEMES.get(verify.scheme);
  // RFC 8446 §4.4.3: a scheme that was offered, that fits the key, and never RSASSA-PKCS1-v1_5.
  if (scheme === undefined || !isSchemeOf13(scheme, peer.publicKey)) return fault('illegal-parameter');
  const content = signedContent(role === 'client' ? 'server' : 'client', digest(context, keys));
  if (!crypto.verify(peer.publicKey, scheme.name, content, verify.signature)) return fault('bad-signature');
  context.transcript.append13(message.bytes);
  return undefined;
}

/** Checks the Finished of the peer over what the transcript holds, and adds it. */
export function checkFinished13(
  context: HandshakeContext,
  keys: Keys13,
  message: HandshakeMessage,
): Fault | undefined {
  if (message.type !== HANDSHAKE_TYPE.finished) return fault('unexpected-message');
  const body = bodyOf(message);
  const secret = context.settings.role === 'client' ? keys.handshake.server : keys.handshake.client;
  const expected = keys.schedule.verifyData(secret, digest(context, keys));
  if (body.length !== expected.length) return fault('decode-error');
  // RFC 8446 §4.4.4: whoever gets one MUST check it, and end the handshake with decrypt_error.
  if (!equalConstantTime(expected, 0, body, 0, body.length)) return fault('bad-finished');
  context.transcript.append13(message.bytes);
  return undefined;
}

/** Queues Certificate, CertificateVerify and Finished of ours. */
export function sendAuthentication(
  context: HandshakeContext,
  keys: Keys13,
  { certificate, scheme }: Credential,
): void {
  const { crypto, role } = context.settings;
  send(context, HANDSHAKE_TYPE.certificate, writeCertificate13([certificate.certificate]));
  const content = signedContent(role, digest(context, keys));
  const signature = crypto.sign(certificate.privateKey, scheme.name, content);
  send(context, HANDSHAKE_TYPE.certificateVerify, writeCertificateVerify({ scheme: scheme.id, signature }));
  sendFinished(context, keys);
}

export function sendFinished(context: HandshakeContext, keys: Keys13): void {
  const secret = keys.handshake[context.settings.role];
  send(context, HANDSHAKE_TYPE.finished, keys.schedule.verifyData(secret, digest(context, keys)));
}

export function send(context: HandshakeContext, type: number, body: Uint8Array): void {
  context.transcript.append13(context.flight.add(type, body));
}

export function digest(context: HandshakeContext, keys: Keys13): Uint8Array {
  return context.transcript.digest(context.settings.crypto, keys.suite.hash);
}

// RFC 8446 §4.4.3: 64 spaces, who signs, a zero, and the hash of everything so far.
function signedContent(signer: Role, hash: Uint8Array): Uint8Array {
  const context = `TLS 1.3, ${signer} CertificateVerify`;
  const content = new Uint8Array(PADDING_BYTES + context.length + 1 + hash.length);
  content.fill(0x20, 0, PADDING_BYTES);
  for (let i = 0; i < context.length; i++) content[PADDING_BYTES + i] = context.charCodeAt(i);
  content.set(hash, content.length - hash.length);
  return content;
}
