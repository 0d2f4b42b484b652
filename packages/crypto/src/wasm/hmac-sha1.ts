// The module built from wasm/hmac-sha1.ts, once somebody asks for it.
import { HMAC_SHA1_WASM } from './hmac-sha1.wasm.ts';
import { instantiate } from './memory.ts';

export interface HmacModule {
  begin(block: number, to: number): void;
  sign(state: number, data: number, length: number, result: number): void;
}

let module: HmacModule | null | undefined;

/** `undefined` if this engine has no SIMD. */
export function hmacModule(): HmacModule | undefined {
  if (module === undefined) module = instantiate<HmacModule>(HMAC_SHA1_WASM) ?? null;
  return module ?? undefined;
}
