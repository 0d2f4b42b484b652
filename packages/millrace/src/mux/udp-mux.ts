// Many connections on one UDP port: the sockets, one for each local address, and who shares them. Which datagram is
// whose, is the router's to say.
import type { TransportAddress } from '@millrace/ice';
import type { DropCounts } from '@millrace/sans-io';
import { queueTask } from '../task-queue.ts';
import { now } from '../transport/alarm.ts';
import { chooseBackend } from '../transport/backend.ts';
import type { DatagramPort, PortHandlers } from '../transport/datagram-port.ts';
import { localAddresses } from '../transport/local-addresses.ts';
import type { MuxDrop } from './drops.ts';
import { UdpMuxError } from './errors.ts';
import { MuxPort } from './mux-port.ts';
import { muxLimits, type UdpMuxOptions } from './options.ts';
import { MuxMember, MuxRouter, type RoutedSocket } from './router.ts';

export interface UdpMuxStats {
  readonly connections: number;
  /** Remote addresses that datagrams are recognised by. */
  readonly remoteAddresses: number;
  /** Checks that wait for their connections to be made. */
  readonly heldRequests: number;
  /** Own requests that wait for responses. */
  readonly transactions: number;
  readonly drops: DropCounts<MuxDrop>;
}

/** A connection's part in a shared port. */
export interface MuxMembership {
  /** Local addresses there are sockets on. */
  readonly addresses: readonly string[];
  openPort(address: string, handlers: PortHandlers): Promise<DatagramPort>;
  /**
   * Checks with this username fragment are the connection's too: an ICE restart has drawn it.
   *
   * @throws {UdpMuxError} DUPLICATE_UFRAG
   */
  addFragment(usernameFragment: string): void;
  /** No others than these are in use any more. */
  keepFragments(usernameFragments: readonly string[]): void;
  leave(): void;
}

/** For the sessions of this package alone. */
export let joinMux: (mux: UdpMux, usernameFragment: string, onMuxClosed: () => void) => MuxMembership;

/** How often a port of the system's choice that is taken on another address is chosen anew. */
const PORT_TRIES = 16;

interface SharedSocket {
  readonly port: DatagramPort;
  readonly routed: RoutedSocket;
}

/** One UDP port for many connections: `new RTCPeerConnection({ millrace: { udpMux } })`. */
export class UdpMux {
  readonly #router: MuxRouter;
  readonly #sockets: SharedSocket[] = [];
  #isClosed = false;

  static {
    joinMux = (mux, usernameFragment, onMuxClosed) => mux.#join(usernameFragment, onMuxClosed);
  }

  /**
   * Binds the port on each local address.
   *
   * @throws {UdpMuxError} BAD_OPTION, NO_ADDRESS
   * @throws {Error} Node's own, when an address can't be bound
   */
  static async listen(options: UdpMuxOptions = {}): Promise<UdpMux> {
    const mux = new UdpMux(options);
    const addresses = expand(options.addresses);
    if (addresses.length === 0) throw new UdpMuxError('NO_ADDRESS');
    await mux.#bind(addresses, options);
    return mux;
  }

  private constructor(options: UdpMuxOptions) {
    this.#router = new MuxRouter({
      limits: muxLimits(options),
      onUnknownUfrag: options.onUnknownUfrag,
      now,
      defer: (run) => void setImmediate(run),
      onThrown: (error) => queueTask(rethrow, error),
    });
  }

  /** The local addresses, each with the port. */
  get addresses(): TransportAddress[] {
    return this.#sockets.map(({ port }) => ({ ...port.local }));
  }

  get port(): number {
    return this.#sockets[0]?.port.local.port ?? 0;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get stats(): UdpMuxStats {
    const { members, boundAddresses, heldChecks, transactions, drops } = this.#router;
    return {
      connections: members.size,
      remoteAddresses: boundAddresses,
      heldRequests: heldChecks,
      transactions,
      drops: { ...drops.counts },
    };
  }

  /** Ends every connection on it, each with its farewell to the peer and MUX_CLOSED as the reason, and gives the port back. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const member of [...this.#router.members]) {
      member.onMuxClosed();
      this.#router.leave(member);
    }
    this.#router.clear();
    for (const { port } of this.#sockets) port.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #bind(addresses: readonly string[], options: UdpMuxOptions): Promise<void> {
    const { openPort } = chooseBackend(options.native ?? true);
    for (let tries = 1; ; tries++) {
      let port = options.port ?? 0;
      const opened: SharedSocket[] = [];
      try {
        for (const address of addresses) {
          const routed = this.#router.addSocket({ address, port });
          const socket = await openPort(address, port, this.#handlers(routed));
          routed.local = socket.local;
          port = socket.local.port;
          opened.push({ port: socket, routed });
        }
        this.#sockets.push(...opened);
        return;
      } catch (error) {
        for (const { port } of opened) port.close();
        this.#router.removeSockets();
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!isTaken || opened.length === 0 || options.port || tries === PORT_TRIES) throw error;
      }
    }
  }

  #handlers(routed: RoutedSocket): PortHandlers {
    return {
      onDatagram: (bytes, at, end, remote) => routed.receive(bytes, at, end, remote),
      onRun: (bytes, at, end, segmentBytes, remote) =>
        routed.table.find(remote)?.handlers.onRun?.(bytes, at, end, segmentBytes, remote),
      onBatchEnd: () => routed.endBatch(),
      // Whoever has something to send and could not; the others have nothing to do with it.
      onWritable: () => this.#eachPlace(routed, (handlers) => handlers.onWritable()),
      onMtuExceeded: (remote, bytes) => routed.table.find(remote)?.handlers.onMtuExceeded(remote, bytes),
      onError: (error) => this.#eachPlace(routed, (handlers) => handlers.onError(error)),
    };
  }

  #eachPlace({ number }: RoutedSocket, run: (handlers: PortHandlers) => void): void {
    for (const { places } of this.#router.members) {
      const place = places.get(number);
      if (place) run(place.handlers);
    }
  }

  #join(usernameFragment: string, onMuxClosed: () => void): MuxMembership {
    if (this.#isClosed) throw new UdpMuxError('CLOSED');
    const router = this.#router;
    const member = new MuxMember(onMuxClosed);
    router.join(member, usernameFragment);
    return {
      addresses: this.#sockets.map(({ port }) => port.local.address),
      openPort: async (address, handlers) => {
        const shared = this.#sockets.find(({ port }) => port.local.address === address);
        if (this.#isClosed || !router.members.has(member) || !shared) throw new UdpMuxError('CLOSED');
        const { number } = shared.routed;
        const place = router.openPlace(member, number, handlers);
        return new MuxPort(router, member, number, place, shared.port);
      },
      addFragment: (fragment) => router.join(member, fragment),
      keepFragments: (fragments) => {
        for (const fragment of [...member.fragments])
          if (!fragments.includes(fragment)) router.forget(member, fragment);
      },
      leave: () => router.leave(member),
    };
  }
}

function expand(addresses: readonly string[] | undefined): string[] {
  const all = (loopback: boolean, isWanted: (address: string) => boolean = () => true): string[] =>
    localAddresses(loopback)
      .map(({ address }) => address)
      .filter(isWanted);
  if (addresses === undefined) return all(false);
  const each = addresses.flatMap((address) => {
    if (address === '0.0.0.0') return all(false, (one) => !one.includes(':'));
    if (address === '::') return all(false, (one) => one.includes(':'));
    return [address];
  });
  return [...new Set(each)];
}

function rethrow(error: unknown): never {
  throw error;
}
