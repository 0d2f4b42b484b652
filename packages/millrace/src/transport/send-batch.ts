// Hot: datagrams that leave in this turn of the event loop, end to end in one slab. A run of datagrams of one size to
// one destination (the last may be shorter) is one buffer that the kernel cuts (UDP_SEGMENT) where that is possible;
// runs of one socket, to whatever destinations, are one call to the port.
import type { Route, TransportAddress } from '@millrace/ice';
import type { DatagramPort, DatagramRun } from './datagram-port.ts';

/** Longest datagram: a whole DTLS record, 2^14 bytes and what protects them (RFC 6347 §4.1.1). */
export const MAX_DATAGRAM_BYTES: number = 16_384 + 64;
/** What the kernel takes at a time: 65,507 bytes (IPv4) in 64 datagrams (Linux before 5.x). */
const MAX_RUN_BYTES = 65_500;
const MAX_RUN_DATAGRAMS = 64;
/** Runs of one call. */
const MAX_RUNS = 64;
/** In front of the first datagram: the quickest ways to seal a record write 8 or 64 bytes in front of its content for a moment. */
const FRONT_BYTES = 64;
/** Runs end before this; the datagram being written may reach beyond. */
const SLAB_BYTES = FRONT_BYTES + 65_536 + MAX_DATAGRAM_BYTES;
/**
 * Slabs that one busy port may hold. A port that never gets rid of its datagrams would have another 80 KiB for each
 * turn in which ICE or DTLS has something to say; what comes beyond that is lost, as on any full network.
 */
export const MAX_SLABS_PER_BUSY_PORT = 4;

class Run implements DatagramRun {
  bytes: Uint8Array = NOTHING;
  at = 0;
  end = 0;
  segmentBytes = 0;
  remote: TransportAddress = NOWHERE;
  mayFragment = false;
}
const NOTHING = new Uint8Array(0);
const NOWHERE: TransportAddress = { address: '', port: 0 };

/** Has sealed datagrams that are whole only after a last step for all of them. */
export interface BatchSealer {
  finishBatch(): void;
}

/** One for all connections: every send, but those of a busy port, is over when the call that makes it returns. */
export class SendBatch {
  /** Where the next datagram is to be written: `slab[at, at + MAX_DATAGRAM_BYTES)`. */
  slab: Uint8Array;
  at: number = FRONT_BYTES;
  readonly #allocate: (bytes: number) => Uint8Array;
  /** Slabs that busy ports still read from. */
  #lent: Array<{ readonly slab: Uint8Array; readonly port: DatagramPort }> = [];
  /** Slabs that came back from them. */
  readonly #free: Uint8Array[] = [];
  /** Of `#port`; the first `#runCount` wait to be sent, the one behind them is being filled if `#count` is not 0. */
  readonly #runs: Run[] = [];
  #runCount = 0;
  #port: DatagramPort | undefined;
  /** Datagrams in the run being filled. */
  #count = 0;
  /** Of datagrams that wait here, or of the one being added. */
  #sealer: BatchSealer | undefined;

  /** `allocate` gives memory that is quick to send from. */
  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
    this.slab = allocate(SLAB_BYTES);
  }

  /** Whether what is added for `port` has somewhere to wait should the kernel not take it: see the cap. */
  hasRoomFor(port: DatagramPort): boolean {
    if (this.#lent.length < MAX_SLABS_PER_BUSY_PORT || !port.isBusy) return true;
    let slabs = 0;
    for (let i = 0; i < this.#lent.length; i++) if (this.#lent[i]!.port === port) slabs++;
    return slabs < MAX_SLABS_PER_BUSY_PORT;
  }

  /**
   * Takes over the datagram of `length` bytes at `at`. False once the port is busy: stop sending to it. With `mayFragment`
   * IP may cut it up, should it be longer than the path carries. `sealer` has its last step to do before it is sent.
   */
  add(
    length: number,
    port: DatagramPort,
    { remote }: Route,
    mayFragment = false,
    sealer?: BatchSealer,
  ): boolean {
    let isTaken = true;
    if (sealer !== undefined && sealer !== this.#sealer) {
      this.#sealer?.finishBatch();
      this.#sealer = sealer;
    }
    if (this.#port !== port) {
      this.#sendRuns(length);
      this.#port = port;
    } else if (this.#count > 0) {
      const run = this.#runs[this.#runCount]!;
      if (run.remote !== remote || length > run.segmentBytes || run.mayFragment !== mayFragment)
        this.#endRun();
      if (this.#runCount === MAX_RUNS) {
        isTaken = this.#sendRuns(length);
        this.#port = port;
      }
    }
    if (this.#count === 0) this.#beginRun(length, remote, mayFragment);
    const run = this.#runs[this.#runCount]!;
    this.at += length;
    this.#count++;
    run.end = this.at;
    // A shorter datagram ends its run; so does one that leaves no room for another.
    if (
      length < run.segmentBytes ||
      this.#count === MAX_RUN_DATAGRAMS ||
      run.end + length - run.at > MAX_RUN_BYTES
    )
      this.#endRun();
    const isFull = this.#runCount === MAX_RUNS || this.at + MAX_DATAGRAM_BYTES > SLAB_BYTES;
    return isFull ? this.flush() && isTaken : isTaken;
  }

  /** Sends what waits; the slab is free again. */
  flush(): boolean {
    const isTaken = this.#sendRuns(0);
    this.at = FRONT_BYTES;
    return isTaken;
  }

  #beginRun(segmentBytes: number, remote: TransportAddress, mayFragment: boolean): void {
    let run = this.#runs[this.#runCount];
    if (run === undefined) {
      run = new Run();
      this.#runs.push(run);
    }
    run.bytes = this.slab;
    run.at = this.at;
    run.end = this.at;
    run.segmentBytes = segmentBytes;
    run.remote = remote;
    run.mayFragment = mayFragment;
  }

  #endRun(): void {
    this.#runCount++;
    this.#count = 0;
  }

  /** Sends the runs before `at`, where `next` bytes of another one lie already. */
  #sendRuns(next: number): boolean {
    if (this.#count > 0) this.#endRun();
    const count = this.#runCount;
    const port = this.#port;
    // First: whatever becomes of the call, the slab is in order for all other connections.
    this.#runCount = 0;
    this.#port = undefined;
    if (count === 0 || port === undefined) return true;
    this.#sealer?.finishBatch();
    this.#sealer = undefined;
    if (this.#lent.length > 0) this.#takeBack();
    if (send(port, this.#runs, count)) return true;
    const { slab, at } = this;
    this.#lent.push({ slab, port });
    this.slab = this.#free.pop() ?? this.#allocate(SLAB_BYTES);
    for (let i = 0; i < next; i++) this.slab[FRONT_BYTES + i] = slab[at + i]!;
    this.at = FRONT_BYTES;
    return false;
  }

  #takeBack(): void {
    this.#lent = this.#lent.filter(({ slab, port }) => {
      if (port.isBusy) return true;
      if (this.#free.length < MAX_SLABS_PER_BUSY_PORT) this.#free.push(slab);
      return false;
    });
  }
}

/** A destination that the port can't make sense of, such as one a peer has made up, is where datagrams are lost. */
function send(port: DatagramPort, runs: readonly DatagramRun[], count: number): boolean {
  if (count > 1) {
    try {
      return port.sendMany(runs, count);
    } catch {
      // Nothing has been sent: one by one, so that only what is wrong is lost.
    }
  }
  let isTaken = true;
  for (let i = 0; i < count; i++) isTaken = sendRun(port, runs[i]!) && isTaken;
  return isTaken;
}

function sendRun(port: DatagramPort, run: DatagramRun): boolean {
  const { bytes, at, end, segmentBytes, remote, mayFragment } = run;
  try {
    return port.send(bytes, at, end, segmentBytes, remote, mayFragment);
  } catch {
    return true;
  }
}
