// What one socket of a connection hands up, with the number that routes call the socket by. Handlers are methods of one
// object: as closures they would take eight times as much for each socket.
import type { Route, TransportAddress } from '@millrace/ice';
import type { PortHandlers } from './datagram-port.ts';

/** What the driver does with it. Routes and bytes are borrowed for the call. */
export interface SocketOwner {
  onArrived(bytes: Uint8Array, at: number, end: number, route: Route): void;
  onRun(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void;
  endBatch(): void;
  onWritable(): void;
  onMtuExceeded(socket: number, remote: TransportAddress, bytes: number): void;
  isVerified(route: Route): boolean;
}

const NOBODY: TransportAddress = { address: '', port: 0 };

export class SocketHandlers implements PortHandlers, Route {
  /** Not known before the socket is open. */
  socket = -1;
  /** Who has sent the datagram at hand. */
  remote: TransportAddress = NOBODY;
  readonly #owner: SocketOwner;

  constructor(owner: SocketOwner) {
    this.#owner = owner;
  }

  onDatagram(bytes: Uint8Array, at: number, end: number, remote: TransportAddress): void {
    this.remote = remote;
    this.#owner.onArrived(bytes, at, end, this);
  }

  onRun(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    this.#owner.onRun(bytes, at, end, segmentBytes);
  }

  onBatchEnd(): void {
    this.#owner.endBatch();
  }

  onWritable(): void {
    this.#owner.onWritable();
  }

  onMtuExceeded(remote: TransportAddress, bytes: number): void {
    this.#owner.onMtuExceeded(this.socket, remote, bytes);
  }

  /** A dead socket is a silent one: ICE notices. */
  onError(): void {}

  isVerified(remote: TransportAddress): boolean {
    this.remote = remote;
    return this.#owner.isVerified(this);
  }
}
