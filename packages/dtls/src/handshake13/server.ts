// The server's handshake of DTLS 1.3. RFC 8446 §2 and §4, RFC 9147 §5.6. The certificate of the client is demanded (RFC 8827
// §6.5), so nothing is read under the application's keys before its Finished, and nothing sent but what `sealEarly` is given.
//
//   ClientHello ->       [<- HelloRetryRequest     ClientHello ->]
//                         <- ServerHello, {EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished}
//   {Certificate, CertificateVerify, Finished} ->                                                             <- [ACK]
//
// Left out: early data, and post-handshake authentication.
import { type Millis, randomBytes } from '@millrace/sans-io';
import { fault } from '../fault.ts';
import { EXTENSION, useSrtpExtension } from '../handshake/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../handshake/header.ts';
import { type ClientHello, RANDOM_BYTES } from '../handshake/messages/client-hello.ts';
import { writeServerHello } from '../handshake/messages/server-hello.ts';
import type { Peer } from '../handshake/peer.ts';
import type { Expecting, HandshakeContext, Step } from '../handshake/step.ts';
import { selectedVersionExtension } from '../handshake/supported-versions.ts';
import { HANDSHAKE_EPOCH } from '../record/epochs.ts';
import { DTLS_1_3 } from '../record/header.ts';
import { SIGNATURE_SCHEMES } from '../signature-schemes.ts';
import {
  checkCertificateVerify,
  checkFinished13,
  readPeer13,
  send,
  sendAuthentication,
  sendFinished,
} from './authentication.ts';
import { type Choice13, choose13 } from './client-hello.ts';
import { helloWith } from './hello-retry-request.ts';
import { keyShareExtension } from './key-share.ts';
import {
  enterHandshake,
  enterMain,
  establish,
  type Keys13,
  type MainKeys,
  startReceiving,
  startSending,
} from './keys.ts';
import { writeCertificateRequest13 } from './messages/certificate-request.ts';
import { writeEncryptedExtensions } from './messages/encrypted-extensions.ts';
import { offersPskDhe, selectedIdentityExtension } from './pre-shared-key.ts';
import { sessionToResume } from './resumption.ts';
import { askAgain, checkCookie, type Retried } from './retry.ts';

/** A ClientHello that offers 1.3. `retried`: it follows a HelloRetryRequest. */
export function answerClientHello13(
  context: HandshakeContext,
  message: HandshakeMessage,
  hello: ClientHello,
  retried: Retried | undefined,
  next: (retried: Retried) => Expecting,
  now: Millis,
): Step {
  const choice = choose13(context, hello);
  if (choice.kind === 'fault') return choice;
  let retry = retried;
  const isAsked = context.settings.helloVerify !== undefined;
  // RFC 9147 §5.1: a cookie that is not ours MUST end the handshake, and so none is that we have not asked for.
  if (!isAsked && hello.extensions.has(EXTENSION.cookie)) return fault('illegal-parameter');
  if (isAsked) {
    const checked = checkCookie(context, hello);
    if (checked?.kind === 'fault') return checked;
    if (checked === undefined && retried !== undefined) return fault('illegal-parameter');
    if (checked === undefined) return next(askAgain(context, message, choice));
    retry = checked;
  }
  if (retry !== undefined) {
    // RFC 8446 §4.1.4, §4.2.8: the suite stays, and what was asked for is there, alone.
    if (choice.suite.id !== retry.suite || choice.share === undefined) return fault('illegal-parameter');
    if (retry.group !== undefined && (choice.exchange.id !== retry.group || choice.shares.length !== 1))
      return fault('illegal-parameter');
  } else if (choice.share === undefined) return next(askAgain(context, message, choice));
  return answer(context, message, hello, choice, choice.share, now);
}

function answer(
  context: HandshakeContext,
  message: HandshakeMessage,
  hello: ClientHello,
  choice: Choice13,
  share: Uint8Array,
  now: Millis,
): Step {
  const { settings, flight, transcript } = context;
  const { suite, exchange, credential, srtpProfile } = choice;
  const resumed = sessionToResume(context, message.bytes, hello, suite, now);
  if (resumed?.kind === 'fault') return resumed;
  if (resumed === undefined && credential === undefined) {
    const hasSchemes = hello.extensions.has(EXTENSION.signatureAlgorithms);
    return fault(hasSchemes ? 'no-common-signature-scheme' : 'missing-extension');
  }
  const keyAnswer = exchange.answer(settings.crypto, share);
  if (keyAnswer === undefined) return fault('illegal-parameter');
  transcript.append13(message.bytes);
  flight.begin();
  const extensions = new Map<number, Uint8Array>([
    [EXTENSION.supportedVersions, selectedVersionExtension(DTLS_1_3)],
    [EXTENSION.keyShare, keyShareExtension({ group: exchange.id, keyExchange: keyAnswer.share })],
  ]);
  if (resumed !== undefined) {
    extensions.set(EXTENSION.preSharedKey, selectedIdentityExtension(resumed.index));
  }
  const random = randomBytes(settings.random, RANDOM_BYTES);
  send(context, HANDSHAKE_TYPE.serverHello, writeServerHello(helloWith(random, suite.id, extensions)));
  const { secret } = keyAnswer;
  const keys = enterHandshake(context, suite, exchange, hello.random, secret, resumed?.session);
  flight.epoch = HANDSHAKE_EPOCH;
  const encrypted = new Map<number, Uint8Array>();
  if (srtpProfile !== undefined) encrypted.set(EXTENSION.useSrtp, useSrtpExtension([srtpProfile]));
  send(context, HANDSHAKE_TYPE.encryptedExtensions, writeEncryptedExtensions(encrypted));
  if (resumed === undefined && credential !== undefined) {
    send(
      context,
      HANDSHAKE_TYPE.certificateRequest,
      writeCertificateRequest13([...SIGNATURE_SCHEMES.keys()]),
    );
    sendAuthentication(context, keys, credential);
  } else sendFinished(context, keys);
  const main = enterMain(context, keys);
  startSending(context, main);
  const agreed: Agreed = {
    keys,
    main,
    srtpProfile,
    ownCertificate: resumed?.session.ownCertificate ?? credential!.certificate.certificate,
    takesTickets: offersPskDhe(hello.extensions.get(EXTENSION.pskKeyExchangeModes)),
  };
  return resumed === undefined
    ? new ExpectClientCertificate(context, agreed)
    : new ExpectClientFinished(context, agreed, resumed.session.remoteCertificate);
}

interface Agreed {
  readonly keys: Keys13;
  readonly main: MainKeys;
  readonly srtpProfile: number | undefined;
  readonly ownCertificate: Uint8Array;
  /** Whether a ticket would be of use to the client. */
  readonly takesTickets: boolean;
}

class ExpectClientCertificate implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;

  constructor(context: HandshakeContext, agreed: Agreed) {
    this.#context = context;
    this.#agreed = agreed;
  }

  handle(message: HandshakeMessage): Step {
    const peer = readPeer13(this.#context, message);
    return peer.kind === 'fault'
      ? peer
      : new ExpectClientCertificateVerify(this.#context, this.#agreed, peer);
  }
}

class ExpectClientCertificateVerify implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;
  readonly #peer: Peer;

  constructor(context: HandshakeContext, agreed: Agreed, peer: Peer) {
    this.#context = context;
    this.#agreed = agreed;
    this.#peer = peer;
  }

  handle(message: HandshakeMessage): Step {
    const wrong = checkCertificateVerify(this.#context, this.#agreed.keys, this.#peer, message);
    return wrong ?? new ExpectClientFinished(this.#context, this.#agreed, this.#peer.certificate);
  }
}

class ExpectClientFinished implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #agreed: Agreed;
  readonly #remoteCertificate: Uint8Array;

  constructor(context: HandshakeContext, agreed: Agreed, remoteCertificate: Uint8Array) {
    this.#context = context;
    this.#agreed = agreed;
    this.#remoteCertificate = remoteCertificate;
  }

  handle(message: HandshakeMessage, now: Millis): Step {
    const { keys, main, srtpProfile, ownCertificate, takesTickets } = this.#agreed;
    const wrong = checkFinished13(this.#context, keys, message);
    if (wrong !== undefined) return wrong;
    startReceiving(this.#context, main);
    this.#context.flight.begin();
    const certificates = { remote: this.#remoteCertificate, own: ownCertificate };
    const established = establish(this.#context, keys, main, certificates, srtpProfile);
    if (takesTickets) established.next.issueTicket(now);
    return established;
  }
}
