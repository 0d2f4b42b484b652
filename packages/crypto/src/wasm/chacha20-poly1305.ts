// The module built from wasm/chacha20-poly1305.ts, once somebody asks for it.
import { CHACHA20_POLY1305_WASM } from './chacha20-poly1305.wasm.ts';
import { instantiate } from './memory.ts';

export interface ChaChaModule {
  seal(key: number, nonce: number, aad: number, aadLength: number, data: number, length: number): void;
  open(key: number, nonce: number, aad: number, aadLength: number, data: number, length: number): number;
  /** The beginning of the key stream for the 16 bytes of counter and nonce at `sample`. */
  mask(key: number, sample: number): number;
  /** The same for the samples at `count` addresses that lie at `ats` and on; the masks take their places. */
  masks(key: number, ats: number, count: number): void;
  /** Poly1305 of whole blocks, for tests. */
  mac(key: number, data: number, count: number, tag: number): void;
}

let module: ChaChaModule | null | undefined;

/** `undefined` if this engine has no SIMD. */
export function chachaModule(): ChaChaModule | undefined {
  if (module === undefined) module = instantiate<ChaChaModule>(CHACHA20_POLY1305_WASM) ?? null;
  return module ?? undefined;
}
