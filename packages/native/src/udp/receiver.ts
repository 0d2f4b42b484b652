// Hot: takes datagrams from a socket, many with one call, and cuts apart what the kernel has merged (UDP_GRO). The
// buffers are shared by all sockets of a thread: what is in them is borrowed for the handler's call.
//
// A merged buffer has segments of one size, of which the last may be shorter, and nothing else: the size comes with
// it as control data. It is never guessed from what the bytes say.
import type { Ffi, Pointer } from '../ffi.ts';
import type { Memory } from '../memory.ts';
import { RECEIVE_SLOT_BYTES, RECEIVE_SLOTS } from '../options.ts';
import { MAX_NAME_BYTES } from './addresses.ts';
import {
  CONTROL,
  IOVEC,
  type Libc,
  MESSAGE,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SOL_UDP,
  UDP_GRO,
} from './libc.ts';
import { Structures } from './messages.ts';

/** What `receive` reports instead of a number of buffers. */
const NOTHING_LEFT = 0;
export const FAILED = -1;

/** In front of the first slot: the quickest ways to open a record need up to 64 bytes in front of its content for a moment. */
const FRONT_BYTES = 64;
const CONTROL_ROOM = 64;
const NAME_ROOM = 32;

const IOVECS_AT = RECEIVE_SLOTS * MESSAGE.BYTES;
const NAMES_AT = IOVECS_AT + RECEIVE_SLOTS * IOVEC.BYTES;
const CONTROLS_AT = NAMES_AT + RECEIVE_SLOTS * NAME_ROOM;
const ROOM_BYTES: number = FRONT_BYTES + RECEIVE_SLOTS * RECEIVE_SLOT_BYTES;
const STRUCTURES_BYTES = CONTROLS_AT + RECEIVE_SLOTS * CONTROL_ROOM;

export class Receiver {
  readonly #ffi: Ffi;
  readonly #libc: Libc;
  readonly #memory: Memory;
  readonly #structures: Structures;
  readonly #messages: Pointer;
  readonly #again: number;
  readonly #interrupted: number;
  /** Slots one behind the other. Handlers see it. */
  bytes: Uint8Array;
  /** Socket addresses of the senders, at `nameAt`. */
  readonly names: Uint8Array;
  /** Of the last failed call. */
  errno = 0;

  constructor(ffi: Ffi, libc: Libc, memory: Memory) {
    this.#ffi = ffi;
    this.#libc = libc;
    this.#memory = memory;
    this.#again = ffi.errorNumber('EAGAIN');
    this.#interrupted = ffi.errorNumber('EINTR');
    this.#structures = new Structures(memory, STRUCTURES_BYTES);
    this.#messages = this.#structures.address;
    this.names = this.#structures.bytes;
    this.bytes = this.#layOut();
  }

  /** Takes what has come into the slots: their number, `NOTHING_LEFT`, or `FAILED` with `errno`. */
  receive(descriptor: number): number {
    // A handler may have transferred the buffer away, which it must not: the kernel then gets a new one.
    if (this.bytes.length !== ROOM_BYTES) this.bytes = this.#layOut();
    for (;;) {
      const count: number = this.#libc.recvmmsg(descriptor, this.#messages, RECEIVE_SLOTS, MSG_DONTWAIT, 0);
      if (count >= 0) return count;
      const errno = this.#ffi.errno();
      if (errno === this.#interrupted) continue;
      if (errno === this.#again) return NOTHING_LEFT;
      this.errno = errno;
      return FAILED;
    }
  }

  /** Where a slot begins in `bytes`. */
  startOf(slot: number): number {
    return FRONT_BYTES + slot * RECEIVE_SLOT_BYTES;
  }

  /** Bytes in a slot; -1 if they were cut off and are of no use. */
  lengthIn(slot: number): number {
    const at = slot * MESSAGE.BYTES;
    const isCut = (this.#structures.i32(at + MESSAGE.FLAGS) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    const length = this.#structures.i32(at + MESSAGE.SENT_OR_RECEIVED);
    return isCut || length < 0 || length > RECEIVE_SLOT_BYTES ? -1 : length;
  }

  /** What to cut a slot by; its whole length if it holds a single datagram. */
  segmentBytesIn(slot: number, length: number): number {
    const s = this.#structures;
    if (s.i32(slot * MESSAGE.BYTES + MESSAGE.CONTROL_LENGTH) < CONTROL.DATA + 4) return length;
    const at = CONTROLS_AT + slot * CONTROL_ROOM;
    if (s.i32(at + CONTROL.LEVEL) !== SOL_UDP || s.i32(at + CONTROL.TYPE) !== UDP_GRO) return length;
    const size = s.i32(at + CONTROL.DATA);
    return size > 0 ? size : length;
  }

  nameAt(slot: number): number {
    return NAMES_AT + slot * NAME_ROOM;
  }

  /** Makes a slot ready for the next call: the kernel has written its own lengths over ours. */
  reset(slot: number): void {
    const at = slot * MESSAGE.BYTES;
    this.#structures.putI32(at + MESSAGE.NAME_LENGTH, MAX_NAME_BYTES);
    this.#structures.putI32(at + MESSAGE.CONTROL_LENGTH, CONTROL_ROOM);
  }

  #layOut(): Uint8Array {
    const bytes = this.#memory.allocate(ROOM_BYTES);
    const base = this.#memory.addressOf(bytes);
    const s = this.#structures;
    for (let slot = 0; slot < RECEIVE_SLOTS; slot++) {
      const message = slot * MESSAGE.BYTES;
      const iovec = IOVECS_AT + slot * IOVEC.BYTES;
      s.putU64(iovec + IOVEC.BASE, base + this.startOf(slot));
      s.putU64(iovec + IOVEC.LENGTH, RECEIVE_SLOT_BYTES);
      s.putU64(message + MESSAGE.NAME, s.address + this.nameAt(slot));
      s.putU64(message + MESSAGE.IOV, s.address + iovec);
      s.putU64(message + MESSAGE.IOV_COUNT, 1);
      s.putU64(message + MESSAGE.CONTROL, s.address + CONTROLS_AT + slot * CONTROL_ROOM);
      this.reset(slot);
    }
    return bytes;
  }
}
