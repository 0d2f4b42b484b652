import type { Ffi } from '../ffi.ts';
import type { Memory } from '../memory.ts';
import type { NativeUdp } from './port.ts';
export function openUdp(
  _ffi: Ffi,
  _memory: Memory,
  _without: ReadonlySet<string>,
  _report: (name: string, wrong: string | undefined) => void,
): NativeUdp | string {
  return 'not yet';
}
