// The other side for tests: a TURN server in memory that does what RFC 8656 wants of one, or what a test wants.
import {
  ERROR_CODE,
  longTermKey,
  MessageWriter,
  NONCE,
  PASSWORD_ALGORITHM,
  PASSWORD_ALGORITHMS,
  parseMessage,
  REALM,
  type StunMessage,
  type TransportAddress,
  USERNAME,
  verifyIntegrity,
  verifyIntegritySha256,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import {
  CHANNEL_NUMBER,
  DATA,
  LIFETIME,
  METHOD_ALLOCATE,
  METHOD_CHANNEL_BIND,
  METHOD_DATA,
  METHOD_REFRESH,
  METHOD_SEND,
  REQUESTED_ADDRESS_FAMILY,
  TURN_ATTRIBUTES,
  XOR_PEER_ADDRESS,
  XOR_RELAYED_ADDRESS,
} from '../src/attributes.ts';

export const USER = 'anna';
export const PASSWORD = 'a secret';
export const REALM_NAME = 'example.org';
export const RELAYED: TransportAddress = { address: '192.0.2.15', port: 50_000 };
export const RELAYED_V6: TransportAddress = { address: '2001:db8::15', port: 50_000 };
export const MAPPED: TransportAddress = { address: '198.51.100.7', port: 32_853 };

export interface Answer {
  readonly error?: number;
  readonly reason?: string;
  /** Changes what a success would hold, before it is signed. */
  readonly write?: (writer: MessageWriter) => void;
  readonly key?: Uint8Array;
  readonly silent?: true;
  readonly unsigned?: true;
}

export class TurnServer {
  nonce = 'nonce-1';
  lifetime = 600;
  /** Password algorithms as in RFC 8489 §9.2, with the bit in the nonce. */
  algorithms: number[] | undefined;
  /** What a test wants in the place of the right answer. */
  answer: (message: StunMessage, method: number) => Answer | undefined = () => undefined;
  readonly channels: Map<number, TransportAddress> = new Map();
  readonly seen: string[] = [];
  /** What came in Send indications, of peers that have a permission. */
  readonly passedOn: Array<[peer: TransportAddress, data: Uint8Array]> = [];
  isAllocated = false;
  readonly #writer = new MessageWriter();

  /** The response to one request; `undefined`: none. */
  handle(bytes: Uint8Array): Uint8Array | undefined {
    const message = parseMessage(bytes, 0, bytes.length, TURN_ATTRIBUTES);
    if (message?.messageClass === 'indication' && message.method === METHOD_SEND) this.#pass(message);
    if (message === undefined || message.messageClass !== 'request') return undefined;
    const { method } = message;
    const names: Readonly<Record<number, string>> = {
      [METHOD_ALLOCATE]: 'allocate',
      [METHOD_REFRESH]: 'refresh',
      [METHOD_CHANNEL_BIND]: 'bind',
    };
    this.seen.push(names[method] ?? String(method));
    const other = this.answer(message, method);
    if (other?.silent) return undefined;
    if (other?.error !== undefined) {
      return this.#error(
        message,
        other.error,
        other.reason ?? '',
        other.unsigned ? undefined : this.#keyFor(message),
      );
    }
    if (message.get(USERNAME) === undefined) return this.#challenge(message, 401);
    if (message.get(NONCE) !== this.nonce) return this.#challenge(message, 438);
    const key = this.#keyFor(message);
    const isRight =
      message.get(PASSWORD_ALGORITHM)?.algorithm === 2
        ? verifyIntegritySha256(message, key, nodeStunCrypto)
        : verifyIntegrity(message, key, nodeStunCrypto);
    if (!isRight) return this.#challenge(message, 401);
    return this.#success(message, method, other, other?.unsigned ? undefined : (other?.key ?? key));
  }

  /** As a server sends what a peer has sent. */
  channelData(channel: number, data: Uint8Array): Uint8Array {
    return Uint8Array.from([channel >> 8, channel & 0xff, data.length >> 8, data.length & 0xff, ...data]);
  }

  indication(peer: TransportAddress | undefined, data: Uint8Array | undefined): Uint8Array {
    const out = new Uint8Array(1_500);
    this.#writer.begin(out, 0, out.length, 'indication', METHOD_DATA, new Uint8Array(12));
    if (peer !== undefined) this.#writer.add(XOR_PEER_ADDRESS, peer);
    if (data !== undefined) this.#writer.add(DATA, data);
    return out.slice(0, this.#writer.finish());
  }

  /** RFC 8656 §11.2: without a permission for the peer's address, nothing. */
  #pass(message: StunMessage): void {
    const peer = message.get(XOR_PEER_ADDRESS);
    const data = message.get(DATA);
    if (peer === undefined || data === undefined) return;
    const isPermitted = [...this.channels.values()].some(({ address }) => address === peer.address);
    if (isPermitted) this.passedOn.push([peer, data]);
  }

  #keyFor(message: StunMessage): Uint8Array {
    const hash = message.get(PASSWORD_ALGORITHM)?.algorithm === 2 ? 'sha256' : 'md5';
    return longTermKey(USER, REALM_NAME, PASSWORD, nodeStunCrypto, hash);
  }

  #success(
    message: StunMessage,
    method: number,
    other: Answer | undefined,
    key: Uint8Array | undefined,
  ): Uint8Array {
    const out = new Uint8Array(1_500);
    const writer = this.#writer.begin(out, 0, out.length, 'success', method, message.transactionId);
    if (other?.write !== undefined) other.write(writer);
    else if (method === METHOD_ALLOCATE) {
      this.isAllocated = true;
      const isV6 = message.has(REQUESTED_ADDRESS_FAMILY);
      writer.add(XOR_RELAYED_ADDRESS, isV6 ? RELAYED_V6 : RELAYED).add(XOR_MAPPED_ADDRESS, MAPPED);
      writer.add(LIFETIME, this.lifetime);
    } else if (method === METHOD_REFRESH) {
      const lifetime = message.get(LIFETIME)!;
      if (lifetime === 0) this.isAllocated = false;
      writer.add(LIFETIME, lifetime === 0 ? 0 : this.lifetime);
    } else if (method === METHOD_CHANNEL_BIND) {
      this.channels.set(message.get(CHANNEL_NUMBER)! >>> 16, message.get(XOR_PEER_ADDRESS)!);
    }
    if (key !== undefined) {
      if (message.get(PASSWORD_ALGORITHM)?.algorithm === 2) writer.addIntegritySha256(key, nodeStunCrypto);
      else writer.addIntegrity(key, nodeStunCrypto);
    }
    return out.slice(0, writer.addFingerprint().finish());
  }

  #challenge(message: StunMessage, code: number): Uint8Array {
    const out = new Uint8Array(1_500);
    this.#writer
      .begin(out, 0, out.length, 'error', message.method, message.transactionId)
      .add(ERROR_CODE, { code, reason: '' })
      .add(REALM, REALM_NAME)
      .add(NONCE, this.nonce);
    if (this.algorithms !== undefined) {
      const list = this.algorithms.map((algorithm) => ({ algorithm, parameters: new Uint8Array(0) }));
      this.#writer.add(PASSWORD_ALGORITHMS, list);
    }
    return out.slice(0, this.#writer.addFingerprint().finish());
  }

  #error(message: StunMessage, code: number, reason: string, key: Uint8Array | undefined): Uint8Array {
    const out = new Uint8Array(1_500);
    this.#writer
      .begin(out, 0, out.length, 'error', message.method, message.transactionId)
      .add(ERROR_CODE, { code, reason });
    if (key !== undefined) this.#writer.addIntegrity(key, nodeStunCrypto);
    return out.slice(0, this.#writer.finish());
  }
}
