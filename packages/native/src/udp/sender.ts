// Hot: hands datagrams to the kernel: one, a run of equal ones as one buffer that the kernel cuts (UDP_SEGMENT), or a
// run as many messages of one call. The structures are shared by all sockets of a thread.
import type { Ffi, Pointer } from '../ffi.ts';
import { FOREIGN, type Memory } from '../memory.ts';
import { MAX_MESSAGES_PER_SEND, MAX_PAYLOAD_V6 } from '../options.ts';
import { CONTROL, IOVEC, type Libc, MESSAGE, MSG_DONTWAIT, SOL_UDP, UDP_SEGMENT } from './libc.ts';
import { Structures } from './messages.ts';

const NAME_AT = MAX_MESSAGES_PER_SEND * MESSAGE.BYTES;
const CONTROL_AT = NAME_AT + 32;
const IOVECS_AT = CONTROL_AT + 32;
const GROUP_AT = IOVECS_AT + MAX_MESSAGES_PER_SEND * IOVEC.BYTES; // a message with control data
const STRUCTURES_BYTES = GROUP_AT + MESSAGE.BYTES;

/** The caller has checked the range. Each call returns what the system call does, or minus the error number. */
export interface DatagramSender {
  /** Where the socket address of the receiver is written before each call, at `nameAt`. */
  readonly names: Uint8Array;
  readonly nameAt: number;
  /** One datagram. */
  sendOne(descriptor: number, bytes: Uint8Array, at: number, end: number, nameBytes: number): number;
  /** A run for the kernel to cut: at most `MAX_SEGMENTS_PER_SEND` segments and `MAX_GROUP_BYTES`. All or nothing. */
  sendGroup(
    descriptor: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    nameBytes: number,
  ): number;
  /** A run as messages of one call: how many of them went. An error is that of the first. */
  sendMany(
    descriptor: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    nameBytes: number,
  ): number;
}

export class Sender implements DatagramSender {
  readonly names: Uint8Array;
  readonly nameAt: number = NAME_AT;
  readonly #ffi: Ffi;
  readonly #libc: Libc;
  readonly #memory: Memory;
  readonly #structures: Structures;
  /** Copies of what lies in no slab. */
  readonly #foreign: Uint8Array;
  // Mixed arrays, so that V8 keeps the boxes of the numbers.
  readonly #messages: readonly [undefined, Pointer];
  readonly #name: readonly [undefined, Pointer];
  readonly #group: readonly [undefined, Pointer];
  readonly #interrupted: number;

  constructor(ffi: Ffi, libc: Libc, memory: Memory) {
    this.#ffi = ffi;
    this.#libc = libc;
    this.#memory = memory;
    this.#interrupted = ffi.errorNumber('EINTR');
    this.#foreign = memory.allocate(MAX_PAYLOAD_V6);
    const s = new Structures(memory, STRUCTURES_BYTES);
    this.#structures = s;
    this.names = s.bytes;
    this.#messages = [undefined, s.address];
    this.#name = [undefined, s.address + NAME_AT];
    this.#group = [undefined, s.address + GROUP_AT];
    s.putU64(CONTROL_AT + CONTROL.LENGTH, CONTROL.DATA + 2);
    s.putI32(CONTROL_AT + CONTROL.LEVEL, SOL_UDP);
    s.putI32(CONTROL_AT + CONTROL.TYPE, UDP_SEGMENT);
    for (let i = 0; i < MAX_MESSAGES_PER_SEND; i++) this.#layOut(i * MESSAGE.BYTES, i);
    this.#layOut(GROUP_AT, 0);
    s.putU64(GROUP_AT + MESSAGE.CONTROL, s.address + CONTROL_AT);
    s.putU64(GROUP_AT + MESSAGE.CONTROL_LENGTH, CONTROL.BYTES);
  }

  sendOne(descriptor: number, bytes: Uint8Array, at: number, end: number, nameBytes: number): number {
    const from = this.#place(bytes, at, end);
    for (;;) {
      const sent: number = this.#libc.sendto(
        descriptor,
        from,
        end - at,
        MSG_DONTWAIT,
        this.#name[1],
        nameBytes,
      );
      if (sent >= 0) return sent;
      const errno = this.#ffi.errno();
      if (errno !== this.#interrupted) return -errno;
    }
  }

  sendGroup(
    descriptor: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    nameBytes: number,
  ): number {
    const s = this.#structures;
    s.putU64(IOVECS_AT + IOVEC.BASE, this.#place(bytes, at, end));
    s.putI32(IOVECS_AT + IOVEC.LENGTH, end - at);
    s.putI32(GROUP_AT + MESSAGE.NAME_LENGTH, nameBytes);
    s.putU16(CONTROL_AT + CONTROL.DATA, segmentBytes);
    for (;;) {
      const sent: number = this.#libc.sendmsg(descriptor, this.#group[1], MSG_DONTWAIT);
      if (sent >= 0) return sent;
      const errno = this.#ffi.errno();
      if (errno !== this.#interrupted) return -errno;
    }
  }

  sendMany(
    descriptor: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    nameBytes: number,
  ): number {
    const s = this.#structures;
    const from = this.#place(bytes, at, end);
    let count = 0;
    for (let offset = 0; offset < end - at; offset += segmentBytes) {
      const iovec = IOVECS_AT + count * IOVEC.BYTES;
      s.putU64(iovec + IOVEC.BASE, from + offset);
      s.putI32(iovec + IOVEC.LENGTH, Math.min(segmentBytes, end - at - offset));
      s.putI32(count * MESSAGE.BYTES + MESSAGE.NAME_LENGTH, nameBytes);
      count++;
    }
    for (;;) {
      const sent: number = this.#libc.sendmmsg(descriptor, this.#messages[1], count, MSG_DONTWAIT);
      if (sent >= 0) return sent;
      const errno = this.#ffi.errno();
      if (errno !== this.#interrupted) return -errno;
    }
  }

  #place(bytes: Uint8Array, at: number, end: number): Pointer {
    const base = this.#memory.addressOf(bytes);
    if (base !== FOREIGN) return base + at;
    this.#foreign.set(bytes.subarray(at, end));
    return this.#memory.addressOf(this.#foreign);
  }

  #layOut(message: number, iovec: number): void {
    const s = this.#structures;
    s.putU64(message + MESSAGE.NAME, s.address + NAME_AT);
    s.putU64(message + MESSAGE.IOV, s.address + IOVECS_AT + iovec * IOVEC.BYTES);
    s.putU64(message + MESSAGE.IOV_COUNT, 1);
  }
}
