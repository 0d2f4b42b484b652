// Hot: the one place that knows sockets and time. It moves datagrams between the sockets and the cores of one
// connection (ICE, then DTLS, then SCTP with its data channels, and RTP) and rules over nothing else: what the events
// mean is the observer's business.
//
//   socket -> classify -> ICE                             channel.send -> SCTP queue
//                      -> RTP and RTCP: media
//                      -> DTLS opens in place -> SCTP        turn's end: SCTP writes packet -> DTLS seals -> socket
//
// Whatever happens within one turn of the event loop (datagrams that came, messages the application sent) is one
// batch: it is taken in as it comes and answered once, by `#pump`, when the turn ends. So many packets share one
// SACK, many small messages share packets, and the packets go to the kernel together (send-batch.ts).
import type { ChannelsSink, DataChannels } from '@millrace/datachannel';
import { type DtlsConnection, type DtlsSink, MAX_PLAINTEXT_BYTES } from '@millrace/dtls';
import type { IceAgent, IceSink, Route, TransportAddress } from '@millrace/ice';
import { Drops, type Millis, NEVER, ownCopy, setCopyPart } from '@millrace/sans-io';
import type { SctpAssociation } from '@millrace/sctp';
import type { MediaPath } from '../media/media-path.ts';
import type { ServerLink } from '../servers/server-link.ts';
import { Alarm, now } from './alarm.ts';
import type { Backend } from './backend.ts';
import type { DatagramPort } from './datagram-port.ts';
import { datagramKind } from './demux.ts';
import { pathLimit, relayedPathLimit } from './path-limit.ts';
import { openWithin, type PortRange } from './port-range.ts';
import { random } from './random.ts';
import { type BatchSealer, MAX_DATAGRAM_BYTES } from './send-batch.ts';
import { SocketHandlers, type SocketOwner } from './socket-handlers.ts';
import type { Sped } from './sped.ts';

// Protocols know no Buffer; it is what copies a part of an array in Node without leaving a view to be collected.
setCopyPart((from, to, at, start, end) => void Buffer.prototype.copy.call(from, to, at, start, end));

/** What the driver tells the connection it serves. Called only between state changes of the cores. */
export interface DriverObserver {
  readonly ice: IceSink;
  readonly dtls: Omit<DtlsSink, 'onApplicationData'>;
  /** Of `channels`, which the driver drains. */
  readonly channelsSink: ChannelsSink;
  /** A path to the peer works; DTLS may begin. Called once. */
  onUsablePath(roundTripTime: Millis | undefined): void;
}

/** What is sent before the loop turns to the sockets again: bursts stay smaller than a receive buffer. */
const MAX_DATAGRAMS_PER_TURN = 128;
const MAX_BYTES_PER_TURN = 192 * 1024;
/** Until a socket whose datagrams the kernel would not take is tried again. */
const BUSY_PAUSE: Millis = 1;
/** DTLS datagrams kept until the session description that names the peer's fingerprint has come. */
const MAX_EARLY_DATAGRAMS = 8;
const MAX_EARLY_BYTES = 16_384;

const DROP_REASONS = [
  'unverified-source',
  'unknown-protocol',
  'too-early',
  'closed',
  'not-used',
  'busy-port',
] as const;
export type DriverDrop = (typeof DROP_REASONS)[number];

export class Driver implements SocketOwner {
  readonly drops: Drops<DriverDrop> = new Drops(DROP_REASONS);
  packetsSent = 0;
  packetsReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  readonly #backend: Backend;
  readonly #agent: IceAgent;
  readonly #channels: DataChannels;
  readonly #observer: DriverObserver;
  readonly #sped: Sped;
  /** A place stays empty once its socket has been given up. */
  #ports: readonly (DatagramPort | undefined)[] = [];
  /** What `#ports` send from: the same, or the socket that a port shares with other connections. */
  #carriers: readonly (DatagramPort | undefined)[] = [];
  /** The kernel would not take more: whoever hears that it will again need not care otherwise. */
  #isWaiting = false;
  /** Empty most of the time: servers are asked while candidates are gathered, and relays kept while they are used. */
  #links: Array<{ readonly link: ServerLink; readonly onClosed: () => void }> = [];
  readonly #early: Uint8Array[] = [];
  readonly #alarm: Alarm = new Alarm(() => this.#pump());
  readonly #dtlsSink: DtlsSink;
  #dtls: DtlsConnection | undefined;
  #association: SctpAssociation | undefined;
  #media: MediaPath | undefined;
  #hasUsablePath = false;
  /** A relayed datagram is being taken. */
  #isRelayed = false;
  /** The route the association has been told of. */
  #path: Route | undefined;
  #isAwake = false;
  #isClosed = false;
  /**
   * When the batch that is being received came; NEVER between batches. In a mixed array, where V8 keeps the object that
   * a fraction is: a field would make a new one for each call it is passed to.
   */
  readonly #received: [undefined, Millis] = [undefined, NEVER];

  /** `sped` is what rides with the agent's checks. */
  constructor(
    backend: Backend,
    agent: IceAgent,
    sped: Sped,
    channels: DataChannels,
    observer: DriverObserver,
  ) {
    this.#backend = backend;
    this.#agent = agent;
    this.#sped = sped;
    this.#channels = channels;
    this.#observer = observer;
    this.#dtlsSink = {
      ...observer.dtls,
      onApplicationData: (bytes, at, end) => this.#association?.receive(bytes, at, end, this.#received[1]),
      onClosed: (reason) => {
        // What SCTP has to say came first, and may be why DTLS has been closed.
        channels.drain(observer.channelsSink, now());
        observer.dtls.onClosed(reason);
      },
    };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Opens a socket on `address`, at a port of `range` if one is given, and returns the number routes call it by.
   *
   * @throws {Error} Node's own, when the address can't be bound
   */
  async openSocket(
    address: string,
    range?: PortRange,
  ): Promise<{ socket: number; local: TransportAddress } | undefined> {
    const handlers = new SocketHandlers(this);
    const port = await openWithin(range, random, (number) =>
      this.#backend.openPort(address, number, handlers),
    );
    if (this.#isClosed) {
      port.close();
      return undefined;
    }
    handlers.socket = this.addPort(port);
    return { socket: handlers.socket, local: port.local };
  }

  portOf(socket: number): DatagramPort | undefined {
    return this.#ports[socket];
  }

  /**
   * Gives up a socket from which nothing can be sent any more, and the servers that were reached by it; or a relayed address,
   * and with it the server that has it.
   */
  closeSocket(socket: number): void {
    const at = now();
    const port = this.#ports[socket];
    const isOver = ({ link }: { readonly link: ServerLink }): boolean =>
      link.socket === socket || (port !== undefined && link.port === port);
    for (const { link, onClosed } of this.#links.filter(isOver)) {
      this.removeLink(link);
      link.close(at);
      onClosed();
    }
    port?.close();
    if (socket >= this.#ports.length) return;
    this.#ports = this.#ports.with(socket, undefined);
    this.#carriers = this.#carriers.with(socket, undefined);
  }

  /** A port that is not a socket of ours, such as a relayed address. Returns the number routes call it by. */
  addPort(port: DatagramPort): number {
    this.#carriers = this.#carriers.concat(port.carrier ?? port);
    this.#ports = this.#ports.concat(port);
    return this.#ports.length - 1;
  }

  /** Talks to a server as well, until the link is removed or the driver closed (`onClosed`). */
  addLink(link: ServerLink, onClosed: () => void): void {
    if (this.#isClosed) {
      onClosed();
      return;
    }
    this.#links.push({ link, onClosed });
    this.wake();
  }

  removeLink(link: ServerLink): void {
    this.#links = this.#links.filter((each) => each.link !== link);
  }

  /** A datagram has come to the relayed address that `socket` stands for. Borrowed for the call. */
  onRelayed(bytes: Uint8Array, at: number, end: number, socket: number, remote: TransportAddress): void {
    this.#isRelayed = true;
    try {
      this.#onDatagram(bytes, at, end, { socket, remote });
    } finally {
      this.#isRelayed = false;
    }
  }

  /** A datagram has come to a port that was added. `route` and the bytes are borrowed for the call. */
  onArrived(bytes: Uint8Array, at: number, end: number, route: Route): void {
    this.#onDatagram(bytes, at, end, route);
  }

  /** Such datagrams come next. Borrowed for the call. */
  onRun(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    this.#dtls?.foresee(bytes, at, end, segmentBytes);
  }

  /** A socket has room again. */
  onWritable(): void {
    if (this.#isWaiting || this.#links.length > 0) this.wake();
  }

  /** All that had come has been handed over. The application hears of it now, so that its answers go with ours when the turn ends. */
  endBatch(): void {
    if (this.#isClosed) return;
    this.wake();
    if (this.#received[1] === NEVER) return; // nothing but a server's own messages
    this.#channels.drain(this.#observer.channelsSink, this.#received[1]);
    this.#received[1] = NEVER;
  }

  /** A datagram of `bytes` was too long for the way to `remote`. */
  onMtuExceeded(socket: number, remote: TransportAddress, bytes: number): void {
    const route = this.#agent.selectedRoute ?? this.#agent.usableRoute;
    const dtls = this.#dtls;
    if (!dtls || this.#isClosed || route?.socket !== socket) return; // another interface has another MTU
    if (route.remote.address !== remote.address || route.remote.port !== remote.port) return;
    const at = now();
    this.#association?.onPacketTooBig(bytes - dtls.headroom - dtls.tailroom, at);
    this.wake();
  }

  isVerified(route: Route): boolean {
    return this.#agent.isVerified(route);
  }

  /** Gives the driver the DTLS connection, and with it what came before it was there. */
  attachDtls(dtls: DtlsConnection): void {
    this.#dtls = dtls;
    const at = now();
    dtls.start(at);
    this.#received[1] = at;
    for (const datagram of this.#early.splice(0)) {
      dtls.receive(datagram, 0, datagram.length, at);
      dtls.drain(this.#dtlsSink);
    }
    this.#received[1] = NEVER;
    this.wake();
  }

  /** Nothing of `association` goes out before; if it is connected, what waits to be sent goes with the turn's packets. */
  attachSctp(association: SctpAssociation): void {
    this.#association = association;
    this.#channels.attach(association);
    this.onPath();
  }

  attachMedia(media: MediaPath): void {
    this.#media = media;
    this.wake();
  }

  /** What is sent takes another path from now on, or its first one. */
  onPath(): void {
    const route = this.#agent.selectedRoute ?? this.#agent.usableRoute;
    const port = route && this.#ports[route.socket];
    port?.onSelected?.(route!.remote);
    if (!port || !this.#dtls || !this.#association) return;
    if (this.#path && isSameRoute(route, this.#path)) return; // an ICE restart may find the path it had
    this.#path = route;
    const { bytes, isLocal } =
      port.overheadBytes === undefined
        ? pathLimit(port.local.address, route.remote.address)
        : relayedPathLimit(port.overheadBytes);
    const limit = Math.min(bytes - this.#dtls.headroom - this.#dtls.tailroom, MAX_PLAINTEXT_BYTES);
    const { roundTripTime } = this.#agent;
    this.#association.setPath(
      { limit, isLocal, ...(roundTripTime === undefined ? {} : { roundTripTime }) },
      now(),
    );
    this.wake();
  }

  /** Has the batch of this turn dealt with once the turn ends. Cheap when that is already so. */
  wake(): void {
    if (this.#isAwake || this.#isClosed) return;
    this.#isAwake = true;
    setImmediate(this.#pump);
  }

  /** Sends what the cores still have to say, each its farewell, and gives everything back. */
  close(): void {
    if (this.#isClosed) return;
    const at = now();
    if (this.#dtls?.state === 'connected') {
      this.#association?.abort(undefined, at);
      this.#flush(at);
    }
    this.#dtls?.close(at);
    this.#flush(at);
    this.#dtls?.release(at);
    this.#isClosed = true;
    for (const { link, onClosed } of this.#links.splice(0)) {
      link.close(at);
      onClosed();
    }
    this.#agent.close(at);
    this.#alarm.stop();
    for (const port of this.#ports) port?.close();
    // Whoever holds the connection on holds no sockets.
    this.#ports = [];
    this.#carriers = [];
    this.#early.length = 0;
  }

  #onDatagram(bytes: Uint8Array, at: number, end: number, route: Route): void {
    if (this.#isClosed || end === at) return;
    if (this.#received[1] === NEVER) this.#received[1] = now();
    if (this.#links.length > 0 && this.#isFromServer(bytes, at, end, route)) return;
    switch (datagramKind(bytes[at]!)) {
      case 'stun':
        this.#agent.receive(bytes, at, end, this.#received[1], route);
        for (let rode = this.#sped.take(); rode; rode = this.#sped.take())
          this.#onSecured(rode, 0, rode.length);
        this.#agent.drain(this.#observer.ice);
        break;
      case 'dtls':
        // RFC 8445 §12.1 lets any valid pair carry data; handshake work is done only for a proven address.
        if (this.#isFromPeer(route, end - at)) {
          if (this.#sped.isNews(bytes, at, end)) this.#onSecured(bytes, at, end);
        } else this.drops.count('unverified-source');
        break;
      case 'rtp':
        if (!this.#media) this.drops.count('not-used');
        else if (this.#isFromPeer(route, end - at)) this.#media.receive(bytes, at, end, this.#received[1]);
        else this.drops.count('unverified-source');
        break;
      case 'turn-channel':
        this.drops.count('not-used');
        break;
      default:
        this.drops.count('unknown-protocol');
    }
  }

  #isFromPeer(route: Route, bytes: number): boolean {
    if (!this.#agent.onData(route, bytes, this.#received[1])) return false;
    this.packetsReceived++;
    this.bytesReceived += bytes;
    return true;
  }

  /** Whether it came from a server, which has got it then. */
  #isFromServer(bytes: Uint8Array, at: number, end: number, { socket, remote }: Route): boolean {
    for (const { link } of this.#links) {
      if (link.socket !== socket || link.remote.port !== remote.port) continue;
      if (link.remote.address !== remote.address) continue;
      link.receive(bytes, at, end, this.#received[1]);
      return true;
    }
    return false;
  }

  #onSecured(bytes: Uint8Array, at: number, end: number): void {
    if (this.#dtls) {
      this.#dtls.receive(bytes, at, end, this.#received[1]);
      if (this.#association === undefined && this.#dtls.hasFlight) this.#answer(this.#received[1]);
      this.#tellPath(); // a whole handshake may come in one turn: the path is told of before what it has brought
      this.#dtls.drain(this.#dtlsSink);
    } else if (this.#early.length < MAX_EARLY_DATAGRAMS && this.#earlyBytes() + end - at <= MAX_EARLY_BYTES) {
      this.#early.push(ownCopy(bytes, at, end)); // a Buffer's slice would be a view
    } else this.drops.count('too-early');
  }

  /**
   * The handshake's answer goes before anything is made of what has come, be it that DTLS is connected: the peer has work with
   * it, and waits for it.
   */
  #answer(at: Millis): void {
    if (this.#isRelayed) return; // the relay's own message is still being taken apart
    this.#sped.capture(this.#dtls!, this.#agent.usableRoute !== undefined, at);
    if (!this.#sped.isOn || this.#flushChecks(at)) this.#flushData(at);
    this.#backend.batch.flush();
  }

  #earlyBytes(): number {
    return this.#early.reduce((sum, datagram) => sum + datagram.length, 0);
  }

  readonly #pump = (): void => {
    this.#isAwake = false;
    if (this.#isClosed) return;
    const at = now();
    this.#expire(at);
    this.#drain(at);
    this.#tellPath();
    const isFinished = this.#flush(at);
    this.#drain(at); // sending can itself raise bufferedamountlow
    if (this.#isClosed) return;
    this.#isWaiting = !isFinished && this.#carriers.some((port) => port?.isBusy);
    if (isFinished) this.#alarm.set(this.#deadline(), at);
    else if (this.#isWaiting) this.#alarm.set(at + BUSY_PAUSE, at);
    else this.wake();
  };

  #tellPath(): void {
    if (this.#hasUsablePath || !this.#agent.usableRoute) return;
    this.#hasUsablePath = true;
    this.#observer.onUsablePath(this.#agent.roundTripTime);
  }

  /** Without it nothing above ICE can be sent, and its time stands still: what ICE brings back goes on at once. */
  #hasRoute(): boolean {
    const route = this.#agent.selectedRoute ?? this.#agent.usableRoute;
    return route !== undefined && this.#ports[route.socket] !== undefined;
  }

  #deadline(): Millis {
    const always = Math.min(this.#agent.deadline(), this.#channels.deadline(), this.#linksDeadline());
    if (!this.#hasRoute()) return always;
    return Math.min(
      always,
      this.#dtlsDeadline(),
      this.#association?.deadline() ?? NEVER,
      this.#media?.deadline() ?? NEVER,
    );
  }

  /** Before it is told of a path DTLS has nothing to send again: it waits, or the agent's checks do that for it. */
  #dtlsDeadline(): Millis {
    if (!this.#dtls || !this.#hasUsablePath) return NEVER;
    return this.#dtls.deadline();
  }

  #linksDeadline(): Millis {
    let deadline: Millis = NEVER;
    for (const { link } of this.#links) deadline = Math.min(deadline, link.deadline());
    return deadline;
  }

  #expire(at: Millis): void {
    if (this.#agent.deadline() <= at) this.#agent.expire(at);
    for (const { link } of this.#links) if (link.deadline() <= at) link.expire(at);
    if (!this.#hasRoute()) return;
    if (this.#dtlsDeadline() <= at) this.#dtls?.expire(at);
    if (this.#association && this.#association.deadline() <= at) this.#association.expire(at);
    if (this.#media && this.#media.deadline() <= at) this.#media.expire(at);
  }

  #drain(at: Millis): void {
    this.#agent.drain(this.#observer.ice);
    this.#dtls?.drain(this.#dtlsSink);
    this.#channels.drain(this.#observer.channelsSink, at);
    this.#media?.drain();
  }

  /** Sends until there is nothing more to send; false if the turn's share or the kernel's room was used up first. */
  #flush(at: Millis): boolean {
    const { batch } = this.#backend;
    for (const { link } of this.#links) link.flush(at);
    if (this.#dtls) this.#sped.capture(this.#dtls, this.#agent.usableRoute !== undefined, at);
    // Over a path of its own the handshake comes before checks: each that is ahead of it keeps the peer from it.
    const isFinished =
      this.#dtls?.hasFlight && !this.#sped.isOn
        ? this.#flushData(at) && this.#flushChecks(at)
        : this.#flushChecks(at) && this.#flushData(at);
    return batch.flush() && isFinished;
  }

  /** What is no check is counted, by the pair that carries it too. */
  #flushData(at: Millis): boolean {
    const { packetsSent, bytesSent } = this;
    const isFinished = this.#flushSecured(at);
    if (this.packetsSent > packetsSent)
      this.#agent.onDataSent(this.packetsSent - packetsSent, this.bytesSent - bytesSent);
    return isFinished;
  }

  #flushChecks(at: Millis): boolean {
    const { batch } = this.#backend;
    for (let count = 0; count < MAX_DATAGRAMS_PER_TURN; count++) {
      const length = this.#agent.transmit(batch.slab, batch.at, batch.at + MAX_DATAGRAM_BYTES, at);
      if (length === 0) return true;
      const { route } = this.#agent;
      const port = this.#carriers[route.socket];
      if (!port) continue;
      this.#ports[route.socket]?.onCheckSent?.(batch.slab, batch.at);
      this.#put(length, port, route);
    }
    return false;
  }

  #flushSecured(at: Millis): boolean {
    const route = this.#agent.selectedRoute ?? this.#agent.usableRoute;
    const dtls = this.#dtls;
    const port = route && this.#carriers[route.socket];
    if (!port || !dtls) return true;
    const { batch } = this.#backend;
    for (;;) {
      const length = this.#sped.transmit(dtls, batch.slab, batch.at, batch.at + MAX_DATAGRAM_BYTES, at);
      if (length === 0) break;
      if (!this.#add(length, port, route)) return false;
    }
    if (this.#media && !this.#flushMedia(this.#media, port, route, at)) return false;
    const association = this.#association;
    if (!association) return true;
    const isEarly = dtls.isHalfConnected && isShakingHands(association);
    if (!isEarly && dtls.state !== 'connected') return true;
    if (port.isBusy) return false;
    const { headroom } = dtls;
    let bytes = 0;
    for (let count = 0; count < MAX_DATAGRAMS_PER_TURN && bytes < MAX_BYTES_PER_TURN; count++) {
      const start = batch.at;
      const limit = start + headroom + MAX_PLAINTEXT_BYTES;
      const length = association.transmit(batch.slab, start + headroom, limit, at);
      if (length === 0) return true;
      const { mayFragment } = association;
      const record = isEarly
        ? dtls.sealEarly(batch.slab, start, length)
        : dtls.sealInBatch(batch.slab, start, length);
      if (record === 0) return true; // the sequence numbers are used up: DTLS has closed itself
      if (!this.#add(record, port, route, mayFragment, dtls)) return false;
      bytes += record;
    }
    return false;
  }

  /** Before data: it is what can't wait. */
  #flushMedia(media: MediaPath, port: DatagramPort, route: Route, at: Millis): boolean {
    const { batch } = this.#backend;
    for (let count = 0; count < MAX_DATAGRAMS_PER_TURN; count++) {
      if (port.isBusy) return false;
      const length = media.transmit(batch.slab, batch.at, batch.at + MAX_DATAGRAM_BYTES, at);
      if (length === 0) return true;
      if (!this.#add(length, port, route)) return false;
    }
    return false;
  }

  #add(length: number, port: DatagramPort, route: Route, mayFragment = false, sealer?: BatchSealer): boolean {
    this.packetsSent++;
    this.bytesSent += length;
    return this.#put(length, port, route, mayFragment, sealer);
  }

  #put(length: number, port: DatagramPort, route: Route, mayFragment = false, sealer?: BatchSealer): boolean {
    const { batch } = this.#backend;
    if (!batch.hasRoomFor(port)) {
      sealer?.finishBatch(); // while it lies there: its place is the next one's
      this.drops.count('busy-port');
      return false;
    }
    return batch.add(length, port, route, mayFragment, sealer);
  }
}

/** It has nothing to send but its INIT, which says no more than a description might. */
function isShakingHands({ phase }: SctpAssociation): boolean {
  return phase === 'cookie-wait';
}

function isSameRoute(a: Route, b: Route): boolean {
  return a.socket === b.socket && a.remote.port === b.remote.port && a.remote.address === b.remote.address;
}
