// Hot: CRC32c (RFC 9260 Appendix A) in WebAssembly, for the checksums of SCTP.
import { CRC32C_WASM } from './wasm/crc32c.wasm.ts';
import { enter, instantiate, MAX_DATA_BYTES } from './wasm/memory.ts';

/** The checksum of `bytes[at, end)`, as an unsigned number; of the shape of `Checksum` in `@millrace/sctp`. */
export type Crc32c = (bytes: Uint8Array, at: number, end: number) => number;

interface CrcModule {
  prepare(): void;
  crc32c(at: number, length: number): number;
}

/** Shorter messages are left to JavaScript, which needs no copy. Measured: bench/crc32c.ts. */
const LEAST_BYTES = 256;

let module: CrcModule | null | undefined;

/** `inJavaScript` computes short messages, long ones, and all of them where the engine has no SIMD. */
export function createCrc32c(inJavaScript: Crc32c): Crc32c {
  if (module === undefined) {
    module = instantiate<CrcModule>(CRC32C_WASM) ?? null;
    module?.prepare();
  }
  if (module === null) return inJavaScript;
  const { crc32c } = module;
  return (bytes, at, end) => {
    const length = end - at;
    if (length < LEAST_BYTES || length > MAX_DATA_BYTES) return inJavaScript(bytes, at, end);
    return crc32c(enter(bytes, at, end), length) >>> 0;
  };
}
