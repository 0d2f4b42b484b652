// The server's handshake of DTLS 1.2 from a ClientHello on. RFC 5246 §7.3, RFC 6347 §4.2.4 (flights 4 and 6), RFC 8422 §2. The
// certificate of the client is demanded (RFC 8827 §6.5).
//
// Left out: resumption (the session id is empty, so nothing is kept for later), tickets, OCSP, renegotiation.
import { randomBytes } from '@millrace/sans-io';
import { CIPHER_SUITES, type CipherSuite } from '../cipher-suites.ts';
import { type Credential, chooseCredential12, suiteKeyOf } from '../credential.ts';
import type { KeyAlgorithm, KeyShare } from '../crypto.ts';
import { type Fault, fault } from '../fault.ts';
import { GROUPS, type Group } from '../groups.ts';
import { joined } from '../key-schedule/prf.ts';
import { DTLS_1_2 } from '../record/header.ts';
import type { Session12 } from '../session.ts';
import { SIGNATURE_SCHEMES } from '../signature-schemes.ts';
import {
  EXTENSION,
  firstRenegotiationInfo,
  hasUncompressedFormat,
  isFirstRenegotiationInfo,
  parseNumbers,
  parseUseSrtp,
  pointFormatsExtension,
  useSrtpExtension,
} from './extensions.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from './header.ts';
import { writeCertificate } from './messages/certificate.ts';
import { CERTIFICATE_TYPE, writeCertificateRequest } from './messages/certificate-request.ts';
import { parseCertificateVerify } from './messages/certificate-verify.ts';
import { type ClientHello, NULL_COMPRESSION, RANDOM_BYTES } from './messages/client-hello.ts';
import { parseClientKeyExchange } from './messages/client-key-exchange.ts';
import { writeServerHello } from './messages/server-hello.ts';
import { writeEcdhParameters, writeServerKeyExchange } from './messages/server-key-exchange.ts';
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
import { markDowngrade } from './supported-versions.ts';

const NOTHING = new Uint8Array(0);
/** RFC 5746 §3.3: a client may say by this suite what it could say by `renegotiation_info`. */
const EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff;
/** RFC 8422 §4: without the extension any group may be taken; this one every client has. */
const GROUPS_UNSAID: readonly number[] = [23];

/** A ClientHello that is to be answered with 1.2. */
export function answerClientHello12(
  context: HandshakeContext,
  message: HandshakeMessage,
  hello: ClientHello,
): Step {
  const choice = choose(context, hello);
  return choice.kind === 'fault' ? choice : answer(context, message, hello, choice);
}

/** What a ClientHello settles. */
interface Choice {
  readonly kind: 'choice';
  readonly suite: CipherSuite;
  readonly group: Group;
  readonly credential: Credential;
  readonly extendedMasterSecret: boolean;
  readonly srtpProfile: number | undefined;
}

function answer(
  context: HandshakeContext,
  message: HandshakeMessage,
  hello: ClientHello,
  choice: Choice,
): Step {
  const { settings, flight, transcript } = context;
  const { crypto } = settings;
  const { certificate, scheme } = choice.credential;
  const randoms = { client: hello.random, server: randomBytes(settings.random, RANDOM_BYTES) };
  if (settings.speaks13) markDowngrade(randoms.server);
  const keyShare = crypto.createKeyShare(choice.group.name);
  const parameters = { group: choice.group.id, publicKey: keyShare.publicKey };
  const signed = joined(randoms.client, randoms.server, writeEcdhParameters(parameters));
  const signature = crypto.sign(certificate.privateKey, scheme.name, signed);

  transcript.append(message.bytes);
  flight.begin();
  const send = (type: number, body: Uint8Array): void => transcript.append(flight.add(type, body));
  const serverHello = writeServerHello({
    version: DTLS_1_2,
    random: randoms.server,
    sessionId: NOTHING, // RFC 5246 §7.4.1.3: the session is not to be resumed
    cipherSuite: choice.suite.id,
    compressionMethod: NULL_COMPRESSION,
    extensions: answeredExtensions(hello, choice),
  });
  send(HANDSHAKE_TYPE.serverHello, serverHello);
  send(HANDSHAKE_TYPE.certificate, writeCertificate([certificate.certificate]));
  send(
    HANDSHAKE_TYPE.serverKeyExchange,
    writeServerKeyExchange({ ...parameters, scheme: scheme.id, signature }),
  );
  const types = [CERTIFICATE_TYPE.ecdsa, CERTIFICATE_TYPE.rsa];
  const schemes = [...SIGNATURE_SCHEMES.keys()];
  send(HANDSHAKE_TYPE.certificateRequest, writeCertificateRequest({ types, schemes }));
  send(HANDSHAKE_TYPE.serverHelloDone, NOTHING);
  const { suite, extendedMasterSecret, srtpProfile } = choice;
  const negotiated = { randoms, suite, extendedMasterSecret, srtpProfile };
  return new ExpectClientCertificate(context, {
    negotiated,
    group: choice.group,
    keyShare,
    ownCertificate: choice.credential.certificate.certificate,
  });
}

/** Goes by our order of preference in everything. */
function choose(context: HandshakeContext, hello: ClientHello): Choice | Fault {
  const { settings } = context;
  const { extensions } = hello;

  const renegotiation = extensions.get(EXTENSION.renegotiationInfo);
  // RFC 5746 §3.6: in a first handshake the field must be empty.
  if (renegotiation !== undefined && !isFirstRenegotiationInfo(renegotiation))
    return fault('illegal-parameter');
  const formats = extensions.get(EXTENSION.ecPointFormats);
  if (formats !== undefined && !hasUncompressedFormat(formats)) return fault('illegal-parameter');
  const extended = extensions.get(EXTENSION.extendedMasterSecret);
  if (extended !== undefined && extended.length > 0) return fault('decode-error');
  // RFC 7627 §5.2: a server may refuse clients without the extension.
  if (extended === undefined && settings.requireExtendedMasterSecret)
    return fault('extended-master-secret-missing');

  const suiteFor = (keyAlgorithm: KeyAlgorithm): CipherSuite | undefined =>
    settings.cipherSuites
      .filter((id) => hello.cipherSuites.includes(id))
      .map((id) => CIPHER_SUITES.get(id))
      .find((suite) => suite?.keyAlgorithm === suiteKeyOf(keyAlgorithm));
  if (!settings.certificates.some(({ keyAlgorithm }) => suiteFor(keyAlgorithm)))
    return fault('no-common-cipher-suite');

  const groupsData = extensions.get(EXTENSION.supportedGroups);
  const groups = groupsData === undefined ? GROUPS_UNSAID : parseNumbers(groupsData);
  if (groups === undefined) return fault('decode-error');
  const groupId = settings.groups.find((id) => groups.includes(id));
  const group = groupId === undefined ? undefined : GROUPS.get(groupId);
  if (group === undefined) return fault('no-common-group');

  // RFC 5246 §7.4.1.4.1: without the extension a client means SHA-1, which is not spoken here.
  const schemesData = extensions.get(EXTENSION.signatureAlgorithms);
  const schemes = schemesData === undefined ? [] : parseNumbers(schemesData);
  if (schemes === undefined) return fault('decode-error');
  const credential = chooseCredential12(
    settings.certificates,
    schemes,
    (keyAlgorithm) => suiteFor(keyAlgorithm) !== undefined,
  );
  if (credential === undefined) return fault('no-common-signature-scheme');

  const srtpData = extensions.get(EXTENSION.useSrtp);
  const srtp = srtpData === undefined ? undefined : parseUseSrtp(srtpData);
  if (srtpData !== undefined && srtp === undefined) return fault('decode-error');
  const srtpProfile = settings.srtpProfiles.find((profile) => srtp?.profiles.includes(profile));
  return {
    kind: 'choice',
    suite: suiteFor(credential.certificate.keyAlgorithm)!,
    group,
    credential,
    extendedMasterSecret: extended !== undefined,
    srtpProfile,
  };
}

/** RFC 5246 §7.4.1.4: only what the client has asked for. */
function answeredExtensions(hello: ClientHello, choice: Choice): Map<number, Uint8Array> {
  const answers = new Map<number, Uint8Array>();
  if (choice.extendedMasterSecret) answers.set(EXTENSION.extendedMasterSecret, NOTHING);
  if (
    hello.extensions.has(EXTENSION.renegotiationInfo) ||
    hello.cipherSuites.includes(EMPTY_RENEGOTIATION_INFO_SCSV)
  ) {
    answers.set(EXTENSION.renegotiationInfo, firstRenegotiationInfo());
  }
  if (hello.extensions.has(EXTENSION.ecPointFormats)) {
    answers.set(EXTENSION.ecPointFormats, pointFormatsExtension());
  }
  if (choice.srtpProfile !== undefined) {
    answers.set(EXTENSION.useSrtp, useSrtpExtension([choice.srtpProfile]));
  }
  return answers;
}

/** Our half of the key exchange. */
interface Exchange {
  readonly negotiated: Negotiated;
  readonly group: Group;
  readonly keyShare: KeyShare;
  readonly ownCertificate: Uint8Array;
}

class ExpectClientCertificate implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #exchange: Exchange;

  constructor(context: HandshakeContext, exchange: Exchange) {
    this.#context = context;
    this.#exchange = exchange;
  }

  handle(message: HandshakeMessage): Step {
    // RFC 5246 §7.4.6: a client that was asked MUST answer, with an empty list if it has nothing.
    if (message.type !== HANDSHAKE_TYPE.certificate) return fault('unexpected-message');
    const peer = readPeer(this.#context, message);
    if (peer.kind === 'fault') return peer;
    this.#context.transcript.append(message.bytes);
    return new ExpectClientKeyExchange(this.#context, this.#exchange, peer);
  }
}

class ExpectClientKeyExchange implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #exchange: Exchange;
  readonly #peer: Peer;

  constructor(context: HandshakeContext, exchange: Exchange, peer: Peer) {
    this.#context = context;
    this.#exchange = exchange;
    this.#peer = peer;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.clientKeyExchange) return fault('unexpected-message');
    const publicKey = parseClientKeyExchange(bodyOf(message));
    if (publicKey === undefined) return fault('decode-error');
    const { negotiated, group, keyShare, ownCertificate } = this.#exchange;
    const sharedSecret = keyShare.agree(publicKey);
    if (sharedSecret === undefined) return fault('illegal-parameter');
    this.#context.transcript.append(message.bytes);
    const session = agreeKeys(this.#context, negotiated, group, sharedSecret, this.#peer, ownCertificate);
    return new ExpectCertificateVerify(this.#context, session, this.#peer);
  }
}

class ExpectCertificateVerify implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #session: Session12;
  readonly #peer: Peer;

  constructor(context: HandshakeContext, session: Session12, peer: Peer) {
    this.#context = context;
    this.#session = session;
    this.#peer = peer;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.certificateVerify) return fault('unexpected-message');
    const verify = parseCertificateVerify(bodyOf(message));
    if (verify === undefined) return fault('decode-error');
    const { transcript } = this.#context;
    // RFC 5246 §7.4.8: the signature covers everything before this message.
    const wrong = verifySignature(
      this.#context,
      this.#peer,
      verify.scheme,
      transcript.bytes,
      verify.signature,
    );
    if (wrong !== undefined) return wrong;
    transcript.append(message.bytes);
    return new ExpectClientFinished(this.#context, this.#session);
  }
}

class ExpectClientFinished implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #session: Session12;

  constructor(context: HandshakeContext, session: Session12) {
    this.#context = context;
    this.#session = session;
  }

  handle(message: HandshakeMessage): Step {
    if (message.type !== HANDSHAKE_TYPE.finished) return fault('unexpected-message');
    const { flight, transcript } = this.#context;
    const wrong = checkFinished(this.#context, this.#session, 'client', message);
    if (wrong !== undefined) return wrong;
    transcript.append(message.bytes);
    flight.begin(false); // RFC 6347 §4.2.4: the last flight has no timer either
    flight.addChangeCipherSpec();
    flight.add(HANDSHAKE_TYPE.finished, finishedOf(this.#context, this.#session, 'server'));
    return { kind: 'established', session: this.#session, next: undefined };
  }
}
