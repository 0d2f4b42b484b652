// Hot: one UDP socket that the event loop watches: what comes in, and how it ends. What it sends is in outgoing.ts.
import { type Enrolment, Roster } from '@millrace/sans-io';
import type { Watch, Watcher } from '../ffi.ts';
import { MAX_BUFFERS_PER_TURN, MAX_DATAGRAMS_PER_TURN, MERGE_FROM, RECEIVE_SLOTS } from '../options.ts';
import { type Family, nameBytes } from './addresses.ts';
import { Counts } from './counts.ts';
import { errorNumbers } from './error-numbers.ts';
import { AF_INET, SOL_UDP, UDP_GRO } from './libc.ts';
import { Outgoing, type OutgoingOwner } from './outgoing.ts';
import type { UdpParts } from './parts.ts';
import type {
  NativeSocket,
  ReceivePath,
  SendPath,
  UdpAddress,
  UdpHandlers,
  UdpRun,
  UdpStats,
} from './port.ts';
import { FAILED, type Receiver } from './receiver.ts';
import { Remotes } from './remotes.ts';

/** Errors in a row, with nothing received between, after which a socket is given up. */
const MAX_ERRORS_IN_A_ROW = 16;

/** The open sockets: what keeps them watched, as with node:dgram, until they are closed. */
const open = new Roster<UdpSocket>();
let closesAtExit = false;

/** A descriptor that is still watched when Node takes itself apart would end the process with a crash. */
function closeAtExit(): void {
  if (closesAtExit) return;
  closesAtExit = true;
  process.once('exit', () => {
    for (const socket of open.members()) socket.close();
  });
}

/** Of its public methods those that `NativeSocket` lacks are for what it is made of: a closure for each would be more than it. */
export class UdpSocket implements NativeSocket, OutgoingOwner, Watcher {
  readonly local: UdpAddress;
  readonly #parts: UdpParts;
  readonly #handlers: UdpHandlers;
  readonly #remotes: Remotes;
  readonly #counts = new Counts();
  readonly #bestReceivePath: ReceivePath;
  #receivePath: ReceivePath = 'plain';
  readonly #outgoing: Outgoing;
  readonly #descriptor: number;
  readonly #enrolment: Enrolment<UdpSocket>;
  #watch: Watch | undefined;
  #errorsInARow = 0;

  /** Takes over a bound descriptor. `receivePath`: what becomes of it once much comes at a time. */
  constructor(
    parts: UdpParts,
    descriptor: number,
    family: Family,
    handlers: UdpHandlers,
    sendPath: SendPath,
    receivePath: ReceivePath,
  ) {
    this.#parts = parts;
    this.#descriptor = descriptor;
    this.#handlers = handlers;
    this.#outgoing = new Outgoing(parts, descriptor, family, sendPath, this.#counts, this);
    this.#bestReceivePath = receivePath;
    this.local = parts.descriptors.localAddress(descriptor);
    // Of an IPv4 socket address the last eight bytes mean nothing.
    const telling = family === AF_INET ? 8 : nameBytes(family);
    this.#remotes = new Remotes(telling, parts.addresses.reader);
    this.#watch = parts.ffi.watch(descriptor, this);
    this.#enrolment = open.enrol(this);
    closeAtExit();
  }

  get isBusy(): boolean {
    return this.#outgoing.isBusy;
  }

  get stats(): UdpStats {
    const { descriptors } = this.#parts;
    const isOpen = this.#watch !== undefined;
    return {
      ...this.#counts,
      sendPath: this.#outgoing.path,
      receivePath: this.#receivePath,
      receiveBufferBytes: isOpen ? descriptors.receiveBufferBytes(this.#descriptor) : 0,
      sendBufferBytes: isOpen ? descriptors.sendBufferBytes(this.#descriptor) : 0,
    };
  }

  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: UdpAddress,
    mayFragment?: boolean,
  ): boolean {
    return this.#outgoing.send(bytes, at, end, segmentBytes, remote, mayFragment);
  }

  sendMany(runs: readonly UdpRun[], count?: number): boolean {
    return this.#outgoing.sendMany(runs, count);
  }

  ref(): this {
    this.#watch?.ref();
    return this;
  }

  unref(): this {
    this.#watch?.unref();
    return this;
  }

  close(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    this.#outgoing.close();
    if (this.#watch === undefined) return; // what it still had to send was the end of it
    this.#watch = undefined; // first, so that nothing touches the descriptor again
    open.strike(this.#enrolment);
    watch.close();
    this.#parts.descriptors.close(this.#descriptor);
  }

  onReady(status: number, readable: boolean, writable: boolean): void {
    if (this.#watch === undefined) return;
    closeTurn(); // first: ticks and promises of the handlers run before the immediates that they ask for
    if (status < 0) {
      this.#onPollError();
      return;
    }
    if (writable && this.isBusy) this.#sendWaiting();
    if (readable && this.#watch !== undefined) this.#receive();
  }

  watchWritable(isWanted: boolean): void {
    this.#watch?.change(isWanted);
  }

  onTooLong(remote: UdpAddress, bytes: number): void {
    setImmediate(() => {
      if (this.#watch) this.#handlers.onMtuExceeded?.(remote, bytes);
    });
  }

  #sendWaiting(): void {
    if (!this.#outgoing.sendWaiting()) return;
    try {
      this.#handlers.onWritable?.();
    } catch (error) {
      throwLater(error);
    }
  }

  #receive(): void {
    const { receiver } = this.#parts;
    const datagramsBefore = this.#counts.datagramsReceived;
    let buffers = 0;
    while (buffers < MAX_BUFFERS_PER_TURN && this.#watch !== undefined) {
      const count = receiver.receive(this.#descriptor);
      this.#counts.receiveCalls++;
      if (count === FAILED) {
        this.#onReceiveError(receiver.errno);
        break;
      }
      if (count > 0) this.#errorsInARow = 0;
      if (count >= MERGE_FROM && this.#receivePath !== this.#bestReceivePath) this.#merge();
      const { bytes } = receiver; // the same for all of them, even if a handler should take it away
      for (let slot = 0; slot < count; slot++) {
        if (this.#watch !== undefined) this.#deliver(receiver, bytes, slot);
        receiver.reset(slot);
      }
      buffers += count;
      if (count < RECEIVE_SLOTS) break; // there was no more when the kernel looked
      if (this.#counts.datagramsReceived - datagramsBefore >= MAX_DATAGRAMS_PER_TURN) break;
    }
    if (this.#watch === undefined || buffers === 0) return;
    try {
      this.#handlers.onBatchEnd?.();
    } catch (error) {
      throwLater(error);
    }
  }

  /**
   * Has the kernel merge what comes. Not from the start: the first socket of a machine that asks for it, and the last one that
   * closes, have Linux rewrite its own code and stop all processors for that, a tenth of a millisecond each time.
   */
  #merge(): void {
    const errno = this.#parts.descriptors.set(this.#descriptor, SOL_UDP, UDP_GRO, 1);
    if (errno === 0) this.#receivePath = this.#bestReceivePath;
  }

  /** Hands up what one slot holds. */
  #deliver(receiver: Receiver, bytes: Uint8Array, slot: number): void {
    const length = receiver.lengthIn(slot);
    if (length < 0) {
      this.#counts.truncated++;
      return;
    }
    const remote = this.#remotes.find(receiver.names, receiver.nameAt(slot));
    const segmentBytes = receiver.segmentBytesIn(slot, length);
    let at = receiver.startOf(slot);
    const end = at + length;
    this.#counts.bytesReceived += length;
    if (segmentBytes < length) this.#announce(bytes, at, end, segmentBytes, remote);
    if (this.#watch === undefined) return;
    do {
      const until = Math.min(at + segmentBytes, end);
      this.#counts.datagramsReceived++;
      try {
        this.#handlers.onDatagram(bytes, at, until, remote);
      } catch (error) {
        throwLater(error);
      }
      at = until;
    } while (at < end && this.#watch !== undefined);
  }

  #announce(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: UdpAddress): void {
    try {
      this.#handlers.onRun?.(bytes, at, end, segmentBytes, remote);
    } catch (error) {
      throwLater(error);
    }
  }

  #onReceiveError(errno: number): void {
    // An unconnected socket hears of no ICMP error; should it, the error is about the past and the socket lives on.
    const { badDescriptor, notSocket } = errorNumbers(this.#parts.ffi);
    const isDead = errno === badDescriptor || errno === notSocket;
    if (isDead || ++this.#errorsInARow > MAX_ERRORS_IN_A_ROW) this.die('recvmmsg', errno);
  }

  /** An error at the socket has ended the watching. */
  #onPollError(): void {
    const errno = this.#parts.descriptors.takeError(this.#descriptor);
    if (++this.#errorsInARow > MAX_ERRORS_IN_A_ROW)
      this.die('poll', errno || errorNumbers(this.#parts.ffi).io);
    else this.#watch?.change(this.isBusy);
  }

  die(syscall: string, errno: number): void {
    if (this.#watch === undefined) return;
    const error = this.#parts.descriptors.errorOf(syscall, errno);
    this.close();
    setImmediate(() => this.#handlers.onError?.(error)); // `send` may be what has found out
  }
}

/** A handler's exception: it becomes an uncaught one, as of any event, and the batch goes on. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

let isTurnClosing = false;

/**
 * The watching library calls us from outside of Node's own callbacks, and so nobody runs the promises and ticks that
 * a handler has set off. An immediate of the same turn of the event loop does; it needs to do nothing itself.
 */
function closeTurn(): void {
  if (isTurnClosing) return;
  isTurnClosing = true;
  setImmediate(turnClosed);
}

function turnClosed(): void {
  isTurnClosing = false;
}
