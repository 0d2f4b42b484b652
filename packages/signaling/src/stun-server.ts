// A STUN server for binding requests, and nothing else (RFC 8489 §2): it tells peers of a LAN or a home how the outside
// sees them. Rate-limited for each address and in all, so that it is of no use as a reflector.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import {
  ERROR_CODE,
  FINGERPRINT,
  METHOD_BINDING,
  MessageWriter,
  parseMessage,
  UNKNOWN_ATTRIBUTES,
  verifyFingerprint,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import type { Clock } from './clock.ts';
import { RateLimit } from './http/rate-limit.ts';

export interface StunServerOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}

/** Of one address, and of all. A peer that gathers asks once, and a few times more if there is no answer. */
const REQUESTS_PER_SECOND = 20;
const ALL_REQUESTS_PER_SECOND = 2_000;
/** More than any honest request has. */
const MAX_REQUEST_BYTES = 548; // RFC 8489 §6.1
const MAX_RESPONSE_BYTES = 128;
const BAD_REQUEST = 400;
const UNKNOWN_ATTRIBUTE = 420;

export interface StunServer {
  readonly port: number;
  readonly answered: number;
  readonly dropped: number;
  close(): void;
}

/** Rejects with the error of the socket if it cannot listen. */
export async function startStunServer(options: StunServerOptions): Promise<StunServer> {
  const socket = createSocket(isIPv6(options.host) ? 'udp6' : 'udp4');
  const server = new BindingServer(socket, options.clock);
  socket.bind(options.port, options.host);
  await once(socket, 'listening');
  socket.on('error', () => {}); // what can't be sent is lost, as any datagram may be
  return server;
}

class BindingServer implements StunServer {
  answered = 0;
  dropped = 0;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #writer = new MessageWriter();
  readonly #each = new RateLimit({
    requestsPerSecond: REQUESTS_PER_SECOND,
    requestBurst: REQUESTS_PER_SECOND,
  });
  readonly #all = new RateLimit({
    requestsPerSecond: ALL_REQUESTS_PER_SECOND,
    requestBurst: ALL_REQUESTS_PER_SECOND,
  });

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('message', (bytes, remote) => this.#onDatagram(bytes, remote));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  #onDatagram(bytes: Buffer, remote: RemoteInfo): void {
    const response = this.#answer(bytes, remote);
    if (!response) {
      this.dropped++;
      return;
    }
    this.answered++;
    this.#socket.send(response, remote.port, remote.address);
  }

  #answer(bytes: Buffer, { address, port }: RemoteInfo): Uint8Array | undefined {
    // Nobody can be answered at port 0, which node:dgram refuses to send to; forged datagrams come from it all the same.
    if (bytes.length > MAX_REQUEST_BYTES || port === 0) return undefined;
    const message = parseMessage(bytes, 0, bytes.length);
    if (message?.messageClass !== 'request') return undefined;
    if (message.has(FINGERPRINT) && !verifyFingerprint(message)) return undefined;
    const now = this.#clock.now();
    if (!this.#each.allows(address, now) || !this.#all.allows('', now)) return undefined;
    const out = new Uint8Array(MAX_RESPONSE_BYTES);
    const { transactionId, method, unknownRequired } = message;
    const begin = (messageClass: 'success' | 'error'): MessageWriter =>
      this.#writer.begin(out, 0, out.length, messageClass, METHOD_BINDING, transactionId);
    if (method !== METHOD_BINDING)
      begin('error').add(ERROR_CODE, { code: BAD_REQUEST, reason: 'Bad Request' });
    else if (unknownRequired.length > 0) {
      // RFC 8489 §6.3.1
      const named = unknownRequired.slice(0, 8);
      begin('error').add(ERROR_CODE, { code: UNKNOWN_ATTRIBUTE, reason: 'Unknown Attribute' });
      this.#writer.add(UNKNOWN_ATTRIBUTES, named);
    } else begin('success').add(XOR_MAPPED_ADDRESS, { address, port });
    if (message.has(FINGERPRINT)) this.#writer.addFingerprint();
    return out.subarray(0, this.#writer.finish());
  }
}
