// The client's handshake of DTLS 1.2 from the ServerHello on. RFC 5246 §7.3, RFC 6347 §4.2.4 (flights 4 to 6), RFC 8422 §2.
//
//                        <- ServerHello, Certificate, ServerKeyExchange, [CertificateRequest], ServerHelloDone
//   [Certificate], ClientKeyExchange, [CertificateVerify], ChangeCipherSpec, Finished ->
//                        <- ChangeCipherSpec, Finished
//
// Left out: resumption (the session id is empty), tickets, OCSP, renegotiation.
import { CIPHER_SUITES } from '../cipher-suites.ts';
import { type Credential, chooseCredential12, suiteKeyOf } from '../credential.ts';
import { type Fault, fault } from '../fault.ts';
import { GROUPS, type Group } from '../groups.ts';
import { joined } from '../key-schedule/prf.ts';
import type { Session12 } from '../session.ts';
import {
  EXTENSION,
  hasUncompressedFormat,
  isFirstRenegotiationInfo,
  isSrtpAnswer,
  parseUseSrtp,
} from './extensions.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from './header.ts';
import { writeCertificate } from './messages/certificate.ts';
import { CERTIFICATE_TYPE, parseCertificateRequest } from './messages/certificate-request.ts';
import { writeCertificateVerify } from './messages/certificate-verify.ts';
import type { ClientHello } from './messages/client-hello.ts';
import { writeClientKeyExchange } from './messages/client-key-exchange.ts';
import type { ServerHello } from './messages/server-hello.ts';
import { parseServerKeyExchange, writeEcdhParameters } from './messages/server-key-exchange.ts';
import {
  agreeKeys,
  checkFinished,
  finishedOf,
  type Negotiated,
  readPeer,
  verifySignature,
} from './negotiated.ts';
import type { Peer } from './peer.ts';
import type { Expecting, HandshakeContext, Step } from './step.ts';

/** The server has chosen 1.2; both hellos are in the transcript. */
export function acceptServerHello12(context: HandshakeContext, offer: ClientHello, hello: ServerHello): Step {
  const suite = CIPHER_SUITES.get(hello.cipherSuite);
  if (suite === undefined || !offer.cipherSuites.includes(hello.cipherSuite))
    return fault('illegal-parameter');
  const wrong = checkExtensions(context, offer, hello);
  if (wrong !== undefined) return wrong;
  const srtp = hello.extensions.get(EXTENSION.useSrtp);
  return new ExpectCertificate(context, {
    randoms: { client: offer.random, server: hello.random },
    suite,
    extendedMasterSecret: hello.extensions.has(EXTENSION.extendedMasterSecret),
    srtpProfile: srtp === undefined ? undefined : parseUseSrtp(srtp)?.profiles[0],
  });
}

function checkExtensions(
  { settings }: HandshakeContext,
  offer: ClientHello,
  hello: ServerHello,
): Fault | undefined {
  for (const [type, data] of hello.extensions) {
    // RFC 5246 §7.4.1.4: a server MUST NOT answer with an extension that was not asked for.
    if (!offer.extensions.has(type)) return fault('unsupported-extension');
    if (type === EXTENSION.extendedMasterSecret && data.length > 0) return fault('decode-error');
    // RFC 5746 §3.4: in a first handshake the field must be empty.
    if (type === EXTENSION.renegotiationInfo && !isFirstRenegotiationInfo(data))
      return fault('illegal-parameter');
    if (type === EXTENSION.ecPointFormats && !hasUncompressedFormat(data)) return fault('illegal-parameter');
    if (type === EXTENSION.useSrtp && !isSrtpAnswer(data, settings.srtpProfiles))
      return fault('illegal-parameter');
  }
  if (settings.requireExtendedMasterSecret && !hello.extensions.has(EXTENSION.extendedMasterSecret)) {
    return fault('extended-master-secret-missing');
  }
  return undefined;
}

class ExpectCertificate implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #negotiated: Negotiated;

  constructor(context: HandshakeContext, negotiated: Negotiated) {
    this.#context = context;
    this.#negotiated = negotiated;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.certificate) return fault('unexpected-message');
    const peer = readPeer(this.#context, message);
    if (peer.kind === 'fault') return peer;
    // RFC 8422 §2: the suite names the kind of key that signs.
    if (suiteKeyOf(peer.publicKey.algorithm) !== this.#negotiated.suite.keyAlgorithm)
      return fault('bad-certificate');
    this.#context.transcript.append(message.bytes);
    return new ExpectServerKeyExchange(this.#context, this.#negotiated, peer);
  }
}

/** The key exchange as the server wants it. */
interface Exchange {
  readonly negotiated: Negotiated;
  readonly peer: Peer;
  readonly group: Group;
  readonly serverPublicKey: Uint8Array;
}

class ExpectServerKeyExchange implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #negotiated: Negotiated;
  readonly #peer: Peer;

  constructor(context: HandshakeContext, negotiated: Negotiated, peer: Peer) {
    this.#context = context;
    this.#negotiated = negotiated;
    this.#peer = peer;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.serverKeyExchange) return fault('unexpected-message');
    const exchange = parseServerKeyExchange(bodyOf(message));
    if (exchange === undefined) return fault('decode-error');
    const group = GROUPS.get(exchange.group);
    // RFC 8422 §5.4: the group MUST be one that was offered.
    if (group === undefined || !this.#context.settings.groups.includes(group.id))
      return fault('illegal-parameter');
    const { randoms } = this.#negotiated;
    const signed = joined(randoms.client, randoms.server, writeEcdhParameters(exchange));
    const wrong = verifySignature(this.#context, this.#peer, exchange.scheme, signed, exchange.signature);
    if (wrong !== undefined) return wrong;
    this.#context.transcript.append(message.bytes);
    return new ExpectCertificateRequest(this.#context, {
      negotiated: this.#negotiated,
      peer: this.#peer,
      group,
      serverPublicKey: exchange.publicKey,
    });
  }
}

class ExpectCertificateRequest implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #exchange: Exchange;

  constructor(context: HandshakeContext, exchange: Exchange) {
    this.#context = context;
    this.#exchange = exchange;
  }

  handle(message: HandshakeMessage): Step {
    // RFC 8827 §6.5: both sides MUST check the other's fingerprint, so a server that does not ask for ours is refused.
    if (message.type === HANDSHAKE_TYPE.serverHelloDone) return fault('certificate-not-requested');
    if (message.type !== HANDSHAKE_TYPE.certificateRequest) return fault('unexpected-message');
    const request = parseCertificateRequest(bodyOf(message));
    if (request === undefined) return fault('decode-error');
    // RFC 5246 §7.4.4: both lists of the request must allow our key.
    const credential = chooseCredential12(
      this.#context.settings.certificates,
      request.schemes,
      (keyAlgorithm) => request.types.includes(CERTIFICATE_TYPE[keyAlgorithm]),
    );
    if (credential === undefined) return fault('no-common-signature-scheme');
    this.#context.transcript.append(message.bytes);
    return new ExpectServerHelloDone(this.#context, this.#exchange, credential);
  }
}

class ExpectServerHelloDone implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #exchange: Exchange;
  readonly #credential: Credential;

  constructor(context: HandshakeContext, exchange: Exchange, credential: Credential) {
    this.#context = context;
    this.#exchange = exchange;
    this.#credential = credential;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.serverHelloDone) return fault('unexpected-message');
    if (bodyOf(message).length > 0) return fault('decode-error');
    const { settings, flight, transcript } = this.#context;
    const { negotiated, group, peer, serverPublicKey } = this.#exchange;
    const keyShare = settings.crypto.createKeyShare(group.name);
    const sharedSecret = keyShare.agree(serverPublicKey);
    if (sharedSecret === undefined) return fault('illegal-parameter');
    transcript.append(message.bytes);

    flight.begin();
    const { certificate, scheme } = this.#credential;
    const send = (type: number, body: Uint8Array): void => transcript.append(flight.add(type, body));
    send(HANDSHAKE_TYPE.certificate, writeCertificate([certificate.certificate]));
    send(HANDSHAKE_TYPE.clientKeyExchange, writeClientKeyExchange(keyShare.publicKey));
    const own = certificate.certificate;
    const session = agreeKeys(this.#context, negotiated, group, sharedSecret, peer, own);
    const signature = settings.crypto.sign(certificate.privateKey, scheme.name, transcript.bytes);
    send(HANDSHAKE_TYPE.certificateVerify, writeCertificateVerify({ scheme: scheme.id, signature }));
    flight.addChangeCipherSpec();
    send(HANDSHAKE_TYPE.finished, finishedOf(this.#context, session, 'client'));
    return new ExpectServerFinished(this.#context, session);
  }
}

class ExpectServerFinished implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #session: Session12;

  constructor(context: HandshakeContext, session: Session12) {
    this.#context = context;
    this.#session = session;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.finished) return fault('unexpected-message');
    const wrong = checkFinished(this.#context, this.#session, 'server', message);
    return wrong ?? { kind: 'established', session: this.#session, next: undefined };
  }
}
