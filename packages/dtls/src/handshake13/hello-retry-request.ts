// HelloRetryRequest: a ServerHello with a random of its own, that asks for a hello with another key share or with a
// cookie. RFC 8446 §4.1.4, RFC 9147 §5.1.
import { equalBytes } from '@millrace/sans-io';
import { CIPHER_SUITES_13, type CipherSuite13 } from '../cipher-suites-13.ts';
import { type Fault, fault } from '../fault.ts';
import { type ClientOffer, keySharesOf } from '../handshake/client-offer.ts';
import { EXTENSION, type Extensions } from '../handshake/extensions.ts';
import type { HandshakeMessage } from '../handshake/header.ts';
import { NULL_COMPRESSION } from '../handshake/messages/client-hello.ts';
import { type ServerHello, writeServerHello } from '../handshake/messages/server-hello.ts';
import type { HandshakeContext } from '../handshake/step.ts';
import { selectedVersionExtension } from '../handshake/supported-versions.ts';
import { KEY_EXCHANGES } from '../key-exchange.ts';
import { DTLS_1_2, DTLS_1_3 } from '../record/header.ts';
import type { ResumableSession } from '../session-cache.ts';
import { cookieExtension, parseCookie, parseSelectedGroup, selectedGroupExtension } from './key-share.ts';
import { hashOf } from './resumption.ts';

/** RFC 8446 §4.1.3: SHA-256 of "HelloRetryRequest". */
const RANDOM = Uint8Array.of(
  ...[0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91],
  ...[0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c],
);
const NOTHING = new Uint8Array(0);

/** What the client knows after one. */
export interface Retry {
  readonly kind: 'retry';
  readonly suite: number;
  readonly offer: ClientOffer;
}

export function isHelloRetryRequest(hello: ServerHello): boolean {
  return equalBytes(hello.random, RANDOM);
}

/** The client's second offer. The transcript holds our first hello, and then its hash and this message. */
export function answerHelloRetryRequest(
  context: HandshakeContext,
  offer: ClientOffer,
  hello: ServerHello,
  message: HandshakeMessage,
): Retry | Fault {
  const { settings, transcript } = context;
  const suite = CIPHER_SUITES_13.get(hello.cipherSuite);
  if (suite === undefined || !offer.hello.cipherSuites.includes(suite.id)) return fault('illegal-parameter');
  const extensions = new Map(offer.hello.extensions);
  let { keyOffers } = offer;
  let isChanged = false;
  for (const [type, data] of hello.extensions) {
    if (type === EXTENSION.keyShare) {
      const group = parseSelectedGroup(data);
      if (group === undefined) return fault('decode-error');
      // RFC 8446 §4.2.8: a group that we offered, and of which the server has no share yet.
      if (!settings.groups13.includes(group) || keyOffers.has(group)) return fault('illegal-parameter');
      keyOffers = new Map([[group, KEY_EXCHANGES.get(group)!.offer(settings.crypto)]]);
      extensions.set(EXTENSION.keyShare, keySharesOf(keyOffers));
    } else if (type === EXTENSION.cookie) {
      if (parseCookie(data) === undefined) return fault('decode-error');
      extensions.set(EXTENSION.cookie, data);
    } else if (type !== EXTENSION.supportedVersions) {
      // RFC 8446 §4.2: nothing but what is asked for here.
      return fault('unsupported-extension');
    } else continue;
    isChanged = true;
  }
  // RFC 8446 §4.1.4: one that would change nothing MUST end the handshake.
  if (!isChanged) return fault('illegal-parameter');
  context.counts.helloRetries++;
  transcript.startWithHash(transcript.digest(settings.crypto, suite.hash));
  transcript.append13(message.bytes);
  return {
    kind: 'retry',
    suite: suite.id,
    // RFC 8446 §4.1.4: a session of another hash is offered no more.
    offer: { hello: { ...offer.hello, extensions }, keyOffers, session: fittingSession(offer, suite) },
  };
}

function fittingSession({ session }: ClientOffer, suite: CipherSuite13): ResumableSession | undefined {
  return session && hashOf(session) === suite.hash ? session : undefined;
}

/** The server's, from nothing but what the cookie keeps. */
export function writeHelloRetryRequest(
  suite: number,
  group: number | undefined,
  cookie: Uint8Array | undefined,
): Uint8Array {
  const extensions = new Map<number, Uint8Array>([
    [EXTENSION.supportedVersions, selectedVersionExtension(DTLS_1_3)],
  ]);
  if (group !== undefined) extensions.set(EXTENSION.keyShare, selectedGroupExtension(group));
  if (cookie !== undefined) extensions.set(EXTENSION.cookie, cookieExtension(cookie));
  return writeServerHello(helloWith(RANDOM, suite, extensions));
}

/** A ServerHello of DTLS 1.3. */
export function helloWith(random: Uint8Array, cipherSuite: number, extensions: Extensions): ServerHello {
  return {
    version: DTLS_1_2, // RFC 9147 §5.3: the real one is in `supported_versions`
    random,
    sessionId: NOTHING, // RFC 9147 §5.3: the one of the client MUST NOT be echoed
    cipherSuite,
    compressionMethod: NULL_COMPRESSION,
    extensions,
  };
}
