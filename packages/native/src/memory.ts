// Hot: `addressOf` runs for each packet. Memory whose address is known: the only memory that foreign functions are
// given. What an array refers to stays where it is and stays mapped for as long as this process lives or anything
// refers to the array, so that no mistake above can turn an address into a crash.
//
// On Linux slabs are mapped below 2 GiB, where addresses are small integers to V8: passing them costs no garbage.
// Where that fails they are ordinary buffers, and each address a number on the heap.
import { types } from 'node:util';
import { NativeError } from './errors.ts';
import type { Ffi, ForeignFunction, Pointer } from './ffi.ts';

/** No array that `Memory` knows. */
export const FOREIGN = -1;

/** The largest slab. */
export const MAX_SLAB_BYTES: number = 256 * 1024 * 1024;

// Where low slabs are looked for: above what the program itself and its heap take, below what a 32-bit integer holds.
const LOW_FROM = 0x4000_0000;
const LOW_UNTIL = 0x7fff_0000;
const LOW_STEP = 0x100_0000;
/** The largest page of any Linux platform, so that each slab has pages of its own. */
const PAGE_BYTES = 65_536;

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED_NOREPLACE = 0x100000; // since Linux 4.17; older ones take the address as a wish
const MADV_DONTNEED = 4;

interface LowMemory {
  readonly mmap: ForeignFunction;
  readonly munmap: ForeignFunction;
  readonly madvise: ForeignFunction;
}

export class Memory {
  readonly #ffi: Ffi;
  #low: LowMemory | undefined;
  readonly #addresses = new WeakMap<ArrayBufferLike, Pointer>();
  readonly #collected: FinalizationRegistry<{ address: Pointer; bytes: number }>;
  /** Mapped, of that many bytes, and no longer referred to. */
  readonly #free = new Map<number, Pointer[]>();
  #nextLow = LOW_FROM;
  // The last two arrays seen. They also keep alive what a foreign function works on at the moment.
  #recent: Uint8Array | undefined;
  #recentAddress: Pointer | undefined; // `undefined` at first, so that V8 keeps its box and makes no new one
  #older: Uint8Array | undefined;
  #olderAddress: Pointer | undefined;
  /** One for each array that is worked on, for as long as it lives, and the last two. */
  readonly #views = new WeakMap<Uint8Array, DataView>();
  #viewed: Uint8Array | undefined;
  #view: DataView | undefined;
  #viewedBefore: Uint8Array | undefined;
  #viewBefore: DataView | undefined;

  constructor(ffi: Ffi, useLowMemory = true) {
    this.#ffi = ffi;
    this.#low = useLowMemory ? findLowMemory(ffi) : undefined;
    const mapping = this.#low;
    // The mapping is used again but never removed: should someone have transferred the buffer, its bytes change
    // under them, but nothing crashes.
    this.#collected = new FinalizationRegistry(({ address, bytes }) => {
      mapping?.madvise(address, bytes, MADV_DONTNEED);
      const free = this.#free.get(bytes);
      if (free) free.push(address);
      else this.#free.set(bytes, [address]);
    });
  }

  /** Whether slabs come from low memory. */
  get isLow(): boolean {
    return this.#low !== undefined;
  }

  /** @throws {NativeError} `BAD_LENGTH` */
  allocate(bytes: number): Uint8Array {
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_SLAB_BYTES)
      throw new NativeError('BAD_LENGTH', `a slab of ${bytes} bytes; 1 to ${MAX_SLAB_BYTES} can be had`);
    const mapped = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    const address = this.#low && (this.#free.get(mapped)?.pop() ?? this.#map(this.#low, mapped));
    const low = address === undefined ? undefined : this.#bufferOf(address, bytes);
    if (low !== undefined && address !== undefined) {
      this.adopt(low, address);
      this.#collected.register(low, { address, bytes: mapped });
      return new Uint8Array(low);
    }
    const buffer = new ArrayBuffer(bytes);
    this.adopt(buffer, this.#ffi.addressOf(buffer));
    return new Uint8Array(buffer);
  }

  /** Makes known where `buffer` lies. What it refers to must stay mapped for as long as the process lives. */
  adopt(buffer: ArrayBuffer, address: Pointer): void {
    this.#addresses.set(buffer, address);
  }

  /**
   * Where `bytes[0]` lies, or `FOREIGN`. The caller has checked the range it uses against `bytes.length`, which is
   * 0 once the buffer has been transferred away.
   *
   * @throws {NativeError} `BAD_ARGUMENT` if it is no Uint8Array
   */
  addressOf(bytes: Uint8Array): Pointer {
    if (bytes === this.#recent) return this.#recentAddress!;
    if (bytes === this.#older) {
      const address = this.#olderAddress!;
      this.#older = this.#recent;
      this.#olderAddress = this.#recentAddress;
      this.#recent = bytes;
      this.#recentAddress = address;
      return address;
    }
    if (!types.isUint8Array(bytes)) throw new NativeError('BAD_ARGUMENT', 'expected a Uint8Array');
    const base = this.#addresses.get(bytes.buffer);
    if (base === undefined) return FOREIGN;
    this.#older = this.#recent;
    this.#olderAddress = this.#recentAddress;
    this.#recent = bytes;
    this.#recentAddress = base + bytes.byteOffset;
    return this.#recentAddress;
  }

  /** The same bytes four at a time, wherever they begin: 16 of them cost what two do one by one. Made once for an array. */
  viewOf(bytes: Uint8Array): DataView {
    if (bytes === this.#viewed) return this.#view!;
    let view = this.#viewBefore;
    if (bytes !== this.#viewedBefore || view === undefined) {
      view = this.#views.get(bytes);
      if (view === undefined) {
        view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#views.set(bytes, view);
      }
    }
    this.#viewedBefore = this.#viewed;
    this.#viewBefore = this.#view;
    this.#viewed = bytes;
    this.#view = view;
    return view;
  }

  #bufferOf(address: Pointer, bytes: number): ArrayBuffer | undefined {
    try {
      return this.#ffi.viewOf(address, bytes);
    } catch {
      this.#low = undefined; // as in Electron, whose V8 allows no buffers of memory that is not its own
      return undefined;
    }
  }

  #map(low: LowMemory, bytes: number): Pointer | undefined {
    for (; this.#nextLow + bytes <= LOW_UNTIL; this.#nextLow += LOW_STEP) {
      const wanted = this.#nextLow;
      const flags = MAP_PRIVATE_ANONYMOUS | MAP_FIXED_NOREPLACE;
      const address: Pointer = low.mmap(wanted, bytes, PROT_READ_WRITE, flags, -1, 0);
      if (address === wanted) {
        this.#nextLow = wanted + bytes;
        return address;
      }
      if (address > 0) low.munmap(address, bytes);
    }
    return undefined;
  }
}

/**
 * Checks `bytes[at, end)`; whatever is no whole number fails.
 *
 * @throws {NativeError} `BAD_RANGE`
 */
export function checkRange(bytes: Uint8Array, at: number, end: number): void {
  // Detached and foreign things have no length, or one of 0. `| 0` lets nothing pass but whole 32-bit numbers.
  if ((at | 0) === at && (end | 0) === end && at >= 0 && at <= end && end <= bytes.length) return;
  throw new NativeError('BAD_RANGE', `[${at}, ${end}) of ${bytes?.length} bytes`);
}

function findLowMemory(ffi: Ffi): LowMemory | undefined {
  // The numbers of mmap's flags are Linux's, and the same on these two.
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return undefined;
  const mmap = ffi.find('mmap', 'pointer', 'pointer', 'size', 'int', 'int', 'int', 'size');
  const munmap = ffi.find('munmap', 'int', 'pointer', 'size');
  const madvise = ffi.find('madvise', 'int', 'pointer', 'size', 'int');
  if (!mmap || !munmap || !madvise) return undefined;
  return { mmap, munmap, madvise };
}
