// Hot: the one WebAssembly memory of the process, and who has what in it. Its size is fixed: growing would detach
// every array that looks into it. Pages cost nothing before they are touched.

interface Memory {
  readonly buffer: ArrayBuffer;
}

// The types of Node know no WebAssembly, and those of the DOM may be there or not.
declare const WebAssembly:
  | {
      readonly Memory: new (descriptor: { initial: number; maximum: number }) => Memory;
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object, imports: object) => { readonly exports: object };
    }
  | undefined;

/** Of 64 KiB each. */
const PAGES = 256;

/** 0 to 0x2000 is the working memory of the modules in `wasm/`, by the constants in their sources. */
export const NONCE_AT = 0x2000;
/** The ChaCha20 key, and the state of the GCM key, that were used last. */
export const CHACHA_KEY_AT = 0x2040;
export const GCM_STATE_AT = 0x2100;
export const AAD_AT = 0x2800;
export const MAX_AAD_BYTES = 2_048;
/** Counter blocks, what AES made of them, and data that lies elsewhere. */
export const COUNTERS_AT = 0x3000;
export const STREAM_AT = 0x8000;
export const MAX_STREAM_BYTES = 0x5000;
export const DATA_AT = 0xd000;
export const MAX_DATA_BYTES = 0x5000;
/** 0x12000 to 0x14300 belongs to wasm/crc32c.ts, from there to 0x14760 to wasm/hmac-sha1.ts. */
export const HMAC_STATE_AT = 0x14700;
export const HMAC_RESULT_AT = 0x14740;
/** What a mask is made of; then 256 bytes of wasm/aes-block.ts, and the keys used last: 7 times 256 bytes. */
export const SAMPLE_AT = 0x14760;
export const MASK_KEYS_AT = 0x14900;
const SLABS_AT = 0x15000;

const memory = typeof WebAssembly === 'undefined' ? undefined : reserve();

/** All of the memory; empty where there is no WebAssembly. */
export const heap: Uint8Array<ArrayBuffer> = new Uint8Array(memory?.buffer ?? new ArrayBuffer(0));
const heapBuffer = heap.buffer;
const copy = Buffer.prototype.copy; // makes no view, unlike `set`
const SHORT = 48; // up to here a loop is faster

let slabsEnd = SLABS_AT;

/**
 * Memory in which keys of this package work without copying; never given back. What WebAssembly has no room for is
 * ordinary memory, which works as well and costs a copy each way.
 */
export function slab(bytes: number): Uint8Array {
  const at = slabsEnd;
  const end = at + Math.ceil(bytes / 64) * 64;
  if (memory === undefined || end > heap.length) return new Uint8Array(bytes);
  slabsEnd = end;
  return new Uint8Array(memory.buffer, at, bytes);
}

/** The exports of a module that imports the memory; `undefined` if this engine cannot run it. */
export function instantiate<Exports>(base64: string): Exports | undefined {
  if (memory === undefined || typeof WebAssembly === 'undefined') return undefined;
  try {
    const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
    return new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
  } catch {
    return undefined; // no SIMD
  }
}

/** Where `bytes[at, end)` lies in the memory: in place if it does already, else a copy at DATA_AT. */
export function enter(bytes: Uint8Array, at: number, end: number): number {
  if (bytes.buffer === heapBuffer) return bytes.byteOffset + at;
  put(bytes, at, end, DATA_AT);
  return DATA_AT;
}

/** Brings `length` bytes back from where `enter` has put them. */
export function leave(from: number, length: number, bytes: Uint8Array, at: number): void {
  if (bytes.buffer === heapBuffer) return;
  if (length <= SHORT) for (let i = 0; i < length; i++) bytes[at + i] = heap[from + i]!;
  else copy.call(heap, bytes, at, from, from + length);
}

/** Copies `bytes[at, end)` into the memory. */
export function put(bytes: Uint8Array, at: number, end: number, to: number): void {
  if (end - at <= SHORT) for (let i = at; i < end; i++, to++) heap[to] = bytes[i]!;
  else copy.call(bytes, heap, to, at, end);
}

function reserve(): Memory | undefined {
  try {
    return new WebAssembly!.Memory({ initial: PAGES, maximum: PAGES });
  } catch {
    return undefined; // no address space
  }
}
