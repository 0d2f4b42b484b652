// A wide-area link on one machine: a relay between two UDP peers that delays, drops and holds back their datagrams as
// the simulated wire says, but in real time. It has a face for each peer; what peer A sends to face A goes through the
// wire and leaves from face B for peer B, which therefore sees face B as A's address. For tests and benchmarks where
// there are no network namespaces. Good to some 200 Mbit/s; it shares the processor with whatever it is used to measure.
import { createSocket, type Socket } from 'node:dgram';
import { SeededRandom, Wire, type WireOptions, type WireStats } from '@millrace/sans-io/testing';

/** What a busy relay sleeps between two looks at its sockets: short enough for the queue of a fast link. */
const NAP_MS = 0.2;
/** Until something is due in less than this, the event loop may sleep by itself: its timers are this coarse. */
const PRECISE_MS = 2;
/** Sockets ask for as much; the system's limit holds. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** Sets the losses of one direction apart from those of the other. */
const BACKWARD_SEED = 0x2545f491;

export type Face = 'a' | 'b';

export interface Address {
  readonly address: string;
  readonly port: number;
}

export interface RelayOptions {
  /** Same seed, same losses by number of datagram. Default 1. */
  readonly seed?: number;
  /** Both directions; lengths count with `overhead`. */
  readonly wire?: WireOptions;
}

interface Side {
  readonly socket: Socket;
  /** Carries what this side's peer sends. */
  readonly wire: Wire;
  /** Where this side's peer is: as told, else where its last datagram came from. */
  peer: Address | undefined;
}

export class UdpRelay {
  readonly #sides: Readonly<Record<Face, Side>>;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #isAwake = false;
  #isOpen = true;

  private constructor(sides: Readonly<Record<Face, Side>>) {
    this.#sides = sides;
    sides.a.socket.on('message', (bytes, remote) => this.#onDatagram(sides.a, bytes, remote));
    sides.b.socket.on('message', (bytes, remote) => this.#onDatagram(sides.b, bytes, remote));
  }

  static async open({ seed = 1, wire = {} }: RelayOptions = {}): Promise<UdpRelay> {
    const [a, b] = await Promise.all([openSocket(), openSocket()]);
    return new UdpRelay({
      a: { socket: a, wire: new Wire(new SeededRandom(seed), wire), peer: undefined },
      b: { socket: b, wire: new Wire(new SeededRandom(seed ^ BACKWARD_SEED), wire), peer: undefined },
    });
  }

  /** The port of a face, on every IPv4 address of this machine. */
  port(face: Face): number {
    return this.#sides[face].socket.address().port;
  }

  /** Says where a peer is, before it has sent anything. */
  setPeer(face: Face, peer: Address): void {
    this.#sides[face].peer = peer;
  }

  /** Changes these options in both directions, or in the one that carries what `from`'s peer sends. */
  change(options: WireOptions, from?: Face): void {
    if (from !== 'b') this.#sides.a.wire.change(options);
    if (from !== 'a') this.#sides.b.wire.change(options);
  }

  /** What has become of the datagrams of a face's peer. */
  stats(face: Face): WireStats {
    return this.#sides[face].wire.stats;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#sides.a.socket.close();
    this.#sides.b.socket.close();
  }

  #onDatagram(side: Side, bytes: Uint8Array, { address, port }: Address): void {
    if (side.peer?.port !== port || side.peer.address !== address) side.peer = { address, port };
    side.wire.send(bytes, 0, bytes.length, performance.now());
    if (this.#isAwake) return;
    this.#isAwake = true;
    clearTimeout(this.#timer);
    setImmediate(this.#work);
  }

  /** Sends what is due; then naps, or leaves the event loop to itself where the next is not due soon. */
  readonly #work = (): void => {
    if (!this.#isOpen) return;
    const { a, b } = this.#sides;
    const now = performance.now();
    forward(a, b, now);
    forward(b, a, now);
    const wait = Math.min(a.wire.next(), b.wire.next()) - performance.now();
    this.#isAwake = wait < PRECISE_MS;
    if (this.#isAwake) {
      // The loop's own timers count whole milliseconds; this one wakes within a tenth.
      if (wait > 0) Atomics.wait(this.#cell, 0, 0, Math.min(wait, NAP_MS));
      setImmediate(this.#work);
    } else if (wait !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(this.#work, wait - PRECISE_MS / 2);
    }
  };
}

function forward(from: Side, to: Side, now: number): void {
  for (let got = from.wire.take(now); got; got = from.wire.take(now)) {
    // A copy, since the wire lends its bytes and the kernel may take them late. Nobody hears of what it refuses.
    if (to.peer) to.socket.send(Buffer.from(got.bytes), to.peer.port, to.peer.address, () => {});
  }
}

function openSocket(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    // Addresses are numbers already: answering at once saves a turn of the event loop for each datagram.
    lookup: (hostname, _options, callback) => callback(null, hostname, 4),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, () => {
      socket.removeListener('error', reject);
      socket.on('error', () => {}); // such as a peer that has gone: its datagrams are lost, as on any link
      try {
        socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
        socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
      } catch {
        // A smaller buffer loses datagrams earlier.
      }
      resolve(socket);
    });
  });
}
