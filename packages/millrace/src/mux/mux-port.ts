// A connection's part in a shared socket, as its driver sees it: a port like any other. What is sent goes straight to
// the socket; what comes has been sorted out by the router.
import type { TransportAddress } from '@millrace/ice';
import { u16 } from '@millrace/sans-io';
import type { DatagramPort, DatagramRun } from '../transport/datagram-port.ts';
import type { MuxMember, MuxRouter, Place } from './router.ts';
import { isBindingRequest } from './stun-username.ts';

export class MuxPort implements DatagramPort {
  readonly carrier: DatagramPort;
  readonly #router: MuxRouter;
  readonly #member: MuxMember;
  readonly #socket: number;
  readonly #place: Place;

  constructor(router: MuxRouter, member: MuxMember, socket: number, place: Place, carrier: DatagramPort) {
    this.#router = router;
    this.#member = member;
    this.#socket = socket;
    this.#place = place;
    this.carrier = carrier;
  }

  get local(): TransportAddress {
    return this.carrier.local;
  }

  get isBusy(): boolean {
    return this.carrier.isBusy;
  }

  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: TransportAddress,
    mayFragment?: boolean,
  ): boolean {
    if (bytes[at]! <= 3 && u16(bytes, at + 2) === end - at - 20) this.onCheckSent(bytes, at);
    return this.carrier.send(bytes, at, end, segmentBytes, remote, mayFragment);
  }

  sendMany(runs: readonly DatagramRun[], count: number): boolean {
    return this.carrier.sendMany(runs, count);
  }

  onCheckSent(bytes: Uint8Array, at: number): void {
    if (isBindingRequest(bytes, at)) this.#router.expect(this.#place, bytes, at);
  }

  onSelected(remote: TransportAddress): void {
    this.#router.claim(this.#place, this.#socket, remote);
  }

  /** The socket stays: it is the others' too. */
  close(): void {
    if (this.#member.places.get(this.#socket) === this.#place)
      this.#router.closePlace(this.#member, this.#socket);
  }
}
