// The module built from wasm/aes-gcm.ts, once somebody asks for it.
import { AES_GCM_WASM } from './aes-gcm.wasm.ts';
import { instantiate } from './memory.ts';

export interface GcmModule {
  /** Bytes of the state of a key. */
  readonly STATE_BYTES: { readonly value: number };
  prepare(state: number, h: number): void;
  counters(to: number, nonce: number, first: number, count: number): void;
  seal(state: number, stream: number, aad: number, aadLength: number, data: number, length: number): void;
  open(state: number, stream: number, aad: number, aadLength: number, data: number, length: number): number;
  apply(stream: number, data: number, length: number): void;
}

let module: GcmModule | null | undefined;

/** `undefined` if this engine has no relaxed SIMD. */
export function gcmModule(): GcmModule | undefined {
  if (module === undefined) module = instantiate<GcmModule>(AES_GCM_WASM) ?? null;
  return module ?? undefined;
}
