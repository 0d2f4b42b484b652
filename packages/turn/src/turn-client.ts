// One allocation at a TURN server, from the first request to the last. RFC 8656 §3 to §12, RFC 8489 §9.2.
// Every peer gets a channel at once: a ChannelBind installs the permission too (§12.2), so there is one request for
// each peer and four bytes before each datagram. What a peer is sent before its channel is bound follows right behind
// the request as Send indications (§11.1), which the server takes in that order: nothing waits for a round trip.
import {
  type Core,
  copyBytes,
  type DropCounts,
  Drops,
  type Millis,
  NEVER,
  randomBytes,
  u16,
} from '@millrace/sans-io';
import {
  ALTERNATE_SERVER,
  ERROR_CODE,
  MESSAGE_INTEGRITY,
  MESSAGE_INTEGRITY_SHA256,
  MessageWriter,
  parseMessage,
  type StunMessage,
  TRANSACTION_ID_AT,
  TRANSACTION_ID_BYTES,
  type TransportAddress,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import {
  DATA,
  LIFETIME,
  METHOD_DATA,
  METHOD_SEND,
  TURN_ATTRIBUTES,
  TURN_ERROR,
  XOR_PEER_ADDRESS,
  XOR_RELAYED_ADDRESS,
} from './attributes.ts';
import {
  CHANNEL_HEADER_BYTES,
  channelDataEnd,
  channelNumber,
  isChannelData,
  paddedLength,
  writeChannelHeader,
} from './channel-data.ts';
import { Credentials } from './credentials.ts';
import { DROP_REASONS, type TurnDrop } from './drops.ts';
import { TurnError } from './errors.ts';
import { type TurnOptions, type TurnTunables, tunablesOf } from './options.ts';
import { type Peer, Peers } from './peers.ts';
import { type Asking, Request } from './request.ts';
import type { TurnAllocation, TurnEnd, TurnSink } from './sink.ts';

export type TurnState = 'new' | 'allocating' | 'allocated' | 'closing' | 'closed';

/** RFC 8656 §12: a permission holds five minutes; renewed well before. */
const BINDING_RENEWED: Millis = 240_000;
/** A lifetime is refreshed this long before its end, or halfway through if that is later. */
const REFRESH_EARLY: Millis = 60_000;
/** What is believed of a LIFETIME, in seconds: a server must not make us ask all the time. */
const LEAST_LIFETIME = 30;
const MOST_LIFETIME = 3_600;
/** How often one request is sent anew because the nonce is stale. */
const MAX_CHALLENGES = 4;
/** No datagram that is kept for a channel is longer: they are connectivity checks and first flights. */
const MAX_HELD_BYTES = 2_048;

type Event =
  | { readonly kind: 'allocated'; readonly allocation: TurnAllocation }
  | {
      readonly kind: 'refused';
      readonly peer: TransportAddress;
      readonly errorCode: number | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'refreshed' }
  | { readonly kind: 'end'; readonly end: TurnEnd };

/** One allocation at one server. */
export class TurnClient implements Core<TurnSink> {
  readonly #drops: Drops<TurnDrop> = new Drops(DROP_REASONS);
  readonly #options: TurnOptions;
  readonly #tunables: TurnTunables;
  readonly #credentials: Credentials;
  readonly #peers: Peers = new Peers();
  readonly #writer: MessageWriter = new MessageWriter();
  #state: TurnState = 'new';
  #allocation: TurnAllocation | undefined;
  /** The request about the allocation itself. */
  #request: Request | undefined;
  #refreshAt: Millis = NEVER;
  /** When the server forgets the allocation. */
  #endsAt: Millis = NEVER;
  /** Somebody waits for what becomes of the refresh that is under way. */
  #isDemanded = false;
  /** Requests to be written. */
  readonly #queue: Request[] = [];
  readonly #events: Event[] = [];
  /** Datagrams that came since the last drain, in pairs with their peers. */
  readonly #arrivals: Array<{ bytes: Uint8Array; at: number; end: number; peer: TransportAddress }> = [];
  #arrived = 0;
  #deadline: Millis = NEVER;
  #isStale = false;

  /** @throws TurnError BAD_OPTION */
  constructor(options: TurnOptions) {
    this.#options = options;
    this.#tunables = tunablesOf(options);
    this.#credentials = new Credentials(options);
  }

  get state(): TurnState {
    return this.#state;
  }

  get allocation(): TurnAllocation | undefined {
    return this.#allocation;
  }

  get drops(): DropCounts<TurnDrop> {
    return this.#drops.counts;
  }

  /** How many bytes `wrap` puts before and behind a datagram at most. */
  get overhead(): number {
    return CHANNEL_HEADER_BYTES + (this.#tunables.isReliable ? 3 : 0);
  }

  /**
   * Asks for the allocation.
   * @throws TurnError BAD_STATE if it was called before
   */
  start(): void {
    if (this.#state !== 'new') throw new TurnError('BAD_STATE', `start in state ${this.#state}`);
    this.#state = 'allocating';
    this.#request = this.#ask({ kind: 'allocate' });
    this.#isStale = true;
  }

  /** Asks whether the allocation is there still: `onRefreshed` or `onEnd` tells. Without one nothing. */
  refresh(): void {
    if (this.#state !== 'allocated') return;
    this.#isDemanded = true;
    if (this.#request !== undefined) return;
    this.#refreshAt = NEVER;
    this.#request = this.#ask({ kind: 'refresh' });
    this.#isStale = true;
  }

  /** Gives the allocation back: one more request for `transmit`, or the end at once if there is nothing to give. */
  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    // A request that the server may have followed by now: the release comes behind it.
    const mayBeAllocated = this.#state === 'allocated' || this.#request?.isUnderWay === true;
    this.#forgetPeers();
    if (!mayBeAllocated) {
      this.#finish({ code: 'CLOSED', reason: 'closed before there was an allocation' });
      return;
    }
    this.#state = 'closing';
    this.#refreshAt = NEVER;
    this.#request = this.#ask({ kind: 'release' });
    this.#isStale = true;
  }

  /** Takes one message from the server (see `StreamFramer` for streams). Borrowed until the next `drain`. */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const drop = this.#take(bytes, at, end, now);
    if (drop !== undefined) this.#drops.count(drop);
  }

  /**
   * Wraps the datagram `bytes[at, end)` for `peer` into `out[outAt, outEnd)`, which may be the same memory with the
   * data `CHANNEL_HEADER_BYTES` behind `outAt`. Returns the length of what is to be sent to the server; 0 if `transmit`
   * has it, since there is no channel yet, or if it was dropped and counted.
   * @throws TurnError BAD_RANGE if it does not fit
   */
  wrap(
    bytes: Uint8Array,
    at: number,
    end: number,
    peer: TransportAddress,
    out: Uint8Array,
    outAt: number,
    outEnd: number,
  ): number {
    if (this.#state !== 'allocated') {
      this.#drops.count('not-allocated');
      return 0;
    }
    const to = this.#peers.find(peer) ?? this.#addPeer(peer);
    if (to?.state === 'bound') {
      to.isUsed = true;
      return this.#writeChannelData(to, bytes, at, end, out, outAt, outEnd);
    }
    if (to?.state === 'idle') this.#bind(to);
    if (to === undefined) this.#drops.count('too-many-peers');
    else if (to.state === 'refused') this.#drops.count('refused');
    else if (end - at > MAX_HELD_BYTES || !to.hold(bytes, at, end, this.#tunables.maxHeld))
      this.#drops.count('too-early');
    return 0;
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    for (let request = this.#queue[0]; request !== undefined; request = this.#queue[0]) {
      if (!request.isQueued) {
        this.#queue.shift();
        continue;
      }
      const length = request.write(this.#writer, this.#credentials, out, at, end, now);
      if (length > 0) {
        this.#queue.shift();
        this.#isStale = true;
        // If this is not the first time, what went before was lost with its permission.
        if (request.asking.kind === 'bind') request.asking.peer.hurried = 0;
      }
      return length;
    }
    return this.#state === 'allocated' ? this.#writeHeld(out, at, end) : 0;
  }

  deadline(): Millis {
    if (this.#isStale) {
      this.#isStale = false;
      this.#deadline = Math.min(this.#refreshAt, deadlineOf(this.#request));
      for (const peer of this.#peers.all) {
        this.#deadline = Math.min(this.#deadline, peer.renewAt, deadlineOf(peer.request));
      }
    }
    return this.#deadline;
  }

  expire(now: Millis): void {
    if (this.#state === 'closed' || now < this.deadline()) return;
    this.#isStale = true;
    this.#expireRequest(this.#request, now);
    for (const peer of this.#peers.all) {
      this.#expireRequest(peer.request, now);
      if (now < peer.renewAt) continue;
      peer.renewAt = NEVER;
      // RFC 8656 §9: permissions are for those that are sent to.
      if (peer.isUsed) peer.request = this.#askToBind(peer);
      else peer.state = 'idle';
    }
    if (now >= this.#refreshAt && this.#state === 'allocated') {
      this.#refreshAt = NEVER;
      this.#request = this.#ask({ kind: 'refresh' });
    }
  }

  drain(sink: TurnSink): boolean {
    if (this.#events.length === 0 && this.#arrived === 0) return false;
    for (let i = 0; i < this.#arrived; i++) {
      const { bytes, at, end, peer } = this.#arrivals[i]!;
      sink.onData(bytes, at, end, peer);
    }
    this.#arrived = 0;
    for (const event of this.#events.splice(0)) {
      if (event.kind === 'allocated') sink.onAllocated(event.allocation);
      else if (event.kind === 'refreshed') sink.onRefreshed?.();
      else if (event.kind === 'refused') sink.onPeerRefused(event.peer, event.errorCode, event.reason);
      else sink.onEnd(event.end);
    }
    return true;
  }

  #ask(asking: Asking): Request {
    const request = new Request(asking, this.#tunables, this.#options.random);
    this.#enqueue(request);
    return request;
  }

  #enqueue(request: Request): void {
    if (!request.isQueued) this.#queue.push(request);
    request.isQueued = true;
  }

  #addPeer(address: TransportAddress): Peer | undefined {
    if (this.#peers.all.length >= this.#tunables.maxPeers) return undefined;
    const peer = this.#peers.add(address);
    this.#bind(peer);
    return peer;
  }

  #bind(peer: Peer): void {
    peer.state = 'binding';
    peer.request = this.#askToBind(peer);
    this.#isStale = true;
  }

  #askToBind(peer: Peer): Request {
    peer.isUsed = false;
    return this.#ask({ kind: 'bind', peer });
  }

  #writeChannelData(
    peer: Peer,
    bytes: Uint8Array,
    at: number,
    end: number,
    out: Uint8Array,
    outAt: number,
    outEnd: number,
  ): number {
    const length = end - at;
    const written = CHANNEL_HEADER_BYTES + (this.#tunables.isReliable ? paddedLength(length) : length);
    if (length > 0xffff || outEnd > out.length || outEnd - outAt < written) {
      throw new TurnError('BAD_RANGE', `${length} bytes into ${outEnd - outAt}`);
    }
    const dataAt = outAt + CHANNEL_HEADER_BYTES;
    if (bytes !== out || at !== dataAt) copyBytes(out, dataAt, bytes, at, end);
    writeChannelHeader(out, outAt, peer.channel, length);
    for (let i = dataAt + length; i < outAt + written; i++) out[i] = 0;
    return written;
  }

  /** What has waited for a channel that is there now, or can go without one. */
  #writeHeld(out: Uint8Array, at: number, end: number): number {
    for (const peer of this.#peers.all) {
      if (peer.state === 'binding') {
        const length = this.#writeIndication(peer, out, at, end);
        if (length > 0) return length;
        continue;
      }
      const next = peer.held[0];
      if (peer.state !== 'bound' || next === undefined) continue;
      if (end - at < next.length + this.overhead) return 0;
      peer.held.shift();
      return this.#writeChannelData(peer, next, 0, next.length, out, at, end);
    }
    return 0;
  }

  /** RFC 8656 §11.1: behind the request that installs the permission. */
  #writeIndication(peer: Peer, out: Uint8Array, at: number, end: number): number {
    const next = peer.held[peer.hurried];
    if (next === undefined) return 0;
    const id = randomBytes(this.#options.random, TRANSACTION_ID_BYTES);
    this.#writer.begin(out, at, end, 'indication', METHOD_SEND, id);
    const length = this.#writer.add(XOR_PEER_ADDRESS, peer.address).add(DATA, next).finish();
    if (length > 0) peer.hurried++;
    return length;
  }

  #take(bytes: Uint8Array, at: number, end: number, now: Millis): TurnDrop | undefined {
    if (end <= at) return 'malformed';
    if (this.#state === 'closed' || this.#state === 'new') return 'unexpected';
    if (isChannelData(bytes, at)) return this.#onChannelData(bytes, at, end);
    const message = parseMessage(bytes, at, end, TURN_ATTRIBUTES);
    if (message === undefined) return 'malformed';
    if (message.messageClass === 'indication' && message.method === METHOD_DATA) {
      return this.#onIndication(message);
    }
    const request = this.#requestOf(message);
    if (request === undefined) return 'unexpected';
    this.#isStale = true;
    if (message.messageClass === 'error') return this.#onError(request, message);
    // RFC 8489 §9.2.5: a success that is not authentic is as if it had not come.
    return this.#credentials.verify(message) ? this.#onSuccess(request, message, now) : 'bad-integrity';
  }

  #onChannelData(bytes: Uint8Array, at: number, end: number): TurnDrop | undefined {
    const dataEnd = channelDataEnd(bytes, at, end);
    if (dataEnd === 0) return 'malformed';
    const peer = this.#peers.on(channelNumber(bytes, at));
    // RFC 8656 §12.7. A binding that is on its way may be answered after the first datagram from the peer.
    if (peer === undefined || peer.state === 'refused') return 'unknown-peer';
    this.#arrive(bytes, at + CHANNEL_HEADER_BYTES, dataEnd, peer.address);
    return undefined;
  }

  /** RFC 8656 §11.6: only from peers that have a permission. */
  #onIndication(message: StunMessage): TurnDrop | undefined {
    const address = message.get(XOR_PEER_ADDRESS);
    const at = message.valueOffset(DATA);
    if (address === undefined || at < 0) return 'bad-attribute';
    const peer = this.#peers.find(address);
    if (peer === undefined || peer.state === 'refused') return 'unknown-peer';
    this.#arrive(message.bytes, at, at + u16(message.bytes, at - 2), peer.address);
    return undefined;
  }

  #arrive(bytes: Uint8Array, at: number, end: number, peer: TransportAddress): void {
    const slot = this.#arrivals[this.#arrived++];
    if (slot === undefined) this.#arrivals.push({ bytes, at, end, peer });
    else Object.assign(slot, { bytes, at, end, peer });
  }

  #onSuccess(request: Request, message: StunMessage, now: Millis): TurnDrop | undefined {
    const { asking } = request;
    if (asking.kind === 'allocate') return this.#onAllocate(message, now);
    if (asking.kind === 'refresh') return this.#onRefresh(message, now);
    if (asking.kind === 'bind') this.#onBound(asking.peer, now);
    else this.#finish({ code: 'CLOSED', reason: 'closed' });
    return undefined;
  }

  #onRefresh(message: StunMessage, now: Millis): TurnDrop | undefined {
    const lifetime = message.get(LIFETIME);
    if (lifetime === undefined) return 'bad-attribute';
    this.#request = undefined;
    this.#isDemanded = false;
    this.#setLifetime(lifetime, now);
    this.#events.push({ kind: 'refreshed' });
    return undefined;
  }

  #requestOf(message: StunMessage): Request | undefined {
    const key = message.transactionKey;
    if (message.messageClass !== 'success' && message.messageClass !== 'error') return undefined;
    const isIt = (request: Request | undefined): boolean =>
      request !== undefined &&
      request.transaction.key === key &&
      request.transaction.sends > 0 &&
      request.method === message.method &&
      request.transaction.matches(message.bytes, message.at + TRANSACTION_ID_AT);
    if (isIt(this.#request)) return this.#request;
    return this.#peers.all.find(({ request }) => isIt(request))?.request;
  }

  #onAllocate(message: StunMessage, now: Millis): TurnDrop | undefined {
    const relayed = message.get(XOR_RELAYED_ADDRESS);
    const lifetime = message.get(LIFETIME);
    const isRight =
      relayed !== undefined &&
      relayed.port > 0 &&
      relayed.address.includes(':') === (this.#tunables.family === 'ipv6');
    if (!isRight || lifetime === undefined) return 'bad-attribute';
    this.#request = undefined;
    this.#state = 'allocated';
    const seconds = this.#setLifetime(lifetime, now);
    this.#allocation = { relayed, mapped: message.get(XOR_MAPPED_ADDRESS), lifetime: seconds };
    this.#events.push({ kind: 'allocated', allocation: this.#allocation });
    return undefined;
  }

  #setLifetime(asTold: number, now: Millis): number {
    const seconds = Math.min(MOST_LIFETIME, Math.max(LEAST_LIFETIME, asTold));
    const lifetime = seconds * 1_000;
    this.#endsAt = now + lifetime;
    this.#refreshAt = now + Math.max(lifetime / 2, lifetime - REFRESH_EARLY);
    return seconds;
  }

  #onBound(peer: Peer, now: Millis): void {
    peer.request = undefined;
    peer.state = 'bound';
    peer.held.splice(0, peer.hurried);
    peer.hurried = 0;
    peer.renewAt = now + BINDING_RENEWED;
  }

  #onError(request: Request, message: StunMessage): TurnDrop | undefined {
    const error = message.get(ERROR_CODE);
    if (error === undefined) return 'bad-attribute';
    const { code, reason } = error;
    const isSigned = message.has(MESSAGE_INTEGRITY) || message.has(MESSAGE_INTEGRITY_SHA256);
    const isChallenge = code === TURN_ERROR.UNAUTHENTICATED || code === TURN_ERROR.STALE_NONCE;
    // Deviation: RFC 8489 §9.2.5 has other errors without integrity ignored; servers in use send them so, and whoever
    // can forge them on the path can as well drop everything. One that is signed has to be signed rightly.
    if (isSigned && !isChallenge && !this.#credentials.verify(message)) return 'bad-integrity';
    if (isChallenge && this.#mayTryAgain(request, code)) {
      if (!this.#credentials.onChallenge(message)) return 'bad-attribute';
      request.renew();
      this.#enqueue(request);
      return undefined;
    }
    const alternate = code === TURN_ERROR.TRY_ALTERNATE ? message.get(ALTERNATE_SERVER) : undefined;
    if (alternate !== undefined && request.asking.kind === 'allocate') {
      this.#finish({ code: 'TRY_ALTERNATE', errorCode: code, reason, alternate });
    } else this.#onFailure(request, { code: 'REFUSED', errorCode: code, reason });
    return undefined;
  }

  /** RFC 8489 §9.2.5: 401 means wrong credentials if there were any; a nonce grows stale. */
  #mayTryAgain(request: Request, code: number): boolean {
    if (request.challenges >= MAX_CHALLENGES) return false;
    return code === TURN_ERROR.STALE_NONCE || !request.isProven;
  }

  #onFailure(request: Request, end: TurnEnd): void {
    const { asking } = request;
    // RFC 8656 §5: the server has no allocation of ours any more.
    const isGone = end.errorCode === TURN_ERROR.ALLOCATION_MISMATCH;
    if (asking.kind !== 'bind' || isGone) {
      this.#finish(asking.kind === 'release' ? { code: 'CLOSED', reason: end.reason } : end);
      return;
    }
    const { peer } = asking;
    peer.request = undefined;
    peer.state = 'refused';
    peer.renewAt = NEVER;
    peer.held.length = 0;
    this.#events.push({ kind: 'refused', peer: peer.address, errorCode: end.errorCode, reason: end.reason });
  }

  #expireRequest(request: Request | undefined, now: Millis): void {
    const due = request?.transaction.due(now) ?? 'nothing';
    if (request === undefined || due === 'nothing') return;
    if (due === 'retransmit') this.#enqueue(request);
    else this.#onTimeout(request, now);
  }

  /** An outage that is over before the allocation is leaves no trace: what was asked for is asked for again. */
  #onTimeout(request: Request, now: Millis): void {
    const { asking } = request;
    if (asking.kind === 'bind') {
      asking.peer.request = undefined;
      asking.peer.state = 'idle';
      asking.peer.held.length = 0;
      asking.peer.hurried = 0;
    } else if (asking.kind === 'refresh' && !this.#isDemanded && now < this.#endsAt) {
      this.#request = this.#ask({ kind: 'refresh' });
    } else this.#onFailure(request, { code: 'TIMEOUT', reason: 'the server does not answer' });
  }

  #forgetPeers(): void {
    this.#peers.clear();
    this.#queue.length = 0;
  }

  #finish(end: TurnEnd): void {
    this.#forgetPeers();
    this.#state = 'closed';
    this.#request = undefined;
    this.#allocation = undefined;
    this.#refreshAt = NEVER;
    this.#isStale = true;
    this.#events.push({ kind: 'end', end });
  }
}

function deadlineOf(request: Request | undefined): Millis {
  // One that waits for `transmit` has nothing to wait for.
  return request === undefined || request.isQueued ? NEVER : request.transaction.deadline;
}
