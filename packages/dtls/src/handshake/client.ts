// The client's handshake up to the ServerHello: one hello for every version, and what the server makes of it. RFC 6347
// §4.2.1 and §4.2.4 (flights 1 to 3), RFC 9147 §5.3, RFC 8446 §4.1.
//
//   ClientHello ->        <- HelloVerifyRequest (1.2) or HelloRetryRequest (1.3): once more, changed as it says
//                         <- ServerHello: on with DTLS 1.2 or 1.3
import type { Millis } from '@millrace/sans-io';
import { fault } from '../fault.ts';
import { acceptServerHello13 } from '../handshake13/client.ts';
import {
  answerHelloRetryRequest,
  isHelloRetryRequest,
  type Retry,
} from '../handshake13/hello-retry-request.ts';
import { DTLS_1_0, DTLS_1_2, DTLS_1_3 } from '../record/header.ts';
import { acceptServerHello12 } from './client-1.2.ts';
import { bodyOfOffer, type ClientOffer, firstOffer } from './client-offer.ts';
import { EXTENSION } from './extensions.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from './header.ts';
import { NULL_COMPRESSION } from './messages/client-hello.ts';
import { parseHelloVerifyRequest } from './messages/hello-verify-request.ts';
import { parseServerHello, type ServerHello } from './messages/server-hello.ts';
import type { Expecting, HandshakeContext, Step } from './step.ts';
import { isDowngradeMarked, parseSelectedVersion } from './supported-versions.ts';

/** A server that keeps asking for a cookie is refused at the next request. */
const MAX_HELLO_VERIFY_REQUESTS = 3;

/** Queues the first flight. */
export function startClient(context: HandshakeContext, now: Millis): Expecting {
  return new ExpectServerHello(context, firstOffer(context, now), 0, undefined, now);
}

class ExpectServerHello implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #offer: ClientOffer;
  readonly #requests: number;
  /** What a HelloRetryRequest has settled; that and our first hello are in the transcript then. */
  readonly #retry: Retry | undefined;
  readonly #message: Uint8Array;
  readonly isRetried13: boolean;

  constructor(
    context: HandshakeContext,
    offer: ClientOffer,
    requests: number,
    retry: Retry | undefined,
    now: Millis,
  ) {
    this.#context = context;
    this.#offer = offer;
    this.#requests = requests;
    this.#retry = retry;
    this.isRetried13 = retry !== undefined;
    context.flight.begin();
    // RFC 5246 §E.1: the first record carries the lowest version there is, for servers that look at it; RFC 9147 §4:
    // which goes for the first hello only.
    const version = retry === undefined ? DTLS_1_0 : DTLS_1_2;
    if (retry === undefined) context.transcript.clear();
    const body = bodyOfOffer(context, offer, now);
    this.#message = context.flight.add(HANDSHAKE_TYPE.clientHello, body, version);
  }

  handle(message: HandshakeMessage, now: Millis): Step {
    switch (message.type) {
      case HANDSHAKE_TYPE.serverHello:
        return this.#onServerHello(message, now);
      case HANDSHAKE_TYPE.helloVerifyRequest:
        return this.#onHelloVerifyRequest(message, now);
      case HANDSHAKE_TYPE.helloRequest:
        return this; // RFC 5246 §7.4.1.1: ignored by a client that is negotiating
      case HANDSHAKE_TYPE.clientHello:
        return fault('role-conflict');
      default:
        return fault('unexpected-message');
    }
  }

  #onHelloVerifyRequest(message: HandshakeMessage, now: Millis): Step {
    const request = parseHelloVerifyRequest(bodyOf(message));
    if (request === undefined) return fault('decode-error');
    if (this.#requests === MAX_HELLO_VERIFY_REQUESTS) return fault('unexpected-message');
    // RFC 9147 §5.1: only a server of 1.2 sends one.
    if (this.#retry !== undefined || !this.#context.settings.speaks12) return fault('unexpected-message');
    this.#context.counts.helloRetries++;
    // RFC 6347 §4.2.1: the second hello MUST be the first one but for the cookie; the version here means nothing.
    const hello = { ...this.#offer.hello, cookie: request.cookie };
    const offer = { ...this.#offer, hello };
    return new ExpectServerHello(this.#context, offer, this.#requests + 1, undefined, now);
  }

  #onServerHello(message: HandshakeMessage, now: Millis): Step {
    const hello = parseServerHello(bodyOf(message));
    if (hello === undefined) return fault('decode-error');
    if (hello.version !== DTLS_1_2) return fault('protocol-version');
    if (hello.compressionMethod !== NULL_COMPRESSION) return fault('illegal-parameter');
    const selected = this.#context.settings.speaks13
      ? hello.extensions.get(EXTENSION.supportedVersions)
      : undefined;
    if (selected === undefined) return this.#onServerHello12(message, hello);
    // RFC 8446 §4.2.1: a version here that was not offered, or is older than 1.3, MUST end the handshake.
    if (parseSelectedVersion(selected) !== DTLS_1_3) return fault('illegal-parameter');
    // RFC 9147 §5.3: the session id is not echoed; ours is empty anyway.
    if (hello.sessionId.length > 0) return fault('illegal-parameter');
    const { transcript } = this.#context;
    if (this.#retry === undefined) transcript.clear();
    transcript.append13(this.#message);
    if (isHelloRetryRequest(hello)) {
      // RFC 8446 §4.1.4: a second one MUST end the handshake.
      if (this.#retry !== undefined) return fault('unexpected-message');
      const retry = answerHelloRetryRequest(this.#context, this.#offer, hello, message);
      return retry.kind === 'fault'
        ? retry
        : new ExpectServerHello(this.#context, retry.offer, this.#requests, retry, now);
    }
    transcript.append13(message.bytes);
    return acceptServerHello13(this.#context, this.#offer, hello, this.#retry);
  }

  #onServerHello12(message: HandshakeMessage, hello: ServerHello): Step {
    const { settings, transcript } = this.#context;
    // RFC 8446 §4.1.4: the version of a HelloRetryRequest MUST stay.
    if (this.#retry !== undefined) return fault('illegal-parameter');
    if (!settings.speaks12) return fault('protocol-version');
    // RFC 8446 §4.1.3: a server that could have spoken 1.3 says so here, when somebody has changed our hello.
    if (settings.speaks13 && isDowngradeMarked(hello.random)) return fault('downgraded');
    // RFC 6347 §4.2.6: a first hello that was answered with a HelloVerifyRequest is not part of the handshake.
    transcript.clear();
    transcript.append(this.#message);
    const step = acceptServerHello12(this.#context, this.#offer.hello, hello);
    transcript.append(message.bytes);
    return step;
  }
}
