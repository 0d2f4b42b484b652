// Hot: datagrams to several peers, or of several lengths, as messages of one sendmmsg, each with an address of its own
// and, where the kernel can cut, with many segments (UDP_SEGMENT). Laid out once, shared by all sockets of a thread.
import type { Ffi, Pointer } from '../ffi.ts';
import { FOREIGN, type Memory } from '../memory.ts';
import { MAX_MESSAGES_PER_SEND, MAX_PAYLOAD_V6 } from '../options.ts';
import { CONTROL, IOVEC, type Libc, MESSAGE, MSG_DONTWAIT, SOL_UDP, UDP_SEGMENT } from './libc.ts';
import { Structures } from './messages.ts';

const NAME_ROOM = 32;
const IOVECS_AT = MAX_MESSAGES_PER_SEND * MESSAGE.BYTES;
const NAMES_AT = IOVECS_AT + MAX_MESSAGES_PER_SEND * IOVEC.BYTES;
const CONTROLS_AT = NAMES_AT + MAX_MESSAGES_PER_SEND * NAME_ROOM;
const STRUCTURES_BYTES = CONTROLS_AT + MAX_MESSAGES_PER_SEND * CONTROL.BYTES;

/** Messages are put in place one after the other, from 0, and then sent. The caller has checked each range. */
export interface MessageSender {
  /** Where the socket address of the receiver of each message is written, at `nameAt`. */
  readonly names: Uint8Array;
  nameAt(message: number): number;
  /** `bytes[at, end)`, to be cut by `segmentBytes`; one datagram if that is 0. False: send what is there first. */
  put(
    message: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    nameBytes: number,
  ): boolean;
  /** How many of the first `count` went; minus the error number of the first if none did. */
  send(descriptor: number, count: number): number;
}

export class MessageBatch implements MessageSender {
  readonly names: Uint8Array;
  readonly #ffi: Ffi;
  readonly #libc: Libc;
  readonly #memory: Memory;
  readonly #structures: Structures;
  /** Copies of what lies in no slab, and where it is free. */
  readonly #foreign: Uint8Array;
  #foreignAt = 0;
  // A mixed array, so that V8 keeps the box of the number.
  readonly #messages: readonly [undefined, Pointer];
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
    for (let i = 0; i < MAX_MESSAGES_PER_SEND; i++) {
      const message = i * MESSAGE.BYTES;
      const control = CONTROLS_AT + i * CONTROL.BYTES;
      s.putU64(message + MESSAGE.NAME, s.address + this.nameAt(i));
      s.putU64(message + MESSAGE.IOV, s.address + IOVECS_AT + i * IOVEC.BYTES);
      s.putU64(message + MESSAGE.IOV_COUNT, 1);
      s.putU64(message + MESSAGE.CONTROL, s.address + control);
      s.putU64(control + CONTROL.LENGTH, CONTROL.DATA + 2);
      s.putI32(control + CONTROL.LEVEL, SOL_UDP);
      s.putI32(control + CONTROL.TYPE, UDP_SEGMENT);
    }
  }

  nameAt(message: number): number {
    return NAMES_AT + message * NAME_ROOM;
  }

  put(
    message: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    nameBytes: number,
  ): boolean {
    if (message === 0) this.#foreignAt = 0;
    const from = this.#place(bytes, at, end);
    if (from === FOREIGN) return false;
    const s = this.#structures;
    const header = message * MESSAGE.BYTES;
    const iovec = IOVECS_AT + message * IOVEC.BYTES;
    s.putU64(iovec + IOVEC.BASE, from);
    s.putI32(iovec + IOVEC.LENGTH, end - at);
    s.putI32(header + MESSAGE.NAME_LENGTH, nameBytes);
    s.putI32(header + MESSAGE.CONTROL_LENGTH, segmentBytes === 0 ? 0 : CONTROL.BYTES);
    s.putU16(CONTROLS_AT + message * CONTROL.BYTES + CONTROL.DATA, segmentBytes);
    return true;
  }

  send(descriptor: number, count: number): number {
    for (;;) {
      const sent: number = this.#libc.sendmmsg(descriptor, this.#messages[1], count, MSG_DONTWAIT);
      if (sent >= 0) return sent;
      const errno = this.#ffi.errno();
      if (errno !== this.#interrupted) return -errno;
    }
  }

  /** Where the bytes lie for the kernel; `FOREIGN` if there is no room for a copy. */
  #place(bytes: Uint8Array, at: number, end: number): Pointer {
    const base = this.#memory.addressOf(bytes);
    if (base !== FOREIGN) return base + at;
    const copyAt = this.#foreignAt;
    if (copyAt + end - at > this.#foreign.length) return FOREIGN;
    this.#foreign.set(bytes.subarray(at, end), copyAt);
    this.#foreignAt = copyAt + end - at;
    return this.#memory.addressOf(this.#foreign) + copyAt;
  }
}
