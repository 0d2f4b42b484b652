// The module built from wasm/aes-block.ts, once somebody asks for it.
import { AES_BLOCK_WASM } from './aes-block.wasm.ts';
import { instantiate } from './memory.ts';

export interface AesModule {
  /** Writes the round keys of the key of 16 or 32 bytes at `key` to `to`. */
  expand(key: number, keyBytes: number, to: number): void;
  /** The first two bytes of AES of the block, as one number. */
  mask(keys: number, rounds: number, block: number): number;
}

let module: AesModule | null | undefined;

/** `undefined` if this engine has no SIMD. */
export function aesModule(): AesModule | undefined {
  if (module === undefined) module = instantiate<AesModule>(AES_BLOCK_WASM) ?? null;
  return module ?? undefined;
}
