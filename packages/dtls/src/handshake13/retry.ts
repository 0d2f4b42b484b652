// The server asks for another hello: for a share of a group that both sides know, or for its cookie back, from which it
// then learns what it has not kept. RFC 8446 §4.1.4 and §4.4.1, RFC 9147 §5.1.

import { CIPHER_SUITES_13 } from '../cipher-suites-13.ts';
import { type Fault, fault } from '../fault.ts';
import { EXTENSION } from '../handshake/extensions.ts';
import {
  HANDSHAKE_HEADER_BYTES,
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  writeHandshakeHeader,
} from '../handshake/header.ts';
import type { ClientHello } from '../handshake/messages/client-hello.ts';
import type { HandshakeContext } from '../handshake/step.ts';
import type { Choice13 } from './client-hello.ts';
import { cookieOf, readCookie } from './cookie.ts';
import { writeHelloRetryRequest } from './hello-retry-request.ts';
import { parseCookie } from './key-share.ts';

/** What the second hello must keep to. The transcript holds the hash of the first one and the request. */
export interface Retried {
  readonly kind: 'retried';
  readonly suite: number;
  /** The group asked for, if one was. */
  readonly group: number | undefined;
}

/** Queues the request. */
export function askAgain(context: HandshakeContext, message: HandshakeMessage, choice: Choice13): Retried {
  const { settings, transcript, flight } = context;
  context.counts.helloRetries++;
  const { crypto, helloVerify } = settings;
  const suite = choice.suite.id;
  const group = choice.share === undefined ? choice.exchange.id : undefined;
  transcript.clear();
  transcript.append13(message.bytes);
  const helloHash = transcript.digest(crypto, choice.suite.hash);
  const cookie = helloVerify && cookieOf(crypto, helloVerify, { suite, group, helloHash });
  const body = writeHelloRetryRequest(suite, group, cookie);
  flight.begin(false); // RFC 9147 §5.1: who keeps nothing has no timer either; the client repeats its hello
  transcript.startWithHash(helloHash);
  transcript.append13(flight.add(HANDSHAKE_TYPE.serverHello, body));
  return { kind: 'retried', suite, group };
}

/** What the cookie says, if it is there; the transcript is then what `askAgain` had left. */
export function checkCookie(context: HandshakeContext, hello: ClientHello): Retried | Fault | undefined {
  const { settings, transcript } = context;
  const data = hello.extensions.get(EXTENSION.cookie);
  if (data === undefined) return undefined;
  const cookie = parseCookie(data);
  if (cookie === undefined) return fault('decode-error');
  // RFC 9147 §5.1: a cookie that is not ours MUST end the handshake.
  const content = readCookie(settings.crypto, settings.helloVerify!, cookie);
  if (content === undefined || !CIPHER_SUITES_13.has(content.suite)) return fault('illegal-parameter');
  const { suite, group, helloHash } = content;
  transcript.startWithHash(helloHash);
  const body = writeHelloRetryRequest(suite, group, cookie);
  const request = new Uint8Array(HANDSHAKE_HEADER_BYTES + body.length);
  writeHandshakeHeader(request, 0, HANDSHAKE_TYPE.serverHello, body.length, 0, 0, body.length);
  request.set(body, HANDSHAKE_HEADER_BYTES);
  transcript.append13(request);
  return { kind: 'retried', suite, group };
}
