// Hot: what one UDP socket sends: runs of datagrams, to one peer or to several in one system call; what waits while the
// kernel has no room; and what becomes of each error.
import { NativeError } from '../errors.ts';
import { checkRange } from '../memory.ts';
import {
  MAX_GROUP_BYTES,
  MAX_MESSAGES_PER_SEND,
  MAX_PAYLOAD_V4,
  MAX_PAYLOAD_V6,
  MAX_SEGMENTS_PER_SEND,
} from '../options.ts';
import { type Family, nameBytes } from './addresses.ts';
import type { Counts } from './counts.ts';
import { type ErrorNumbers, errorNumbers } from './error-numbers.ts';
import { AF_INET } from './libc.ts';
import type { UdpParts } from './parts.ts';
import type { SendPath, UdpAddress, UdpRun } from './port.ts';

/** A run the kernel would not take, as it was given to `send`. */
interface Waiting {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  readonly segmentBytes: number;
  readonly remote: UdpAddress;
  readonly mayFragment: boolean;
  /** What is to go behind it. */
  next: Waiting | undefined;
}

/** What the socket does for its sending half. */
export interface OutgoingOwner {
  /** Says when the kernel has room again, or no more. */
  watchWritable(isWanted: boolean): void;
  onTooLong(remote: UdpAddress, bytes: number): void;
  /** The descriptor is no good: closes. */
  die(syscall: string, errno: number): void;
}

export class Outgoing {
  path: SendPath;
  readonly #parts: UdpParts;
  readonly #descriptor: number;
  readonly #family: Family;
  readonly #counts: Counts;
  readonly #owner: OutgoingOwner;
  readonly #errors: ErrorNumbers;
  #isOpen = true;
  #waiting: Waiting | undefined;
  // The peer whose socket address lies in the sender's structures, as long as this socket was the last to put one there.
  #destination: UdpAddress | undefined;
  #destinationAddress = '';
  #destinationPort = 0;

  constructor(
    parts: UdpParts,
    descriptor: number,
    family: Family,
    path: SendPath,
    counts: Counts,
    owner: OutgoingOwner,
  ) {
    this.#parts = parts;
    this.#descriptor = descriptor;
    this.#family = family;
    this.path = path;
    this.#counts = counts;
    this.#owner = owner;
    this.#errors = errorNumbers(parts.ffi);
  }

  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }

  /** What waits is tried once more: it may be a farewell. Nothing is sent after it. */
  close(): void {
    for (let waiting = this.#waiting; waiting; waiting = waiting.next) this.#trySending(waiting);
    this.#isOpen = false;
    this.#waiting = undefined;
  }

  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: UdpAddress,
    mayFragment = false,
  ): boolean {
    this.#checkRun(bytes, at, end, segmentBytes);
    this.#address(remote);
    if (!this.#isOpen) return true;
    const sentTo = this.#sendRun(bytes, at, end, segmentBytes, remote, mayFragment);
    if (sentTo === end) return true;
    if (!this.#isOpen) return true; // the error was its end
    if (this.#waiting) {
      this.#counts.datagramsRefused += Math.ceil((end - sentTo) / segmentBytes);
      return true;
    }
    this.#wait({ bytes, at: sentTo, end, segmentBytes, remote, mayFragment, next: undefined });
    return false;
  }

  sendMany(runs: readonly UdpRun[], count: number = runs.length): boolean {
    for (let i = 0; i < count; i++) {
      const { bytes, at, end, segmentBytes, remote } = runs[i]!;
      this.#checkRun(bytes, at, end, segmentBytes);
      this.#parts.addresses.find(remote, this.#family);
    }
    let index = 0;
    let at = count > 0 ? runs[0]!.at : 0;
    while (index < count && this.#isOpen) {
      const run = runs[index]!;
      const planned = this.#canSendMany(run, count - index) ? this.#plan(runs, index, at, count) : 0;
      const result = planned > 0 ? this.#parts.messages.send(this.#descriptor, planned) : 0;
      if (planned > 0) this.#counts.sendCalls++;
      if (result > 0) {
        for (let i = 0; i < result; i++)
          this.#countMessage(runs[plannedRun[i]!]!, plannedAt[i]!, plannedEnd[i]!);
        index = plannedRun[result - 1]!;
        at = plannedEnd[result - 1]!;
      } else {
        // The error is that of the first message. Alone it finds out what is wrong, and what there is to do about it.
        if (planned > 0) {
          index = plannedRun[0]!;
          at = plannedAt[0]!;
        }
        const { bytes, end, segmentBytes, remote, mayFragment = false } = runs[index]!;
        const until = planned > 0 ? plannedEnd[0]! : end;
        this.#address(remote);
        at = this.#sendRun(bytes, at, until, segmentBytes, remote, mayFragment);
        if (at < until) return this.#keep(runs, index, at, count);
      }
      if (at >= runs[index]!.end && ++index < count) at = runs[index]!.at;
    }
    return true;
  }

  /** The kernel has room. Whether all that waited has gone. */
  sendWaiting(): boolean {
    for (let waiting = this.#waiting; waiting; waiting = waiting.next) {
      this.#waiting = waiting;
      this.#trySending(waiting);
      if (!this.#isOpen || waiting.at < waiting.end) return false;
    }
    this.#waiting = undefined;
    this.#owner.watchWritable(false);
    return true;
  }

  /** @throws {NativeError} `BAD_RANGE`, `BAD_LENGTH` */
  #checkRun(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    checkRange(bytes, at, end);
    const longest = this.#family === AF_INET ? MAX_PAYLOAD_V4 : MAX_PAYLOAD_V6;
    if ((segmentBytes | 0) !== segmentBytes || segmentBytes < 1 || segmentBytes > longest)
      throw new NativeError('BAD_LENGTH', `segments of ${segmentBytes} bytes`);
  }

  /** Whether the run, and those behind it, can go as messages of one call. */
  #canSendMany(run: UdpRun, count: number): boolean {
    return count > 1 && this.path !== 'plain' && !run.mayFragment && this.#waiting === undefined;
  }

  /** Lays out messages from `at` in the run at `index` on; returns how many. */
  #plan(runs: readonly UdpRun[], index: number, at: number, count: number): number {
    const { messages, addresses } = this.#parts;
    const name = nameBytes(this.#family);
    let planned = 0;
    for (let from = at; index < count; from = ++index < count ? runs[index]!.at : 0) {
      const { bytes, end, segmentBytes, remote, mayFragment } = runs[index]!;
      if (mayFragment) break;
      const step = this.path === 'gso' ? groupBytesOf(segmentBytes) : segmentBytes;
      for (; from < end; from += step) {
        if (planned === MAX_MESSAGES_PER_SEND) return planned;
        const until = Math.min(from + step, end);
        if (!messages.put(planned, bytes, from, until, until - from > segmentBytes ? segmentBytes : 0, name))
          return planned;
        addresses.write(remote, this.#family, messages.names, messages.nameAt(planned));
        plannedRun[planned] = index;
        plannedAt[planned] = from;
        plannedEnd[planned++] = until;
      }
    }
    return planned;
  }

  #countMessage({ segmentBytes }: UdpRun, at: number, end: number): void {
    this.#counts.datagramsSent += Math.ceil((end - at) / segmentBytes);
    this.#counts.bytesSent += end - at;
  }

  /** The kernel is full: what is left waits, or is lost if something waits already. */
  #keep(runs: readonly UdpRun[], index: number, at: number, count: number): boolean {
    if (!this.#isOpen) return true;
    const wasBusy = this.#waiting !== undefined;
    let first: Waiting | undefined;
    let last: Waiting | undefined;
    for (let i = index; i < count; i++) {
      const { bytes, at: start, end, segmentBytes, remote, mayFragment = false } = runs[i]!;
      const from = i === index ? at : start;
      if (wasBusy) {
        this.#counts.datagramsRefused += Math.ceil((end - from) / segmentBytes);
        continue;
      }
      const waiting: Waiting = { bytes, at: from, end, segmentBytes, remote, mayFragment, next: undefined };
      if (last) last.next = waiting;
      else first = waiting;
      last = waiting;
    }
    if (first === undefined) return true;
    this.#wait(first);
    return false;
  }

  #wait(first: Waiting): void {
    this.#waiting = first;
    this.#counts.timesBusy++;
    this.#owner.watchWritable(true);
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
  #sendRun(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: UdpAddress,
    mayFragment: boolean,
  ): number {
    if (!mayFragment) return this.#sendWhole(bytes, at, end, segmentBytes, remote, false);
    const { descriptors } = this.#parts;
    descriptors.setFragmenting(this.#descriptor, this.#family, true);
    const sentTo = this.#sendWhole(bytes, at, end, segmentBytes, remote, true);
    if (this.#isOpen) descriptors.setFragmenting(this.#descriptor, this.#family, false);
    return sentTo;
  }

  /** `isAlone`: the kernel does not cut up segments of a group. */
  #sendWhole(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: UdpAddress,
    isAlone: boolean,
  ): number {
    const { sender } = this.#parts;
    const counts = this.#counts;
    const errors = this.#errors;
    const name = nameBytes(this.#family);
    const groupBytes = groupBytesOf(segmentBytes);
    /** Up to here datagrams go one by one, because the kernel refused them as a group. */
    let singlesUntil = isAlone ? end : at;
    let isGroupSuspected = false;
    /** This length and more exceeds the MTU. */
    let tooLong = Number.POSITIVE_INFINITY;
    let hasRetried = false;
    while (at < end) {
      const isSingle = this.path === 'plain' || at < singlesUntil || end - at <= segmentBytes;
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
      else if (this.path === 'gso')
        result = sender.sendGroup(this.#descriptor, bytes, at, until, segmentBytes, name);
      else result = sender.sendMany(this.#descriptor, bytes, at, until, segmentBytes, name);
      counts.sendCalls++;
      if (result >= 0) {
        const wasMany = this.path === 'sendmmsg' && until - at > segmentBytes;
        const taken = wasMany ? Math.min(at + result * segmentBytes, until) : until;
        counts.datagramsSent += Math.ceil((taken - at) / segmentBytes);
        counts.bytesSent += taken - at;
        at = taken;
        hasRetried = false;
        if (isGroupSuspected) {
          // The datagram alone goes: it is the segmentation that this device or kernel cannot do.
          this.path = 'sendmmsg';
          isGroupSuspected = false;
        }
        continue;
      }
      const errno = -result;
      if (errno === errors.again) return at;
      if (until - at > segmentBytes && this.path === 'gso') {
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
        this.#owner.die('send', errno);
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
    if (tooLong !== Number.POSITIVE_INFINITY) this.#owner.onTooLong(remote, tooLong);
    return end;
  }

  #trySending(waiting: Waiting): void {
    const { bytes, at, end, segmentBytes, remote, mayFragment } = waiting;
    waiting.at = end;
    try {
      // Whatever became of the bytes meanwhile: they are looked at again.
      checkRange(bytes, at, end);
      this.#address(remote);
      waiting.at = this.#sendRun(bytes, at, end, segmentBytes, remote, mayFragment);
    } catch {
      this.#counts.datagramsRefused += Math.ceil((end - at) / segmentBytes); // nobody is there to be told
    }
  }
}

// What `sendMany` has laid out: for each message the run it is of, and its part of that.
const plannedRun = new Int32Array(MAX_MESSAGES_PER_SEND);
const plannedAt = new Int32Array(MAX_MESSAGES_PER_SEND);
const plannedEnd = new Int32Array(MAX_MESSAGES_PER_SEND);

/** The socket whose destination lies in the sender's structures. */
let lastAddressed: Outgoing | undefined;

/** The longest run of whole segments that one call may carry. */
function groupBytesOf(segmentBytes: number): number {
  const segments = Math.floor(MAX_GROUP_BYTES / segmentBytes);
  return Math.max(1, Math.min(segments, MAX_SEGMENTS_PER_SEND)) * segmentBytes;
}
