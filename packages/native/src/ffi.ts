// The one file that touches koffi: foreign functions of this process by name, memory by address, and readiness of
// file descriptors. Nothing above it knows which library does that.
//
// Pointers are plain numbers (`int64_t` to koffi): the cheapest way across, and the reason why nothing here keeps
// memory alive. `Memory` does that.
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** An address in this process; 0 is the null pointer. */
export type Pointer = number;

/** How a parameter or result crosses. `pointer` and `size` are 64 bits wide, `int` and `uint` 32. */
export type FfiType = 'pointer' | 'size' | 'int' | 'uint' | 'void';

// The callers give each function its true shape; here it is only passed through.
// biome-ignore lint/suspicious/noExplicitAny: a foreign function has the shape its declaration says
export type ForeignFunction = (...values: any[]) => any;

/** A file descriptor that the event loop watches. Holding it is what keeps it watched. */
export interface Watch {
  /** Watches for other things from now on. */
  change(writable: boolean): void;
  ref(): void;
  unref(): void;
  /** To be called once, and before the descriptor is closed. */
  close(): void;
}

/** Who hears of a descriptor. `status` is negative if it is in error; watching has stopped then. */
export interface Watcher {
  onReady(status: number, readable: boolean, writable: boolean): void;
}

export interface Ffi {
  /** Of the library that does it. */
  readonly version: string;
  /** Whether `watch` works. */
  readonly canWatch: boolean;
  /** A function that this process has loaded under `name`; undefined if there is none. At most 6 parameters. */
  find(name: string, result: FfiType, ...parameters: FfiType[]): ForeignFunction | undefined;
  /** Where the bytes of `buffer` lie. They stay there as long as the buffer lives. */
  addressOf(buffer: ArrayBuffer): Pointer;
  /** The memory at `address` as a buffer. It keeps nothing alive. Throws where V8 allows no such buffers. */
  viewOf(address: Pointer, bytes: number): ArrayBuffer;
  /** Of the last foreign function. */
  errno(): number;
  /** `EAGAIN` for its number. */
  errorName(errno: number): string;
  /** The number of `EAGAIN` and the like on this system. */
  errorNumber(name: string): number;
  /**
   * Watches an open descriptor for datagrams to read. An invalid descriptor ends the process: the caller has
   * checked it.
   */
  watch(descriptor: number, watcher: Watcher): Watch;
}

const TYPES: Readonly<Record<FfiType, string>> = {
  pointer: 'int64_t',
  size: 'int64_t',
  int: 'int32_t',
  uint: 'uint32_t',
  void: 'void',
};

/** @throws {Error} if koffi is not installed or has nothing for this platform */
export function openFfi(): Ffi {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const library = koffi.load(null);
  const codes: Record<string, number> = koffi.os.errno;
  const names = new Map(Object.entries(codes).map(([name, code]) => [code, name]));
  return {
    version: koffi.version,
    canWatch: typeof koffi.node?.poll === 'function',
    find(name, result, ...parameters) {
      try {
        return library.func(
          name,
          TYPES[result],
          parameters.map((type) => TYPES[type]),
        );
      } catch {
        return undefined;
      }
    },
    addressOf: (buffer) => Number(koffi.address(buffer)),
    viewOf: (address, bytes) => koffi.view(BigInt(address), bytes),
    errno: koffi.errno,
    errorName: (errno) => names.get(errno) ?? `errno ${errno}`,
    errorNumber: (name) => codes[name] ?? -1,
    watch: (descriptor, watcher) => new KoffiWatch(koffi, descriptor, watcher),
  };
}

/** What koffi hands to the callback; its own declaration leaves out the status. */
type OnPoll = (status: number, events: { readable: boolean; writable: boolean }) => void;
type PollHandle = ReturnType<typeof Koffi.node.poll>;

const READABLE = { readable: true };
const READABLE_AND_WRITABLE = { readable: true, writable: true };

class KoffiWatch implements Watch {
  readonly #onPoll: OnPoll;
  #handle: PollHandle | undefined;

  constructor(koffi: typeof Koffi, descriptor: number, watcher: Watcher) {
    // Not written straight into the field: V8 makes a function literal that is assigned to a property old at once, and
    // all it reaches would outlive its connection by many collections.
    const onPoll: OnPoll = (status, events) => watcher.onReady(status, events.readable, events.writable);
    this.#onPoll = onPoll;
    this.#handle = koffi.node.poll(descriptor, READABLE, this.#onPoll as unknown as () => void);
    if (!this.#handle) throw new Error('the descriptor cannot be watched');
  }

  // A closed handle must not be touched: koffi would follow a null pointer.

  change(writable: boolean): void {
    this.#handle?.start(writable ? READABLE_AND_WRITABLE : READABLE, this.#onPoll as unknown as () => void);
  }

  ref(): void {
    this.#handle?.ref();
  }

  unref(): void {
    this.#handle?.unref();
  }

  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }
}
