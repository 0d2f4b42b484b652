// Slabs between two pages that nobody may touch: a byte read or written outside ends the test process at once.
import { type Ffi, openFfi } from '../src/ffi.ts';
import { Memory } from '../src/memory.ts';

const PAGE = 65_536;
const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

export interface Guarded {
  readonly ffi: Ffi;
  readonly memory: Memory;
  /** The first byte lies behind a forbidden page. */
  fromStart(bytes: number): Uint8Array;
  /** Behind the last byte begins a forbidden page. */
  toEnd(bytes: number): Uint8Array;
}

/** Undefined where there is no native layer or no mmap. */
export function guarded(): Guarded | undefined {
  let ffi: Ffi;
  try {
    ffi = openFfi();
  } catch {
    return undefined;
  }
  const mmap = ffi.find('mmap', 'pointer', 'pointer', 'size', 'int', 'int', 'int', 'size');
  const mprotect = ffi.find('mprotect', 'int', 'pointer', 'size', 'int');
  if (!mmap || !mprotect || process.platform !== 'linux') return undefined;
  const memory = new Memory(ffi);
  const map = (bytes: number, isAtEnd: boolean): Uint8Array => {
    const room = Math.ceil(bytes / PAGE) * PAGE;
    const start: number = mmap(0, room + 2 * PAGE, PROT_NONE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (mprotect(start + PAGE, room, PROT_READ_WRITE) !== 0) throw new Error('mprotect');
    const address = start + PAGE + (isAtEnd ? room - bytes : 0);
    const buffer = ffi.viewOf(address, bytes);
    memory.adopt(buffer, address);
    return new Uint8Array(buffer);
  };
  return { ffi, memory, fromStart: (bytes) => map(bytes, false), toEnd: (bytes) => map(bytes, true) };
}
