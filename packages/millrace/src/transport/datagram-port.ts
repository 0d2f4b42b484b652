// A UDP socket as the driver sees it, and its portable implementation on node:dgram.
import { createSocket, type Socket } from 'node:dgram';
import type { TransportAddress } from '@millrace/ice';
import { isIpv6 } from '@millrace/stun';

/** What a port tells its owner. None of these is called from within a call of the owner's. */
export interface PortHandlers {
  /** A datagram has come. The bytes are borrowed for the call, and may be changed. */
  onDatagram(bytes: Uint8Array, at: number, end: number, remote: TransportAddress): void;
  /**
   * Datagrams of `segmentBytes` each, the last perhaps shorter, that came in one piece and lie in `bytes[at, end)`, are
   * handed over one by one next. A port that can't tell never calls this.
   */
  onRun?(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: TransportAddress): void;
  /** All datagrams that had come have been handed over. */
  onBatchEnd(): void;
  /** `isBusy` is false again. A port that can't tell never calls this. */
  onWritable(): void;
  /** A datagram of `bytes` was too long for the way to `remote`. A port that can't tell never calls this. */
  onMtuExceeded(remote: TransportAddress, bytes: number): void;
  /** The socket is dead. */
  onError(error: Error): void;
  /** Whether the owner has had an authentic check from there. Asked by ports that many share. */
  isVerified?(remote: TransportAddress): boolean;
}

/** Datagrams of one length, the last perhaps shorter, that lie end to end in `bytes[at, end)`. */
export interface DatagramRun {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly segmentBytes: number;
  readonly remote: TransportAddress;
  /** IP may cut up what is longer than the path carries, instead of losing it. */
  readonly mayFragment: boolean;
}

/** One UDP socket: on node:dgram, or on the kernel's batched calls. */
export interface DatagramPort {
  readonly local: TransportAddress;
  /** Of a relayed address: what wrapping adds to each datagram. */
  readonly overheadBytes?: number;
  /** Of a part in a shared socket: the socket, which datagrams can be sent from without a detour. */
  readonly carrier?: DatagramPort;
  /** Of the same: a STUN message is about to be sent, from `bytes[at]` on. */
  onCheckSent?(bytes: Uint8Array, at: number): void;
  /** Of the same: the connection has selected the way to `remote`. */
  onSelected?(remote: TransportAddress): void;
  /**
   * Sends the datagrams that lie end to end in `bytes[at, end)`, each of `segmentBytes`, the last perhaps shorter.
   * True: they are on their way, or lost. False: the bytes must stay as they are until `isBusy` is false again,
   * which is also the moment to stop sending.
   */
  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: TransportAddress,
    mayFragment?: boolean,
  ): boolean;
  /** The same for the first `count` of `runs`, in one call to the system where that is possible. The objects are borrowed. */
  sendMany(runs: readonly DatagramRun[], count: number): boolean;
  /** Whether datagrams wait in this process because the kernel would not take them. */
  readonly isBusy: boolean;
  close(): void;
}

/** Room for the bursts of a fast peer: the kernel charges each 1200-byte datagram as about 2300 bytes. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const SEND_BUFFER_BYTES = 1024 * 1024;
/** Turns of the event loop that a closing socket may wait for its last datagrams. */
const FAREWELL_TURNS = 100;

/**
 * Opens a UDP socket on `address`, at a port of the kernel's choice unless `port` says otherwise.
 *
 * @throws {Error} Node's own, when the address can't be bound
 */
export function openDgramPort(address: string, port: number, handlers: PortHandlers): Promise<DatagramPort> {
  const isV6 = isIpv6(address);
  const family = isV6 ? 6 : 4;
  const socket = createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    ipv6Only: isV6,
    // Addresses are numbers already: answering at once saves a turn of the event loop for each datagram.
    lookup: (hostname, _options, callback) => callback(null, hostname, family),
  });
  return new Promise((resolve, reject) => {
    const onRefused = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', onRefused);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener('error', onRefused);
      socket.on('error', (error) => handlers.onError(error));
      socket.on('message', (message, remote) => {
        try {
          handlers.onDatagram(message, 0, message.length, remote);
        } finally {
          handlers.onBatchEnd(); // what has come before is answered even so
        }
      });
      growBuffers(socket);
      resolve(new DgramPort(socket, { address, port: socket.address().port }));
    });
  });
}

/** Made by `openDgramPort`. */
export class DgramPort implements DatagramPort {
  readonly local: TransportAddress;
  readonly #socket: Socket;
  #isOpen = true;
  #isGone = false;

  constructor(socket: Socket, local: TransportAddress) {
    this.#socket = socket;
    this.local = local;
  }

  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: TransportAddress): boolean {
    // Who forges port 0 as his own is answered with nothing: node:dgram would throw.
    if (!this.#isOpen || remote.port === 0) return true;
    // No callback: a datagram that the network refuses is a lost datagram, and every layer above expects losses.
    for (; at < end; at += segmentBytes)
      this.#socket.send(bytes, at, Math.min(segmentBytes, end - at), remote.port, remote.address);
    return !this.isBusy;
  }

  /** node:dgram lets IP cut up what is longer than the interface's MTU in any case. */
  sendMany(runs: readonly DatagramRun[], count: number): boolean {
    for (let i = 0; i < count; i++) {
      const { bytes, at, end, segmentBytes, remote } = runs[i]!;
      this.send(bytes, at, end, segmentBytes, remote);
    }
    return !this.isBusy;
  }

  get isBusy(): boolean {
    // Also while it closes: the farewell still lies in its owner's slab.
    return !this.#isGone && this.#socket.getSendQueueCount() > 0;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closeWhenSent(FAREWELL_TURNS);
  }

  /** What the kernel has not taken yet includes the farewell to the peer: it gets some turns of the event loop. */
  #closeWhenSent(turns: number): void {
    if (turns === 0 || this.#socket.getSendQueueCount() === 0) {
      this.#isGone = true;
      this.#socket.close();
    } else setImmediate(() => this.#closeWhenSent(turns - 1));
  }
}

function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    socket.setSendBufferSize(SEND_BUFFER_BYTES);
  } catch {
    // The system's limit holds; congestion control copes with a smaller buffer.
  }
}
