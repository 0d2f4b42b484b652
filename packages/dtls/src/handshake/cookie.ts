// The cookie of a HelloVerifyRequest: a MAC over the address and the hello, so that the server keeps nothing.
// RFC 6347 §4.2.1.
import type { DtlsCrypto } from '../crypto.ts';
import type { HelloVerifyOptions } from '../options.ts';
import { Writer } from '../presentation/writer.ts';
import type { ClientHello } from './messages/client-hello.ts';

export function cookieFor(crypto: DtlsCrypto, options: HelloVerifyOptions, hello: ClientHello): Uint8Array {
  // RFC 6347 §4.2.1: the cookie SHOULD cover those parameters of the hello that both of its copies share.
  const covered = new Writer()
    .vector16(options.clientAddress)
    .u16(hello.version)
    .bytes(hello.random)
    .vector8(hello.sessionId)
    .numbers16(hello.cipherSuites)
    .numbers8(hello.compressionMethods)
    .finish();
  return crypto.hmac('sha-256', options.secret, covered);
}
