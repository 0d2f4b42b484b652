// Hot: which connection a datagram is for that has come to a port shared by many. No sockets and no clock in here.
//
//   STUN request   by the username fragment in it (RFC 8445 §7.2.2), whoever sends it; an unknown one: the hook
//   STUN response  by the transaction id of the request that it answers
//   all else       by the remote address, once that connection's agent has verified a check from there
//
// A forged fragment therefore leads to a failed integrity check and nowhere else, and a forged address to a record
// that does not open. RFC 8445 §7.3, RFC 7983. Left out: two shared ports with several connections between each other
// over one pair of addresses, whose datagrams of data nothing tells apart.
import type { TransportAddress } from '@millrace/ice';
import { Drops, type Millis, u48 } from '@millrace/sans-io';
import { parseMessage, shortTermKey, verifyFingerprint, verifyIntegrity } from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import type { PortHandlers } from '../transport/datagram-port.ts';
import { AddressTable, type BoundAddress } from './addresses.ts';
import { MUX_DROP_REASONS, type MuxDrop } from './drops.ts';
import { UdpMuxError } from './errors.ts';
import { HeldChecks } from './held-checks.ts';
import type { MuxLimits, UdpMuxOptions } from './options.ts';
import { isBindingRequest, isResponse, isStunHeader, readUsername, type Username } from './stun-username.ts';

const TRANSACTION_ID_AT = 8;

export interface RouterHost {
  readonly limits: MuxLimits;
  readonly onUnknownUfrag: UdpMuxOptions['onUnknownUfrag'];
  now(): Millis;
  /** Runs it soon, but not within this call. */
  defer(run: () => void): void;
  /** The hook, or a connection's handler, has thrown. */
  onThrown(error: unknown): void;
}

/** A connection. */
export class MuxMember {
  readonly fragments: Set<string> = new Set();
  /** Its part in each socket, by the socket's number. */
  readonly places: Map<number, Place> = new Map();
  /** The shared port closes. */
  readonly onMuxClosed: () => void;

  constructor(onMuxClosed: () => void) {
    this.onMuxClosed = onMuxClosed;
  }
}

/** A connection's part in one socket. */
export class Place {
  readonly number: number;
  readonly handlers: PortHandlers;
  readonly addresses: Set<BoundAddress<Place>> = new Set();
  /** Something has come for it in the batch that is being received. */
  isTouched = false;

  constructor(number: number, handlers: PortHandlers) {
    this.number = number;
    this.handlers = handlers;
  }
}

export class MuxRouter {
  readonly drops: Drops<MuxDrop> = new Drops(MUX_DROP_REASONS);
  readonly members: Set<MuxMember> = new Set();
  readonly #host: RouterHost;
  readonly #byFragment = new Map<string, MuxMember>();
  /** By their numbers, which is all that a transaction keeps of whom it belongs to. */
  readonly #places = new Map<number, Place>();
  #lastPlace = 0;
  /** The first 48 bits of the id of each request that is under way, and whose it is. In order of age. */
  readonly #transactions = new Map<number, number>();
  readonly #held: HeldChecks;
  readonly #sockets: RoutedSocket[] = [];

  constructor(host: RouterHost) {
    this.#host = host;
    const { maxHeldRequests, holdFor } = host.limits;
    this.#held = new HeldChecks(maxHeldRequests, holdFor, () => this.drops.count('expired'));
  }

  get heldChecks(): number {
    return this.#held.size;
  }

  get transactions(): number {
    return this.#transactions.size;
  }

  get boundAddresses(): number {
    let sum = 0;
    for (const { table } of this.#sockets) sum += table.size;
    return sum;
  }

  addSocket(local: TransportAddress): RoutedSocket {
    const { maxAddressesPerConnection, addressHold } = this.#host.limits;
    const table = new AddressTable<Place>(maxAddressesPerConnection, addressHold);
    const socket = new RoutedSocket(this, this.#host, this.#sockets.length, local, table);
    this.#sockets.push(socket);
    return socket;
  }

  /** Binding has failed. */
  removeSockets(): void {
    this.#sockets.length = 0;
  }

  /** @throws {UdpMuxError} DUPLICATE_UFRAG, TOO_MANY_CONNECTIONS, before anything has changed */
  join(member: MuxMember, usernameFragment: string): void {
    if (this.#byFragment.has(usernameFragment)) throw new UdpMuxError('DUPLICATE_UFRAG', usernameFragment);
    if (!this.members.has(member) && this.members.size >= this.#host.limits.maxConnections)
      throw new UdpMuxError('TOO_MANY_CONNECTIONS');
    this.members.add(member);
    member.fragments.add(usernameFragment);
    this.#byFragment.set(usernameFragment, member);
  }

  /** A fragment of the past, which an ICE restart has replaced. */
  forget(member: MuxMember, usernameFragment: string): void {
    if (member.fragments.delete(usernameFragment)) this.#byFragment.delete(usernameFragment);
  }

  leave(member: MuxMember): void {
    for (const socket of member.places.keys()) this.closePlace(member, socket);
    for (const fragment of member.fragments) this.#byFragment.delete(fragment);
    member.fragments.clear();
    this.members.delete(member);
  }

  /** The connection listens on the socket from now on; a check that was held for it comes soon. */
  openPlace(member: MuxMember, socket: number, handlers: PortHandlers): Place {
    const place = new Place(++this.#lastPlace, handlers);
    this.#places.set(place.number, place);
    member.places.set(socket, place);
    for (const fragment of member.fragments)
      if (this.#held.has(fragment)) this.#host.defer(() => this.#deliverHeld(fragment));
    return place;
  }

  closePlace(member: MuxMember, socket: number): void {
    const place = member.places.get(socket);
    if (place === undefined) return;
    member.places.delete(socket);
    this.#places.delete(place.number);
    this.#sockets[socket]?.table.release(place);
  }

  /** A request of the connection's own leaves: its response is to come back to it. */
  expect(place: Place, bytes: Uint8Array, at: number): void {
    if (this.#transactions.size >= this.#host.limits.maxTransactions)
      for (const oldest of this.#transactions.keys()) {
        this.#transactions.delete(oldest);
        break;
      }
    this.#transactions.set(u48(bytes, at + TRANSACTION_ID_AT), place.number);
  }

  /** Two lite agents have chosen a way between them, without a check that could prove it. RFC 8445 §6.1.1 */
  claim(place: Place, socket: number, remote: TransportAddress): void {
    this.#sockets[socket]?.table.claim(remote, place);
  }

  memberOf(usernameFragment: string): MuxMember | undefined {
    return this.#byFragment.get(usernameFragment);
  }

  /** Whose request the response answers. */
  awaiting(bytes: Uint8Array, at: number): Place | undefined {
    const key = u48(bytes, at + TRANSACTION_ID_AT);
    const number = this.#transactions.get(key);
    if (number === undefined) return undefined;
    this.#transactions.delete(key);
    return this.#places.get(number);
  }

  /** A check that no connection can look at, or not yet. Whether the hook is asked is bounded by what may be held. */
  onEarlyCheck(
    username: Username,
    bytes: Uint8Array,
    at: number,
    end: number,
    remote: TransportAddress,
    socket: RoutedSocket,
  ): void {
    const { onUnknownUfrag } = this.#host;
    const isKnown = this.#byFragment.has(username.local);
    if (!isKnown && onUnknownUfrag === undefined) {
      this.drops.count('unknown-ufrag');
      return;
    }
    const now = this.#host.now();
    const hasRoom = this.#held.hasRoom(now);
    if (this.#held.has(username.local)) return;
    if (!hasRoom) {
      this.drops.count('too-many-held');
      return;
    }
    const { local } = username;
    if (!isKnown && !this.#isWanted(username, bytes, at, end, remote, socket)) return;
    this.#held.hold(local, bytes, at, end, remote, socket.number, now);
    // The hook may have made the connection, and opened its socket, at once.
    if (this.#byFragment.get(local)?.places.has(socket.number))
      this.#host.defer(() => this.#deliverHeld(local));
  }

  clear(): void {
    this.#held.clear();
    this.#transactions.clear();
  }

  #isWanted(
    { local, remote: theirs }: Username,
    bytes: Uint8Array,
    at: number,
    end: number,
    remote: TransportAddress,
    socket: RoutedSocket,
  ): boolean {
    const message = parseMessage(bytes, at, end);
    if (message === undefined || !verifyFingerprint(message)) {
      this.drops.count('malformed');
      return false;
    }
    let isOver = false;
    let isWanted: boolean | undefined = false;
    try {
      isWanted = this.#host.onUnknownUfrag?.({
        localUsernameFragment: local,
        remoteUsernameFragment: theirs,
        local: socket.local,
        remote: { address: remote.address, port: remote.port },
        isSignedWith(password) {
          if (isOver) throw new UdpMuxError('REQUEST_IS_OVER');
          return verifyIntegrity(message, shortTermKey(password), nodeStunCrypto);
        },
      });
    } catch (error) {
      this.#host.onThrown(error);
    }
    isOver = true;
    if (isWanted === true || this.#byFragment.has(local)) return true;
    this.drops.count('refused');
    return false;
  }

  #deliverHeld(usernameFragment: string): void {
    const member = this.#byFragment.get(usernameFragment);
    const held = member && this.#held.take(usernameFragment);
    if (!held) return;
    const socket = this.#sockets[held.socket]!;
    socket.receive(held.bytes, 0, held.bytes.length, held.remote);
    socket.endBatch();
  }
}

/** One of the sockets: what comes to it is handed over here, batch by batch. */
export class RoutedSocket {
  readonly number: number;
  /** With its port once it is bound. */
  local: TransportAddress;
  readonly table: AddressTable<Place>;
  readonly #router: MuxRouter;
  readonly #host: RouterHost;
  /** Places that have got something in this batch. */
  #touched: Place[] = [];
  readonly #username: Username = { local: '', remote: '' };

  constructor(
    router: MuxRouter,
    host: RouterHost,
    number: number,
    local: TransportAddress,
    table: AddressTable<Place>,
  ) {
    this.#router = router;
    this.#host = host;
    this.number = number;
    this.local = local;
    this.table = table;
  }

  /** The bytes are borrowed for the call, and may be changed. */
  receive(bytes: Uint8Array, at: number, end: number, remote: TransportAddress): void {
    if (end === at) return;
    if (bytes[at]! <= 3) {
      this.#onStun(bytes, at, end, remote);
      return;
    }
    const place = this.table.find(remote);
    if (place === undefined) this.#router.drops.count('unknown-address');
    else this.#hand(place, bytes, at, end, remote);
  }

  /** Those that have got something, and no others, answer now. */
  endBatch(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const place of touched) {
      place.isTouched = false;
      // One connection's trouble is not another's.
      try {
        place.handlers.onBatchEnd();
      } catch (error) {
        this.#host.onThrown(error);
      }
    }
  }

  #onStun(bytes: Uint8Array, at: number, end: number, remote: TransportAddress): void {
    const { drops } = this.#router;
    if (!isStunHeader(bytes, at, end)) {
      drops.count('malformed');
      return;
    }
    if (!isBindingRequest(bytes, at)) {
      const isAnswer = isResponse(bytes, at);
      const place = (isAnswer ? this.#router.awaiting(bytes, at) : undefined) ?? this.table.find(remote);
      if (place === undefined) drops.count(isAnswer ? 'unknown-transaction' : 'unknown-address');
      else {
        this.#hand(place, bytes, at, end, remote);
        if (isAnswer) this.#bind(place, remote);
      }
      return;
    }
    const username = this.#username;
    if (!readUsername(bytes, at, end, username)) {
      drops.count('malformed');
      return;
    }
    const place = this.#router.memberOf(username.local)?.places.get(this.number);
    if (place === undefined) {
      this.#router.onEarlyCheck(username, bytes, at, end, remote, this);
      return;
    }
    this.#hand(place, bytes, at, end, remote);
    this.#bind(place, remote);
  }

  #hand(place: Place, bytes: Uint8Array, at: number, end: number, remote: TransportAddress): void {
    if (!place.isTouched) {
      place.isTouched = true;
      this.#touched.push(place);
    }
    try {
      place.handlers.onDatagram(bytes, at, end, remote);
    } catch (error) {
      this.#host.onThrown(error);
    }
  }

  /** An address is a connection's only after its agent has verified a check from there: a fragment proves nothing. */
  #bind(place: Place, remote: TransportAddress): void {
    if (place.handlers.isVerified?.(remote) !== true) return;
    if (!this.table.bind(remote, place, this.#host.now())) this.#router.drops.count('address-in-use');
  }
}
