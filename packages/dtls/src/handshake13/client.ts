// The client's handshake of DTLS 1.3 from the ServerHello on. RFC 8446 §2 and §4, RFC 9147 §5.6. The server must ask for our
// certificate (RFC 8827 §6.5).
//
//                        <- ServerHello, {EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished}
//   {Certificate, CertificateVerify, Finished} ->                                                             <- [ACK]
//
// Left out: early data, and post-handshake authentication.
import { CIPHER_SUITES_13 } from '../cipher-suites-13.ts';
import { type Credential, chooseCredential13 } from '../credential.ts';
import { type Fault, fault } from '../fault.ts';
import type { ClientOffer } from '../handshake/client-offer.ts';
import { EXTENSION, isSrtpAnswer, parseUseSrtp } from '../handshake/extensions.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from '../handshake/header.ts';
import type { ServerHello } from '../handshake/messages/server-hello.ts';
import type { Peer } from '../handshake/peer.ts';
import type { Expecting, HandshakeContext, Step } from '../handshake/step.ts';
import { KEY_EXCHANGES } from '../key-exchange.ts';
import { HANDSHAKE_EPOCH } from '../record/epochs.ts';
import {
  checkCertificateVerify,
  checkFinished13,
  readPeer13,
  sendAuthentication,
  sendFinished,
} from './authentication.ts';
import type { Retry } from './hello-retry-request.ts';
import { parseKeyShare } from './key-share.ts';
import { enterHandshake, enterMain, establish, type Keys13, startReceiving, startSending } from './keys.ts';
import { parseCertificateRequest13 } from './messages/certificate-request.ts';
import { parseEncryptedExtensions } from './messages/encrypted-extensions.ts';
import { parseSelectedIdentity } from './pre-shared-key.ts';
import { hashOf } from './resumption.ts';

/** RFC 8446 §4.2: what may stand in a ServerHello. */
const IN_SERVER_HELLO: ReadonlySet<number> = new Set([
  EXTENSION.supportedVersions,
  EXTENSION.keyShare,
  EXTENSION.preSharedKey,
]);
/** RFC 8446 §4.2: what may stand in EncryptedExtensions, of what we offer. */
const IN_ENCRYPTED_EXTENSIONS: ReadonlySet<number> = new Set([EXTENSION.supportedGroups, EXTENSION.useSrtp]);

/** The server has chosen 1.3; both hellos are in the transcript. */
export function acceptServerHello13(
  context: HandshakeContext,
  offer: ClientOffer,
  hello: ServerHello,
  retry: Retry | undefined,
): Step {
  const suite = CIPHER_SUITES_13.get(hello.cipherSuite);
  if (suite === undefined || !offer.hello.cipherSuites.includes(suite.id)) return fault('illegal-parameter');
  // RFC 8446 §4.1.4: the suite MUST be that of the HelloRetryRequest.
  if (retry !== undefined && retry.suite !== suite.id) return fault('illegal-parameter');
  const unwelcome = checkExtensions(hello.extensions.keys(), IN_SERVER_HELLO, offer);
  if (unwelcome !== undefined) return unwelcome;
  const data = hello.extensions.get(EXTENSION.keyShare);
  // RFC 8446 §9.2: without a pre-shared key the share MUST be there.
  if (data === undefined) return fault('missing-extension');
  const share = parseKeyShare(data);
  if (share === undefined) return fault('decode-error');
  // RFC 8446 §4.2.8: the group MUST be one that we sent a share of.
  const exchange = KEY_EXCHANGES.get(share.group);
  const secret = offer.keyOffers.get(share.group)?.finish(share.keyExchange);
  if (exchange === undefined || secret === undefined) return fault('illegal-parameter');
  const selected = hello.extensions.get(EXTENSION.preSharedKey);
  const session = selected === undefined ? undefined : offer.session;
  // RFC 8446 §4.2.11: one of those that were offered, with a suite of its hash.
  if (session !== undefined && (parseSelectedIdentity(selected!) !== 0 || hashOf(session) !== suite.hash))
    return fault('illegal-parameter');
  if (session === undefined) offer.session?.preSharedKey.fill(0);
  const keys = enterHandshake(context, suite, exchange, offer.hello.random, secret, session);
  context.flight.epoch = HANDSHAKE_EPOCH;
  return new ExpectEncryptedExtensions(context, keys, offer);
}

// RFC 8446 §4.2: what was not offered is answered with unsupported_extension, what is in the wrong message with
// illegal_parameter.
function checkExtensions(
  types: Iterable<number>,
  allowed: ReadonlySet<number>,
  offer: ClientOffer,
): Fault | undefined {
  for (const type of types) {
    const isOffered =
      type === EXTENSION.preSharedKey ? offer.session !== undefined : offer.hello.extensions.has(type);
    if (!isOffered) return fault('unsupported-extension');
    if (!allowed.has(type)) return fault('illegal-parameter');
  }
  return undefined;
}

class ExpectEncryptedExtensions implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #keys: Keys13;
  readonly #offer: ClientOffer;

  constructor(context: HandshakeContext, keys: Keys13, offer: ClientOffer) {
    this.#context = context;
    this.#keys = keys;
    this.#offer = offer;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.encryptedExtensions) return fault('unexpected-message');
    const extensions = parseEncryptedExtensions(bodyOf(message));
    if (extensions === undefined) return fault('decode-error');
    const unwelcome = checkExtensions(extensions.keys(), IN_ENCRYPTED_EXTENSIONS, this.#offer);
    if (unwelcome !== undefined) return unwelcome;
    const srtp = extensions.get(EXTENSION.useSrtp);
    if (srtp !== undefined && !isSrtpAnswer(srtp, this.#context.settings.srtpProfiles))
      return fault('illegal-parameter');
    this.#context.transcript.append13(message.bytes);
    const srtpProfile = srtp === undefined ? undefined : parseUseSrtp(srtp)?.profiles[0];
    const agreed = { keys: this.#keys, srtpProfile };
    const { resumed } = this.#keys;
    if (resumed === undefined) return new ExpectCertificateRequest(this.#context, agreed);
    // RFC 8446 §4.4.2: with a pre-shared key there are no certificates. Those of the session have been looked at.
    return new ExpectServerFinished(this.#context, agreed, undefined, resumed.remoteCertificate);
  }
}

/** What the server has settled. */
interface Agreed {
  readonly keys: Keys13;
  readonly srtpProfile: number | undefined;
}

class ExpectCertificateRequest implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;

  constructor(context: HandshakeContext, agreed: Agreed) {
    this.#context = context;
    this.#agreed = agreed;
  }

  handle(message: HandshakeMessage): Step {
    // RFC 8827 §6.5: both sides MUST check the other's fingerprint, so a server that does not ask for ours is refused.
    if (message.type === HANDSHAKE_TYPE.certificate) return fault('certificate-not-requested');
    if (message.type !== HANDSHAKE_TYPE.certificateRequest) return fault('unexpected-message');
    const request = parseCertificateRequest13(bodyOf(message));
    if (request === undefined) return fault('decode-error');
    // RFC 8446 §4.3.2: in a handshake the context is empty.
    if (request.context.length > 0) return fault('illegal-parameter');
    // RFC 8446 §4.3.2, §6.2: the signature schemes MUST be there.
    if (request.schemes === undefined) return fault('missing-extension');
    const credential = chooseCredential13(this.#context.settings.certificates, request.schemes);
    if (credential === undefined) return fault('no-common-signature-scheme');
    this.#context.transcript.append13(message.bytes);
    return new ExpectServerCertificate(this.#context, this.#agreed, credential);
  }
}

class ExpectServerCertificate implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;
  readonly #credential: Credential;

  constructor(context: HandshakeContext, agreed: Agreed, credential: Credential) {
    this.#context = context;
    this.#agreed = agreed;
    this.#credential = credential;
  }

  handle(message: HandshakeMessage): Step {
    const peer = readPeer13(this.#context, message);
    if (peer.kind === 'fault') return peer;
    return new ExpectServerCertificateVerify(this.#context, this.#agreed, this.#credential, peer);
  }
}

class ExpectServerCertificateVerify implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;
  readonly #credential: Credential;
  readonly #peer: Peer;

  constructor(context: HandshakeContext, agreed: Agreed, credential: Credential, peer: Peer) {
    this.#context = context;
    this.#agreed = agreed;
    this.#credential = credential;
    this.#peer = peer;
  }

  handle(message: HandshakeMessage): Step {
    const wrong = checkCertificateVerify(this.#context, this.#agreed.keys, this.#peer, message);
    if (wrong !== undefined) return wrong;
    const { certificate } = this.#peer;
    return new ExpectServerFinished(this.#context, this.#agreed, this.#credential, certificate);
  }
}

class ExpectServerFinished implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;
  /** `undefined`: a session is resumed, and its certificates with it. */
  readonly #credential: Credential | undefined;
  readonly #remoteCertificate: Uint8Array;

  constructor(
    context: HandshakeContext,
    agreed: Agreed,
    credential: Credential | undefined,
    remoteCertificate: Uint8Array,
  ) {
    this.#context = context;
    this.#agreed = agreed;
    this.#credential = credential;
    this.#remoteCertificate = remoteCertificate;
  }

  handle(message: HandshakeMessage): Step {
    const { keys, srtpProfile } = this.#agreed;
    const wrong = checkFinished13(this.#context, keys, message);
    if (wrong !== undefined) return wrong;
    const main = enterMain(this.#context, keys);
    this.#context.flight.begin();
    if (this.#credential === undefined) sendFinished(this.#context, keys);
    else sendAuthentication(this.#context, keys, this.#credential);
    startSending(this.#context, main);
    startReceiving(this.#context, main);
    const own = this.#credential?.certificate.certificate ?? keys.resumed!.ownCertificate;
    return establish(this.#context, keys, main, { remote: this.#remoteCertificate, own }, srtpProfile);
  }
}
