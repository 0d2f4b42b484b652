// Memory for system calls on sockets, laid out once and shared by all sockets of a thread: each call ends before the
// next begins. Nothing of it is ever handed to the outside, so no mistake there can turn its pointers.
import type { Pointer } from '../ffi.ts';
import type { Memory } from '../memory.ts';

/** A region of small structures, with a writer for each kind of field. Little-endian, as is the machine. */
export class Structures {
  readonly bytes: Uint8Array;
  readonly address: Pointer;
  readonly #i32: Int32Array;
  readonly #u16: Uint16Array;

  constructor(memory: Memory, bytes: number) {
    this.bytes = memory.allocate(bytes);
    this.address = memory.addressOf(this.bytes);
    this.#i32 = new Int32Array(this.bytes.buffer, 0, bytes >> 2);
    this.#u16 = new Uint16Array(this.bytes.buffer, 0, bytes >> 1);
  }

  i32(at: number): number {
    return this.#i32[at >> 2]!;
  }

  putI32(at: number, value: number): void {
    this.#i32[at >> 2] = value;
  }

  putU16(at: number, value: number): void {
    this.#u16[at >> 1] = value;
  }

  /** A pointer or a size. */
  putU64(at: number, value: number): void {
    this.#i32[at >> 2] = value;
    this.#i32[(at >> 2) + 1] = value / 0x1_0000_0000;
  }
}
