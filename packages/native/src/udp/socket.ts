// Hot: one UDP socket that the event loop watches. Sending and receiving are in sender.ts and receiver.ts; here is
// what a socket remembers between calls, and what becomes of errors.

import { NativeError } from '../errors.ts';
import type { Ffi, Watch } from '../ffi.ts';
import { checkRange } from '../memory.ts';
import {
  MAX_BUFFERS_PER_TURN,
  MAX_DATAGRAMS_PER_TURN,
  MAX_GROUP_BYTES,
  MAX_PAYLOAD_V4,
  MAX_PAYLOAD_V6,
  MAX_SEGMENTS_PER_SEND,
  RECEIVE_SLOT_BYTES,
  RECEIVE_SLOTS,
} from '../options.ts';
import { type Addresses, type Family, nameBytes } from './addresses.ts';
import type { Descriptors } from './descriptor.ts';
import { AF_INET } from './libc.ts';
import type { NativeSocket, ReceivePath, SendPath, UdpAddress, UdpHandlers, UdpStats } from './port.ts';
import { FAILED, type Receiver } from './receiver.ts';
import { Remotes } from './remotes.ts';
import type { DatagramSender } from './sender.ts';

/** What all sockets of a thread share. */
export interface UdpParts {
  readonly ffi: Ffi;
  readonly addresses: Addresses;
  readonly descriptors: Descriptors;
  readonly sender: DatagramSender;
  readonly receiver: Receiver;
}

/** Errors in a row, with nothing received between, after which a socket is given up. */
const MAX_ERRORS_IN_A_ROW = 16;

/** A run the kernel would not take, as it was given to `send`. */
interface Waiting {
  bytes: Uint8Array;
  at: number;
  end: number;
  segmentBytes: number;
  remote: UdpAddress;
}

/** The open sockets: what keeps them watched, as with node:dgram, until they are closed. */
const open = new Set<UdpSocket>();
let closesAtExit = false;

/** A descriptor that is still watched when Node takes itself apart would end the process with a crash. */
function closeAtExit(): void {
  if (closesAtExit) return;
  closesAtExit = true;
  process.once('exit', () => {
    for (const socket of open) socket.close();
  });
}

export class UdpSocket implements NativeSocket {
  readonly local: UdpAddress;
  readonly #parts: UdpParts;
  readonly #family: Family;
  readonly #handlers: UdpHandlers;
  readonly #remotes: Remotes;
  readonly #counts = new Counts();
  readonly #receivePath: ReceivePath;
  readonly #errors: Errors;
  #sendPath: SendPath;
  #descriptor: number;
  #watch: Watch | undefined;
  #waiting: Waiting | undefined;
  #errorsInARow = 0;
  // The peer whose socket address lies in the sender's structures, as long as this socket was the last to put one there.
  #destination: UdpAddress | undefined;
  #destinationAddress = '';
  #destinationPort = 0;

  /** Takes over a bound descriptor. */
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
    this.#family = family;
    this.#handlers = handlers;
    this.#sendPath = sendPath;
    this.#receivePath = receivePath;
    this.#errors = errorsOf(parts.ffi);
    this.local = parts.descriptors.localAddress(descriptor);
    // Of an IPv4 socket address the last eight bytes mean nothing.
    const telling = family === AF_INET ? 8 : nameBytes(family);
    this.#remotes = new Remotes(telling, (bytes, at) => parts.addresses.read(bytes, at));
    this.#watch = parts.ffi.watch(descriptor, this.#onReady);
    open.add(this);
    closeAtExit();
  }

  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }

  get stats(): UdpStats {
    const { descriptors } = this.#parts;
    const isOpen = this.#watch !== undefined;
    return {
      ...this.#counts,
      sendPath: this.#sendPath,
      receivePath: this.#receivePath,
      receiveBufferBytes: isOpen ? descriptors.receiveBufferBytes(this.#descriptor) : 0,
      sendBufferBytes: isOpen ? descriptors.sendBufferBytes(this.#descriptor) : 0,
    };
  }

  send(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: UdpAddress): boolean {
    checkRange(bytes, at, end);
    const longest = this.#family === AF_INET ? MAX_PAYLOAD_V4 : MAX_PAYLOAD_V6;
    if ((segmentBytes | 0) !== segmentBytes || segmentBytes < 1 || segmentBytes > longest)
      throw new NativeError('BAD_LENGTH', `segments of ${segmentBytes} bytes`);
    this.#address(remote);
    if (this.#watch === undefined) return true;
    const sentTo = this.#sendRun(bytes, at, end, segmentBytes, remote);
    if (sentTo === end) return true;
    if (this.#watch === undefined) return true; // the error was its end
    if (this.#waiting) {
      this.#counts.datagramsRefused += Math.ceil((end - sentTo) / segmentBytes);
      return true;
    }
    this.#waiting = { bytes, at: sentTo, end, segmentBytes, remote };
    this.#counts.timesBusy++;
    this.#watch.change(true);
    return false;
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
    if (this.#waiting) this.#trySending(this.#waiting); // it may be a farewell
    if (this.#watch === undefined) return; // that was the end of it
    this.#watch = undefined; // first, so that nothing touches the descriptor again
    this.#waiting = undefined;
    open.delete(this);
    watch.close();
    this.#parts.descriptors.close(this.#descriptor);
  }

  /** Puts the socket address of `remote` where the sender looks for it. */
  #address(remote: UdpAddress): void {
    const { sender, addresses } = this.#parts;
    const { address, port } = remote;
    if (
      lastAddressed === this &&
      remote === this.#destination &&
      port === this.#destinationPort &&
      address === this.#destinationAddress
    )
      return;
    lastAddressed = undefined;
    addresses.write(remote, this.#family, sender.names, sender.nameAt);
    lastAddressed = this;
    this.#destination = remote;
    this.#destinationAddress = address;
    this.#destinationPort = port;
  }

  /** Sends until the kernel's buffer is full and returns how far it came: everything before is sent or lost. */
  #sendRun(bytes: Uint8Array, at: number, end: number, segmentBytes: number, remote: UdpAddress): number {
    const { sender } = this.#parts;
    const counts = this.#counts;
    const errors = this.#errors;
    const name = nameBytes(this.#family);
    const groupBytes = groupBytesOf(segmentBytes);
    /** Up to here datagrams go one by one, because the kernel refused them as a group. */
    let singlesUntil = at;
    let isGroupSuspected = false;
    /** This length and more exceeds the MTU. */
    let tooLong = Number.POSITIVE_INFINITY;
    let hasRetried = false;
    while (at < end) {
      const isSingle = this.#sendPath === 'plain' || at < singlesUntil || end - at <= segmentBytes;
      const until = Math.min(isSingle ? at + segmentBytes : at + groupBytes, end);
      if (isSingle && until - at >= tooLong) {
        counts.datagramsTooLong++;
        counts.datagramsRefused++;
        at = until;
        continue;
      }
      let result: number;
      if (isSingle || groupBytes === segmentBytes)
        result = sender.sendOne(this.#descriptor, bytes, at, until, name);
      else if (this.#sendPath === 'gso')
        result = sender.sendGroup(this.#descriptor, bytes, at, until, segmentBytes, name);
      else result = sender.sendMany(this.#descriptor, bytes, at, until, segmentBytes, name);
      counts.sendCalls++;
      if (result >= 0) {
        const wasMany = this.#sendPath === 'sendmmsg' && until - at > segmentBytes;
        const taken = wasMany ? Math.min(at + result * segmentBytes, until) : until;
        counts.datagramsSent += Math.ceil((taken - at) / segmentBytes);
        counts.bytesSent += taken - at;
        at = taken;
        hasRetried = false;
        if (isGroupSuspected) {
          // The datagram alone goes: it is the segmentation that this device or kernel cannot do.
          this.#sendPath = 'sendmmsg';
          isGroupSuspected = false;
        }
        continue;
      }
      const errno = -result;
      if (errno === errors.again) return at;
      if (until - at > segmentBytes && this.#sendPath === 'gso') {
        // Segments above the MTU, or no segmentation offload after all: the datagrams alone will tell.
        singlesUntil = until;
        isGroupSuspected = errno === errors.io || errno === errors.invalid;
        continue;
      }
      if (errno === errors.messageSize) {
        // sendmmsg stops at the first that fails, and reports its error only if that is the very first.
        tooLong = Math.min(segmentBytes, end - at);
        singlesUntil = end;
        isGroupSuspected = false;
        continue;
      }
      if (errno === errors.badDescriptor || errno === errors.notSocket) {
        this.#die('send', errno);
        return end;
      }
      // An ICMP message about an earlier datagram is reported by the next call, which has sent nothing then.
      if (errno === errors.refused && !hasRetried) {
        hasRetried = true;
        continue;
      }
      // Full queues, no route, a filter: a datagram that the network does not take is a lost one.
      hasRetried = false;
      counts.datagramsRefused++;
      at = Math.min(at + segmentBytes, end);
    }
    if (tooLong !== Number.POSITIVE_INFINITY) this.#reportTooLong(remote, tooLong);
    return end;
  }

  #reportTooLong(remote: UdpAddress, bytes: number): void {
    setImmediate(() => {
      if (this.#watch) this.#handlers.onMtuExceeded?.(remote, bytes);
    });
  }

  readonly #onReady = (status: number, readable: boolean, writable: boolean): void => {
    if (this.#watch === undefined) return;
    closeTurn(); // first: ticks and promises of the handlers run before the immediates that they ask for
    if (status < 0) {
      this.#onPollError();
      return;
    }
    if (writable && this.#waiting) this.#sendWaiting(this.#waiting);
    if (readable && this.#watch !== undefined) this.#receive();
  };

  #trySending(waiting: Waiting): void {
    const { bytes, at, end, segmentBytes, remote } = waiting;
    waiting.at = end;
    try {
      // Whatever became of the bytes meanwhile: they are looked at again.
      checkRange(bytes, at, end);
      this.#address(remote);
      waiting.at = this.#sendRun(bytes, at, end, segmentBytes, remote);
    } catch {
      this.#counts.datagramsRefused += Math.ceil((end - at) / segmentBytes); // nobody is there to be told
    }
  }

  #sendWaiting(waiting: Waiting): void {
    this.#trySending(waiting);
    if (this.#watch === undefined || waiting.at < waiting.end) return;
    this.#waiting = undefined;
    this.#watch.change(false);
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

  /** Hands up what one slot holds. */
  #deliver(receiver: Receiver, bytes: Uint8Array, slot: number): void {
    const length = receiver.lengthIn(slot);
    if (length < 0) {
      this.#counts.truncated++;
      return;
    }
    const remote = this.#remotes.find(receiver.names, receiver.nameAt(slot));
    const segmentBytes = receiver.segmentBytesIn(slot, length);
    const end = slot * RECEIVE_SLOT_BYTES + length;
    this.#counts.bytesReceived += length;
    let at = slot * RECEIVE_SLOT_BYTES;
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

  #onReceiveError(errno: number): void {
    // An unconnected socket hears of no ICMP error; should it, the error is about the past and the socket lives on.
    const isDead = errno === this.#errors.badDescriptor || errno === this.#errors.notSocket;
    if (isDead || ++this.#errorsInARow > MAX_ERRORS_IN_A_ROW) this.#die('recvmmsg', errno);
  }

  /** An error at the socket has ended the watching. */
  #onPollError(): void {
    const errno = this.#parts.descriptors.takeError(this.#descriptor);
    if (++this.#errorsInARow > MAX_ERRORS_IN_A_ROW) this.#die('poll', errno || this.#errors.io);
    else this.#watch?.change(this.isBusy);
  }

  #die(syscall: string, errno: number): void {
    if (this.#watch === undefined) return;
    const error = this.#parts.descriptors.errorOf(syscall, errno);
    this.close();
    setImmediate(() => this.#handlers.onError?.(error)); // `send` may be what has found out
  }
}

/** The socket whose destination lies in the sender's structures. */
let lastAddressed: UdpSocket | undefined;

class Counts {
  sendCalls = 0;
  receiveCalls = 0;
  datagramsSent = 0;
  bytesSent = 0;
  datagramsReceived = 0;
  bytesReceived = 0;
  datagramsRefused = 0;
  datagramsTooLong = 0;
  timesBusy = 0;
  truncated = 0;
}

interface Errors {
  readonly again: number;
  readonly messageSize: number;
  readonly io: number;
  readonly invalid: number;
  readonly refused: number;
  readonly badDescriptor: number;
  readonly notSocket: number;
}

let errors: Errors | undefined;

function errorsOf(ffi: Ffi): Errors {
  return (errors ??= {
    again: ffi.errorNumber('EAGAIN'),
    messageSize: ffi.errorNumber('EMSGSIZE'),
    io: ffi.errorNumber('EIO'),
    invalid: ffi.errorNumber('EINVAL'),
    refused: ffi.errorNumber('ECONNREFUSED'),
    badDescriptor: ffi.errorNumber('EBADF'),
    notSocket: ffi.errorNumber('ENOTSOCK'),
  });
}

/** The longest run of whole segments that one call may carry. */
function groupBytesOf(segmentBytes: number): number {
  const segments = Math.floor(MAX_GROUP_BYTES / segmentBytes);
  return Math.max(1, Math.min(segments, MAX_SEGMENTS_PER_SEND)) * segmentBytes;
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
