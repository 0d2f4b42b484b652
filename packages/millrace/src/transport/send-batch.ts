// Hot: datagrams that leave in this turn of the event loop, end to end in one slab. A run of datagrams of one size to
// one destination (the last may be shorter) is one call to the port, which gives it to the kernel as a whole where
// that is possible (UDP_SEGMENT).
import type { Route, TransportAddress } from '@millrace/ice';
import type { DatagramPort } from './datagram-port.ts';

/** Longest datagram: a whole DTLS record, 2^14 bytes and what protects them (RFC 6347 §4.1.1). */
export const MAX_DATAGRAM_BYTES: number = 16_384 + 64;
/** What the kernel takes at a time: 65,507 bytes (IPv4) in 64 datagrams (Linux before 5.x). */
const MAX_RUN_BYTES = 65_500;
const MAX_RUN_DATAGRAMS = 64;
/** Runs end before this; the datagram being written may reach beyond. */
const SLAB_BYTES = 65_536 + MAX_DATAGRAM_BYTES;

/** One for all connections: every send, but those of a busy port, is over when the call that makes it returns. */
export class SendBatch {
  /** Where the next datagram is to be written: `slab[at, at + MAX_DATAGRAM_BYTES)`. */
  slab: Uint8Array;
  at = 0;
  readonly #allocate: (bytes: number) => Uint8Array;
  /** Slabs that busy ports still read from. */
  readonly #lent: Array<{ readonly slab: Uint8Array; readonly port: DatagramPort }> = [];
  #start = 0;
  #segmentBytes = 0;
  #count = 0;
  #port: DatagramPort | undefined;
  #remote: TransportAddress | undefined;

  /** `allocate` gives memory that is quick to send from. */
  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
    this.slab = allocate(SLAB_BYTES);
  }

  /** Takes over the datagram of `length` bytes at `at`. False once the port is busy: stop sending to it. */
  add(length: number, port: DatagramPort, { remote }: Route): boolean {
    let isTaken = true;
    if (this.#count > 0 && (this.#port !== port || this.#remote !== remote || length > this.#segmentBytes))
      isTaken = this.#sendRun(length);
    if (this.#count === 0) {
      this.#port = port;
      this.#remote = remote;
      this.#segmentBytes = length;
    }
    this.at += length;
    this.#count++;
    // A shorter datagram ends its run; so does one that leaves no room for another.
    const isFull =
      length < this.#segmentBytes ||
      this.#count === MAX_RUN_DATAGRAMS ||
      this.at + length - this.#start > MAX_RUN_BYTES ||
      this.at + MAX_DATAGRAM_BYTES > SLAB_BYTES;
    return isFull ? this.flush() && isTaken : isTaken;
  }

  /** Sends what waits; the slab is free again. */
  flush(): boolean {
    const isTaken = this.#count === 0 || this.#sendRun(0);
    this.at = 0;
    this.#start = 0;
    return isTaken;
  }

  /** Sends the run before `at`, where `next` bytes of another one lie already. */
  #sendRun(next: number): boolean {
    const { slab, at } = this;
    const port = this.#port!;
    const start = this.#start;
    const remote = this.#remote!;
    this.#start = at; // first: whatever becomes of the call, the slab is in order for all other connections
    this.#count = 0;
    const isTaken = send(port, slab, start, at, this.#segmentBytes, remote);
    if (!isTaken) {
      this.#lent.push({ slab, port });
      this.slab = this.#freeSlab();
      for (let i = 0; i < next; i++) this.slab[i] = slab[at + i]!;
      this.at = 0;
      this.#start = 0;
    }
    return isTaken;
  }

  #freeSlab(): Uint8Array {
    const index = this.#lent.findIndex(({ port }) => !port.isBusy);
    return index < 0 ? this.#allocate(SLAB_BYTES) : this.#lent.splice(index, 1)[0]!.slab;
  }
}

/** A destination that the port can't make sense of, such as one a peer has made up, is where datagrams are lost. */
function send(
  port: DatagramPort,
  slab: Uint8Array,
  at: number,
  end: number,
  segmentBytes: number,
  remote: TransportAddress,
): boolean {
  try {
    return port.send(slab, at, end, segmentBytes, remote);
  } catch {
    return true;
  }
}
