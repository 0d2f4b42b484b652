// The interfaces of a native UDP socket.

/** A numeric IP address and a port. Structurally what ICE calls a transport address. */
export interface UdpAddress {
  readonly address: string;
  readonly port: number;
}

/** Datagrams of one length, the last perhaps shorter, that lie end to end in `bytes[at, end)` and go to one peer. */
export interface UdpRun {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly segmentBytes: number;
  readonly remote: UdpAddress;
  /** Whether what is longer than the MTU may be cut up by IP instead of being lost. Default false. */
  readonly mayFragment?: boolean;
}

/** What a socket hands up. None of it is called from within a call of the owner's. */
export interface UdpHandlers {
  /**
   * One datagram. The bytes are borrowed for the call: copy what outlives it. `remote` is the same object whenever
   * the same peer sends, as long as no more than a few thousand peers do.
   */
  onDatagram(bytes: Uint8Array, at: number, end: number, remote: UdpAddress): void;
  /**
   * Several datagrams of `segmentBytes` each, the last perhaps shorter, came merged in `bytes[at, end)`, and are handed up
   * one by one next: what can be done for all of them at once may be done now. Borrowed as with `onDatagram`.
   */
  onRun?(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: UdpAddress): void;
  /** The datagrams that were there have been handed up: the moment to answer, once for all of them. */
  onBatchEnd?(): void;
  /** What `send` had to keep has been sent; `isBusy` is false. */
  onWritable?(): void;
  /**
   * The system refused datagrams of `bytes` (UDP payload) because they exceed the interface's MTU; they are lost.
   * At most once for each call of `send`, soon after it.
   */
  onMtuExceeded?(remote: UdpAddress, bytes: number): void;
  /** The socket is dead and closed. */
  onError?(error: Error): void;
}

export type SendPath =
  /** Runs of datagrams go to the kernel as one buffer that it cuts (UDP_SEGMENT). */
  | 'gso'
  /** Runs go as one call with many messages. */
  | 'sendmmsg'
  /** A system call a datagram. */
  | 'plain';

export type ReceivePath =
  /** Runs that the kernel merged come as one buffer with the length to cut it by (UDP_GRO): once several have come at a time. */
  'gro' | 'plain';

/** Counted since the socket was opened. */
export interface UdpStats {
  readonly sendPath: SendPath;
  readonly receivePath: ReceivePath;
  /** System calls. */
  readonly sendCalls: number;
  readonly receiveCalls: number;
  readonly datagramsSent: number;
  readonly bytesSent: number;
  readonly datagramsReceived: number;
  readonly bytesReceived: number;
  /** Datagrams the system would not take, for whatever reason, MTU among them. */
  readonly datagramsRefused: number;
  readonly datagramsTooLong: number;
  /** Times that the kernel's buffer was full and `send` returned false. */
  readonly timesBusy: number;
  /** Received buffers that were dropped because they were cut off. */
  readonly truncated: number;
  /** Granted by the system, as it reports them (Linux doubles what was asked). */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
}

export interface NativeSocket {
  readonly local: UdpAddress;
  /** Whether datagrams wait in this process because the kernel would not take them. */
  readonly isBusy: boolean;
  readonly stats: UdpStats;
  /**
   * Sends `bytes[at, end)` as datagrams of `segmentBytes` each, of which the last may be shorter.
   *
   * True: taken, or lost; the bytes are the caller's again. False: the kernel's buffer is full. What it has not
   * taken is sent from where it lies as soon as it can be: leave the bytes as they are until `isBusy` is false
   * (`onWritable`). What is sent while the socket is busy is tried once and otherwise lost.
   *
   * With `mayFragment` what is longer than the MTU is cut up by IP instead of being lost; that costs two system calls
   * more.
   *
   * @throws {NativeError} `BAD_RANGE`, `BAD_LENGTH` (a segment of 0 bytes or more than UDP can carry), `BAD_ADDRESS`
   */
  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: UdpAddress,
    mayFragment?: boolean,
  ): boolean;
  /**
   * The same as `send` for the first `count` of `runs`, one after the other, but as messages of as few system calls as
   * the system allows: runs to different peers, or of different lengths, go together. The objects are read within the
   * call only; the bytes as with `send`.
   *
   * @throws {NativeError} as `send`, before anything has been sent
   */
  sendMany(runs: readonly UdpRun[], count?: number): boolean;
  /** As with node:dgram: whether the open socket keeps the process alive. It does at first. */
  ref(): this;
  unref(): this;
  /** Idempotent. Nothing is handed up after it; `send` then does nothing and returns true. What waits is tried once more. */
  close(): void;
}

export interface NativeUdp {
  readonly sendPath: SendPath;
  readonly receivePath: ReceivePath;
  /**
   * Binds a socket to a numeric address; port 0 lets the system choose. An IPv6 socket carries IPv6 only. Datagrams
   * are not fragmented unless `send` is told so: those longer than the interface's MTU go to `onMtuExceeded`.
   *
   * @throws {Error} with `code` (`EADDRINUSE`, `EADDRNOTAVAIL`, ...), `errno`, `syscall`, `address` and `port`, as of
   *   node:dgram
   */
  open(address: string, port: number, handlers: UdpHandlers): NativeSocket;
}
