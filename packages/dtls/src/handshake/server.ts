// The server's handshake up to the ClientHello: which version it is to be, and whether the address is proven. RFC 6347 §4.2.1,
// RFC 9147 §5.1 and §5.3, RFC 8446 §4.2.1.
import { equalConstantTime, type Millis } from '@millrace/sans-io';
import { type Fault, fault } from '../fault.ts';
import type { Retried } from '../handshake13/retry.ts';
import { answerClientHello13 } from '../handshake13/server.ts';
import { DTLS_1_0, DTLS_1_2, DTLS_1_3 } from '../record/header.ts';
import { cookieFor } from './cookie.ts';
import { EXTENSION } from './extensions.ts';
import { bodyOf, HANDSHAKE_TYPE, type HandshakeMessage } from './header.ts';
import { type ClientHello, NULL_COMPRESSION, parseClientHello } from './messages/client-hello.ts';
import { writeHelloVerifyRequest } from './messages/hello-verify-request.ts';
import { answerClientHello12 } from './server-1.2.ts';
import type { Expecting, HandshakeContext, Step } from './step.ts';
import { parseSupportedVersions } from './supported-versions.ts';

/** A client that keeps sending wrong cookies is refused. */
const MAX_HELLO_VERIFY_REQUESTS = 3;

export function startServer(context: HandshakeContext): Expecting {
  return new ExpectClientHello(context, 0, undefined);
}

class ExpectClientHello implements Expecting {
  readonly kind = 'expecting';
  readonly #context: HandshakeContext;
  readonly #requests: number;
  readonly #retried: Retried | undefined;

  constructor(context: HandshakeContext, requests: number, retried: Retried | undefined) {
    this.#context = context;
    this.#requests = requests;
    this.#retried = retried;
  }

  handle(message: HandshakeMessage, now: Millis): Step {
    switch (message.type) {
      case HANDSHAKE_TYPE.clientHello:
        break;
      case HANDSHAKE_TYPE.serverHello:
      case HANDSHAKE_TYPE.helloVerifyRequest:
        return fault('role-conflict');
      default:
        return fault('unexpected-message');
    }
    const hello = parseClientHello(bodyOf(message));
    if (hello === undefined) return fault('decode-error');
    // RFC 6347 §4.1: versions count down, so a client that knows later ones says at most 1.2 here.
    if (hello.version >> 8 !== 0xfe || hello.version > DTLS_1_2) return fault('protocol-version');
    if (!hello.compressionMethods.includes(NULL_COMPRESSION)) return fault('illegal-parameter');
    const version = this.#chooseVersion(hello);
    if (typeof version !== 'number') return version;
    // A second hello may meet a server that has kept nothing of the first; the numbers go on all the same.
    if (message.sequence > this.#context.flight.messageSequence) {
      this.#context.flight.skipTo(message.sequence);
    }
    if (version === DTLS_1_3) {
      const next = (retried: Retried): Expecting => new ExpectClientHello(this.#context, 0, retried);
      return answerClientHello13(this.#context, message, hello, this.#retried, next, now);
    }
    return this.#answer12(message, hello);
  }

  #chooseVersion(hello: ClientHello): number | Fault {
    const { speaks12, speaks13 } = this.#context.settings;
    const data = hello.extensions.get(EXTENSION.supportedVersions);
    const offered = data === undefined ? [DTLS_1_2] : parseSupportedVersions(data);
    if (offered === undefined) return fault('decode-error');
    if (speaks13 && offered.includes(DTLS_1_3)) return DTLS_1_3;
    // RFC 8446 §4.2.1: where there is a list, nothing but what is in it; §4.1.4: what was 1.3 stays so.
    if (speaks12 && offered.includes(DTLS_1_2) && this.#retried === undefined) return DTLS_1_2;
    return fault('protocol-version');
  }

  #answer12(message: HandshakeMessage, hello: ClientHello): Step {
    const { helloVerify, crypto } = this.#context.settings;
    if (helloVerify !== undefined) {
      const cookie = cookieFor(crypto, helloVerify, hello);
      if (
        hello.cookie.length !== cookie.length ||
        !equalConstantTime(hello.cookie, 0, cookie, 0, cookie.length)
      )
        return this.#askForCookie(cookie);
    }
    return answerClientHello12(this.#context, message, hello);
  }

  #askForCookie(cookie: Uint8Array): Step {
    if (this.#requests === MAX_HELLO_VERIFY_REQUESTS) return fault('illegal-parameter');
    const { flight, counts } = this.#context;
    counts.helloRetries++;
    flight.begin(false); // RFC 6347 §4.2.4: the request for a cookie has no timer
    // RFC 6347 §4.2.1: version 1.0 here, whatever is negotiated later.
    const body = writeHelloVerifyRequest({ version: DTLS_1_0, cookie });
    flight.add(HANDSHAKE_TYPE.helloVerifyRequest, body, DTLS_1_0);
    return new ExpectClientHello(this.#context, this.#requests + 1, undefined);
  }
}
